"""change-cosine: the cosine of what two adapters change."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..parts import CHANGES, Array, Part, gather, ratio, shared
from .bounds import Bound
from .registry import WeightMeasure


def change_cosine(parts: Sequence[Part], n: int) -> Array:
    """Cosine of the changes as one vector, [n, n]; a layer that only one of two changes counts as unchanged in the
    other. NaN where two change no layer in common, or one changes nothing."""
    inner = gather(parts, n, lambda p: p.products)
    own = np.zeros(n)
    for part in parts:
        own[list(part.members)] += part.norms
    return np.where(shared(parts, n), np.clip(ratio(inner, np.sqrt(np.outer(own, own))), -1, 1), np.nan)


SAME_ADAPTER, MOST_SHARED, PART_SHARED, TRAINED_APART = (
    "nearly the same change (steps of one training, or another rank)",
    "most of the change is shared",
    "part of the change is shared (one may be merged into the other)",
    "unrelated: trained apart",
)

CHANGE_COSINE = WeightMeasure(
    name="change-cosine",
    label="cosine of what adapters change",
    reads="all of an adapter",
    range=(-1, 1),
    direct=True,
    reading=CHANGES,
    function=change_cosine,
    bounds=(
        Bound(SAME_ADAPTER, 0.95, 1),
        Bound(MOST_SHARED, 0.8, 0.95),
        Bound(PART_SHARED, 0.2, 0.8),
        Bound(TRAINED_APART, -0.05, 0.05),
    ),
    caveat="The number compares only the direction of the changes, not their size.",
)
"""Bounds: 38 real LoRAs of five trainers have |cos| below 0.02 where they are unrelated and 0.963 between two steps of
one training; a mixture of two unrelated ones in equal parts has 0.71 with each."""

MEASURES = (CHANGE_COSINE,)
