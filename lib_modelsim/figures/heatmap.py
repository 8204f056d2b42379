"""The heat map: the whole feature table in the order of its tree, in pheatmap's style."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import StrMethodFormatter
from numpy.typing import NDArray

from ..families.features import FeatureTable
from ..families.linkage import Tree
from .branches import draw_branches
from .classes import class_runs
from .colours import MISSING, Palette, class_colour, colour_upon
from .column_labels import label_columns, label_groups
from .columns import in_order_of_tree
from .lettering import INK, text_width, wrap, write
from .sheet import CAPTION_SIZE, MARGIN, TITLE_SIZE, FigureSheet, captioned, headed, line_height

_TREE = 50 / 72
"""pheatmap's 50 points."""

_STRIP = 0.2
"""Inches of the strip of classes between tree and cells."""

_ROW, _LOW_ROW, _MANY = 0.15, 0.12, 150
"""Inches of a row, and of one where there are more than so many."""

_NAME = 8 / 0.15
"""Points of a name per inch of its row."""

_WIDEST_COLUMN = 0.25

_WIDEST, _PER_INCH = 28.0, 200
"""Inches of all cells, unless more than 200 columns would share an inch: a PNG of that density shows each."""

_BORDER, _SMALLEST_WITH_BORDER = "#999999", 0.07
"""R's grey60; inches of a cell, as around smaller ones borders would hide the colours."""

_BAR, _BAR_WORDS, _SHORTEST_BAR, _LONGEST_BAR = 0.16, 1.7, 1.0, 2.0
"""Inches: breadth of the bar of colours and of the words above it, and its length."""

_GAP = 0.06


def draw_heatmap(
    table: FeatureTable,
    tree: Tree,
    classes: Sequence[int],
    title: str,
    unit: str,
    cells: float | None = None,
    *,
    references: Sequence[str] = (),
    blocks: Sequence[str] = (),
    palette: Palette = Palette.SIMILARITY,
    caption: str = "",
) -> Figure:
    """Rows in the order of the tree, columns grouped by reference; missing values grey; `unit` says what colours mean.

    `tree` and `classes` [n] are of the table's models. The columns are every block of the first reference, then of the
    second …; references that are the tree's models come in its order. Without `references` and `blocks` the columns
    stay as they are, by their own names. Labels that would overlap are thinned, and the caption says so. All columns
    together take at most `cells` inches, however thin they become; None: as many as a PNG needs to show each.
    """
    grouped = len(references) * len(blocks) == len(table.columns)
    if grouped:
        table, references = in_order_of_tree(table, references, tree)
    values = table.values[tree.leaves]
    n, p = values.shape
    pitch = max(_WIDEST / p, 1 / _PER_INCH) if cells is None else cells / p
    pitch = min(_WIDEST_COLUMN, pitch)
    labels = label_groups(references, blocks, pitch) if grouped else label_columns(table.columns, pitch)
    row_height = _ROW if n <= _MANY else _LOW_ROW
    size, height = _NAME * row_height, n * row_height
    names = [tree.models[leaf] for leaf in tree.leaves]
    left = MARGIN + _TREE + _STRIP + 2 * _GAP
    right = left + p * pitch + _GAP
    bar_left = right + max(text_width(name, size) for name in names) + 4 * _GAP
    bar = _Bar(unit, height, bool(np.isnan(values).any()), *palette.scale(values))
    depth = max(height + labels.height, bar.height)
    told = " ".join(filter(None, (caption, labels.told)))
    sheet, above = _sheet(title, told, bar_left + _BAR_WORDS + MARGIN, depth)
    rows = above + (np.arange(n) + 0.5) * row_height
    _tree(sheet, tree, classes, rows, row_height / 2)
    _strip(sheet, tree, classes, rows, row_height / 2)
    axes = sheet.axes(left, above, p * pitch, height)
    cells = bar.colours(bar.scale(np.ma.masked_invalid(values)), bytes=True)  # once, not for every pixel of a PNG
    axes.imshow(cells, aspect="auto", interpolation="none")  # "none": an SVG holds every cell once
    _borders(axes, n, p, len(blocks) if grouped and len(blocks) > 1 else p, pitch)
    for row, name in zip(rows, names, strict=True):
        write(sheet.paper, right, row, name, size, va="center")
    labels.write(sheet, left, above + height)
    bar.write(sheet, bar_left, above)
    return sheet.figure


