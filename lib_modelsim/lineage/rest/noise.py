"""What is left of full rank: a training after the merge, or a parent that is not here.

With the network's base b known, a model L that is not here and was trained from it is b + x. A merge with a share s of
it is Σ shares · parents + s b + s x: the base keeps a share s beside the rest s x, which no candidate explains. A
training after the merge leaves shares that sum to 1 without the base. Both are read off one fit of the parents and
the base, block by block: the base's share, in units of its standard error as the blocks differ. And L has to be
possible: |rest| / s is how far it lies from the base, which of the relatives here none may be by much.

An add-difference A + α (B − C) whose C is not here leaves A's share at 1, and a share of B that the base (and B's
siblings, who know C too) take away again; how much of it shows depends on the size of B's own change and of C's, which
differs from block to block. With C here the shares are the same in all blocks.

A method that works number by number leaves a rest that is large where the parents differ; a training does not ask for
that. Without a base, and with one block alone, a training and a missing parent cannot be told apart.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ..parents.shares import solve
from ..products import Distances
from ..recipe import Shares, place_of
from ..values import KeyValues
from .key_rest import KeyRest, left_of

Array = NDArray[np.float64]

_ERRORS = 4
"""Standard errors from which on a share is told from 0."""

_LEAST_NUMBERS = 100
"""Numbers of a weight below which a correlation over them says nothing."""

_LEAST_BLOCKS = 3
"""Blocks from whose spread a standard error is taken."""

_DRIFT = 0.05
"""How far from 1 A's share in an add-difference may come out where something is left: trainings of one base share a
little of one direction, delta cosines of 0.005 to 0.096 (`similarity/measures/bounds.py`)."""

_FARTHEST = 2.0
"""Times the farthest relative's distance from the base that a missing parent may lie from it."""

@dataclass(frozen=True)
class SpreadShares:
    """Shares of `names` by least squares block by block, with the sum 1: their `mean` [p] over the blocks, weighted by
    how far the models are apart there, its standard `error` [p] as the blocks differ (infinite for a single block), and
    ‖rest‖ of all."""

    names: tuple[str, ...]
    mean: Array
    error: Array
    left: float

    def of(self, name: str) -> tuple[float, float]:
        """One model's share and its standard error."""
        place = self.names.index(name)
        return float(self.mean[place]), float(self.error[place])

    def above(self, name: str, value: float = 0.0) -> bool:
        """Whether a share is above this, told from chance."""
        mean, error = self.of(name)
        return mean - value > _ERRORS * error

    def below(self, name: str, value: float = 0.0) -> bool:
        """Whether a share is below this, told from chance."""
        mean, error = self.of(name)
        return value - mean > _ERRORS * error


@dataclass(frozen=True)
class FullRank:
    """The rest over some blocks: its size relative to the weights, also by block; `of_distance` relative to the
    distance to the nearest parent; the shares `spread` of the parents and the base beside it (None: no base known);
    `farness` is how far from the base the missing parent would be, in distances of the farthest relative here (None:
    there is no room for one)."""

    size: float
    blocks: Mapping[str, float]
    of_distance: float
    base: str | None = None
    spread: SpreadShares | None = None
    farness: float | None = None

    @property
    def base_is_in_it(self) -> bool:
        """Whether the base has a share that no training leaves, and the model that would explain it is possible."""
        if self.base is None or self.spread is None or self.farness is None:
            return False
        return self.spread.above(self.base) and self.farness <= _FARTHEST

    @property
    def difference(self) -> tuple[str, str] | None:
        """A and B of an add-difference whose C is not here: A's share is about 1, B's above 0 and the base's below."""
        if self.base is None or self.spread is None or not self.spread.below(self.base):
            return None
        others = [name for name in self.spread.names if name != self.base]
        first = min(others, key=lambda name: abs(self.spread.of(name)[0] - 1), default=None)
        added = [name for name in others if name != first and self.spread.above(name)]
        if first is None or len(added) != 1 or abs(self.spread.of(first)[0] - 1) > _DRIFT:
            return None
        return first, added[0]


