"""Evidence → graph: the steps in their order, each a file of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from ...families.groups import complete_group, connected_groups
from ...families.strangers import LINEAR, strangers
from ...text import several
from ..from_matrix import CANNOT, PERHAPS
from ..kinds import FINE_TUNE, FINE_TUNE_OF_A_MERGE, SWAP, UNKNOWN
from ..recipe import Recipe
from .descent import Ground, add_descent, add_nearest, on_the_way
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
    ground = _without_twins(draft, ground)
    merges = _recipes(evidence, ground)
    sure = [recipe for recipe in merges if recipe.sure or (evidence.from_matrix and recipe.kind != UNKNOWN)]
    add_merges(draft, sure, heads, names[base] if base is not None else None)
    made = {edge.target for edge in draft.edges if edge.directed}
    _add_series(draft, ground, [row for row in ground.rows if row != ground.base and names[row] not in made])
    stepped = {name for edge in draft.edges if edge.kind == STEP for name in (edge.source, edge.target)}
    perhaps = [one for one in merges if one not in sure and one.target not in stepped and _perhaps_merge(one, ground)]
    add_merges(draft, perhaps, heads, names[base] if base is not None else None)
    if ground.base is not None:
        add_descent(draft, ground)
    else:
        add_nearest(draft, ground, [row for row in ground.rows if names[row] in made])
        _add_beginnings(draft)
    adapters = add_adapters(draft, evidence.recipes, heads)
    trained = {(heads.get(one.parents[0].model, ""), one.target): one for one in merges if _is_fine_tune(one)}
    edges = [_named_by_recipes(edge, trained) for edge in directed_by_files(draft, evidence.said, evidence.outliers)]
    order = {name: i for i, name in enumerate((*names, *adapters))}
    edges.sort(key=lambda edge: (order[edge.target], order[edge.source]))
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


def _without_twins(draft: Draft, ground: Ground) -> Ground:
    """The ground with one of those alone whose UNet, but not the rest, is the same; an edge joins them."""
    kept: list[int] = []
    for row in sorted(ground.rows, key=lambda row: (row != ground.base, row)):
        first = next((other for other in kept if ground.squares[other, row] == 0), None)
        if first is None:
            kept.append(row)
        else:
            known = first == ground.base
            same = "The same UNet or transformer; another text encoder or VAE, trained or put in."
            first_of = f"{ground.models[first]} is the base: {ground.why}."
            why = (same, first_of if known else "Which was first cannot be told.")
            kind, strength = (DESCENDANT, LIKELY) if known else (SWAP, WEAK)
            draft.add(Edge(ground.models[first], ground.models[row], kind, None, why, strength, known))
    return replace(ground, rows=sorted(kept))


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


def _is_fine_tune(recipe: Recipe) -> bool:
    return recipe.kind == FINE_TUNE and len(recipe.parents) == 1


def _perhaps_merge(recipe: Recipe, ground: Ground) -> bool:
    """Whether a recipe that is not proven speaks for a merge: it leaves little, or says what it leaves. A model on the
    way from the base to another looks like a merge of the two, too."""
    if recipe.kind != FINE_TUNE_OF_A_MERGE and recipe.missing is None:
        return recipe.residual is not None and recipe.residual <= PERHAPS
    rows = {ground.models[row]: row for row in ground.rows}
    target, base = rows.get(recipe.target), ground.base
    others = [rows[one.model] for one in recipe.parents if one.model in rows and rows[one.model] != base]
    return base is None or target is None or not any(on_the_way(ground, target, row) for row in others)


def _named_by_recipes(edge: Edge, kinds: Mapping[tuple[str, str], Recipe]) -> Edge:
    """The edge as a fine-tune where the recipe says so, too."""
    recipe = kinds.get((edge.source, edge.target))
    if recipe is None or edge.kind != DESCENDANT or not edge.directed:
        return edge
    why = () if recipe.method is None or not recipe.method.why else (f"{recipe.method.why}.",)
    return replace(edge, kind=FINE_TUNE, evidence=(*edge.evidence, *why))


def _add_series(draft: Draft, ground: Ground, rows: Sequence[int]) -> None:
    for found in all_series(ground.models, ground.squares, rows, ground.base is None):
        one, why = _from_its_beginning(found, ground)
        names = [ground.models[row] for row in one.order]
        for i, (first, second) in enumerate(pairwise(names)):
            if draft.joined(first, second) or draft.comes_from(first, second):
                continue
            of = f"({one.numbers[i]} and {one.numbers[i + 1]}) in a series of {len(names)} models"
            said = f"Neighbours {of}: the distance grows with every step."
            strength = LIKELY if one.likely or ground.base is not None else WEAK
            draft.add(Edge(first, second, STEP, None, (said, why), strength))


def _from_its_beginning(one: ModelSeries, ground: Ground) -> tuple[ModelSeries, str]:
    """The series with its first model first, and how that is known."""
    base = ground.base
    if base is None:
        chance = f"rank correlation {one.correlation:.2f}; by chance in one of {round(1 / one.by_chance):,} cases"
        return one, f"The numbers in their names rise along it ({chance}): a hint which end is the first."
    first, last = (float(ground.squares[base, row]) for row in (one.order[0], one.order[-1]))
    why = f"Its first is the end nearer to the base, {ground.models[base]}; the numbers in the names"
    if first <= last:
        return one, f"{why} rise the same way."
    return replace(one, order=one.order[::-1], numbers=one.numbers[::-1]), f"{why} fall along it."


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
