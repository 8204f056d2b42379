"""Which of the models here a target is perhaps made of: forward selection on the blocks' distances, and back again.

A parent is added only where it takes the rest of some block down to rounding, or a good part of it away in half of the
blocks that are not explained yet: models that only share a base with the target take next to nothing (a hundredth, at a
delta cosine of .1), and what one takes by chance it takes in one block. Afterwards those are exchanged for which a
better one is there, and those go whose removal costs nothing: epochs and ancestors of a parent are nearer to the target
than the parent itself before the others are known, but not after. Fewest parents win; of several that explain as much
block by block those whose shares are the same in all.

Copies and casts count as one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..evidence import TargetEvidence
from ..products import Stack, stacked
from ..values import PROVEN
from .shares import floor, from_origin, pooled, share_out

Array = NDArray[np.float64]

WORTH = 0.03
"""Part of what is left in a block that a parent must take away. Unrelated fine-tunes of one base have delta cosines up
to .1, so that one takes away at most .01 of another's share."""

NUMBERS = 1000
"""A block with fewer numbers does not decide on a parent: by chance alone a model explains 1 / numbers of a rest."""

MOST = 8
"""Parents at most; merges of more are not told apart from a training."""

ERRORS = 3
"""Standard errors by which a mean share must exceed 0 where a rest is left that could have made it."""

SMALL, LARGE = 0.02, 0.25
"""Beside such a rest: a model with smaller shares is no parent, one with a larger share in some block is."""

RANKED = 8
"""Models that are worth a look, at most."""


@dataclass(frozen=True)
class Candidates:
    """`chosen` are the fewest models, the base perhaps among them, whose signed shares by block leave least; `ranked`
    further ones, likeliest first; `same_as` says of each which models are the same, copies and casts. `stack` has the
    distances of all of them."""

    chosen: tuple[str, ...]
    ranked: tuple[str, ...]
    same_as: Mapping[str, tuple[str, ...]]
    base: str | None
    stack: Stack = field(repr=False)

    @property
    def worth_a_look(self) -> tuple[str, ...]:
        """Chosen and ranked, without the base."""
        return tuple(name for name in (*self.chosen, *self.ranked) if name != self.base)[:RANKED]

    @property
    def nearest(self) -> float:
        """The distance to the nearest of all, relative to the target."""
        size = sum(float(row.norms[0]) for row in self.stack.rows)
        return float(np.sqrt(self.stack.nearest / size)) if size else 0.0

    def alike(self, name: str, components: Collection[str]) -> tuple[str, ...]:
        """The models that are the same as this one in these components, which it has."""
        stack, at = self.stack, self.stack.names.index(name)
        rows = [r for r, row in enumerate(stack.rows) if row.component in components and stack.held[r, at]]
        same = stack.same[rows, at, :].all(axis=0)
        return tuple(other for j, other in enumerate(stack.names) if same[j] and j != at)


def candidates_of(evidence: TargetEvidence) -> Candidates:
    """The parents that are likeliest by the blocks' distances alone, copies folded. Nothing is read."""
    every = stacked(evidence.blocks, evidence.candidates, evidence.precisions)
    same_as = _folded(every)
    stack = every.of(list(same_as))
    base = next((n for n in same_as if evidence.base in (n, *same_as[n])), None)
    search = _Search(stack)
    at = None if base is None else stack.names.index(base)
    chosen = sorted(search.run(at), key=lambda i: i == at)  # the base last: what is another's, too, is the other's
    ranked = search.ranked([*chosen, *([] if at is None or at in chosen else [at])])
    names = lambda found: tuple(stack.names[i] for i in found)  # noqa: E731
    return Candidates(names(chosen), tuple(n for n in names(ranked) if n != base), same_as, base, every)


def _folded(stack: Stack) -> dict[str, tuple[str, ...]]:
    """Model → those that are the same in all blocks; each such group stands under the one nearest to the target."""
    held, names = stack.held, stack.names
    alike = (held[:, :, None] == held[:, None, :]) & (stack.same | ~held[:, :, None])
    twins = alike.all(axis=0) & held.any(axis=0)
    near = np.nansum(np.diagonal(stack.inner, axis1=1, axis2=2), axis=0)
    found: dict[str, tuple[str, ...]] = {}
    taken: set[int] = set()
    for i in sorted(range(len(names)), key=lambda i: (near[i], i)):
        if held[:, i].any() and i not in taken:
            group = [j for j in range(len(names)) if j != i and twins[i, j] and j not in taken]
            taken |= {i, *group}
            found[names[i]] = tuple(names[j] for j in group)
    return {name: found[name] for name in names if name in found}