def full_rank(blocks: Sequence[Distances], shares: Mapping[str, Shares], base: str | None) -> FullRank | None:
    """The rest of these blocks after these shares by block; None where no block has shares."""
    sizes, left, norms, nearest = {}, 0.0, 0.0, 0.0
    names = list(dict.fromkeys(name for row in shares.values() for name, share in row.items() if abs(share) > 1e-6))
    for block in blocks:
        given = shares.get(place_of(block.block, block.component), {})
        row = {name: share for name, share in given.items() if name in block.names[1:]}
        own = left_of(block, row) if row else None
        if own is None or block.norms[0] <= 0:
            continue
        sizes[place_of(block.block, block.component)] = math.sqrt(own / float(block.norms[0]))
        left, norms = left + own, norms + float(block.norms[0])
        nearest += min(float(block.squares[0, block.names.index(name, 1)]) for name in row)
    if not sizes:
        return None
    size, of_distance = math.sqrt(left / norms), math.sqrt(left / nearest) if nearest > 0 else 0.0
    if base is None or names == [base]:
        return FullRank(size, sizes, of_distance, base)
    spread = spread_shares(blocks, [*(name for name in names if name != base), base])
    share, kin = spread.of(base)[0], farthest(blocks, base)
    farness = spread.left / share / kin if share > 0 and kin > 0 else None
    return FullRank(size, sizes, of_distance, base, spread, farness)


def spread_shares(blocks: Sequence[Distances], names: Sequence[str]) -> SpreadShares:
    """The shares of these models over the blocks that all of them hold and in which no two are the same."""
    values, weights, left = [], [], 0.0
    for block in blocks:
        if any(name not in block.names[1:] for name in names):
            continue
        of = block.of(names)
        found = solve(of)
        left += found.left
        places = [of.names.index(name, 1) for name in names]
        apart = of.squares[np.ix_(places, places)]
        if (apart + np.eye(len(names)) * apart.max(initial=0) <= 1e-12 * float(of.norms.max())).any():
            continue  # two are the same in this block: their shares are not defined
        values.append(found.shares[[place - 1 for place in places]])
        weights.append(float(apart.max()))
    if len(values) < _LEAST_BLOCKS:
        nothing = np.zeros(len(names))
        return SpreadShares(tuple(names), nothing, nothing + math.inf, math.sqrt(left))
    n, share, weight = len(values), np.array(values), np.array(weights)[:, None]
    mean = (share * weight).sum(axis=0) / weight.sum()
    error = np.sqrt((weight**2 * (share - mean) ** 2).sum(axis=0) * n / (n - 1)) / weight.sum()
    return SpreadShares(tuple(names), mean, error, math.sqrt(left))


def grows_with_the_difference(left: Iterable[KeyRest], sample: Sequence[KeyValues], names: Sequence[str]) -> float:
    """The correlation of rest² and (a − b)², number by number: the mean over the sampled weights, the largest of any
    two of these models. Of real trainings 0.04 to 0.05 (`mini-*` of the project's shared data), of tensor cuts, TIES,
    DARE, maxima, cosine and geometric means of two models 0.2 to 1."""
    pairs = list(combinations(names, 2))
    by_key = {one.key: one for one in sample}
    found, sizes = np.zeros(len(pairs)), np.zeros(len(pairs))
    for rest in left:
        models, own = by_key[rest.key].models, rest.values.ravel() ** 2
        for i, (a, b) in enumerate(pairs):
            if a not in models or b not in models or own.size < _LEAST_NUMBERS or own.std() == 0:
                continue
            apart = (models[a].astype(np.float64) - models[b]).ravel() ** 2
            if apart.std() > 0:
                found[i] += float(np.corrcoef(apart, own)[0, 1]) * own.size
                sizes[i] += own.size
    return float(np.max(found / np.maximum(sizes, 1), initial=0.0))


def farthest(blocks: Sequence[Distances], base: str) -> float:
    """The largest distance from the base that any candidate has which is its kin: nearer than it is long."""
    total: dict[str, float] = {}
    size = 0.0
    for block in blocks:
        if base not in block.names[1:]:
            continue
        place = block.names.index(base, 1)
        size += float(block.norms[place])
        for i, name in enumerate(block.names[1:], 1):
            total[name] = total.get(name, 0.0) + float(block.squares[place, i])
    return math.sqrt(max((one for one in total.values() if one < _KIN * size), default=0.0))


_KIN = 0.45**2
"""‖a − b‖² of relatives relative to ‖b‖² at most: `similarity/measures/l2.py`."""
