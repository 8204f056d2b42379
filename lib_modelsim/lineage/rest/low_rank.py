"""A change of low rank in what is left: a LoRA baked in.

Each matrix of the rest is scaled so that rounding makes its numbers of about variance 1: rows and columns by their mean
rounding, which leaves the rank as it is. The largest singular value of [m, n] such numbers is √m + √n (Marchenko and
Pastur, 1967; for unequal variances √(largest row sum) + √(largest column sum), Bandeira and van Handel, Ann. Probab.
44, 2016, theorem 3.1 and remark 3.11), which `_MARGIN` is above: what is larger is a direction of the change. A
training of all weights has as many such directions as the matrix has rows or columns, a LoRA its rank.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..values import PROVEN, KeyValues
from .key_rest import KeyRest

Array = NDArray[np.float64]

_MARGIN = 1.1
"""Over the expected largest singular value of noise: it varies by about (m ∧ n)^(-2/3) of it (Johnstone, 2001), 4 % at
100; and a product of factors that were float16 themselves has a rounding of its own."""

_CLEAR = 4.0
"""Times the square of the rounding that the whole change of a matrix must have for its rank to be told."""

_LEAST_FREE = 3
"""Directions of a matrix that must be left to the rounding: one or two of a full-rank change may be there by chance."""

_GAP = 2.0
"""From the last direction of the change to the first of the rounding. Singular values of noise, however large, lie
closer: the k-th smallest of a square matrix is about k times the smallest."""

_MOST_FREE = 0.75
"""Share of a matrix's directions that the rounding must have where there is no such gap: noise of twice the rounding's
size, `_CLEAR`, has at most 0.61 of its directions below the largest that rounding makes."""


_FIRST = 3
"""Matrices, those with the most directions first, that settle it where all of them are of full rank."""

_WIDE = 768
"""Directions of a matrix that is looked at before wider ones: the work grows with their third power."""


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
        return self.rank > 0 and enough and self.left < PROVEN


@dataclass(frozen=True)
class KeySpectrum:
    """The singular values `values` of one matrix, scaled so that rounding has about variance 1 there, [min(m, n)];
    `edge` is the largest that rounding makes, `size` the root mean square of all numbers, `kernel` whether it is one of
    a convolution."""

    key: str
    component: str
    values: Array
    shape: tuple[int, int]
    edge: float
    size: float
    kernel: bool

    def rank(self, roundings: float) -> KeyRank | None:
        """Where so many roundings are in it; None where it is not changed clearly enough."""
        if self.size**2 <= _CLEAR * roundings**2:
            return None
        rank, most = int((self.values > _MARGIN * self.edge * roundings).sum()), len(self.values)
        below = float(self.values[rank]) if rank < most else 0.0
        gap = float(self.values[rank - 1]) / max(below, 1e-300) if rank else 0.0
        free = (self.shape[0] - rank) * (self.shape[1] - rank)
        left = float(np.sqrt((self.values[rank:] ** 2).sum() / free)) if free > 0 else 0.0
        return KeyRank(self.key, self.component, rank, most, gap, left)

    @property
    def full(self) -> bool:
        """Whether nearly all directions are above the rounding."""
        found = self.rank(PROVEN)
        return found is not None and found.rank >= 0.9 * found.most


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


def spectrum_of(rest: KeyRest) -> KeySpectrum | None:
    """Of one matrix, convolution kernels flattened to [outputs, the rest]; None where it is none, or not clearly
    changed."""
    if rest.values.ndim < 2 or min(rest.values.shape[0], rest.values[0].size) < 2:
        return None
    matrix = rest.values.reshape(len(rest.values), -1)
    noise = rest.roundings.reshape(matrix.shape) ** 2
    size = float((matrix**2).sum() / noise.sum())
    if size <= _CLEAR:
        return None
    scale = np.sqrt(np.outer(noise.mean(axis=1), noise.mean(axis=0)) / noise.mean())
    matrix, unit = matrix / scale, noise / scale**2
    edge = float(np.sqrt(unit.sum(axis=1).max()) + np.sqrt(unit.sum(axis=0).max()))
    inner = matrix @ matrix.T if len(matrix) <= matrix.shape[1] else matrix.T @ matrix
    values = np.sqrt(np.maximum(np.linalg.eigvalsh(inner)[::-1], 0))
    kernel = rest.values.ndim > 2 and rest.values[0, 0].size > 1
    return KeySpectrum(rest.key, rest.component, values, matrix.shape, edge, size**0.5, kernel)


def in_order(sample: Sequence[KeyValues]) -> list[KeyValues]:
    """Vectors, then the matrices with the most directions, but the very wide ones last."""

    def order(one: KeyValues) -> tuple[int, int]:
        if one.target.ndim < 2:
            return 0, 0
        directions = min(len(one.target), one.target[0].size)
        return (1, -directions) if directions <= _WIDE else (2, directions)

    return sorted(sample, key=order)


def low_rank(rests: Iterable[KeyRest]) -> LowRankChange | None:
    """The change of low rank that these rests are, best `in_order`; None where they are nothing, more than that, or too
    small matrices to tell: every matrix that could have a higher rank must have few directions above the rounding, and
    no bias or norm more than rounding (a LoRA changes none). Where the target was stored twice, or its program computed
    in float16, up to two roundings are in it: then that is tried."""
    spectra: list[KeySpectrum] = []
    for rest in rests:
        if rest.values.ndim < 2 and rest.in_roundings > PROVEN:
            return None
        spectrum = spectrum_of(rest)
        spectra += [] if spectrum is None else [spectrum]
        if len(spectra) == _FIRST and all(one.full for one in spectra):
            return None
    return _low_rank(spectra, 1.0) or _low_rank(spectra, PROVEN)


def _low_rank(spectra: Sequence[KeySpectrum], roundings: float) -> LowRankChange | None:
    ranks = [found for one in spectra if (found := one.rank(roundings)) is not None]
    told = [one for one in ranks if one.told]
    rank = max((one.rank for one in told), default=0)
    if not told or any(not one.told and one.most > rank + _LEAST_FREE for one in ranks):
        return None
    commonest, times = Counter(one.rank for one in told).most_common(1)[0]
    exact = commonest == rank and (times > len(told) / 2 or all(one.gap >= _GAP for one in told if one.rank == rank))
    kernels = {one.key for one in spectra if one.kernel}
    components = tuple(dict.fromkeys(one.component for one in ranks))
    left = max(one.left for one in told)
    return LowRankChange(rank, exact, len(told), left, components, any(one.key in kernels for one in told))
