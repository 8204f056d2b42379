"""Two trees of the same models face to face, a line from every model of the one to itself in the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from ..families.agreement import cophenetic_agreement, untangled
from ..families.linkage import Tree
from .branches import draw_branches
from .colours import class_colour
from .lettering import text_width, wrap, write
from .sheet import CAPTION_SIZE, MARGIN, TITLE_SIZE, FigureSheet, captioned, headed, line_height

_LINE, _BETWEEN, _GAP = 0.2, 1.4, 0.08
"""Inches: per model, for the connecting lines, between columns."""

_SIZE, _HEADING = 9, 10
_NARROWEST_TREE = 2.0


def agreement_in_words(one: Tree, other: Tree) -> str:
    """How well two trees of the same models agree."""
    agreement, n = cophenetic_agreement(one, other), len(one.models)
    told = "unknown" if np.isnan(agreement) else f"{agreement:.2f}"
    return f"Cophenetic correlation between the trees: {told} ({n} models)"


def draw_tanglegram(
    left: Tree,
    right: Tree,
    classes: Sequence[int],
    title: str,
    headings: tuple[str, str],
    units: tuple[str, str],
    width: float = 12.0,
) -> Figure:
    """A figure at least `width` inches wide; the right tree is turned so that few lines cross.

    `classes` [n] are those of the left tree, in the order of `left.models`: they colour both trees and the lines.
    `headings` stand over the trees, `units` say what their heights are. Raises ModelsimError for different models.
    """
    right = untangled(left, right)
    names = max(text_width(name, _SIZE) for name in left.models) + 2 * _GAP
    tree_width = max((width - 2 * MARGIN - 2 * names - _BETWEEN) / 2, _NARROWEST_TREE)
    width = 2 * (MARGIN + tree_width + names) + _BETWEEN
    title_lines, top = headed(title, width)
    heading_lines = [wrap(heading, tree_width + names, _HEADING) for heading in headings]
    above = top + line_height(_HEADING) * max(map(len, heading_lines)) + 0.06
    bottom = above + _LINE * len(left.models)
    caption, below = captioned(f"{agreement_in_words(left, right)}. {_told(headings, units)}", width)
    sheet = FigureSheet(width, bottom + 0.12 + below)
    sheet.lines(MARGIN, MARGIN / 2, title_lines, TITLE_SIZE)
    sheet.lines(MARGIN, bottom + 0.12, caption, CAPTION_SIZE)
    for place, side, lines in zip((MARGIN, width - MARGIN), ("left", "right"), heading_lines, strict=True):
        for i, line in enumerate(lines):
            write(sheet.paper, place, top + (i + 0.5) * line_height(_HEADING), line, _HEADING, ha=side, va="center")
    rows = above + _LINE * (np.arange(len(left.models)) + 0.5)
    of_model = dict(zip(left.models, classes, strict=True))
    for tree, edge, side in ((left, MARGIN, 1), (right, width - MARGIN, -1)):
        start = edge if side == 1 else edge - tree_width
        axes = sheet.axes(start, above, tree_width, bottom - above)
        _draw_tree(axes, tree, [of_model[model] for model in tree.models], rows, (above, bottom), side)
        for row, leaf in zip(rows, tree.leaves, strict=True):
            place = {"ha": "left" if side == 1 else "right", "va": "center"}
            write(sheet.paper, edge + side * (tree_width + _GAP), row, tree.models[leaf], _SIZE, **place)
    inner = MARGIN + tree_width + names
    _connect(sheet, left, right, of_model, rows, inner, inner - names)
    return sheet.figure


def _draw_tree(
    axes: Axes, tree: Tree, classes: Sequence[int], rows: np.ndarray, ends: tuple[float, float], side: int
) -> None:
    axes.set_axis_off()
    tallest = float(tree.heights.max()) or 1.0
    axes.set_xlim(*((tallest * 1.03, 0) if side == 1 else (0, tallest * 1.03)))
    axes.set_ylim(ends[1], ends[0])
    draw_branches(axes, tree, classes, rows)


def _connect(
    sheet: FigureSheet, left: Tree, right: Tree, classes: dict[str, int], rows: np.ndarray, inner: float, names: float
) -> None:
    """A line per model, in the colour of its class: level beside both names, which begin at `names` inches from the
    edge, and slanted between what is `inner` inches from both."""
    reached = {right.models[leaf]: row for row, leaf in zip(rows, right.leaves, strict=True)}
    models = [left.models[leaf] for leaf in left.leaves]
    lines = []
    for row, model in zip(rows, models, strict=True):
        end = names + text_width(model, _SIZE) + 2 * _GAP
        level, other = [(end, row), (inner, row)], reached[model]
        lines.append([*level, (sheet.width - inner, other), (sheet.width - end, other)])
    colours = [class_colour(classes[model]) for model in models]
    sheet.paper.add_collection(LineCollection(lines, colors=colours, linewidths=0.9, alpha=0.75))


def _told(headings: Sequence[str], units: Sequence[str]) -> str:
    return " ".join(f"Heights of “{heading}”: {unit}." for heading, unit in zip(headings, units, strict=True))
