"""What shares by block say: a weighted sum, a triple sum, an add-difference, by blocks, a swap, a copy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..kinds import ADD_DIFFERENCE, BLOCK_WEIGHTED, CAST, COPY, SWAP, TRIPLE_SUM, WEIGHTED_SUM
from ..products import Distances, Stack, stacked
from ..recipe import ComponentOrigin, ParentShare, Shares, place_of
from ..values import DIGITS, PROVEN, KeyValues
from .candidates import NUMBERS, WORTH, Candidates
from .shares import MOVED, BlockShares, intervals, pooled, share_out

Array = NDArray[np.float64]

_NONE = 1e-3
"""A share that is told as 0 or 1 where it is no more than this away: nobody types three digits."""


_ERRORS = 4
"""Standard errors that a block's share may be away from the one of all blocks."""

_MOST_UNTOLD = 0.1
"""Share of the numbers that a parent may lack while the rest proves the shares."""


@dataclass(frozen=True)
class Linear:
    """The fit of a target by signed shares of `parents`, block by block. `constant` are shares that fit all blocks that
    are `merged`, [p], with half of their 95 % interval; None where they vary. `leaning` [p] is by how much they would
    change if all that is left lay along this parent's change. `whole` says of each component that is one model's own
    which that is; `merged` [r] which rows are of the others. `direct` is what is left of the numbers of a sample, block
    by block, in roundings; None where none was read."""

    parents: tuple[str, ...]
    fit: BlockShares
    constant: Array | None
    margin: Array
    leaning: Array
    merged: NDArray[np.bool_]
    whole: Mapping[str, str]
    direct: Array | None = None

    @property
    def mean(self) -> Array:
        """[p]: the shares over all blocks that are merged; where they vary by their numbers, over those in which no two
        parents are the same."""
        if self.constant is not None:
            return self.constant
        told = ~(self.fit.stack.same & ~np.eye(len(self.parents), dtype=bool)).any(axis=(1, 2))
        rows = self.merged & told if (self.merged & told).any() else self.merged
        return np.average(self.fit.shares[rows], axis=0, weights=self.fit.stack.counts[rows])

    @property
    def untold(self) -> float:
        """Share of the numbers, 0 … 1, of which nothing is said: a parent does not hold them (other shapes, NaN) and
        the others leave something."""
        counts = self.fit.stack.counts
        return float(counts[self._unheld].sum() / max(counts.sum(), 1))

    @property
    def _unheld(self) -> NDArray[np.bool_]:
        return ~self.fit.stack.held.all(axis=1) & (self.fit.roundings >= PROVEN)

    @property
    def proven(self) -> bool:
        """Whether nothing is left in any block, beyond rounding, that all parents hold."""
        left = self.fit.roundings[~self._unheld] if self.direct is None else self.direct
        return bool(len(self.parents)) and self.untold <= _MOST_UNTOLD and bool((left < PROVEN).all())

    @property
    def roundings(self) -> float:
        """What is left over all blocks, as a multiple of the rounding."""
        left = self.fit.roundings[~self._unheld] if self.direct is None else self.direct
        return float(np.sqrt(np.mean(left**2))) if len(left) else 0.0


def fit_linear(candidates: Candidates) -> Linear:
    """The chosen parents' shares, and where they are the same."""
    return fit_rows(candidates.stack.of(candidates.chosen), candidates.chosen)


def fit_rows(stack: Stack, parents: tuple[str, ...]) -> Linear:
    """The same of any rows."""
    fit = share_out(stack, parents)
    whole = _whole_components(fit, parents)
    merged = np.array([row.component not in whole for row in stack.rows])
    if not merged.any():  # each component is somebody's own: those of the network itself decide
        sizes = {name: sum(r.count for r in stack.rows if r.component == name) for name in whole}
        first = max(sizes, key=sizes.__getitem__)
        merged = np.array([whole[row.component] == whole[first] for row in stack.rows])
    return Linear(parents, fit, *_constant(fit, merged), merged, whole)


