"""Targets of which much is one model's to the last bit, before any share is fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ...text import counted, several
from ..components import EqualComponent, blocks_by_component, distances_to, equal_components, main_of
from ..evidence import TargetEvidence
from ..kinds import ADJUST, LORA
from ..parents.shares import solve_inner
from ..recipe import ComponentOrigin, FoundMethod, ParentShare, Recipe, Shares, place_of
from ..rest.remainder import Remainder, remainder
from ..values import KeyValues
from .few_keys import Adjusted, adjusted
from .whole import put_together

_MOST_KEYS = 16
"""Weights that count as a few."""

_EQUAL = 1e-12
"""‖a − b‖² relative to ‖a‖² up to which two models are the same."""

_MIXED = 0.5
"""Share of the change that other candidates may explain before it is theirs to explain: a change that none of them has
to do with is explained by √(candidates / numbers) of it, far below."""


def unmixed(evidence: TargetEvidence) -> Recipe | None:
    """The recipe of a target that was not mixed: a copy, a cast, components put together, one model with a few weights
    adjusted, or with a change of low rank while other weights are its to the last bit. None of any other, whose shares
    are to be fitted. Call it first."""
    equal = equal_components(evidence)
    found = put_together(evidence, equal)
    if found is not None:
        return found
    main = main_of(evidence)
    blocks = blocks_by_component(evidence).get(main, []) if main is not None else []
    apart = distances_to(blocks) if blocks else {}
    origin = _nearest(apart, equal)
    if origin is None or _explained(blocks, origin, list(apart)) > _MIXED:
        return None
    sample = evidence.sample([origin])
    if not any(one.component == main and _same(one, origin) for one in sample):
        return None
    few = _few_keys(evidence, equal, origin)
    if few is not None and few.sure:
        return few
    return _low_rank(evidence, equal, origin, sample) or few


def _nearest(apart: Mapping[str, tuple[float, float]], equal: Mapping[str, EqualComponent]) -> str | None:
    """The candidate whose network is nearest; of twins the one that has more of the other components."""
    least = min((squares for squares, _ in apart.values()), default=0.0)
    twins = [name for name, (squares, _) in apart.items() if squares <= least * (1 + 1e-9)]
    held = {name: sum(one.count for one in equal.values() if name in one.sources) for name in twins}
    return max(twins, key=held.__getitem__, default=None)


def _same(one: KeyValues, origin: str) -> bool:
    return origin in one.models and np.array_equal(one.target, one.models[origin])


def _explained(blocks: Sequence, origin: str, names: Sequence[str]) -> float:
    """How much of ‖target − origin‖² the candidates together explain, 0 … 1, over the blocks in which it differs."""
    apart = left = 0.0
    for block in blocks:
        own = float(block.squares[0, block.names.index(origin, 1)])
        if own > 0:
            of = block.of(names)
            same = of.squares[1:, 1:] <= _EQUAL * float(of.norms.max())
            apart, left = apart + own, left + min(solve_inner(of.products, same).left, own)
    return 1 - left / apart if apart > 0 else 0.0


def _few_keys(evidence: TargetEvidence, equal: Mapping[str, EqualComponent], origin: str) -> Recipe | None:
    """All weights but a few are the origin's: Adjust, or what cannot be told."""
    elsewhere = {name for name, one in equal.items() if one.sources and origin not in one.sources}
    own = [one for one in evidence.weights([origin]) if one.component not in elsewhere]
    differ = [one for one in own if len(one.names) < 2 or one.squares[0, 1] > 0]
    changed, main = [one.name for one in differ], main_of(evidence)
    many = 4 * len(changed) > len(own) or any(one.component != main for one in differ)
    if many or not 0 < len(changed) <= _MOST_KEYS:
        return None
    found = adjusted(evidence.values(changed, [origin]), origin, evidence.network)
    if found is not None:
        return _recipe_of_adjust(evidence, equal, origin, found)
    where = several(list(dict.fromkeys(place_of(one.block, one.component) for one in differ)))
    count = counted(len(changed), "weight")
    why = f"{count} in {where} differ from {origin}, by no formula that is known here; all others are its"
    return _of_one(evidence, equal, origin, ADJUST, FoundMethod(ADJUST, why=why), keys=tuple(changed))


