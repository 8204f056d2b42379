"""Small pieces of weights: enough for a quick look at many models at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..values import KeyValues

COUNT, NUMBERS = 14, 1600
"""So many weights are cut to so many numbers."""


def piece_of(shape: Sequence[int]) -> tuple[slice, ...]:
    """Where in a weight its piece lies: in the middle, whole beyond the second dimension."""
    side = NUMBERS if len(shape) < 2 else max(math.isqrt(NUMBERS // max(math.prod(shape[2:]), 1)), 4)
    starts = [(n - min(n, side)) // 2 for n in shape[:2]]
    return tuple(slice(at, at + min(n, side)) for at, n in zip(starts, shape[:2], strict=True))


def spread(count: int, of: int) -> list[int]:
    """So many places out of a row of `of`, evenly spread, all where there are fewer."""
    count = min(count, of)
    return [i * of // count for i in range(count)]


def pieces_of(sample: Sequence[KeyValues]) -> list[KeyValues]:
    """Pieces of weights that are spread over the network, two of them vectors."""
    matrices = [one for one in sample if one.target.ndim > 1]
    vectors = [one for one in sample if one.target.ndim < 2]
    chosen = [group[i] for group, most in ((matrices, COUNT - 2), (vectors, 2)) for i in spread(most, len(group))]
    return [_cut(one) for one in chosen]


def _cut(one: KeyValues) -> KeyValues:
    at = piece_of(one.target.shape)
    models = {name: np.ascontiguousarray(numbers[at]) for name, numbers in one.models.items()}
    return KeyValues(one.key, one.component, one.block, np.ascontiguousarray(one.target[at]), models, one.dtype)
