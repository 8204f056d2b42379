"""Targets that nothing was mixed for: copies, casts, and components of several models put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ...checkpoints.identity import component_label, network_order
from ..components import EqualComponent, blocks_by_component, distances_to, main_of
from ..evidence import TargetEvidence
from ..kinds import CAST, COPY, SWAP
from ..products import Distances
from ..recipe import ComponentOrigin, FoundMethod, MissingParent, ParentShare, Recipe, place_of


def put_together(evidence: TargetEvidence, equal: Mapping[str, EqualComponent]) -> Recipe | None:
    """The recipe of a target each of whose components is some candidate's, whole; None of any other.

    `equal` is what `equal_components` said. One model that has all of them makes a copy or a cast. Else the one that
    has the network itself, and of those the one that has most of the rest, is the model, and each other component is
    from a donor. Which of several models with the same numbers it was cannot be told: they stand in `same_as`. A
    component beside the network that no candidate has is said to be from elsewhere.
    """
    main = main_of(evidence)
    if main is None or not equal[main].sources:
        return None
    every = [name for name in equal[main].sources if all(name in one.sources for one in equal.values())]
    if every:
        return _of_one(evidence, equal, every)
    strange = [name for name, one in equal.items() if not one.sources]
    sources, held = equal[main].sources, blocks_by_component(evidence)
    if not all(_from_elsewhere(evidence, name) or not _holds(held[name], sources) for name in strange):
        return None
    known = {name: one for name, one in equal.items() if one.sources}
    found = _of_several(evidence, known, main)
    return _with_strange(found, evidence, strange) if strange else found


def _holds(blocks: Sequence[Distances], sources: Sequence[str]) -> bool:
    """Whether one of these models holds any of these blocks."""
    return any(name in block.names[1:] for block in blocks for name in sources)


_KIN = 0.45
"""‖a − b‖ / ‖a‖ of relatives at most: `similarity/measures/l2.py`."""


def _from_elsewhere(evidence: TargetEvidence, component: str) -> bool:
    """Whether a component has nothing to do with any candidate's: farther from all than relatives are."""
    blocks = blocks_by_component(evidence)[component]
    ratios = [squares / norm for squares, norm in distances_to(blocks).values() if norm > 0]
    return bool(ratios) and min(ratios) > _KIN**2


def _with_strange(found: Recipe, evidence: TargetEvidence, strange: Sequence[str]) -> Recipe:
    """With components that no candidate has."""
    told = " and ".join(component_label(name) for name in sorted(strange, key=network_order))
    missing = MissingParent(1.0, f"the {told} is no candidate's")
    blocks = {place_of(b.block, b.component): {} for b in evidence.blocks if b.component in strange}
    components = {**found.components, **{name: ComponentOrigin("unknown") for name in strange}}
    return replace(
        found, components=components, missing=missing, blocks={**found.blocks, **blocks}, residual=1.0, sure=False
    )


def _of_one(evidence: TargetEvidence, equal: Mapping[str, EqualComponent], every: list[str]) -> Recipe:
    exact = [name for name in every if all(name in one.equal for one in equal.values())]
    source, *others = [*exact, *(name for name in every if name not in exact)]
    mine, theirs = (evidence.precisions.get(name, {}) for name in (evidence.target, source))
    other = {name: theirs[name] for name in equal if mine.get(name, "") != theirs.get(name, "") and name in theirs}
    kind = COPY if source in exact and not other else CAST
    stored = ", ".join(dict.fromkeys(mine[name] for name in other if name in mine))
    why = "every number of it that was compared is the same"
    if kind == CAST:
        theirs_said = ", ".join(dict.fromkeys(other.values()))
        changed = f"in another precision ({theirs_said} → {stored})"
        why = f"every number of it that was compared is that of {source} {changed}"
    return Recipe(
        evidence.target,
        evidence.network,
        kind,
        method=FoundMethod(kind, why=why, residual_in_roundings=0.0 if source in exact else None),
        parents=(ParentShare(source, 1.0, 1.0, 1.0, "A", tuple(others)),),
        blocks={place_of(block.block, block.component): {source: 1.0} for block in evidence.blocks},
        components={name: ComponentOrigin("same", source) for name in equal},
        residual=0.0,
        coverage=evidence.coverage,
        base=evidence.base,
        sure=evidence.coverage >= 1,
    )


def _of_several(evidence: TargetEvidence, equal: Mapping[str, EqualComponent], main: str) -> Recipe:
    taken = _sources(equal, main)
    parents = []
    for name in dict.fromkeys((taken[main], *taken.values())):
        own = [component for component, source in taken.items() if source == name]
        alike = [n for n in equal[own[0]].sources if n != name and all(n in equal[c].sources for c in own)]
        whole = 1.0 if main in own else None
        parents.append(ParentShare(name, whole, whole, whole, None, tuple(alike)))
    names = sorted((name for name in equal if taken[name] != taken[main]), key=network_order)
    told = ", ".join(f"{component_label(name)} of {taken[name]}" for name in names)
    exact = all(taken[name] in one.equal for name, one in equal.items())
    precision = "" if exact else ", in another precision"
    why = "; ".join([f"every number that was compared is that of {taken[main]}{precision}", *([told] if told else [])])
    return Recipe(
        evidence.target,
        evidence.network,
        SWAP,
        method=FoundMethod(SWAP, why=why, residual_in_roundings=0.0 if exact else None),
        parents=tuple(parents),
        blocks={
            place_of(block.block, block.component): {taken[block.component]: 1.0}
            for block in evidence.blocks
            if block.component in taken
        },
        components={name: ComponentOrigin("same", source) for name, source in taken.items()},
        residual=0.0,
        coverage=evidence.coverage,
        base=evidence.base,
        sure=evidence.coverage >= 1,
    )


def _sources(equal: Mapping[str, EqualComponent], main: str) -> dict[str, str]:
    """Component → the model that it is taken to be from: as few models as do, the one of the network first."""
    left, found = dict(equal), {}
    while left:
        every = dict.fromkeys(name for one in left.values() for name in one.sources)
        among = equal[main].sources if main in left else tuple(every)
        counts = {name: sum(one.count for one in left.values() if name in one.sources) for name in among}
        best = max(among, key=lambda name: counts[name])  # the first of equals
        mine = [component for component, one in left.items() if best in one.sources]
        found |= dict.fromkeys(mine, best)
        for component in mine:
            del left[component]
    return {component: found[component] for component in equal}
