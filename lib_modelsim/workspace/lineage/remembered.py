"""Recipes that were made before, by the content of all that they were made from.

A recipe is that of a target among these candidates with this base, under these names, as its sentences name them; one
more candidate may be the parent that was missing. It is made anew when the rules have changed or a method was added:
their source is part of the version, so that nobody can forget to count it up.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from ... import lineage
from ...library import Library
from ...lineage.recipe import Recipe
from ...similarity.parts import WEIGHTS
from ..catalogue.index import Model
from ..comparing.caching import stored_method

_TELLING = ("claims", "from_matrix.py", "graph", "scripts", "wording")
"""Of `lineage/`: a remembered recipe holds when they change."""

_READING = ("adapters.py", "bases.py", "casts.py", "distances.py", "recipe.py", "sampling.py")
"""Of this room: what a recipe's evidence is read with."""


@dataclass(frozen=True)
class RecipeInputs:
    """What a recipe is made from: the target, the other models that may be in it, adapters among them, and the
    network's base, None where none is known."""

    target: Model
    others: Sequence[Model]
    base: Model | None

    @property
    def key(self) -> str:
        """As the library knows it."""
        others = sorted([model.id, model.name] for model in self.others)
        base = None if self.base is None else self.base.id
        return json.dumps({"target": self.target.name, "base": base, "others": others})


@dataclass(frozen=True)
class Recalled:
    """A recipe that was made before; `exact`: of the same. Else `new` are models that were not there then, `gone` those
    that are not here now, and the base may have been another."""

    recipe: Recipe
    exact: bool
    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


def recall(inputs: RecipeInputs, library: Library) -> Recalled | None:
    """The recipe that was made from the same, or else of those made from fewer or others the one from most of these.
    None where there is none, or a model that it was made from is called otherwise now."""
    return _latest(inputs, library.recipes(version(), inputs.target.id))


def recall_all(models: Sequence[Model], library: Library) -> dict[str, Recipe]:
    """Name → recipe, of those of these models that have one, as `recall` finds it."""
    stored: dict[int, list[tuple[int, str, str]]] = {}
    for row in library.recipes(version()):
        stored.setdefault(row[0], []).append(row)
    found = {}
    for model in models:
        if model.id in stored:
            others = [other for other in models if other is not model]
            known = _latest(RecipeInputs(model, others, None), stored[model.id])
            if known is not None:
                found[model.name] = known.recipe
    return found


def remember(inputs: RecipeInputs, recipe: Recipe, library: Library) -> None:
    """Keep it for the next time, also in another run of the program."""
    if all(model.id >= 0 for model in inputs.others):  # else the ids hold for this run only
        library.remember_recipe(version(), inputs.target.id, inputs.key, json.dumps(asdict(recipe)))


def _latest(inputs: RecipeInputs, rows: Sequence[tuple[int, str, str]]) -> Recalled | None:
    here = {(model.id, model.name) for model in inputs.others}
    ids, names = {model.id for model in inputs.others}, {model.name for model in inputs.others}
    best: tuple[tuple[int, bool], str, set[tuple[int, str]]] | None = None
    for _, key, text in rows:
        if key == inputs.key:
            return Recalled(recipe_of(json.loads(text)), exact=True)
        made = json.loads(key)
        held = {(number, name) for number, name in made["others"]}
        renamed = any((number in ids) != (name in names) for number, name in held - here)
        if made["target"] != inputs.target.name or renamed:
            continue
        rank = len(held & here), made["base"] == (inputs.base and inputs.base.id)
        if best is None or rank >= best[0]:
            best = rank, text, held
    if best is None:
        return None
    new, gone = (sorted(name for _, name in some) for some in (here - best[2], best[2] - here))
    return Recalled(recipe_of(json.loads(best[1])), exact=False, new=tuple(new), gone=tuple(gone))


def rules() -> list[Path]:
    """The files that decide what a recipe says, in a fixed order: what reads the evidence, and `lineage/` without the
    rooms that only tell what was found."""
    here, room = Path(__file__).parent, Path(lineage.__file__).parent
    found = sorted(file for file in room.rglob("*.py") if file.relative_to(room).parts[0] not in _TELLING)
    return [*(here / name for name in _READING), *found]


@cache
def version() -> str:
    """Changes with the rules, and with what the library remembers of weights. Read once in a run."""
    digest = hashlib.sha256(stored_method(WEIGHTS.method).encode())
    for file in rules():
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def recipe_of(document: Mapping[str, Any]) -> Recipe:
    """The recipe that was stored as its fields."""
    return _made(Recipe, document)


def _made(kind: Any, value: Any) -> Any:  # noqa: ANN401 - a type, and what JSON has for it
    """A value of a field's type, from what JSON made of it."""
    if get_origin(kind) in (Union, UnionType):
        return None if value is None else _made(next(one for one in get_args(kind) if one is not type(None)), value)
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{each.name: _made(hints[each.name], value[each.name]) for each in fields(kind) if each.init})
    if get_origin(kind) is tuple:
        return tuple(_made(get_args(kind)[0], each) for each in value)
    if isinstance(value, dict):
        return {name: _made(get_args(kind)[1], each) for name, each in value.items()}
    return value
