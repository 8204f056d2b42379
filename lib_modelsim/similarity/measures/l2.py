"""Euclidean distances: l2 and relative-l2."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..parts import Array, Lengths, gather, gather_norms, ratio, shared
from .bounds import BASE, CLOSE, NEARLY, SAME, UNRELATED, Bound
from .registry import Joined, WeightMeasure


def l2(parts: Sequence[Lengths], n: int) -> Array:
    """‖a − b‖, [n, n]."""
    return np.where(shared(parts, n), np.sqrt(gather(parts, n, lambda p: p.squares)), np.nan)


def relative_l2(parts: Sequence[Lengths], n: int) -> Array:
    """‖a − b‖ / ‖(a + b)/2‖, [n, n]."""
    squares, norms = gather(parts, n, lambda p: p.squares), gather_norms(parts, n)
    halfway = np.sqrt(np.maximum(2 * norms + 2 * norms.T - squares, 0)) / 2
    return np.where(shared(parts, n), ratio(np.sqrt(squares), halfway), np.nan)


L2 = WeightMeasure(
    name="l2",
    label="L2 distance",
    reads="all",
    range=(0, np.inf),
    unit="",
    distance=True,
    joined=Joined.SQUARES,
    function=l2,
    caveat="l2 has no fixed scale: it grows with the size of the weights. relative-l2 does not.",
)

RELATIVE_L2 = WeightMeasure(
    name="relative-l2",
    label="relative L2 distance",
    reads="all",
    range=(0, np.inf),
    distance=True,
    function=relative_l2,
    bounds=(
        Bound(SAME, 0, 0),
        Bound(NEARLY, 0, 0.008),
        Bound(CLOSE, 0.01, 0.053),
        Bound(BASE, 0.056, 0.45),
        Bound(UNRELATED, 1.1, np.inf),
    ),
)

MEASURES = (L2, RELATIVE_L2)
