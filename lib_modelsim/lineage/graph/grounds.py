"""Which models can be kin at all: those of one origin, strangers apart, and of twins one alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ...families.groups import complete_group, connected_groups
from ...families.strangers import LINEAR, strangers
from ...text import several
from ..kinds import SWAP
from ..recipe import Recipe
from .descent import Ground
from .draft import Draft
from .evidence import GraphEvidence
from .graph import DESCENDANT, LIKELY, WEAK, Edge

_UNRELATED = 0.5
"""Cosine of the weights below which two models have no common origin; fine-tunes of one base have 0.98 and more."""


_ADDS_UP = 1e-3
"""How exactly squared distances add up that have different weights in them: but for their rounding."""


def grounds_of(evidence: GraphEvidence, heads: Mapping[str, str], draft: Draft) -> list[Ground]:
    """Groups of models that may be kin, the one with the base first. The draft gets remarks on those that are kin to
    none, and edges to twins: models with the same UNet or transformer, of which one alone is in a ground."""
    names = evidence.models
    base = None if evidence.base is None else names.index(heads[names[evidence.base]])
    rows = [i for i, name in enumerate(names) if heads[name] == name]
    connected = connected_groups(~np.isnan(evidence.squares[np.ix_(rows, rows)]))
    kept = [rows[i] for i in complete_group(evidence.squares[np.ix_(rows, rows)], connected[0])] if rows else []
    apart = [names[i] for i in rows if i not in kept]
    if apart:
        draft.remarks.append(f"Not in the graph, as there is no distance to the others: {several(apart)}.")
    groups = _kin(evidence, kept)
    alone = [names[group[0]] for group in groups if len(group) == 1] if len(kept) > 1 else []
    if alone:
        draft.remarks.append(f"Without an edge, as nothing here is kin to them: {several(alone)}.")
    if len([group for group in groups if len(group) > 1]) > 1:
        draft.remarks.append("Their weights have no common origin, so no edge joins the groups of models.")
    found = [
        Ground(names, evidence.squares, group, base if base in group else None, evidence.base_why)
        for group in sorted(groups, key=lambda group: base not in group)
        if len(group) > 1 or len(kept) == 1
    ]
    return [_without_twins(draft, ground, evidence) for ground in found]


def _kin(evidence: GraphEvidence, rows: Sequence[int]) -> list[list[int]]:
    """Groups of one origin; strangers are groups of one."""
    among = evidence.squares[np.ix_(rows, rows)]
    if evidence.norms is not None:
        return [[rows[i] for i in group] for group in connected_groups(_related(among, evidence.norms[list(rows)]))]
    far = strangers(np.sqrt(among), LINEAR) if len(rows) > 1 else np.zeros(len(rows), dtype=bool)
    near = [row for row, strange in zip(rows, far, strict=True) if not strange]
    return [group for group in (near, *([row] for row, strange in zip(rows, far, strict=True) if strange)) if group]


def _related(squares: NDArray[np.float64], norms: NDArray[np.float64]) -> NDArray[np.bool_]:
    with np.errstate(divide="ignore", invalid="ignore"):
        cosine = (norms[:, None] + norms - squares) / (2 * np.sqrt(norms[:, None] * norms))
    return (cosine >= _UNRELATED) | (squares == 0)


def _without_twins(draft: Draft, ground: Ground, evidence: GraphEvidence) -> Ground:
    """The ground with one of the twins alone: the base, or one that lies between the base and the other in text
    encoders and VAE."""
    kept: list[int] = []
    for row in sorted(ground.rows, key=lambda row: (row != ground.base, row)):
        place = next((i for i, other in enumerate(kept) if ground.squares[other, row] == 0), None)
        if place is None:
            kept.append(row)
            continue
        first, second = kept[place], row
        before = first == ground.base or _before(evidence, ground.base, first, second)
        if not before and _before(evidence, ground.base, second, first):
            first, second, before = second, first, True
            kept[place] = first
        a, b = ground.models[first], ground.models[second]
        same = "The same UNet or transformer; another text encoder or VAE, put in or trained."
        if first == ground.base:
            draft.add(Edge(a, b, DESCENDANT, None, (same, f"{a} is the base: {ground.why}."), LIKELY))
        elif before:
            why = f"In what parts the two {a} is as the base, {ground.models[ground.base or 0]}."
            draft.add(Edge(a, b, SWAP, None, (same, why), LIKELY))
        else:
            draft.add(Edge(a, b, SWAP, None, (same, "Which was first cannot be told."), WEAK, directed=False))
    return Ground(ground.models, ground.squares, sorted(kept), ground.base, ground.why)


def _before(evidence: GraphEvidence, base: int | None, first: int, second: int) -> bool:
    """Whether what parts the two beside the UNet is the base's in the first: then its distance from the base and that
    of the two add up to that of the second."""
    besides = evidence.besides
    if besides is None or base is None:
        return False
    own, apart, other = besides[base, first], besides[first, second], besides[base, second]
    return bool(apart > 0 and abs(own + apart - other) <= _ADDS_UP * apart)


def add_donors(draft: Draft, recipes: Sequence[Recipe], heads: Mapping[str, str]) -> None:
    """Edges from where the text encoder or the VAE of a twin is from, by its recipe."""
    for recipe in recipes:
        swapped = [edge for edge in draft.edges if edge.target == recipe.target and edge.kind == SWAP and edge.directed]
        if recipe.kind != SWAP or not recipe.sure or not swapped:
            continue
        for component, origin in recipe.components.items():
            donor = heads.get(origin.source or "")
            if donor is None or donor in (recipe.target, swapped[0].source) or draft.joined(donor, recipe.target):
                continue
            if not draft.comes_from(donor, recipe.target):
                why = (f"Its component {component} has the numbers of that of {donor}.",)
                draft.add(Edge(donor, recipe.target, SWAP, None, why, LIKELY))
