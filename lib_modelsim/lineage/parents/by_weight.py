"""A merge by blocks that are not ours: a share for every weight, where most of our blocks are explained and a few not.

sd-mecha counts time_embed to BASE and supermerger to IN00; elemental merges take shares for single weights; of SDXL and
Flux the mergers' own blocks are finer (109 and 61), and are named as the mergers name them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...checkpoints.blocks import sub_block
from ...text import several
from ..evidence import TargetEvidence
from ..kinds import BLOCK_WEIGHTED
from ..products import Distances, stacked
from ..recipe import FoundMethod, ParentShare, Recipe, place_of
from ..values import PROVEN
from .linear import Linear, components_of, sampled_rows
from .shares import BlockShares, share_out

NUMBERS = 64
"""A weight with fewer numbers proves nothing, and has its block's share."""

_SAME = 0.01
"""Shares of weights that are the same."""


def by_weight(evidence: TargetEvidence, linear: Linear) -> Recipe | None:
    """The recipe where most blocks are explained as they are, and shares by weight leave nothing but rounding in the
    others; else None. Target and parents are read once."""
    stack = linear.fit.stack
    explained = stack.counts[linear.fit.roundings < PROVEN].sum()
    return _weight_by_weight(evidence, linear) if explained >= 0.5 * stack.counts.sum() else None


def by_finer_blocks(evidence: TargetEvidence, linear: Linear) -> Recipe | None:
    """The same of a network whose mergers have finer blocks than ours, where no method explains it: some methods have
    one share for each weight, too. A sample is looked at first."""
    return _weight_by_weight(evidence, linear) if _in_finer_blocks(evidence, linear) else None


def _weight_by_weight(evidence: TargetEvidence, linear: Linear) -> Recipe | None:
    if len(linear.parents) < 2:
        return None
    rows = list(evidence.weights(linear.parents))
    fit = share_out(stacked(rows, linear.parents, evidence.precisions), linear.parents)
    large = fit.stack.counts >= NUMBERS
    if not large.any() or not (fit.roundings[large] < PROVEN).all():
        return None
    blocks, remarks = _blocks(rows, fit, large, evidence.architecture)
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


def _in_finer_blocks(evidence: TargetEvidence, linear: Linear) -> bool:
    """Whether the network has such blocks, and sampled matrices are sums of the parents with shares of their own."""
    sample = evidence.sample(linear.parents) if len(linear.parents) > 1 else ()
    if not any(sub_block(evidence.architecture, one.key) for one in sample):
        return False
    rows = [
        row
        for one in sample
        if one.target.ndim > 1 and len(one.models) == len(linear.parents)
        for row in sampled_rows([one], linear.parents)
    ]
    return bool(rows) and bool((share_out(stacked(rows, linear.parents, {}), linear.parents).roundings < PROVEN).all())


def _blocks(
    rows: Sequence[Distances], fit: BlockShares, large: NDArray[np.bool_], architecture: str
) -> tuple[dict[str, tuple[float, ...]], tuple[str, ...]]:
    """Block → shares, of most of its numbers; a part of it with others stands behind it ("IN00 time_embed"), and what
    has no name of its own in a remark."""
    found: dict[str, tuple[float, ...]] = {}
    odd: list[str] = []
    for block in dict.fromkeys(place_of(row.block, row.component) for row in rows):
        own = [r for r, row in enumerate(rows) if place_of(row.block, row.component) == block and large[r]]
        if not own:
            continue
        runs = _runs(own, fit)
        by_name: dict[str, list[int]] = {}
        for r in own:
            by_name.setdefault(sub_block(architecture, rows[r].name) or block, []).append(r)
        if len(runs) == 1 or len(by_name) == 1:
            by_name = {block: own}
        for name, members in by_name.items():
            _add(found, odd, name, members, rows, fit)
    told = (f"single weights of {several(odd)} have other shares than their block",) if odd else ()
    return found, told


def _add(
    found: dict[str, tuple[float, ...]],
    odd: list[str],
    block: str,
    own: Sequence[int],
    rows: Sequence[Distances],
    fit: BlockShares,
) -> None:
    """One block's shares, those of its parts, and what has no name."""
    first, *others = _runs(own, fit)
    found[block] = _mean(first, fit)
    for run in others:
        name = _part([rows[r].name for r in run], [rows[r].name for r in own if r not in run])
        if name is None:
            odd.append(f"{block} ({len(run)})")
        else:
            found[f"{block} {name}"] = _mean(run, fit)


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