class _Search:
    """Over the subsets of the models of a stack."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        large = stack.counts >= NUMBERS
        self._rows = np.flatnonzero(large if large.any() else stack.counts > 0)
        self._noise = floor(stack)[self._rows]

    def run(self, base: int | None) -> list[int]:
        """The fewest models that explain as much as can be explained."""
        if not self._stack.names or not len(self._rows):
            return []
        alone = self._quality_of_each()
        chosen = [int(np.argmin(alone))] if base is None else [base]
        seen: set[frozenset[int]] = set()
        while frozenset(chosen) not in seen:
            seen.add(frozenset(chosen))
            chosen = self._pruned(self._steadiest(self._exchanged(self._grown(chosen))))
        return self._told(chosen)

    def ranked(self, chosen: Sequence[int]) -> list[int]:
        """All others, those first that take away most of what these leave."""
        gains = np.log1p(self._gains(chosen)).sum(axis=0)
        order = np.argsort(-gains, kind="stable")
        return [int(j) for j in order if j not in chosen]

    def _left(self, chosen: Sequence[int]) -> Array:
        return share_out(self._stack, [self._stack.names[i] for i in chosen]).left[self._rows]

    def _quality(self, chosen: Sequence[int]) -> float:
        return float(np.log(self._left(chosen) + self._noise).sum())

    def _quality_of_each(self) -> Array:
        own = np.diagonal(self._stack.inner, axis1=1, axis2=2)[self._rows]
        nothing = np.array([row.norms[0] for row in self._stack.rows])[self._rows]
        return np.log(np.where(np.isnan(own), nothing[:, None], own) + self._noise[:, None]).sum(axis=0)

    def _gains(self, chosen: Sequence[int]) -> Array:
        """[r, n]: what each model takes away beside the chosen, relative to what it leaves."""
        found = np.zeros((len(self._rows), len(self._stack.names)))
        for at, r in enumerate(self._rows):
            inner, same = self._stack.inner[r], self._stack.same[r]
            kept: list[int] = []
            for i in chosen:
                if not np.isnan(inner[i, i]) and not any(same[i, k] for k in kept):
                    kept.append(i)
            left, away = _taken_away(inner, kept, float(self._stack.rows[r].norms[0]))
            found[at] = away / (np.maximum(left - away, 0) + self._noise[at])
        return found

    def _grown(self, chosen: list[int]) -> list[int]:
        while len(chosen) <= MOST:
            gains, left = self._gains(chosen), self._left(chosen)[:, None]
            open_rows = (left > PROVEN**2 * self._noise[:, None]).ravel()
            proven = (left - gains * (left + self._noise[:, None]) / (1 + gains)) <= PROVEN**2 * self._noise[:, None]
            worth = ((gains > WORTH) & proven).any(axis=0)
            worth |= np.median(gains[open_rows], axis=0) > WORTH if open_rows.any() else False
            worth[chosen] = False
            if not worth.any():
                break
            total = np.where(worth, np.log1p(gains).sum(axis=0), -1)
            chosen = [*chosen, int(np.argmax(total))]
        return chosen

    def _exchanged(self, chosen: list[int]) -> list[int]:
        """One for one, as long as what is left becomes less."""
        best = self._quality(chosen)
        for _ in range(2 * MOST):
            better = []
            for i in chosen:
                rest = [k for k in chosen if k != i]
                gains = np.log1p(self._gains(rest)).sum(axis=0) if rest else -self._quality_of_each()
                gains[rest] = -np.inf
                j = int(np.argmax(gains))
                if j != i:
                    better.append((self._quality([*rest, j]), [*rest, j]))
            if not better or min(better)[0] >= best - 1e-3:
                return chosen
            best, chosen = min(better)
        return chosen

    def _pruned(self, chosen: list[int]) -> list[int]:
        """Without those whose removal costs nothing, the cheapest first."""
        while len(chosen) > 1:
            left = self._left(chosen)
            costs = [self._cost(left, self._left([k for k in chosen if k != i])) for i in chosen]
            cheapest = int(np.argmin(costs))
            if costs[cheapest] > WORTH:
                break
            chosen = [k for k in chosen if k != chosen[cheapest]]
        return chosen

    def _cost(self, left: Array, without: Array) -> float:
        """What a removal costs in the block where it costs most; where nothing but rounding is left without it, too, in
        the middle one: a merge that was computed in float16 has more rounding than its storage makes, of which a model
        on the line of two others takes some away in one block by chance."""
        costs = (without - left) / (left + self._noise)
        rounding = bool((without < PROVEN**2 * self._noise).all())
        return float(np.median(costs) if rounding else costs.max())

    def _told(self, chosen: list[int]) -> list[int]:
        """Where something is left: without those whose shares are not told from 0 over the blocks that it is left in,
        neither on average nor large in any; what has a share where nothing is left stays."""
        while len(chosen) > 1:
            open_rows = self._left(chosen) > PROVEN**2 * self._noise
            rows, every = self._rows[open_rows], self._shares(chosen)
            shares, proven = every[rows], np.abs(every[self._rows[~open_rows]]).max(axis=0, initial=0)
            if not len(rows):
                break
            largest, mean = np.abs(shares).max(axis=0), np.abs(shares.mean(axis=0))
            unsure = mean < ERRORS * shares.std(axis=0) / np.sqrt(len(rows))
            drop = ((largest < SMALL) | (unsure & (largest < LARGE))) & (proven < SMALL)
            if not drop.any():
                break
            gone = int(np.argmin(np.where(drop, largest, np.inf)))
            chosen = [k for place, k in enumerate(chosen) if place != gone]
        return chosen

    def _steadiest(self, chosen: list[int]) -> list[int]:
        """Each exchanged for a model that is the same wherever it has a share, if one share then fits all blocks
        better: twins that differ in a part that was not taken from them."""
        for place in range(len(chosen)):
            shares = self._shares(chosen)[:, place]
            held = np.abs(shares) > 1e-3
            same = self._stack.same[:, chosen[place], :] | ~held[:, None]
            twins = [j for j in range(len(self._stack.names)) if same[:, j].all() and j not in chosen]
            options = [chosen, *([*chosen[:place], j, *chosen[place + 1 :]] for j in twins)]
            chosen = min(options, key=self._unsteady)
        return chosen

    def _shares(self, chosen: Sequence[int]) -> Array:
        return share_out(self._stack, [self._stack.names[i] for i in chosen]).shares

    def _unsteady(self, chosen: Sequence[int]) -> float:
        """What one share for all blocks leaves, in roundings."""
        return pooled(self._stack.of([self._stack.names[i] for i in chosen])).left


def _taken_away(inner: Array, chosen: Sequence[int], nothing: float) -> tuple[float, Array]:
    """What the chosen leave, and how much of it each of all models takes away besides (‖·‖² both)."""
    own = np.diag(inner)
    held = ~np.isnan(own)
    if not chosen:
        return nothing, np.where(held, np.maximum(nothing - np.where(held, own, 0), 0), 0)
    first = min(chosen, key=lambda i: own[i])
    others = [i for i in chosen if i != first]
    grams, towards = from_origin(inner, first)
    grams, towards = np.where(np.isnan(grams), 0, grams), np.where(np.isnan(towards), 0, towards)
    left, rest, size = float(own[first]), towards, np.diag(grams).copy()
    if others:
        scale = np.sqrt(np.maximum(size[others], 1e-300))
        inverse = np.linalg.pinv(grams[np.ix_(others, others)] / np.outer(scale, scale), rcond=1e-9, hermitian=True)
        inverse /= np.outer(scale, scale)
        left -= float(towards[others] @ inverse @ towards[others])
        rest = towards - grams[:, others] @ (inverse @ towards[others])
        size = size - np.einsum("ji,ik,jk->j", grams[:, others], inverse, grams[:, others])
    told = held & (size > 1e-8 * np.maximum(np.diag(grams), 1e-300))
    away = np.where(told, rest**2 / np.where(told, size, 1), 0)
    return max(left, 0.0), np.minimum(away, max(left, 0.0))
