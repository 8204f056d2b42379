"""The dendrogram: models from top to bottom, a box around each class, its name and remark beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from matplotlib.ticker import MaxNLocator, StrMethodFormatter
from numpy.typing import NDArray

from ..families.linkage import Tree
from .branches import draw_branches
from .classes import ClassLabel, Run, class_runs
from .colours import class_colour
from .lettering import FAINT, INK, text_width, wrap, write
from .saving import svg_text
from .sheet import CAPTION_SIZE, MARGIN, TITLE_SIZE, FigureSheet, badge_width, captioned, headed, line_height

__all__ = ["ClassLabel", "draw_dendrogram", "svg_text"]


_LINE = 0.2
"""Inches per model."""

_BETWEEN = 0.07
"""Inches between the boxes of two classes."""

_GAP = 0.12
"""Inches between columns of words."""

_AXIS = 0.25
"""Inches for the axis of heights with its numbers."""

_SIZE, _SMALL = 9, 8
_WIDEST_REMARK = 2.6


def draw_dendrogram(
    tree: Tree,
    classes: Sequence[int],
    title: str,
    unit: str,
    width: float = 10.0,
    *,
    words: Mapping[int, ClassLabel] | None = None,
    columns: Mapping[str, Sequence[str]] | None = None,
    caption: str = "",
) -> Figure:
    """A figure as high as its models need, and at least `width` inches wide, more where their names need it.

    `classes` [n] are the class numbers in the order of `tree.models`, `unit` says what the heights measure; `words` of
    each class by its number, `columns` further cells [n] per heading, such as size and precision, in the same order;
    `caption` goes below.
    """
    runs = class_runs(tree, classes)
    notes = [_Note(run.number, (words or {}).get(run.number, ClassLabel())) for run in runs]
    names = _Columns(tree, columns or {})
    right = names.width + 3 * _GAP + max(note.width for note in notes) + MARGIN
    width = max(width, MARGIN + right + width / 2)  # half of what was asked for is the tree's in any case
    tree_width = width - MARGIN - right
    title_lines, above = headed(title, width)
    above += line_height(_SMALL) if columns else 0
    rows, bottom = _rows(runs, notes, above)
    unit_lines = wrap(unit, width - 2 * MARGIN, _SIZE)
    words_top = bottom + _AXIS + line_height(_SIZE) * len(unit_lines) + 0.06
    caption_lines, below = captioned(caption, width)
    sheet = FigureSheet(width, words_top + below)
    sheet.lines(MARGIN, MARGIN / 2, title_lines, TITLE_SIZE)
    sheet.lines(MARGIN, bottom + _AXIS, unit_lines, _SIZE)
    sheet.lines(MARGIN, words_top, caption_lines, CAPTION_SIZE)
    axes = sheet.axes(MARGIN, above, tree_width, bottom - above)
    axes.set_ylim(bottom, above)
    draw_branches(axes, tree, classes, rows)
    _axis(axes, tree, tree_width)
    left = MARGIN + tree_width + _GAP / 2
    names.write(sheet, left, rows, above)
    _boxes(sheet, axes, runs, rows, left + names.width)
    for run, note in zip(runs, notes, strict=True):
        note.write(sheet, left + names.width + 1.5 * _GAP, (rows[run.first] + rows[run.last]) / 2)
    return sheet.figure


class _Columns:
    """Names in the order of the leaves, and beside them, set to the right, what else is told of each model."""

    def __init__(self, tree: Tree, columns: Mapping[str, Sequence[str]]) -> None:
        self.names = [tree.models[leaf] for leaf in tree.leaves]
        self.cells = {heading: [column[leaf] for leaf in tree.leaves] for heading, column in columns.items()}
        self.breadths = [max(text_width(name, _SIZE) for name in self.names)]
        for heading, column in self.cells.items():
            self.breadths.append(max(text_width(text, _SMALL) for text in (heading, *column)))
        self.width = sum(self.breadths) + _GAP * len(self.breadths)

    def write(self, sheet: FigureSheet, left: float, rows: NDArray[np.float64], above: float) -> None:
        """From `left` on, a model at each of `rows` and the headings just above `above`, all in inches."""
        for row, name in zip(rows, self.names, strict=True):
            write(sheet.paper, left, row, name, _SIZE, va="center")
        rights = left + np.cumsum(self.breadths) + _GAP * np.arange(len(self.breadths))
        for right, (heading, column) in zip(rights[1:], self.cells.items(), strict=True):
            for row, text in zip((above - line_height(_SMALL) / 2, *rows), (heading, *column), strict=True):
                write(sheet.paper, right, row, text, _SMALL, ha="right", va="center")


class _Note:
    """The number of a class, its name and support in one line, the remark in lines below; sizes in inches."""

    def __init__(self, number: int, words: ClassLabel) -> None:
        self.number = number
        support = "" if words.support is None else f"support {100 * words.support:.0f} %"
        self.head = wrap(" · ".join(filter(None, (words.name, support))), _WIDEST_REMARK, _SIZE)
        self.remark = wrap(words.remark, _WIDEST_REMARK, _SMALL)
        self.height = max(line_height(_SIZE) * len(self.head) + line_height(_SMALL) * len(self.remark), _LINE)
        sized = [(line, _SIZE) for line in self.head] + [(line, _SMALL) for line in self.remark]
        self.indent = badge_width(number) + 0.08
        self.width = self.indent + max((text_width(line, size, size == _SIZE) for line, size in sized), default=0)

    def write(self, sheet: FigureSheet, left: float, middle: float) -> None:
        heads = line_height(_SIZE) * len(self.head)
        top = middle - (heads + line_height(_SMALL) * len(self.remark)) / 2
        sheet.badge(left, top + line_height(_SIZE) / 2 if self.head or self.remark else middle, self.number)
        for i, line in enumerate(self.head):
            place = {"va": "center", "weight": "bold"}
            write(sheet.paper, left + self.indent, top + (i + 0.5) * line_height(_SIZE), line, _SIZE, **place)
        sheet.lines(left + self.indent, top + heads, self.remark, _SMALL)


def _rows(runs: Sequence[Run], notes: Sequence[_Note], top: float) -> tuple[NDArray[np.float64], float]:
    """Inches from the upper edge to the middle of every leaf, [n], and to where they end: room for every note."""
    rows: list[float] = []
    for run, note in zip(runs, notes, strict=True):
        count = run.last - run.first + 1
        height = max(count * _LINE, note.height + 0.02)
        first = top + _BETWEEN / 2 + (height - count * _LINE) / 2
        rows += [first + (i + 0.5) * _LINE for i in range(count)]
        top += height + _BETWEEN
    return np.array(rows), top


def _boxes(sheet: FigureSheet, axes: Axes, runs: Sequence[Run], rows: NDArray[np.float64], right: float) -> None:
    """A rounded box from a little before the last merge of each class to `right`, around names and columns."""
    bounds = axes.get_position()
    left, breadth = bounds.x0 * sheet.width, bounds.width * sheet.width
    limit = axes.get_xlim()[0]
    for run in runs:
        inches = breadth * run.height / limit
        room = breadth * (run.next_height - run.height) / limit
        start = left + breadth - inches - (min(0.08, room / 2) if room > 0 else 0.08)
        top, bottom = rows[run.first] - _LINE / 2, rows[run.last] + _LINE / 2
        colour = class_colour(run.number)
        sheet.paper.add_patch(
            FancyBboxPatch(
                (start, top),
                right - start,
                bottom - top,
                boxstyle="round,pad=0,rounding_size=0.06",
                facecolor=to_rgba(colour, 0.10),
                edgecolor=colour,
                linewidth=1,
            )
        )


def _axis(axes: Axes, tree: Tree, width: float) -> None:
    tallest = float(tree.heights.max()) or 1.0
    axes.set_xlim(tallest * 1.03, 0)
    axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(max(int(width / 0.8), 2)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.tick_params(colors=FAINT, labelcolor=INK, labelsize=_SMALL)
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(FAINT)
