"""Evidence → recipe: the steps in their order, each a file of its own."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..similarity.joining import main_component
from ..text import several
from .components import blocks_by_component, distances_to, main_of
from .evidence import TargetEvidence
from .kinds import ADD_DIFFERENCE, TRIPLE_SUM, UNKNOWN, UNRELATED, WEIGHTED_SUM
from .methods.method import MethodFit
from .parents.by_weight import by_finer_blocks, by_weight
from .parents.candidates import MOST, Candidates, candidates_of
from .parents.linear import Linear, blocks_of, components_of, fit_linear, in_sample, kind_of, shares_of
from .parents.shares import floor
from .parents.younger import with_direction, without, younger
from .recipe import ComponentOrigin, FoundMethod, ParentShare, Recipe, Shares, place_of
from .replay.pieces import pieces_of
from .replay.replaying import replayed, rivals
from .rest.remainder import Remainder, remainder
from .unmixed.unmixed import unmixed
from .values import PROVEN

APART = 1.1
"""‖a − b‖ / ‖a‖ from which on two models have nothing to do with each other: `similarity/measures/l2.py`."""

_IN_SAMPLE = "in a sample these shares leave no more than rounding"
_ELSEWHERE = "in some blocks more is left by their distances, outside the sample or by coarser numbers of a parent"

_TRACE = 0.005
"""Shares below read as 0.00."""

LEANS = 0.1
"""Cosine that a change may have with another one that it has nothing to do with: `similarity/measures/bounds.py`."""


def make(evidence: TargetEvidence) -> Recipe:
    """What the target is made of, as far as the evidence goes.

    First what needs no shares: a copy, components put together, a few weights changed. Then signed shares by block,
    which prove themselves where they leave nothing beyond rounding; then the formulas of the methods that are not
    linear; and what no formula explains is a change after the shares: a LoRA, a training, a parent that is not here.
    A candidate that reads as made of the target is left out, and all begins anew.
    """
    evidence = _with_base_of_its_kin(evidence)
    made = _made(evidence)
    while (rather := younger(made, evidence)) is not None:
        evidence = without(evidence, rather, made.parents)
        made = _made(evidence)
    made = _without_traces(with_direction(made, evidence))
    partly = made.missing is None and any(one.kind == "unknown" for one in made.components.values())
    return replace(
        made,
        residual=None if partly else made.residual,
        sure=made.sure and evidence.coverage >= 1,
        remarks=(*made.remarks, *evidence.remarks),
        stored=evidence.dtype.get(main_of(evidence) or "", ""),
    )


def _without_traces(recipe: Recipe) -> Recipe:
    """Without parents whose shares read as 0.00 in all blocks."""
    most = {one.model: abs(one.share or 0) for one in recipe.parents if one.share is not None}
    for row in recipe.blocks.values():
        for name, share in row.items():
            most[name] = max(most.get(name, 0.0), abs(share))
    donors = {origin.source for origin in recipe.components.values()}
    kept = tuple(one for one in recipe.parents if most.get(one.model, 1) >= _TRACE or one.model in donors)
    return replace(recipe, parents=kept)


def _with_base_of_its_kin(evidence: TargetEvidence) -> TargetEvidence:
    """Without a base that is a stranger: what it has no share in it has been told nothing of."""
    main = main_of(evidence)
    apart = distances_to(blocks_by_component(evidence)[main]) if main is not None else {}
    strange = [name for name, (squares, norm) in apart.items() if squares > APART**2 * norm]
    if evidence.base not in strange or len(strange) == len(apart):
        return evidence
    told = f"{evidence.base}, which was named as the base, has nothing to do with it"
    return replace(evidence, base=None, remarks=(*evidence.remarks, told))


def _made(evidence: TargetEvidence) -> Recipe:
    if not any(block.norms[0] for block in evidence.blocks):
        return _nothing(evidence, UNKNOWN, "all of its numbers are 0")
    plain = unmixed(evidence) if evidence.candidates else None
    if plain is not None:
        return plain
    candidates = candidates_of(evidence)
    if not candidates.chosen:
        return _nothing(evidence, UNKNOWN, "there is no other model here that it could be made of")
    if candidates.nearest > APART:
        return _nothing(evidence, UNRELATED, "no model here has anything to do with it")
    linear = fit_linear(candidates)
    if linear.proven:
        linear = in_sample(linear, evidence.sample(linear.parents))
        if linear.proven:
            return linear_recipe(evidence, candidates, linear)
    strange = _strange(evidence, linear)
    if strange:
        return _beside(evidence, strange, linear)
    apart = by_weight(evidence, linear)
    if apart is not None:
        return apart
    among = candidates.worth_a_look
    names = [*among, *([candidates.base] if candidates.base else [])]
    pieces = pieces_of(evidence.sample(names)) if evidence.pieces is None else evidence.pieces(names)
    fits = replayed(pieces, evidence.sample, among, candidates.base)
    if fits and fits[0].residual_in_roundings < PROVEN:
        return method_recipe(evidence, candidates, linear, fits[0], doubts_of(fits))
    finer = by_finer_blocks(evidence, linear)
    if finer is not None:
        return finer
    rest = remainder(evidence, blocks_of(linear))
    return changed_recipe(evidence, candidates, linear, rest)


def _strange(evidence: TargetEvidence, linear: Linear) -> list[str]:
    """The components of which something is left while the network itself is explained as a sum."""
    left, main = _left_of_components(linear), main_of(evidence)
    if main is None or main in linear.whole or not left.get(main, math.inf) < PROVEN:
        return []
    return [name for name, most in left.items() if most >= PROVEN]


def _beside(evidence: TargetEvidence, strange: Sequence[str], linear: Linear) -> Recipe:
    """The recipe of all but components that the parents do not explain; those that they lack were not looked at."""
    blocks = [block for block in evidence.blocks if block.component not in strange]
    found = _made(replace(evidence, blocks=blocks))
    unknown = {name: ComponentOrigin("unknown") for name in strange}
    lacking = [name for name in strange if not math.isfinite(_left_of_components(linear)[name])]
    unheld = sum(block.count for block in evidence.blocks if block.component in lacking)
    coverage = found.coverage * (1 - unheld / max(sum(block.count for block in evidence.blocks), 1))
    components = {**found.components, **unknown}
    return replace(found, components=components, coverage=coverage, sure=found.sure and coverage >= 1)


def linear_recipe(evidence: TargetEvidence, candidates: Candidates, linear: Linear) -> Recipe:
    """A target that shares by block explain."""
    kind = kind_of(linear, evidence.precisions, evidence.target)
    why = "with these shares nothing is left in any block, beyond rounding"
    coverage = evidence.coverage * (1 - linear.untold)
    part = f"{linear.untold:.1%}" if linear.untold >= 0.001 else "less than 0.1%"
    lacking = f"{part} of its numbers are not in all parents, or not finite: of these nothing is told"
    return Recipe(
        evidence.target,
        evidence.network,
        kind,
        FoundMethod(kind, {}, round(linear.roundings, 3), why),
        shares_of(linear, candidates),
        blocks_of(linear),
        components_of(linear),
        residual=_relative(linear, linear.roundings),
        coverage=coverage,
        base=evidence.base,
        sure=coverage >= 1,
        remarks=(lacking,) if linear.untold else (),
    )


def doubts_of(fits: Sequence[MethodFit]) -> tuple[str, ...]:
    """Why the first of these fits is no proof, in sentences: another explains as much, a parent is a rounded copy."""
    found = [
        f"{one.method} of {' and '.join(dict.fromkeys(one.parents.values()))} explains it as well: the numbers that "
        "were looked at do not tell them apart"
        for one in rivals(fits)[:1]
    ]
    if fits[0].coarse:
        found.append(
            "a parent is stored with fewer digits than this checkpoint: its formula leaves what that rounding may "
            "leave, which is no proof"
        )
    return tuple(found)


def method_recipe(
    evidence: TargetEvidence, candidates: Candidates, linear: Linear, fit: MethodFit, doubts: tuple[str, ...] = ()
) -> Recipe:
    """A target that a method's formula explains; where there are `doubts`, not for sure."""
    left, odd = fit.residual_in_roundings, _unlike(fit, candidates)
    why = "in a sample, whole weights of every block, its formula leaves no more than rounding"
    if odd:
        doubts = (*doubts, f"in {several(odd)} something else is left, outside the sample")
    parents = tuple(
        ParentShare(name, fit.shares.get(role), role=role, same_as=candidates.alike(name, fit.components))
        for role, name in fit.parents.items()
    )
    components, held = components_of(linear), _held_by(candidates, fit)
    by_shares = _left_of_components(linear)
    for name, origin in components.items():
        if origin.kind == "merged" and fit.components.get(name, by_shares.get(name, math.inf)) >= PROVEN:
            components[name] = ComponentOrigin("unknown")
    coverage = evidence.coverage * _held(candidates, held, components)
    return Recipe(
        evidence.target,
        evidence.network,
        fit.method,
        FoundMethod(fit.method, dict(fit.parameters), round(left, 3), why),
        parents,
        {},
        components,
        residual=None if fit.coarse else _relative(linear, left),
        coverage=coverage,
        base=evidence.base,
        sure=not doubts and coverage >= 1,
        remarks=doubts,
    )


