"""Evidence → graph: the steps in their order, each a file of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ...text import several
from ..from_matrix import CANNOT, EXACT, PERHAPS, recipes_of
from ..kinds import ADD_DIFFERENCE, FINE_TUNE, FINE_TUNE_OF_A_MERGE, TRIPLE_SUM, WEIGHTED_SUM
from ..recipe import Recipe
from .descent import Ground, add_descent, add_nearest, on_the_way
from .draft import Draft
from .evidence import GraphEvidence
from .folding import fold
from .graph import ADAPTER, DESCENDANT, NEAREST, STEP, Edge, FoldedModels, LineageGraph, LineageNode
from .grounds import add_donors, grounds_of
from .merging import TRAINED, add_adapters, add_merges, trained_merge
from .saying import directed_by_files
from .steps import add_beginnings, add_series


def build(evidence: GraphEvidence) -> LineageGraph:
    """Who descends from whom, as far as the evidence goes."""
    draft, names, groups = Draft(), evidence.models, fold(evidence)
    heads = {name: name for name in names} | {name: group.models[0] for group in groups for name in group.models}
    base = None if evidence.base is None else heads[names[evidence.base]]
    grounds = grounds_of(evidence, heads, draft)
    merges = _recipes(evidence, grounds)
    sure = [recipe for recipe in merges if recipe.sure or _by_distances(recipe) or trained_merge(recipe)]
    add_merges(draft, sure, heads, base)
    made = {edge.target for edge in draft.edges if edge.directed}
    for ground in grounds:
        add_series(draft, ground, [row for row in ground.rows if row != ground.base and names[row] not in made])
    stepped = {name for edge in draft.edges if edge.kind == STEP for name in (edge.source, edge.target)}
    likely = [one for one in merges if one not in sure and one.target not in stepped]
    add_merges(draft, [one for one in likely if _perhaps_merge(one, heads, grounds)], heads, base)
    for ground in grounds:
        if ground.base is not None:
            add_descent(draft, ground)
        else:
            add_nearest(draft, ground, [row for row in ground.rows if names[row] in made])
    add_beginnings(draft)
    add_donors(draft, evidence.recipes, heads)
    return _graph(evidence, draft, heads, merges, groups)


def _graph(
    evidence: GraphEvidence,
    draft: Draft,
    heads: Mapping[str, str],
    merges: Sequence[Recipe],
    groups: Sequence[FoldedModels],
) -> LineageGraph:
    names = evidence.models
    adapters = add_adapters(draft, evidence.recipes, heads)
    trained = {(heads.get(one.parents[0].model, ""), one.target): one for one in merges if _is_fine_tune(one)}
    edges = [_named_by_recipes(edge, trained) for edge in directed_by_files(draft, evidence.said, evidence.outliers)]
    order = {name: i for i, name in enumerate((*names, *adapters))}
    edges.sort(key=lambda edge: (order[edge.target], order[edge.source]))
    missing = {recipe.target: recipe.missing.unexplained for recipe in evidence.recipes if recipe.missing is not None}
    shown = [name for name in names if heads[name] == name]
    nodes = [LineageNode(name, network=evidence.network, missing=missing.get(name)) for name in shown]
    nodes += [LineageNode(name, ADAPTER, evidence.network) for name in adapters]
    remarks = [*_general(evidence, edges), *draft.remarks, *_turned_round(draft)]
    return LineageGraph(tuple(nodes), tuple(groups), tuple(edges), tuple(dict.fromkeys(remarks)))


def _recipes(evidence: GraphEvidence, grounds: Sequence[Ground]) -> list[Recipe]:
    """Those that were made; and those that the distances alone tell: of a matrix all, else where no recipe is proven
    and nothing but rounding is left."""
    made = {recipe.target: recipe for recipe in evidence.recipes}
    found = list(evidence.recipes)
    for ground in grounds:
        rows = list(ground.rows)
        among = np.sqrt(evidence.squares[np.ix_(rows, rows)])
        for recipe in recipes_of([evidence.models[row] for row in rows], among):
            known = made.get(recipe.target)
            exact = bool(recipe.parents) and recipe.residual is not None and recipe.residual <= EXACT
            if evidence.from_matrix or (exact and (known is None or not known.sure)):
                found.append(recipe)
    return found


def _by_distances(recipe: Recipe) -> bool:
    """Whether distances alone say what it is a sum of."""
    return recipe.method is None and recipe.kind in (WEIGHTED_SUM, TRIPLE_SUM, ADD_DIFFERENCE)


def _is_fine_tune(recipe: Recipe) -> bool:
    return recipe.kind == FINE_TUNE and len(recipe.parents) == 1


def _perhaps_merge(recipe: Recipe, heads: Mapping[str, str], grounds: Sequence[Ground]) -> bool:
    """Whether a recipe that is not proven speaks for a merge: it leaves little, or says what it leaves. A model on the
    way from the base to another looks like a merge of the two, too."""
    most = TRAINED if recipe.kind == FINE_TUNE_OF_A_MERGE else PERHAPS
    if recipe.missing is None and (recipe.residual is None or recipe.residual > most):
        return False
    ground = next((one for one in grounds if recipe.target in [one.models[row] for row in one.rows]), None)
    if ground is None or ground.base is None:
        return ground is not None
    rows = {ground.models[row]: row for row in ground.rows}
    parents = {heads.get(one.model, "") for one in recipe.parents} - {ground.models[ground.base]}
    return not any(on_the_way(ground, rows[recipe.target], rows[name]) for name in parents if name in rows)


def _named_by_recipes(edge: Edge, kinds: Mapping[tuple[str, str], Recipe]) -> Edge:
    """The edge as a fine-tune where the recipe says so, too."""
    recipe = kinds.get((edge.source, edge.target))
    if recipe is None or edge.kind != DESCENDANT or not edge.directed:
        return edge
    why = () if recipe.method is None or not recipe.method.why else (f"{recipe.method.why}.",)
    return replace(edge, kind=FINE_TUNE, evidence=(*edge.evidence, *why))


def _turned_round(draft: Draft) -> list[str]:
    """Sums that hold as well and are drawn the plainer way round (A = 2 M − B of M = ½ A + ½ B)."""
    if not draft.turned_round:
        return []
    told = several(list(dict.fromkeys(draft.turned_round)), 5)
    return [f"{told} can be written as a sum with what was made of it, too; the plainer way round is drawn."]


def _general(evidence: GraphEvidence, edges: Sequence[Edge]) -> list[str]:
    """What has to be known of the whole."""
    said = [CANNOT] if evidence.from_matrix else []
    if evidence.base is not None:
        said.append(f"The base is {evidence.models[evidence.base]}: {evidence.base_why}.")
    elif any(edge.kind in (DESCENDANT, NEAREST) for edge in edges):
        said.append("No base is known among them, so most directions cannot be told.")
    return said
