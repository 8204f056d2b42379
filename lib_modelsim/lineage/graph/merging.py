"""Recipes → edges: a merge has one from each parent, and no model is made of what was made of it.

What is a sum of others by signed shares can be written from each of them (M = ½ A + ½ B is A = 2 M − B): of the recipes
about the same models the plainest counts. Where two are equally plain, nobody knows which one was made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from ...text import percent, printable, several
from ..from_matrix import EXACT
from ..kinds import ADD_DIFFERENCE, CAST, COPY, FINE_TUNE, FINE_TUNE_OF_A_MERGE, LORA, SWAP, UNKNOWN, UNRELATED
from ..recipe import ParentShare, Recipe
from .draft import Draft
from .graph import LIKELY, MERGE, PROVEN, WEAK, Edge

TRAINED = 0.5
"""Share of the distance to the nearest parent that a training after a merge may have made, to speak of a merge where
nothing proves it."""

NO_MERGES = (COPY, CAST, FINE_TUNE, SWAP, UNRELATED)
"""Kinds of recipes that are told from distances and contents instead."""


def add_merges(draft: Draft, recipes: Sequence[Recipe], heads: Mapping[str, str], base: str | None) -> None:
    """The edges of all recipes that are merges. `heads` is model → the one that stands for it in the graph."""
    found = [recipe for recipe in (_folded(one, heads) for one in recipes) if recipe is not None]
    found = [recipe for recipe in found if recipe.target != base]
    about = sorted(found, key=lambda one: (sorted(_models(one)), _plainness(one, base)))
    plain: list[list[Recipe]] = []
    for _, several_ways in groupby(about, key=lambda one: sorted(_models(one))):
        ways = list(several_ways)
        plain.append([way for way in ways if _plainness(way, base) == _plainness(ways[0], base)])
    for ways in sorted(plain, key=lambda ways: (len(ways) > 1, *_plainness(ways[0], base), ways[0].residual or 0)):
        if len(ways) == 1:
            _add(draft, ways[0])
        else:
            _add_undecided(draft, ways)


def _models(recipe: Recipe) -> set[str]:
    return {recipe.target, *(parent.model for parent in recipe.parents)}


def _folded(recipe: Recipe, heads: Mapping[str, str]) -> Recipe | None:
    """The recipe in the names of the graph; None where it is no merge, or of a model that another stands for."""
    target = heads.get(recipe.target)
    parents = {heads[one.model]: one for one in recipe.parents if one.model in heads}
    parents.pop(target or "", None)
    if target != recipe.target or recipe.kind in NO_MERGES or not parents:
        return None
    return replace(recipe, parents=tuple(replace(one, model=name) for name, one in parents.items()))


def _plainness(recipe: Recipe, base: str | None) -> tuple[bool, int, bool]:
    """Smaller is plainer: shares that a person would choose, few parents, proven."""
    negative = [one for one in recipe.parents if (one.share or 0) < 0]
    strange = bool(negative) and (recipe.kind != ADD_DIFFERENCE or negative[0].model != base)
    return (strange, len(recipe.parents), not recipe.sure)


def _add(draft: Draft, recipe: Recipe) -> None:
    target, parents = recipe.target, recipe.parents
    if any(draft.comes_from(one.model, target) for one in parents):
        draft.turned_round.append(target)
        return
    for parent in parents:
        why = [recipe.method.why] if recipe.method is not None and recipe.method.why else []
        why += [f"{_written(recipe)}{_but_for(recipe)}."]
        why += ["A merge cannot be older than its parents."]
        why += [f"As well could it be {several(parent.same_as)}."] if parent.same_as else []
        draft.add(Edge(parent.model, target, _kind(recipe), parent.share, tuple(why), _strength(recipe)))


def _add_undecided(draft: Draft, ways: Sequence[Recipe]) -> None:
    """Edges without direction along the sides of the figure that the models make."""
    first = ways[0]
    rest = [_written(way) for way in ways[1:]]
    why = (
        f"{_written(first)}{_but_for(first)}.",
        "Each of the four is such a sum of the others: which was made cannot be told.",
    )
    for a, b in _sides(first):
        if not draft.joined(a, b):
            draft.add(Edge(a, b, _kind(first), None, why, WEAK, directed=False))
    draft.remarks.append(f"{why[0]} As well {several(rest)}; which was made cannot be told.")


def _sides(recipe: Recipe) -> list[tuple[str, str]]:
    """Of A + α (B − C) what is parallel: from A to the target as from C to B, and with α = 1 the other two sides."""
    by_role = {parent.role: parent for parent in recipe.parents}
    if {"A", "B", "C"} <= by_role.keys():
        a, b, c = (by_role[role].model for role in "ABC")
        across = [(c, a), (b, recipe.target)] if abs((by_role["B"].share or 0) - 1) < 0.1 else []
        return [(c, b), (a, recipe.target), *across]
    return [(parent.model, recipe.target) for parent in recipe.parents]


def trained_merge(recipe: Recipe) -> bool:
    """Whether it is told as a merge that was trained afterwards, less than halfway to its nearest parent. Where a
    parent is missing instead, which is not told without the base, those that are here are its parents all the same."""
    left = recipe.residual
    return recipe.kind == FINE_TUNE_OF_A_MERGE and recipe.missing is None and left is not None and left <= TRAINED


def _kind(recipe: Recipe) -> str:
    return MERGE if recipe.kind == UNKNOWN else recipe.kind


def _strength(recipe: Recipe) -> str:
    if recipe.sure:
        return PROVEN
    if trained_merge(recipe):
        return LIKELY
    return LIKELY if recipe.residual is not None and recipe.residual <= EXACT else WEAK


def _but_for(recipe: Recipe) -> str:
    left = recipe.residual
    if left is None:
        return ""
    return f", but for {'less than 1 %' if left < 0.005 else percent(left)} of its distance to the nearest of them"


def _written(recipe: Recipe) -> str:
    """ "mix = 0.60 left + 0.40 right", "mix is made of left and right" where there are no shares."""
    if any(parent.share is None for parent in recipe.parents):
        return f"{recipe.target} is made of {several([parent.model for parent in recipe.parents])}"
    return f"{recipe.target} = {_sum(recipe.parents)}"


def _sum(parents: Sequence[ParentShare]) -> str:
    text = ""
    for parent in parents:
        share = parent.share or 0.0
        if abs(share) < 0.005 < max(abs(one.share or 0) for one in parents):
            continue  # it would read as 0.00
        sign = (" − " if share < 0 else " + ") if text else ("−" if share < 0 else "")
        text += f"{sign}{abs(share):.2f} {printable(parent.model)}"
    return text


def add_adapters(draft: Draft, recipes: Sequence[Recipe], heads: Mapping[str, str]) -> list[str]:
    """Edges from adapters that are baked in, and their names."""
    found: list[str] = []
    for recipe in recipes:
        for lora in recipe.lora:
            if lora.name is None or heads.get(recipe.target) != recipe.target or draft.joined(lora.name, recipe.target):
                continue
            rank = f" of rank {lora.rank}" if lora.rank is not None else ""
            times = f", {lora.strength:.2f} times" if lora.strength is not None else ""
            why = f"Its change{rank} is in what parts {recipe.target} from its parents{times}."
            strength = PROVEN if recipe.sure else LIKELY
            draft.add(Edge(lora.name, recipe.target, LORA, lora.strength, (why,), strength))
            found.append(lora.name)
    return list(dict.fromkeys(found))
