"""Shares by block as a table of the beginnings of weights' names, short enough for a script."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from ..parents.by_weight import part_of
from ..recipe import Recipe, place_of
from .program import CannotRepeat, MergeFiles, taken_whole

Row = tuple[float, ...]
"""A share of each model."""


def shares_by_name(recipe: Recipe, files: MergeFiles, models: Sequence[str]) -> dict[str, Row]:
    """Beginning of a weight's common name → the shares of `models`; the longest beginning counts. Raises CannotRepeat
    where a block's shares are not known."""
    own = {parent.model: parent.share for parent in recipe.parents}
    whole = taken_whole(recipe)
    rows: dict[str, Row] = {}
    for key, named in files.blocks.items():
        component = files.components.get(key, "")
        block = place_of(named, component)
        if component in whole:
            rows[key] = tuple(float(model == whole[component]) for model in models)
            continue
        held = recipe.blocks.get(f"{block} {part_of(key)}") or recipe.blocks.get(block, own)
        if any(held.get(model, 0.0) is None for model in models):
            raise CannotRepeat(f"the shares of {block} in {recipe.target} are not known")
        rows[key] = tuple(round(held.get(model) or 0.0, 4) for model in models)
    return beginnings(rows)


def beginnings(rows: Mapping[str, Row]) -> dict[str, Row]:
    """The fewest beginnings, cut at dots, that say the same as all names do."""
    if not rows:
        return {}
    usual = Counter(rows.values()).most_common(1)[0][0]
    found = {"": usual}
    _walk("", rows, usual, found)
    return found


def _walk(begin: str, rows: Mapping[str, Row], usual: Row, found: dict[str, Row]) -> None:
    groups: dict[str, dict[str, Row]] = {}
    for key, row in rows.items():
        head, dot, _ = key[len(begin) :].partition(".")
        groups.setdefault(begin + head + dot, {})[key] = row
    for inner, held in groups.items():
        values = set(held.values())
        if values == {usual}:
            continue
        if len(values) == 1:
            found[inner] = values.pop()
        elif inner in held:  # the whole name, which others begin with, too
            found.update(held)
        else:
            _walk(inner, held, usual, found)
