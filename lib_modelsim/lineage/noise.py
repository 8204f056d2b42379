"""What is left of full rank: a training after the merge, or a parent that is not here.

With the network's base b known, a model L that is not here and was trained from it is b + x. A merge with a share s of
it is Σ shares · parents + s b + s x: the base keeps a share s beside the rest s x, which no candidate explains. A
training after the merge leaves shares that sum to 1 without the base. Both are read off one fit, of the parents and
the base, block by block: the base's share, and its standard error from how much the blocks differ.

The rest of an add-difference whose C is not here, A + α (B − C), is like nothing else here, either; but the part of
B − C that lies along B's own change shows: the target's way from A goes along B − base with a cosine that trainings
apart do not have (0.1 at most in a trained family, `similarity/measures/bounds.py`).

Without a base the two cannot be told apart.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .products import Distances
from .recipe import Shares
from .rest import left_of, place_of
from .shares import solve

_ERRORS = 4
"""Standard errors from which on a share is told from 0."""

_FARTHEST = 2.0
"""Times the farthest relative's distance from the base that a missing parent may lie from it."""

_RELATED = 0.2
"""Cosine of a change with another model's from which on they have to do with each other: twice what trainings apart
have."""


@dataclass(frozen=True)
class FullRank:
    """The rest over some blocks: its size relative to the weights, also by block; `of_distance` relative to the
    distance to the nearest parent; the base's share beside it with its standard error (None: no base); how far from
    the base the missing parent would be, in distances of the farthest relative here (None: none)."""

    size: float
    blocks: Mapping[str, float]
    of_distance: float
    base_share: float | None = None
    base_error: float | None = None
    farness: float | None = None

    @property
    def base_is_in_it(self) -> bool:
        """Whether the base has a share that no training leaves, and the model that would explain it is possible."""
        if self.base_share is None or self.base_error is None or self.farness is None:
            return False
        return self.base_share > _ERRORS * self.base_error and self.farness <= _FARTHEST


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
    of_distance = math.sqrt(left / nearest) if nearest > 0 else 0.0
    size = math.sqrt(left / norms)
    if base is None or names == [base]:
        return FullRank(size, sizes, of_distance)
    share, error, rest = base_share(blocks, [*(n for n in names if n != base), base])
    farness = None
    if share > 0:
        kin = farthest(blocks, base)
        farness = rest / share / kin if kin > 0 else None
    return FullRank(size, sizes, of_distance, share, error, farness)


def base_share(blocks: Sequence[Distances], names: Sequence[str]) -> tuple[float, float, float]:
    """The share of the last of these models beside the others by least squares block by block, its standard error as
    the blocks differ in it, and ‖rest‖ after that, all over the blocks that all of them hold."""
    values, weights, left = [], [], 0.0
    for block in blocks:
        if any(name not in block.names[1:] for name in names):
            continue
        of = block.of(names)
        places = [of.names.index(name, 1) - 1 for name in names]
        apart = float(of.squares[1:, 1:].max())
        if apart <= 1e-12 * float(of.norms.max()):  # they are one model here
            continue
        found = solve(of)
        left += found.left
        inner = of.products[np.ix_(places, places)]
        steps = inner[:-1, :-1] - inner[:-1, -1:] - inner[-1:, :-1] + inner[-1, -1]
        if np.linalg.matrix_rank(steps, hermitian=True, tol=1e-9 * np.trace(steps)) < len(steps):
            continue  # two are the same in this block: their shares are not defined
        values.append(float(found.shares[places[-1]]))
        weights.append(float(np.trace(steps)))
    if not values:
        return 0.0, math.inf, math.sqrt(left)
    share, weight = np.array(values), np.array(weights)
    mean = float((share * weight).sum() / weight.sum())
    if len(values) < 2:
        return mean, math.inf, math.sqrt(left)
    error = float(np.sqrt((weight**2 * (share - mean) ** 2).sum()) / weight.sum())
    return mean, error * math.sqrt(len(values) / (len(values) - 1)), math.sqrt(left)


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


def along(blocks: Sequence[Distances], origin: str, base: str) -> dict[str, float]:
    """Candidate B → the cosine of target − origin and B − base, over the blocks that hold all; a direction that the
    target's change has and that the origin's own (B = origin) is not asked about."""
    inner: dict[str, float] = {}
    own: dict[str, float] = {}
    change: dict[str, float] = {}
    for block in blocks:
        if origin not in block.names[1:] or base not in block.names[1:]:
            continue
        a, c = block.names.index(origin, 1), block.names.index(base, 1)
        for b, name in enumerate(block.names[1:], 1):
            if name in (origin, base):
                continue
            s = block.squares
            # ⟨t − a, b − c⟩ by four distances
            inner[name] = inner.get(name, 0.0) + float(s[0, c] + s[a, b] - s[0, b] - s[a, c]) / 2
            own[name] = own.get(name, 0.0) + float(s[b, c])
            change[name] = change.get(name, 0.0) + float(s[0, a])
    return {
        name: inner[name] / math.sqrt(own[name] * change[name]) for name in inner if own[name] > 0 and change[name] > 0
    }


def related(cosines: Mapping[str, float]) -> dict[str, float]:
    """Those of `along` that trainings apart do not have, the largest first."""
    found = {name: cosine for name, cosine in cosines.items() if abs(cosine) >= _RELATED}
    return dict(sorted(found.items(), key=lambda item: -abs(item[1])))
