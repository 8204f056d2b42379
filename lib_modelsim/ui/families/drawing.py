"""The drawings of one architecture, as SVG that answers: tree, heat map and map."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ...errors import ModelsimError
from ...lineage.kinds import is_merge
from ...lineage.wording.words import made_of
from ...similarity.measures.pictures import PICTURES
from ...templates import trusted
from ..choices import HEAT_MAP, MAP, TWO_TREES
from ..status import note
from ..view_state import Shown, ViewState
from ..words import number
from .from_before import marks_of_before

if TYPE_CHECKING:  # scipy comes with it
    from ...figures.screen.markup import Facts
    from ...lineage.recipe import Recipe
    from ...workspace.families.family import Family

_NEAREST = 3
"""Relatives that a tooltip names."""


def drawing(session: ViewState, shown: Shown) -> str:
    """Inline SVG of what is chosen, or a note where the architecture has one model."""
    family = shown.family
    if family.tree is None:
        name = family.features.models[0]
        return note("One model, no tree", f"{name} is the only {family.architecture} model. A tree needs at least two.")
    from ...workspace.families.screen import heatmap_on_screen, map_on_screen, tree_on_screen

    names, facts, other = shown.class_names, _facts(session, shown), marks_of_before(session, shown)
    match session.choices.view:
        case view if view == HEAT_MAP:
            return trusted(heatmap_on_screen(family, facts, other))
        case view if view == MAP:
            return trusted(map_on_screen(family, names, facts, other))
        case view if view == TWO_TREES:
            return _two_trees(family, session.other_family(family), facts, other)
    identities, signs = session.backend.identities, _signs(session, family) | other
    return trusted(tree_on_screen(family, names, shown.trust, facts, signs, identities))


def _signs(session: ViewState, family: Family) -> dict[str, str]:
    """Model → what it is besides, in a word: a merge by its recipe, perhaps one by its distances, or a copy."""
    found = {merge.model: "merge?" for merge in family.merges}
    recipes = session.backend.ancestry.recipes
    for name, recipe in recipes.items():
        if is_merge(recipe.kind) and not _turned_round(recipe, recipes):
            found[name] = "merge" if recipe.sure else "merge?"
    return found | dict.fromkeys(session.originals, "copy")


def _turned_round(recipe: Recipe, recipes: Mapping[str, Recipe]) -> bool:
    """Whether it only says the other way round that a model was made of this one, which is proven there: of two models
    on a line with a third, each can be written by the others."""
    made = [recipes[parent.model] for parent in recipe.parents if parent.model in recipes]
    return not recipe.sure and any(
        one.sure and recipe.target in [parent.model for parent in one.parents] for one in made
    )


def _two_trees(family: Family, other: Family | None, facts: Facts, withdrawn: Mapping[str, str]) -> str:
    """The tree beside that of the other kind of evidence."""
    if other is None or other.tree is None:
        wanted = "a measure of the weights" if family.measure == PICTURES.name else "pictures of the probes"
        return note("Only one tree yet", f"Compare by {wanted} too, to see both trees side by side.")
    from ...figures.screen.tanglegram import tanglegram_svg
    from ...workspace.probing.by_pictures import trees_of_the_same

    try:
        left, right, classes = trees_of_the_same(family, other)
    except ModelsimError as error:
        return note("The trees cannot be compared", str(error))
    headings = family.measure or "", other.measure or ""
    return trusted(tanglegram_svg(left, right, classes, headings, facts=facts, signs=withdrawn))


def _facts(session: ViewState, shown: Shown) -> dict[str, list[tuple[str, str]]]:
    """What the tooltip of each model tells: class, hash, nearest relatives; or that its file is another."""
    matrix = shown.answer.comparison.seen_from(shown.family.architecture or "").matrix
    classes, identities = shown.classes, session.backend.identities
    found, other = {}, marks_of_before(session, shown)
    rows = {name: row for row, name in enumerate(matrix.models)}
    recipes = session.backend.ancestry.recipes
    merges, originals = {merge.model: merge for merge in shown.family.merges}, session.originals
    for name in shown.family.features.models:
        if name in other:
            found[name] = [("file", f"{other[name]} since it was compared: press Show families")]
            continue
        number_of_class, called = classes[name]
        found[name] = [("class", f"{number_of_class} {called}".strip())]
        if name in originals:
            found[name].append(("copy of", originals[name]))
        if name in identities:
            found[name].append(("hash", identities[name].short_hash))
        values = matrix.overall[rows[name]].copy()
        values[[rows[name], *(rows[each] for each in other if each in rows)]] = np.nan
        near = np.argsort(values if matrix.is_distance else -values)[:_NEAREST]
        known = [i for i in near.tolist() if not np.isnan(values[i])]
        found[name] += [("made of", made_of(recipes[name]))] if name in recipes else []
        found[name] += [("perhaps", merges[name].text.removeprefix("perhaps "))] if name in merges else []
        found[name] += [("nearest", f"{matrix.models[i]}  {number(values[i], matrix.measure)}") for i in known]
    return found
