"""The tree of one architecture, as a drawing that takes the page's colours."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .status import note

if TYPE_CHECKING:  # scipy and matplotlib come with it
    from ..service.classify import Family

_WIDTH = 6.0
"""Inches; half of the page where that is 1200 pixels wide."""

_LONGEST = 36
"""Characters of a name; of longer ones the middle is left out, the table has them whole."""


def tree_drawing(family: Family) -> str:
    """Inline SVG, or a note where the architecture has one model."""
    if family.tree is None:
        name = family.features.models[0]
        return note("One model, no tree", f"{name} is the only one of {family.architecture}. A tree needs two.")
    from ..figures.dendrogram import draw_dendrogram, svg_text  # matplotlib comes with it

    classes = int(family.classes.max())
    title = f"{family.architecture}: {len(family.features.models)} models, {classes} class{'es' if classes > 1 else ''}"
    tree = replace(family.tree, models=tuple(map(_shortened, family.tree.models)))
    svg = svg_text(draw_dendrogram(tree, family.classes.tolist(), title, family.unit, _WIDTH))
    svg = svg[svg.index("<svg") :].replace("*{stroke", ".modelsim-tree *{stroke")  # its style is for it alone
    return f'<div class="modelsim-scroll modelsim-tree">{svg}</div>'


def _shortened(name: str) -> str:
    if len(name) <= _LONGEST:
        return name
    tail = _LONGEST // 3
    return f"{name[: _LONGEST - tail - 1]}…{name[-tail:]}"