def _sheet(title: str, caption: str, width: float, depth: float) -> tuple[FigureSheet, float]:
    """The sheet with its words above and below `depth` inches, and the inches from its upper edge to these."""
    title_lines, above = headed(title, width)
    caption_lines, below = captioned(caption, width)
    sheet = FigureSheet(width, above + depth + 2 * _GAP + below)
    sheet.lines(MARGIN, MARGIN / 2, title_lines, TITLE_SIZE)
    sheet.lines(MARGIN, above + depth + 2 * _GAP, caption_lines, CAPTION_SIZE)
    return sheet, above


def _tree(sheet: FigureSheet, tree: Tree, classes: Sequence[int], rows: NDArray[np.float64], half: float) -> None:
    top, bottom = rows[0] - half, rows[-1] + half
    axes = sheet.axes(MARGIN, top, _TREE, bottom - top)
    axes.set_axis_off()
    axes.set(xlim=(float(tree.heights.max()) or 1.0, 0), ylim=(bottom, top))
    draw_branches(axes, tree, classes, rows, line_width=0.8)


def _strip(sheet: FigureSheet, tree: Tree, classes: Sequence[int], rows: NDArray[np.float64], half: float) -> None:
    """The classes as fields of colour with their numbers; each is a row high at least, so that a number fits."""
    left = MARGIN + _TREE + _GAP
    for run in class_runs(tree, classes):
        top, bottom = rows[run.first] - half, rows[run.last] + half
        colour = class_colour(run.number)
        sheet.paper.add_patch(Rectangle((left, top + 0.01), _STRIP, bottom - top - 0.02, facecolor=colour, linewidth=0))
        place = {"ha": "center", "va": "center_baseline", "weight": "bold"}
        write(sheet.paper, left + _STRIP / 2, (top + bottom) / 2, str(run.number), 7, colour_upon(run.number), **place)


def _borders(axes: Axes, n: int, p: int, group: int, pitch: float) -> None:
    """Grey lines around cells that are large enough, and lines between the references."""
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set(color=_BORDER, linewidth=0.5)
    if pitch >= _SMALLEST_WITH_BORDER:
        upright = [[(j - 0.5, -0.5), (j - 0.5, n - 0.5)] for j in range(1, p)]
        level = [[(-0.5, i - 0.5), (p - 0.5, i - 0.5)] for i in range(1, n)]
        axes.add_collection(LineCollection(upright + level, colors=_BORDER, linewidths=0.3))
    between = [[(j - 0.5, -0.5), (j - 0.5, n - 0.5)] for j in range(group, p, group)]
    axes.add_collection(LineCollection(between, colors="#ffffff", linewidths=min(1.5, 0.1 * group * pitch * 72)))


@dataclass(frozen=True)
class _Bar:
    """What the colours mean: the unit in words, a bar with numbers, and the grey of missing values if there are any."""

    unit: str
    beside: float
    missing: bool
    colours: Colormap
    scale: Normalize

    @property
    def length(self) -> float:
        return min(max(self.beside, _SHORTEST_BAR), _LONGEST_BAR)

    @property
    def height(self) -> float:
        """Inches from the first word to the last."""
        return line_height(CAPTION_SIZE) * (len(self._lines) + self.missing) + self.length + 4 * _GAP

    @property
    def _lines(self) -> list[str]:
        return wrap(self.unit, _BAR_WORDS, CAPTION_SIZE)

    def write(self, sheet: FigureSheet, left: float, top: float) -> None:
        sheet.lines(left, top, self._lines, CAPTION_SIZE)
        top += line_height(CAPTION_SIZE) * len(self._lines) + 1.5 * _GAP
        axes = sheet.axes(left, top, _BAR, self.length)
        least, greatest = self.scale.vmin, self.scale.vmax
        steps = np.linspace(least, greatest, 256)[:, None]
        place = {"aspect": "auto", "origin": "lower", "extent": (0, 1, least, greatest)}
        axes.imshow(steps, cmap=self.colours, norm=self.scale, **place)
        axes.set_xticks([])
        axes.yaxis.tick_right()
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:.6g}"))
        axes.tick_params(colors=_BORDER, labelcolor=INK, labelsize=CAPTION_SIZE)
        for spine in axes.spines.values():
            spine.set(color=_BORDER, linewidth=0.5)
        if self.missing:
            middle = top + self.length + 2 * _GAP + 0.065
            field = Rectangle((left, middle - 0.065), _BAR, 0.13, facecolor=MISSING, edgecolor=_BORDER, linewidth=0.5)
            sheet.paper.add_patch(field)
            write(sheet.paper, left + _BAR + _GAP, middle, "missing", CAPTION_SIZE, va="center")
