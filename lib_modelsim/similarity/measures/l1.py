"""l1: the mean absolute difference; times the number of values it is the L1 of 6DammK9's mega_cmp."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..parts import PAIRS, Array, PairPart, gather, ratio
from .registry import WeightMeasure


def l1(parts: Sequence[PairPart], n: int) -> Array:
    """Mean of |a − b| over the values that both hold, [n, n]."""
    return ratio(gather(parts, n, lambda p: p.absolute), gather(parts, n, lambda p: p.counts))


L1 = WeightMeasure(
    name="l1",
    label="mean absolute difference",
    reads="all, pair by pair",
    range=(0, np.inf),
    unit="",
    distance=True,
    function=l1,
    reading=PAIRS,
    caveat="l1 has no fixed scale: it grows with the size of the weights. relative-l2 does not.",
)

MEASURES = (L1,)
