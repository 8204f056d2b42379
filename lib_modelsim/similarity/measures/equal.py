"""equal: the share of values that are the same number; (1 − equal) × their number is the L0 of 6DammK9's mega_cmp."""

from __future__ import annotations

from collections.abc import Sequence

from ..parts import PAIRS, Array, PairPart, gather, ratio
from .bounds import SAME, Bound
from .registry import WeightMeasure


def equal(parts: Sequence[PairPart], n: int) -> Array:
    """Share of equal numbers among the values that both hold, whatever their dtypes, [n, n]."""
    return ratio(gather(parts, n, lambda p: p.equal), gather(parts, n, lambda p: p.counts))


EQUAL = WeightMeasure(
    name="equal",
    label="share of equal values",
    reads="all, pair by pair",
    range=(0, 1),
    function=equal,
    reading=PAIRS,
    bounds=(Bound(SAME, 1, 1),),
    between="How many values two relatives share depends on how they were made: a weighted merge keeps hardly any "
    "of its parents' values, a merge that picks values keeps them, and training leaves frozen layers unchanged.",
)

MEASURES = (EQUAL,)
