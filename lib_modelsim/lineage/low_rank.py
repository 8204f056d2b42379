"""A change of low rank in what is left: a LoRA baked in.

Each matrix of the rest is scaled so that rounding makes its numbers of about variance 1: rows and columns by their mean
rounding, which leaves the rank as it is. The largest singular value of [m, n] such numbers is √m + √n (Marchenko and
Pastur, 1967; for unequal variances √(largest row sum) + √(largest column sum), Bandeira and van Handel, Ann. Probab.
44, 2016, theorem 3.1 and remark 3.11), which `_MARGIN` is above: what is larger is a direction of the change. A
training of all weights has as many such directions as the matrix has rows or columns, a LoRA its rank.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .rest import KeyRest

Array = NDArray[np.float64]

_MARGIN = 1.1
"""Over the expected largest singular value of noise: it varies by about (m ∧ n)^(-2/3) of it (Johnstone, 2001), 4 % at
100; and a product of factors that were float16 themselves has a rounding of its own."""

_CLEAR = 4.0
"""Times the square of the rounding that the whole change of a matrix must have for its rank to be told."""

_PROVEN = 2.0
"""Roundings that may be left: the bound from which on a method counts as found."""

_LEAST_FREE = 3
"""Directions of a matrix that must be left to the rounding: one or two of a full-rank change may be there by chance."""

_GAP = 2.0
"""From the last direction of the change to the first of the rounding. Singular values of noise, however large, lie
closer: the k-th smallest of a square matrix is about k times the smallest."""

_MOST_FREE = 0.75
"""Share of a matrix's directions that the rounding must have where there is no such gap: noise of twice the rounding's
size, `_CLEAR`, has at most 0.61 of its directions below the largest that rounding makes."""


@dataclass(frozen=True)
class KeyRank:
    """Of one changed matrix: its directions above the rounding, how many it could have, the ratio of the last of them
    to the first below, and what the others leave, in roundings. `told` says whether it is of low rank at all."""

    key: str
    component: str
    rank: int
    most: int
    gap: float
    left: float

    @property
    def told(self) -> bool:
        """Whether all but a few directions hold no more than rounding puts there."""
        free = self.most - self.rank
        enough = (free >= _LEAST_FREE and self.gap >= _GAP) or free >= _MOST_FREE * self.most
        return self.rank > 0 and enough and self.left < _PROVEN


@dataclass(frozen=True)
class LowRankChange:
    """A change whose rank is `rank` (the largest of the matrices; `exact` where they agree so far as one can see),
    of `keys` matrices that tell; `left` is the largest of what they leave, in roundings; `components` it is in."""

    rank: int
    exact: bool
    keys: int
    left: float
    components: tuple[str, ...]
    convolutions: bool


def rank_of(rest: KeyRest, roundings: float = 1.0) -> KeyRank | None:
    """Of one matrix, convolution kernels flattened to [outputs, the rest], where so many roundings may be in it; None
    where it is not changed clearly enough, or is no matrix."""
    if rest.values.ndim < 2 or min(rest.values.shape[0], rest.values[0].size) < 2:
        return None
    matrix = rest.values.reshape(len(rest.values), -1)
    noise = rest.roundings.reshape(matrix.shape) ** 2
    noise *= roundings**2
    if (matrix**2).sum() <= _CLEAR * noise.sum():
        return None
    rows, columns = noise.mean(axis=1), noise.mean(axis=0)
    scale = np.sqrt(np.outer(rows, columns) / noise.mean())
    values = np.linalg.svd(matrix / scale, compute_uv=False)
    unit = noise / scale**2
    most = _MARGIN * (np.sqrt(unit.sum(axis=1).max()) + np.sqrt(unit.sum(axis=0).max()))
    rank, size = int((values > most).sum()), len(values)
    below = float(values[rank]) if rank < size else 0.0
    gap = float(values[rank - 1] / max(below, 1e-300)) if rank else 0.0
    free = (matrix.shape[0] - rank) * (matrix.shape[1] - rank)
    left = float(np.sqrt((values[rank:] ** 2).sum() / free)) if free > 0 else 0.0
    return KeyRank(rest.key, rest.component, rank, size, gap, left * roundings)


def low_rank(rests: Sequence[KeyRest]) -> LowRankChange | None:
    """The change of low rank that these rests are; None where they are nothing, more than that, or too small matrices
    to tell: every matrix that could have a higher rank must have few directions above the rounding, and no bias or norm
    more than rounding (a LoRA changes none). Where the target was stored twice, or its program computed in float16, up
    to two roundings are in it: then that is tried."""
    return _low_rank(rests, 1.0) or _low_rank(rests, _PROVEN)


def _low_rank(rests: Sequence[KeyRest], roundings: float) -> LowRankChange | None:
    if any(one.values.ndim < 2 and one.in_roundings > _PROVEN for one in rests):
        return None
    ranks = [found for one in rests if (found := rank_of(one, roundings)) is not None]
    if not ranks:
        return None
    told = [one for one in ranks if one.told]
    rank = max((one.rank for one in told), default=0)
    open_ones = [one for one in ranks if not one.told and one.most > rank + _LEAST_FREE]
    if not told or open_ones:
        return None
    by_key = {one.key: one for one in rests}
    commonest, times = Counter(one.rank for one in told).most_common(1)[0]
    exact = commonest == rank and (times > len(told) / 2 or all(one.gap >= _GAP for one in told if one.rank == rank))
    kernels = any(by_key[one.key].values.ndim > 2 and by_key[one.key].values[0, 0].size > 1 for one in told)
    components = tuple(dict.fromkeys(one.component for one in ranks))
    return LowRankChange(rank, exact, len(told), max(one.left for one in told), components, kernels)
