"""Evidence → graph: the steps in their order, each a file of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from ...families.groups import complete_group, connected_groups
from ...families.strangers import LINEAR, strangers
from ...text import several
from ..from_matrix import CANNOT
from ..kinds import UNKNOWN
from ..recipe import Recipe
from .descent import Ground, add_descent, add_nearest
from .draft import Draft
from .evidence import GraphEvidence
from .folding import fold
from .graph import ADAPTER, DESCENDANT, LIKELY, NEAREST, STEP, WEAK, Edge, LineageGraph, LineageNode
from .merging import add_adapters, add_merges
from .saying import directed_by_files
from .series import ModelSeries, all_series

_UNRELATED = 0.5
"""Models whose weights have a smaller cosine than this with all others have nothing in common with them; fine-tunes of
one base have 0.98 and more."""


def build(evidence: GraphEvidence) -> LineageGraph:
    """Who descends from whom, as far as the evidence goes."""
    draft, names = Draft(), evidence.models
    groups = fold(evidence)
    heads = {name: name for name in names} | {name: group.models[0] for group in groups for name in group.models}
    base = names.index(heads[names[evidence.base]]) if evidence.base is not None else None
    ground = _ground(evidence, heads, base, draft)
    merges = _recipes(evidence, ground)
    sure = [recipe for recipe in merges if recipe.kind != UNKNOWN or not evidence.from_matrix]
    add_merges(draft, sure, heads, names[base] if base is not None else None)
    made = {edge.target for edge in draft.edges if edge.directed}
    _add_series(draft, ground, [row for row in ground.rows if names[row] not in made])
    stepped = {name for edge in draft.edges if edge.kind == STEP for name in (edge.source, edge.target)}
    perhaps = [recipe for recipe in merges if recipe not in sure and recipe.target not in stepped]
    add_merges(draft, perhaps, heads, names[base] if base is not None else None)
    if ground.base is not None:
        add_descent(draft, ground)
    else:
        add_nearest(draft, ground, [row for row in ground.rows if names[row] in made])
        _add_beginnings(draft)
    adapters = add_adapters(draft, evidence.recipes, heads)
    edges = directed_by_files(draft, evidence.said, evidence.outliers)
    missing = {recipe.target: recipe.missing.unexplained for recipe in evidence.recipes if recipe.missing is not None}
    shown = [name for name in names if heads[name] == name]
    nodes = [LineageNode(name, network=evidence.network, missing=missing.get(name)) for name in shown]
    nodes += [LineageNode(name, ADAPTER, evidence.network) for name in adapters]
    remarks = [*_general(evidence, edges), *draft.remarks]
    return LineageGraph(tuple(nodes), tuple(groups), tuple(edges), tuple(dict.fromkeys(remarks)))


def _ground(evidence: GraphEvidence, heads: dict[str, str], base: int | None, draft: Draft) -> Ground:
    """The heads that can be compared with each other, without strangers, of which the remarks tell."""
    names = evidence.models
    rows = [i for i, name in enumerate(names) if heads[name] == name]
    among = evidence.squares[np.ix_(rows, rows)]
    group = connected_groups(~np.isnan(among))[0] if rows else []
    kept = [rows[i] for i in complete_group(among, group)]
    apart = [names[i] for i in rows if i not in kept]
    if apart:
        draft.remarks.append(f"Not in the graph, as there is no distance to the others: {several(apart)}.")
    far = set(_strangers(evidence, kept))
    if far:
        alone = several([names[i] for i in sorted(far)])
        draft.remarks.append(f"Without an edge, as nothing here is kin to them: {alone}.")
    kept = [row for row in kept if row not in far]
    return Ground(names, evidence.squares, kept, base if base in kept else None, evidence.base_why)


def _strangers(evidence: GraphEvidence, rows: Sequence[int]) -> list[int]:
    among = evidence.squares[np.ix_(rows, rows)]
    if evidence.norms is not None:
        norms = np.sqrt(evidence.norms[rows])
        with np.errstate(divide="ignore", invalid="ignore"):
            cosine = (norms[:, None] ** 2 + norms**2 - among) / (2 * norms[:, None] * norms)
        np.fill_diagonal(cosine, 0)
        far = ~(cosine >= _UNRELATED).any(axis=1)
    else:
        far = strangers(np.sqrt(among), LINEAR)
    return [row for row, strange in zip(rows, far, strict=True) if strange] if len(rows) > 1 else []


def _recipes(evidence: GraphEvidence, ground: Ground) -> list[Recipe]:
    """Those that were made; of a matrix those that it tells."""
    if not evidence.from_matrix:
        return list(evidence.recipes)
    from ..from_matrix import recipes_of

    rows = list(ground.rows)
    among = np.sqrt(evidence.squares[np.ix_(rows, rows)])
    return recipes_of([evidence.models[row] for row in rows], among)


def _add_series(draft: Draft, ground: Ground, rows: Sequence[int]) -> None:
    for found in all_series(ground.models, ground.squares, rows):
        one, directed, why = _from_its_beginning(found, ground)
        names = [ground.models[row] for row in one.order]
        for i, (first, second) in enumerate(pairwise(names)):
            if draft.joined(first, second) or (directed and draft.comes_from(first, second)):
                continue
            numbers = "" if one.numbers is None else f" ({one.numbers[i]} and {one.numbers[i + 1]})"
            said = f"Neighbours{numbers} in a series of {len(names)} models: the distance grows with every step."
            strength = LIKELY if directed and (one.likely or ground.base is not None) else WEAK
            draft.add(Edge(first, second, STEP, None, (said, *why), strength, directed))


def _from_its_beginning(one: ModelSeries, ground: Ground) -> tuple[ModelSeries, bool, list[str]]:
    """The series with its first model first, whether that is known, and how."""
    base = ground.base
    if base is not None:
        ends = [0.0 if row == base else float(ground.squares[base, row]) for row in (one.order[0], one.order[-1])]
        forward = ends[0] <= ends[1]
        why = f"Its first is the end nearer to the base, {ground.models[base]}."
        agree = one.correlation is not None
        why += " The numbers in the names rise the same way." if agree and forward else ""
        why += " The numbers in the names fall along it." if agree and not forward else ""
        order = one.order if forward else tuple(reversed(one.order))
        numbers = one.numbers if forward or one.numbers is None else tuple(reversed(one.numbers))
        return replace(one, order=order, numbers=numbers), True, [why]
    if one.correlation is not None:
        why = (
            f"The numbers in their names rise along it (rank correlation {one.correlation:.2f}; by chance in one of "
            f"{round(1 / one.by_chance):,} cases): a hint which end is the first."
        )
        return one, True, [why]
    return one, False, ["Nothing says which end is the first."]


def _add_beginnings(draft: Draft) -> None:
    """What touches a series whose direction is known at its first model is its origin, as far as that goes."""
    firsts = {edge.source for edge in draft.edges if edge.kind == STEP and edge.directed}
    firsts -= {edge.target for edge in draft.edges if edge.kind == STEP}
    for edge in list(draft.edges):
        ends = (edge.source, edge.target)
        first = next((end for end in ends if end in firsts), None)
        other = ends[0] if ends[1] == first else ends[1]
        if first is None or edge.directed or edge.kind not in (DESCENDANT, NEAREST) or draft.comes_from(other, first):
            continue
        if any(step.kind == STEP and other in (step.source, step.target) for step in draft.edges):
            continue
        why = f"Of a series {first} is the first, and the nearest to {other}: a hint that it begins there."
        draft.replace(edge, Edge(other, first, DESCENDANT, None, (why,), WEAK))


def _general(evidence: GraphEvidence, edges: Sequence[Edge]) -> list[str]:
    """What has to be known of the whole."""
    said = [CANNOT] if evidence.from_matrix else []
    if evidence.base is not None:
        said.append(f"The base is {evidence.models[evidence.base]}: {evidence.base_why}.")
    elif any(edge.kind in (DESCENDANT, NEAREST) for edge in edges):
        said.append("No base is known among them, so most directions cannot be told.")
    return said