def _recipe_of_adjust(
    evidence: TargetEvidence, equal: Mapping[str, EqualComponent], origin: str, found: Adjusted
) -> Recipe:
    several = len(found.keys)
    why = f"{several} weights of {origin} were multiplied or shifted, as supermerger's Adjust does, all others are its"
    settings = {name: round(value, 2) for name, value in found.settings.items()}
    method = FoundMethod(ADJUST, settings, round(found.left, 3), why)
    return _of_one(evidence, equal, origin, ADJUST, method, keys=found.keys, sure=found.proven)


def _low_rank(
    evidence: TargetEvidence, equal: Mapping[str, EqualComponent], origin: str, sample: Sequence[KeyValues]
) -> Recipe | None:
    shares = {
        place_of(block.block, block.component): {origin: 1.0}
        for block in evidence.blocks
        if _is_its(equal, block.component, origin)
    }
    found = remainder(evidence, shares, sample)
    if found.kind != LORA:
        return None
    method = FoundMethod(LORA, dict(found.parameters), why=found.why)
    return _of_one(evidence, equal, origin, LORA, method, rest=found, sure=found.sure)


def _is_its(equal: Mapping[str, EqualComponent], component: str, origin: str) -> bool:
    """Whether a component is the origin's, perhaps changed: not where it is another model's to the last bit."""
    sources = equal[component].sources
    return not sources or origin in sources


def _of_one(
    evidence: TargetEvidence,
    equal: Mapping[str, EqualComponent],
    origin: str,
    kind: str,
    method: FoundMethod,
    keys: tuple[str, ...] = (),
    rest: Remainder | None = None,
    sure: bool = False,
) -> Recipe:
    """One model that was changed, with what other components are from elsewhere."""
    components, blocks, parents = {}, {}, [ParentShare(origin, 1.0, 1.0, 1.0, "A", _copies(evidence, origin))]
    for name, one in equal.items():
        if origin in one.sources:
            components[name] = ComponentOrigin("same", origin)
        elif one.sources:
            components[name] = ComponentOrigin("same", one.sources[0])
            if one.sources[0] not in [parent.model for parent in parents]:
                parents.append(ParentShare(one.sources[0], same_as=one.sources[1:]))
        else:
            components[name] = ComponentOrigin("changed", origin)
    for block in evidence.blocks:
        source = components[block.component].source
        row: Shares = {source or origin: 1.0}
        blocks[place_of(block.block, block.component)] = row
    return Recipe(
        evidence.target,
        evidence.network,
        kind,
        method=method,
        parents=tuple(parents),
        blocks=blocks,
        components=components,
        keys=keys,
        residual=0.0 if kind == LORA or method.residual_in_roundings is not None else 1.0,
        lora=rest.lora if rest is not None else (),
        coverage=evidence.coverage,
        base=evidence.base,
        sure=sure and evidence.coverage >= 1,
        remarks=rest.remarks if rest is not None else (),
    )


def _copies(evidence: TargetEvidence, origin: str) -> tuple[str, ...]:
    """The candidates that have all numbers of the origin."""
    apart = {name: 0.0 for name in evidence.candidates if name != origin}
    for block in evidence.blocks:
        if origin not in block.names[1:]:
            continue
        place = block.names.index(origin, 1)
        for name in list(apart):
            held = name in block.names[1:]
            apart[name] = apart[name] + float(block.squares[place, block.names.index(name, 1)]) if held else np.inf
    return tuple(name for name, one in apart.items() if one == 0)