def in_sample(linear: Linear, sample: Sequence[KeyValues]) -> Linear:
    """What the shares leave of the numbers themselves. Where they are stored finer than sums of squares tell, in
    float32, the shares are fitted to them once more."""
    rows = sampled_rows(sample, linear.parents)
    if not rows:
        return linear
    stack = stacked(rows, linear.parents, {})
    again = fit_rows(stack, linear.parents)
    if any(DIGITS.get(one.dtype, 0) > _FINE for one in sample):
        return replace(again, direct=again.fit.roundings)
    own = zip(linear.fit.stack.rows, linear.fit.stack.held, _table(linear), strict=True)
    by_row = {(row.block, row.component, *held): shares for row, held, shares in own}
    left = []
    for row, held, inner, noise in zip(stack.rows, stack.held, stack.inner, stack.noise, strict=True):
        shares = by_row.get((row.block, row.component, *held))
        if shares is None or (linear.untold and not held.all()):
            continue  # a weight that a parent lacks, in which nothing is told
        left.append(max(float(shares @ np.nan_to_num(inner) @ shares), 0.0) / max(noise, 1e-300))
    return replace(linear, direct=np.sqrt(np.array(left)))


_FINE = 11
"""Binary digits of float16: of numbers with more the sums of squares hold fewer than they do."""


_PIECE = 1 << 20
"""Numbers of a weight worked on at a time."""


def sampled_rows(sample: Sequence[KeyValues], names: Sequence[str]) -> list[Distances]:
    """The distances of the sampled weights, block by block and component, in float64."""
    groups: dict[tuple[str | None, str, tuple[str, ...]], list[KeyValues]] = {}
    for one in sample:
        held = tuple(name for name in names if name in one.models)
        groups.setdefault((one.block, one.component, held), []).append(one)
    found = []
    for (block, component, held), weights in groups.items():
        n = len(held) + 1
        squares, norms, noise, count = np.zeros((n, n)), np.zeros(n), 0.0, 0
        for one in weights:
            for start in range(0, one.target.size, _PIECE):
                part = slice(start, start + _PIECE)
                own = one.target.ravel()[part].astype(np.float64)
                apart = np.stack([np.zeros_like(own), *(one.models[m].ravel()[part] - own for m in held)])
                inner = apart @ apart.T
                size = np.diag(inner)
                squares += np.maximum(size[:, None] + size[None, :] - 2 * inner, 0) * (1 - np.eye(n))
                norms += ((own + apart) ** 2).sum(axis=1)
            noise, count = noise + one.rounding**2 * one.target.size, count + one.target.size
        rms = float(np.sqrt(noise / count)) if count else 0.0
        found.append(Distances(block or "", component, block, ("", *held), squares, norms, count, rms))
    return found


def _constant(fit: BlockShares, merged: NDArray[np.bool_]) -> tuple[Array | None, Array, Array]:
    stack = _rows(fit.stack, merged)
    found = pooled(stack)
    shares = found.shares
    left = np.einsum("i,rij,j->r", shares, np.nan_to_num(stack.inner), shares)
    own = fit.left[merged]
    noise = np.maximum(stack.noise, 1e-300)
    costs = (left - own) / (own + noise)
    large = stack.counts >= min(NUMBERS, stack.counts.max(initial=0))
    large &= stack.held.all(axis=1) | ~stack.held.all(axis=1).any()
    spread = np.diagonal(fit.spread[merged], axis1=1, axis2=2)
    moved = MOVED * noise[:, None] * spread + _ERRORS * np.sqrt(spread * (own / stack.counts)[:, None])
    near = (np.abs(fit.shares[merged] - shares) <= moved).all(axis=1)
    steady = bool(((costs <= WORTH) | near)[large].all())
    leaning = np.sqrt(np.maximum(found.left * np.diag(found.spread), 0))
    return (shares if steady else None), intervals(stack, shares), leaning


def _rows(stack: Stack, kept: NDArray[np.bool_]) -> Stack:
    rows = tuple(row for row, keep in zip(stack.rows, kept, strict=True) if keep)
    return Stack(rows, stack.names, stack.inner[kept], stack.same[kept], stack.noise[kept], stack.counts[kept])


def _whole_components(fit: BlockShares, parents: Sequence[str]) -> dict[str, str]:
    """Component → the parent whose own it is: all of its blocks have nothing but this one's numbers."""
    stack = fit.stack
    held = {component: _holders(stack, component, parents) for component in {row.component for row in stack.rows}}
    return {row.component: held[row.component][0] for row in stack.rows if held[row.component]}


def _holders(stack: Stack, component: str, parents: Sequence[str]) -> list[str]:
    """The parents of which the target has this component's very numbers."""
    rows = [r for r, row in enumerate(stack.rows) if row.component == component]
    own = stack.inner[rows][:, range(len(parents)), range(len(parents))]
    return [parent for parent, exact in zip(parents, (own == 0).all(axis=0), strict=True) if exact]