def _left_of_components(linear: Linear) -> dict[str, float]:
    """Component → what the shares leave of the block where they leave most, in roundings; infinite where no parent
    holds it."""
    found: dict[str, float] = {}
    for row, held, left in zip(linear.fit.stack.rows, linear.fit.stack.held, linear.fit.roundings, strict=True):
        found[row.component] = max(found.get(row.component, 0.0), float(left) if held.all() else math.inf)
    return found


def _held_by(candidates: Candidates, fit: MethodFit) -> set[str]:
    """The components that all parents hold."""
    stack = candidates.stack.of(list(dict.fromkeys(fit.parents.values())))
    whole = stack.held.all(axis=1)
    lacking = {row.component for row, has in zip(stack.rows, whole, strict=True) if not has}
    return {row.component for row in stack.rows} - lacking


def _held(candidates: Candidates, held: set[str], components: Mapping[str, ComponentOrigin]) -> float:
    """The share of the target's numbers in components that all parents hold, or that are known to be somebody's."""
    counts = {name: sum(row.count for row in candidates.stack.rows if row.component == name) for name in components}
    lacking = sum(n for name, n in counts.items() if name not in held and components[name].kind == "unknown")
    return 1 - lacking / max(sum(counts.values()), 1)


def _unlike(fit: MethodFit, candidates: Candidates) -> list[str]:
    """The blocks of what a sum explains in the sample whose distances its shares do not: there are weights outside the
    sample that it did not make."""
    if fit.method not in (WEIGHTED_SUM, ADD_DIFFERENCE) or fit.blocks or fit.coarse:
        return []
    names = list(dict.fromkeys(fit.parents.values()))
    shares = np.array([sum(fit.shares.get(r, np.nan) for r, m in fit.parents.items() if m == name) for name in names])
    stack = candidates.stack.of(names)
    left = np.einsum("i,rij,j->r", shares, stack.inner, shares)
    told = [fit.components.get(row.component, np.inf) < PROVEN for row in stack.rows]
    bad = (left > PROVEN**2 * floor(stack)) & np.array(told)
    return list(dict.fromkeys(place_of(stack.rows[r].block, stack.rows[r].component) for r in np.flatnonzero(bad)))


