"""delta-cosine: the cosine of two models' changes from a base."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..parts import Array, Lengths, ratio
from .bounds import APART, SAME_CHANGE, Bound
from .registry import WeightMeasure


def delta_cosine(parts: Sequence[Lengths], n: int, base: int | None) -> Array:
    """Cosine of (a − base) and (b − base) as one vector, [n, n]; the base a model's position, or None for the mean.

    ⟨a − c, b − c⟩ = (‖a−c‖² + ‖b−c‖² − ‖a−b‖²)/2 over the keys that all three hold. NaN for the base itself and for
    models equal to it.
    """
    inner, norms_a, norms_b = np.zeros((n, n)), np.zeros((n, n)), np.zeros((n, n))
    for part in parts:
        if base is not None and base not in part.members:
            continue
        if base is None:
            centred = -(part.squares - part.squares.mean(0) - part.squares.mean(1)[:, None] + part.squares.mean()) / 2
        else:
            row = part.squares[part.members.index(base)]
            centred = (row[:, None] + row[None, :] - part.squares) / 2
        pick, own = np.ix_(part.members, part.members), np.maximum(centred.diagonal(), 0)
        inner[pick] += centred
        norms_a[pick] += own[:, None]
        norms_b[pick] += own[None, :]
    return np.clip(ratio(inner, np.sqrt(norms_a * norms_b)), -1, 1)


DELTA_COSINE = WeightMeasure(
    name="delta-cosine",
    label="cosine of the changes from a base",
    reads="all",
    range=(-1, 1),
    needs_base=True,
    direct=True,
    function=delta_cosine,
    l2="l2",
    bounds=(
        Bound(SAME_CHANGE, 0.99, 1),
        Bound("most of the change from the base is shared", 0.83, 0.985),
        Bound("part of the change from the base is shared", 0.3, 0.8),
        Bound(APART, -0.3, 0.15),
    ),
    caveat="The number compares only the direction of the changes from the base, not their size.",
)

MEASURES = (DELTA_COSINE,)
