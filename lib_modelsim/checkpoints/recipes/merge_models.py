"""`sd_merge_models`: the models of a merge, as the WebUIs' mergers and those like them write them into the file.

AUTOMATIC1111's keeps all models flat, those of a merge that was merged beside the others, each with its own recipe
under `sd_merge_recipe`. Forge Neo's lays a merged merge's `sd_merge_recipe` and `sd_merge_models` beside the models,
those of the last one that has any: whose they are it does not say (modules/extras.py of both).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ...text import several
from .steps import MOST, cut, parse

_RECIPE, _MODELS = "sd_merge_recipe", "sd_merge_models"

MODEL_FIELDS = (
    ("primary_model_hash", "secondary_model_hash", "tertiary_model_hash"),
    ("model_a", "model_b", "model_c"),
)
"""The fields of a recipe with the models' SHA-256, A, B and C: of the WebUIs and Chattiori, of supermerger."""

_DEEPEST = 20
"""Merges of merges that are read."""


@dataclass(frozen=True)
class Parent:
    """A model that went into a merge, as the merging tool named it; `sha256` None where it gave a name alone."""

    sha256: str | None
    name: str | None


def parents(models: object) -> list[Parent]:
    """The models that are written beside each other."""
    return [Parent(cut(sha256), _name(info)) for sha256, info in list(_infos(models))[:MOST]]


def before(models: object) -> list[str]:
    """The recipes of models that were merges themselves, each in a line that says whose it is where that is told."""
    names = {sha256: name for level in _levels(models) for sha256, info in _infos(level) if (name := _name(info))}
    found = []
    for level in _levels(models):
        for sha256, info in _infos(level):
            told = _in_words(info.get(_RECIPE), names)
            found += [f"{_name(info) or sha256[:10]} is {told}"] if told else []
        told = _in_words(level.get(_RECIPE), names)
        found += [f"one of the models is {told}"] if told else []
    return [cut(line) for line in dict.fromkeys(found[:MOST])]


def _levels(models: object) -> Iterator[Mapping[str, object]]:
    """The models and, as Forge Neo nests them, those that they were merged from, the newest merge first."""
    for _ in range(_DEEPEST):
        models = _parsed(models)
        if not isinstance(models, dict):
            return
        yield models
        models = models.get(_MODELS)


def _infos(models: object) -> Iterator[tuple[str, Mapping[str, object]]]:
    if isinstance(models, dict):
        yield from ((key, info) for key, info in models.items() if isinstance(info, dict) and key not in _NESTED)


_NESTED = (_RECIPE, _MODELS)


def _name(info: Mapping[str, object]) -> str | None:
    name = info.get("name")
    return cut(name) if isinstance(name, str) and name.strip() else None


def _in_words(recipe: object, names: Mapping[str, str]) -> str:
    """ "Weighted sum of A and B, multiplier 0.3"; "" where there is no recipe."""
    recipe = _parsed(recipe)
    if not isinstance(recipe, dict):
        return ""
    how = next((str(recipe[key]) for key in ("interp_method", "calcmode", "mode") if recipe.get(key)), "a merge")
    hashes = [recipe.get(key) for keys in MODEL_FIELDS for key in keys]
    merged = [names.get(each) or each[:10] for each in hashes if isinstance(each, str) and each]
    multiplier = recipe.get("multiplier")
    told = f"{how} of {several(merged, 6)}" if merged else how
    return told + (f", multiplier {multiplier:g}" if type(multiplier) in (int, float) else "")


def _parsed(value: object) -> object:
    """A program that copies metadata writes values as the texts that they were."""
    return parse(value) if isinstance(value, str) else value