def changed_recipe(evidence: TargetEvidence, candidates: Candidates, linear: Linear, rest: Remainder) -> Recipe:
    """A target of which shares leave something: what that is, or a parent that is missing."""
    if rest.kind is None and rest.missing is None:  # nothing is left of the sample
        kind, remarks, why = kind_of(linear, evidence.precisions, evidence.target), (_ELSEWHERE,), _IN_SAMPLE
    else:
        kind, remarks, why = rest.kind or _with_a_parent_more(linear, candidates), rest.remarks, rest.why
    if len(linear.parents) >= MOST:
        remarks = (*remarks, f"more than {MOST} parents are not looked for")
    again = rest.shares or {}
    blocks = {
        block: {name: share for name, share in again.get(block, row).items() if name not in rest.stand_ins}
        for block, row in blocks_of(linear).items()
    }
    parents = [
        _told_again(parent, linear, again)
        for parent in shares_of(linear, candidates, cosine=LEANS)
        if parent.model not in rest.stand_ins
    ]
    components = components_of(linear)
    if len(parents) == 1 and rest.missing is None:
        of_it = ComponentOrigin("changed", parents[0].model)
        components = {name: of_it if one.kind == "merged" else one for name, one in components.items()}
    return Recipe(
        evidence.target,
        evidence.network,
        kind,
        FoundMethod(kind, dict(rest.parameters), round(rest.in_roundings, 3), why),
        tuple(parents),
        blocks,
        components,
        keys=rest.keys,
        residual=round(rest.of_distance, 6),
        missing=rest.missing,
        trained_after=rest.trained_after,
        lora=rest.lora,
        coverage=evidence.coverage,
        base=evidence.base,
        sure=rest.sure and _ELSEWHERE not in remarks,
        remarks=remarks,
    )


def _told_again(parent: ParentShare, linear: Linear, again: Mapping[str, Shares]) -> ParentShare:
    """A parent with its share from what the rest told by block, in the network itself."""
    main = main_component(dict.fromkeys(row.component for row in linear.fit.stack.rows))
    rows = [(place_of(row.block, row.component), row.count) for row in linear.fit.stack.rows if row.component == main]
    told = [(again[block].get(parent.model, 0.0), count) for block, count in rows if block in again]
    if not told or parent.share is None:
        return parent
    mean = sum(share * count for share, count in told) / sum(count for _, count in told)
    whole = all(share == 1 for share, _ in told)
    return replace(parent, share=round(mean, 6), low=1.0 if whole else None, high=1.0 if whole else None)


def _with_a_parent_more(linear: Linear, candidates: Candidates) -> str:
    """What the merge is called with the parent that is not here."""
    shares = dict(zip(linear.parents, linear.mean, strict=True))
    if shares.get(candidates.base or "", 0) < 0:
        return ADD_DIFFERENCE
    return TRIPLE_SUM if len([name for name in shares if name != candidates.base]) > 1 else WEIGHTED_SUM


def _relative(linear: Linear, roundings: float) -> float:
    """What is left relative to the distance to the nearest parent, from what is left in roundings."""
    noise, nearest = float(linear.fit.stack.noise.sum()), linear.fit.stack.nearest
    return round(min(roundings * math.sqrt(noise / nearest), 1.0), 6) if nearest > 0 else 0.0


def _nothing(evidence: TargetEvidence, kind: str, why: str) -> Recipe:
    return Recipe(
        evidence.target, evidence.network, kind, coverage=evidence.coverage, base=evidence.base, remarks=(why,)
    )
