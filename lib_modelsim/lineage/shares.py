"""Signed least squares: how much of each parent is in a target, from squared distances alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .products import Distances

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Solution:
    """`shares` [p] of the candidates, whose sum is 1, and what they `left`: ‖target − Σ share · candidate‖²."""

    shares: Array
    left: float


def solve(distances: Distances) -> Solution:
    """The shares with the sum 1 that leave least; none of them is held to be positive."""
    inner = distances.products
    n = len(inner)
    if n == 0:
        return Solution(np.zeros(0), float(distances.norms[0]))
    # Σ s = 1 by leaving out the last: T − m_n = Σ s_i (m_i − m_n)
    differences = inner[:-1, :-1] - inner[:-1, -1:] - inner[-1:, :-1] + inner[-1, -1]
    towards = inner[-1, -1] - inner[:-1, -1]
    first = np.linalg.lstsq(differences, towards, rcond=1e-12)[0] if n > 1 else np.zeros(0)
    shares = np.append(first, 1 - first.sum())
    return Solution(shares, max(float(shares @ inner @ shares), 0.0))
