"""Squared distances of a target and its candidates, weight by weight or block by block: what shares are made from;
and inner products of adapters with what shares leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .values import DIGITS, LEAST

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Distances:
    """Of one weight, or of all weights of one block and component together: `names` [m] are the models that hold it,
    the target the first; `squares` [m, m] is ‖a − b‖², `norms` [m] ‖a‖²; `count` how many numbers there are, `rounding`
    the root mean square error of a number of the target by its precision."""

    name: str
    component: str
    block: str | None
    names: tuple[str, ...]
    squares: Array
    norms: Array
    count: int
    rounding: float = 0.0

    def of(self, names: Sequence[str]) -> Distances:
        """Those of the target and these models alone; models that do not hold it are left out."""
        kept = [0, *(self.names.index(name) for name in names if name in self.names[1:])]
        pick = np.ix_(kept, kept)
        held = tuple(self.names[i] for i in kept)
        return Distances(
            self.name, self.component, self.block, held, self.squares[pick], self.norms[kept], self.count, self.rounding
        )

    @property
    def products(self) -> Array:
        """⟨a − target, b − target⟩ of the candidates, [m − 1, m − 1]."""
        own = self.squares[0, 1:]
        return (own[:, None] + own[None, :] - self.squares[1:, 1:]) / 2


CAST = 1.1
"""Of the expected rounding: two models in two precisions that are so near are one, but for the cast."""


@dataclass(frozen=True)
class Stack:
    """The rows, blocks and components, of one target with the same `names` [n] in all: `inner` [r, n, n] is
    ⟨a − target, b − target⟩, NaN where a row is not held; `same` [r, n, n] whether two hold the same numbers there but
    for a cast; `noise` [r] is what rounding to the target's precision leaves (‖·‖² in expectation), `counts` [r]."""

    rows: tuple[Distances, ...]
    names: tuple[str, ...]
    inner: Array
    same: NDArray[np.bool_]
    noise: Array
    counts: Array

    @property
    def held(self) -> NDArray[np.bool_]:
        """[r, n]"""
        return ~np.isnan(np.diagonal(self.inner, axis1=1, axis2=2))

    @property
    def nearest(self) -> float:
        """‖target − it‖² of the nearest of them that holds as much as any."""
        own, held = np.diagonal(self.inner, axis1=1, axis2=2), self.held
        whole = held.sum(axis=0) == held.sum(axis=0).max(initial=0)
        return float(np.nansum(own, axis=0)[whole].min(initial=np.inf))

    def of(self, names: Sequence[str]) -> Stack:
        """Those of these models alone."""
        at = [self.names.index(name) for name in names]
        pick = np.ix_(range(len(self.rows)), at, at)
        return Stack(self.rows, tuple(names), self.inner[pick], self.same[pick], self.noise, self.counts)


def stacked(rows: Sequence[Distances], names: Sequence[str], precisions: Mapping[str, Mapping[str, str]]) -> Stack:
    """All rows with the same names in the same order. `precisions`: model → component → dtype."""
    n = len(names)
    inner, same = np.full((len(rows), n, n), np.nan), np.zeros((len(rows), n, n), bool)
    for r, row in enumerate(rows):
        held = [i for i, name in enumerate(names) if name in row.names[1:]]
        at = [row.names.index(names[i], 1) for i in held]
        pick, own = np.ix_(held, held), row.squares[0, at]
        apart = row.squares[np.ix_(at, at)]
        inner[r][pick] = (own[:, None] + own[None, :] - apart) / 2
        digits = np.array([_digits(precisions.get(names[i], {}).get(row.component, "")) for i in held])
        coarser = np.where(digits[:, None] != digits[None, :], np.minimum(digits[:, None], digits[None, :]), 99)
        cast = np.where(coarser < 99, CAST**2 * _EVEN / 12 * np.exp2(-2.0 * (coarser - 1)), 0)
        same[r][pick] = apart <= cast * row.norms[at][:, None]
    noise = np.array([row.count * row.rounding**2 for row in rows])
    return Stack(tuple(rows), tuple(names), inner, same, noise, np.array([float(row.count) for row in rows]))


_EVEN = 0.75 / (2 * np.log(2))
"""Mean of (2^exponent / size)² over numbers whose logarithms are spread evenly over an octave."""


def _digits(dtype: str) -> int:
    return DIGITS.get(dtype, 0)


def typical_rounding(square: float, count: int, dtype: str) -> float:
    """Root mean square error of numbers whose squares sum up to `square` by their precision, without a look at them: a
    step of the last digit is on average 2^(1 − digits) · 0.74 of the number, evenly missed by up to its half. 0 for a
    dtype whose steps are not known."""
    if dtype not in DIGITS or not count:
        return 0.0
    relative = _EVEN * square / count * 2.0 ** (-2 * (DIGITS[dtype] - 1))
    return float(np.sqrt((relative + 4.0 ** LEAST[dtype]) / 12))


@dataclass(frozen=True)
class AdapterProducts:
    """Of one block: the adapters `names` [a], ⟨ΔWᵢ, rest⟩ [a], ⟨ΔWᵢ, ΔWⱼ⟩ [a, a], ‖rest‖² of the weights that any of
    them changes, how many numbers of each were compared [a], and of each the `ranks` [a], 0 where it has none."""

    block: str
    names: tuple[str, ...]
    inner: Array
    gram: Array
    rest: float
    counts: Array
    ranks: tuple[int, ...] = ()