def kind_of(linear: Linear, dtypes: Mapping[str, Mapping[str, str]], target: str) -> str:
    """The kind of a target that is proven to be linear."""
    shares = linear.constant
    if len(linear.parents) == 1:
        return COPY if dtypes.get(target) == dtypes.get(linear.parents[0]) else CAST
    if set(linear.whole) == {row.component for row in linear.fit.stack.rows} and len(set(linear.whole.values())) > 1:
        return SWAP
    if shares is None:
        return ADD_DIFFERENCE if _is_difference(linear) else BLOCK_WEIGHTED
    taking = np.flatnonzero(np.abs(shares) > _NONE)
    if len(taking) == 3:
        one = np.abs(shares[taking] - 1) <= np.maximum(_NONE, linear.margin[taking])
        return ADD_DIFFERENCE if one.any() and (shares < 0).any() else TRIPLE_SUM
    return WEIGHTED_SUM


def _is_difference(linear: Linear) -> bool:
    """Whether one of three has the share 1 in every block, so that the two others are a difference."""
    shares = linear.fit.shares[linear.merged]
    told = ~(linear.fit.stack.same & ~np.eye(len(linear.parents), dtype=bool)).any(axis=(1, 2))[linear.merged]
    if len(linear.parents) != 3 or not told.any():
        return False
    return bool((np.abs(shares[told] - 1) < _NONE).all(axis=0).any() and (shares[told] < -_NONE).any())


def shares_of(linear: Linear, candidates: Candidates, cosine: float = 0) -> tuple[ParentShare, ...]:
    """The parents with their overall shares: constant ones, else the mean over the blocks by their numbers; None for a
    model that gave whole components alone. `cosine` is how far what is left may lie along a parent's own change, which
    moves its share."""
    found = []
    for i, name in enumerate(linear.parents):
        same_as = _same_as(linear, candidates, i)
        share = float(linear.mean[i])
        donor = name in linear.whole.values() and not (np.abs(linear.fit.shares[linear.merged, i]) > _NONE).any()
        if donor:
            found.append(ParentShare(name, same_as=same_as))
        elif linear.constant is None:
            found.append(ParentShare(name, round(share, 6), same_as=same_as))
        else:
            margin = float(linear.margin[i] + cosine * linear.leaning[i])
            low, high = round(share - margin, 6), round(share + margin, 6)
            found.append(ParentShare(name, round(share, 6), low, high, same_as=same_as))
    return tuple(sorted(found, key=lambda one: -abs(one.share or 0)))


def _same_as(linear: Linear, candidates: Candidates, place: int) -> tuple[str, ...]:
    """The models that are the same wherever this parent has a share."""
    stack, name = candidates.stack, linear.parents[place]
    takes = np.abs(_table(linear)[:, place]) > _NONE
    at = stack.names.index(name)
    alike = (stack.same[:, at, :] | ~takes[:, None]).all(axis=0)
    return tuple(other for j, other in enumerate(stack.names) if alike[j] and other not in linear.parents)


def _table(linear: Linear) -> Array:
    """[r, p]: the shares by row, the constant ones where there are such."""
    table = linear.fit.shares.copy()
    if linear.constant is not None:
        table[linear.merged] = linear.constant
    return table


def blocks_of(linear: Linear) -> dict[str, Shares]:
    """Block → parent → share, in network order; of a block with several components the largest one's."""
    stack, table = linear.fit.stack, _table(linear)
    found: dict[str, Shares] = {}
    size: dict[str, float] = {}
    for r, row in enumerate(stack.rows):
        block = place_of(row.block, row.component)
        if stack.counts[r] > size.get(block, 0):
            size[block] = float(stack.counts[r])
            found[block] = {n: round(float(s), 6) for n, s in zip(linear.parents, table[r], strict=True)}
    return found


def components_of(linear: Linear) -> dict[str, ComponentOrigin]:
    """Component → whose it is; "merged" where several have a share."""
    found = {}
    for component in dict.fromkeys(row.component for row in linear.fit.stack.rows):
        first, *others = _holders(linear.fit.stack, component, linear.parents) or [""]
        found[component] = ComponentOrigin("same", first, tuple(others)) if first else ComponentOrigin("merged")
    return found
