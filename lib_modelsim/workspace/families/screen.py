"""The figures of a family for the screen, as interactive inline SVG."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...checkpoints.identity import Identity, relation
from ...families.features import FeatureTable
from ...families.scaling import classical_scaling
from ...figures.classes import ClassLabel
from ...figures.colours import Palette
from ...figures.screen.heatmap import heatmap_svg
from ...figures.screen.markup import Facts
from ...figures.screen.model_map import map_svg
from ...figures.screen.tree import tree_drawing
from ...similarity.measures.registry import find_measure
from ..comparing.shares import covers
from .class_labels import ClassName
from .family import STRANGER, Family, Trust

_NONE: Mapping[str, str] = {}


@dataclass(frozen=True)
class HeatTable:
    """What a heat map is of: the features, or the distances where there are no features."""

    table: FeatureTable
    references: tuple[str, ...]
    blocks: tuple[str, ...]
    unit: str
    palette: Palette


def heat_table(family: Family) -> HeatTable:
    """The table that the heat map of a family shows."""
    if family.features.columns:
        blocks = tuple(dict.fromkeys(column.rsplit("/", 1)[-1] for column in family.features.columns))
        measure = find_measure(family.measure)
        palette = Palette.DISTANCE if measure is not None and measure.distance else Palette.SIMILARITY
        return HeatTable(family.features, family.references, blocks, family.measure or "value", palette)
    models = family.features.models
    return HeatTable(FeatureTable(models, models, family.distances), models, ("",), family.unit, Palette.DISTANCE)


def class_words(family: Family, names: Mapping[int, ClassName], trust: Trust | None = None) -> dict[int, ClassLabel]:
    """What stands beside each class of the tree; its support only where that is known."""
    support = [float("nan")] * int(family.classes.max()) if trust is None else trust.support.tolist()
    found: dict[int, ClassLabel] = {}
    for number, share in enumerate(support, 1):
        given = names.get(number, ClassName())
        if number in family.strange_classes:  # a class of one is a branch of every tree: that says nothing
            found[number] = ClassLabel(given.name or STRANGER, given.remark)
        else:
            found[number] = ClassLabel(given.name, given.remark, None if np.isnan(share) else share)
    return found


def called_classes(family: Family, names: Mapping[int, ClassName]) -> dict[int, str]:
    """Class number → what it is called on a map: the name that a person gave, or that it is a stranger."""
    called = {number: given.name for number, given in names.items() if given.name}
    return dict.fromkeys(family.strange_classes, STRANGER) | called


def tree_on_screen(
    family: Family,
    names: Mapping[int, ClassName],
    trust: Trust | None,
    facts: Facts,
    signs: Mapping[str, str] | None = None,
    identities: Mapping[str, Identity] | None = None,
) -> str:
    """The tree of a family that has one; `signs`: model → what it is besides, "copy" or "merge"; `identities` tell
    which models have the same weights."""
    return tree_drawing(
        family.tree,
        family.classes.tolist(),
        family.axis,
        words=class_words(family, names, trust),
        facts=facts,
        references=family.references,
        signs=signs,
        same=same_weights(family.features.models, identities or {}),
    )


def same_weights(models: Sequence[str], identities: Mapping[str, Identity]) -> list[list[str]]:
    """Groups of models of which hashes prove that every number is the same, of every component, whatever files and
    precisions look like. Nothing is said of models that were not hashed."""
    groups: dict[frozenset[tuple[str, str]], list[list[str]]] = {}
    for name in filter(identities.__contains__, models):
        own = identities[name]
        near = groups.setdefault(frozenset((part, content.exact) for part, content in own.content.items()), [])
        group = next((each for each in near if relation(identities[each[0]], own).same_weights), None)
        if group is None:
            near.append(group := [])
        group.append(name)
    return [group for near in groups.values() for group in near if len(group) > 1]


def heatmap_on_screen(family: Family, facts: Facts, withdrawn: Mapping[str, str] = _NONE) -> str:
    """The heat map of a family with a tree. `withdrawn`: model of which no number holds any more → why, in a word."""
    heat, measure = heat_table(family), find_measure(family.measure)
    return heatmap_svg(
        _without(heat, withdrawn),
        family.tree,
        family.classes.tolist(),
        heat.unit,
        references=heat.references,
        blocks=heat.blocks,
        palette=heat.palette,
        percent=bool(family.features.columns) and (measure is None or measure.unit == "%"),
        facts=facts,
        shares=_shares(family),
        signs=withdrawn,
    )


def _without(heat: HeatTable, withdrawn: Collection[str]) -> FeatureTable:
    """The table with the numbers of these models missing, as rows and as references."""
    if not withdrawn:
        return heat.table
    values = heat.table.values.copy()
    values[[name in withdrawn for name in heat.table.models]] = np.nan
    columns = np.repeat([name in withdrawn for name in heat.references], len(heat.blocks))
    if len(columns) == len(heat.table.columns):
        values[:, columns] = np.nan
    return replace(heat.table, values=values)


def _shares(family: Family) -> dict[tuple[str, str], str]:
    """Two models → how much of the network was compared, of those pairs of which it was not all."""
    if family.coverage is None or family.measure is None:
        return {}
    models, whole = family.features.models, family.coverage >= 1
    if len(whole) != len(models):
        return {}
    return {
        (models[i], models[j]): covers(family.measure, family.coverage[i, j]).removeprefix("covers ")
        for i, j in np.argwhere(~whole).tolist()
    }


def map_on_screen(
    family: Family, names: Mapping[int, ClassName], facts: Facts, withdrawn: Mapping[str, str] = _NONE
) -> str:
    """The map of a family with a tree; `withdrawn` as in the heat map."""
    called = called_classes(family, names)
    scaling, classes = classical_scaling(family.distances), family.classes.tolist()
    return map_svg(family.tree, scaling, classes, family.unit, names=called, facts=facts, signs=withdrawn)
