"""The drawings of one architecture: tree, heat map and map, in the page's colours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from .status import note

if TYPE_CHECKING:  # scipy and matplotlib come with them
    from matplotlib.figure import Figure

    from ..service.class_names import ClassName
    from ..service.family import Family

TREE, HEAT_MAP, MAP = VIEWS = "Tree", "Heat map", "Map"

_WIDTH, _CELLS = 6.0, 4.0
"""Inches of tree and map, half of the page where that is 1200 pixels wide; and of all cells of the heat map."""

_LONGEST = 36
"""Characters of a name; of longer ones the middle is left out, the table has them whole."""


def drawing(family: Family, names: Mapping[int, ClassName], view: str) -> str:
    """Inline SVG of one of VIEWS with the names of the classes, or a note where the architecture has one model."""
    if family.tree is None:
        name = family.features.models[0]
        return note("One model, no tree", f"{name} is the only one of {family.architecture}. A tree needs two.")
    from ..figures.saving import svg_text  # matplotlib comes with it

    svg = svg_text(_figure(_shortened(family), names, view))
    svg = svg[svg.index("<svg") :].replace("*{stroke", ".modelsim-drawing *{stroke")  # its style is for it alone
    kind = " modelsim-tree" if view == TREE else ""
    return f'<div class="modelsim-scroll modelsim-drawing{kind}">{svg}</div>'


def _figure(family: Family, names: Mapping[int, ClassName], view: str) -> Figure:
    from ..figures.dendrogram import draw_dendrogram
    from ..service.family_figures import class_words, family_heatmap, family_map

    if view == HEAT_MAP:
        return family_heatmap(family.title, family, _CELLS)
    if view == MAP:
        return family_map(family.title, family, names, _WIDTH)
    words = class_words(family, names)
    return draw_dendrogram(family.tree, family.classes.tolist(), family.title, family.unit, _WIDTH, words=words)


def _shortened(family: Family) -> Family:
    """The family with names of a length that the page has room for."""
    models = tuple(map(_short, family.features.models))
    return replace(
        family,
        features=replace(family.features, models=models),
        references=tuple(map(_short, family.references)),
        tree=replace(family.tree, models=models),
    )


def _short(name: str) -> str:
    if len(name) <= _LONGEST:
        return name
    tail = _LONGEST // 3
    return f"{name[: _LONGEST - tail - 1]}…{name[-tail:]}"
