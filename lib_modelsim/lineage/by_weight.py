"""A merge by blocks that are not ours: a share for every weight, where most of our blocks are explained and a few not.

sd-mecha counts time_embed to BASE and supermerger to IN00; elemental merges take shares for single weights.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..text import several
from .candidates import PROVEN
from .evidence import TargetEvidence
from .kinds import BLOCK_WEIGHTED
from .linear import Linear, components_of
from .products import Distances, stacked
from .recipe import FoundMethod, ParentShare, Recipe
from .shares import BlockShares, share_out

NUMBERS = 64
"""A weight with fewer numbers proves nothing, and has its block's share."""

_SAME = 0.01
"""Shares of weights that are the same."""


def by_weight(evidence: TargetEvidence, linear: Linear) -> Recipe | None:
    """The recipe where shares by weight leave nothing but rounding; None where they do, or where most blocks are not
    explained either. Target and parents are read once."""
    stack = linear.fit.stack
    explained = stack.counts[linear.fit.roundings < PROVEN].sum()
    if len(linear.parents) < 2 or explained < 0.5 * stack.counts.sum():
        return None
    rows = list(evidence.weights(linear.parents))
    fit = share_out(stacked(rows, linear.parents, evidence.precisions), linear.parents)
    large = fit.stack.counts >= NUMBERS
    if not large.any() or not (fit.roundings[large] < PROVEN).all():
        return None
    blocks, remarks = _blocks(rows, fit, large)
    overall = np.average(fit.shares[large], axis=0, weights=fit.stack.counts[large])
    left = float(np.sqrt(fit.left[large].sum() / np.maximum(fit.stack.noise[large].sum(), 1e-300)))
    why = "with a share for every weight nothing is left, beyond rounding"
    parents = (ParentShare(name, round(float(s), 6)) for name, s in zip(linear.parents, overall, strict=True))
    return Recipe(
        evidence.target,
        evidence.network,
        BLOCK_WEIGHTED,
        FoundMethod(BLOCK_WEIGHTED, {}, round(left, 3), why),
        tuple(sorted(parents, key=lambda one: -abs(one.share or 0))),
        {block: dict(zip(linear.parents, held, strict=True)) for block, held in blocks.items()},
        components_of(linear),
        coverage=evidence.coverage,
        base=evidence.base,
        sure=evidence.coverage >= 1,
        remarks=remarks,
    )


def _blocks(
    rows: Sequence[Distances], fit: BlockShares, large: NDArray[np.bool_]
) -> tuple[dict[str, tuple[float, ...]], tuple[str, ...]]:
    """Block → shares, of most of its numbers; a part of it with others stands behind it ("IN00 time_embed"), and what
    has no name of its own in a remark."""
    found: dict[str, tuple[float, ...]] = {}
    odd: list[str] = []
    for block in dict.fromkeys(row.block or row.component.upper() for row in rows):
        own = [r for r, row in enumerate(rows) if (row.block or row.component.upper()) == block and large[r]]
        if not own:
            continue
        runs = _runs(own, fit)
        found[block] = _mean(runs[0], fit)
        for run in runs[1:]:
            name = _part([rows[r].name for r in run], [rows[r].name for r in own if r not in run])
            if name is None:
                odd.append(f"{block} ({len(run)})")
            else:
                found[f"{block} {name}"] = _mean(run, fit)
    told = (f"single weights of {several(odd)} have other shares than their block",) if odd else ()
    return found, told


def _runs(own: Sequence[int], fit: BlockShares) -> list[list[int]]:
    """Rows with the same shares together, those with most numbers first."""
    runs: list[list[int]] = []
    for r in sorted(own, key=lambda r: -fit.stack.counts[r]):
        near = next((run for run in runs if np.abs(fit.shares[run[0]] - fit.shares[r]).max() <= _SAME), None)
        if near is None:
            runs.append([r])
        else:
            near.append(r)
    return sorted(runs, key=lambda run: -fit.stack.counts[run].sum())


def _mean(run: Sequence[int], fit: BlockShares) -> tuple[float, ...]:
    mean = np.average(fit.shares[run], axis=0, weights=fit.stack.counts[run])
    return tuple(round(float(share), 6) for share in mean)


def _part(names: Sequence[str], others: Sequence[str]) -> str | None:
    """The word of the network's names that these have and the others have not."""
    words = {part_of(name) for name in names}
    return words.pop() if len(words) == 1 and not words & {part_of(name) for name in others} else None


def part_of(key: str) -> str:
    """ "time_embed" of model.diffusion_model.time_embed.0.weight."""
    return key.removeprefix("model.diffusion_model.").partition(".")[0]
