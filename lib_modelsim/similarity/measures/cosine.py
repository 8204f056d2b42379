"""Cosines of the weights: cosine, cosine-min and cosine-whole."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..parts import Array, Lengths, Part, cosine, gather, gather_norms, ratio
from .bounds import BASE, CLOSE, NEARLY, OF_COSINES, SAME, UNRELATED, Bound
from .registry import Joined, WeightMeasure


def cosine_mean(parts: Sequence[Part], n: int) -> Array:
    """Mean over the keys of their cosines, [n, n]."""
    total, count = gather(parts, n, lambda p: p.cosine_sum), gather(parts, n, lambda p: p.cosine_count)
    return ratio(total, count)


def cosine_min(parts: Sequence[Part], n: int) -> Array:
    """Least cosine over the keys, [n, n]."""
    least = np.full((n, n), np.inf)
    for part in parts:
        pick = np.ix_(part.members, part.members)
        least[pick] = np.minimum(least[pick], part.cosine_least)
    return np.where(np.isfinite(least), least, np.nan)


def cosine_whole(parts: Sequence[Lengths], n: int) -> Array:
    """Cosine of all the weights as one vector, [n, n]."""
    squares, norms = gather(parts, n, lambda p: p.squares), gather_norms(parts, n)
    return cosine(squares, norms, norms.T, gather(parts, n, lambda p: p.products))


COSINE = WeightMeasure(
    name="cosine",
    label="cosine, mean over keys",
    reads="all",
    range=(-1, 1),
    joined=Joined.MEAN,
    function=cosine_mean,
    bounds=(
        Bound(SAME, 1, 1),
        Bound(NEARLY, 0.9998, 1),
        Bound(CLOSE, 0.9976, 0.9997),
        Bound(BASE, 0.9, 0.9974),
        Bound(UNRELATED, -0.3, 0.3),
    ),
    caveat="It does not see whether all weights are scaled by a factor.",
)

COSINE_MIN = WeightMeasure(
    name="cosine-min",
    label="cosine, lowest of a block's keys",
    reads="all",
    range=(-1, 1),
    joined=Joined.MEAN,
    function=cosine_min,
    bounds=(
        Bound(SAME, 1, 1),
        Bound(NEARLY, 0.9995, 1),
        Bound(CLOSE, 0.9848, 0.9985),
        Bound(BASE, 0.88, 0.9845),
    ),
    caveat="It takes the worst key of each block: one odd key can hide kinship, so a low value never rules it out.",
)

COSINE_WHOLE = WeightMeasure(
    name="cosine-whole",
    label="cosine of whole blocks",
    reads="all",
    range=(-1, 1),
    function=cosine_whole,
    bounds=OF_COSINES,
    caveat="It does not see whether all weights are scaled by a factor.",
)

MEASURES = (COSINE, COSINE_MIN, COSINE_WHOLE)
