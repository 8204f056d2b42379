"""The dendrogram: models from top to bottom, heights from right to left, classes by colour and number."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath

from ..families.linkage import Tree
from .colours import class_colour

INK = "#010203"
"""Colour of lines and words; `svg_text` can give it the colour of the text around the figure."""

_LINE = 0.2
"""Inches per model."""

_MARGIN = 0.3
"""Inches to the left of the tree, between tree and names, and to their right, in all twice this."""

_ABOVE, _BELOW = 0.45, 0.6
"""Inches for the title, and for the axis with its words."""

_FONT_SIZE = 9
_FAINT = "#8a8a8a"


def draw_dendrogram(tree: Tree, classes: Sequence[int], title: str, unit: str, width: float = 10.0) -> Figure:
    """A figure as high as its models need, and at least `width` inches wide, more where their names need it.

    `classes` [n] are the class numbers in the order of `tree.models`, `unit` says what the heights measure.
    """
    labels = [f"{int(classes[leaf]):>2}  {tree.models[leaf]}" for leaf in tree.leaves]
    names = max(map(_text_width, labels))
    width = max(width, names + 2 * _MARGIN + width / 2)  # half of what was asked for is the tree's in any case
    height = _ABOVE + _LINE * len(labels) + _BELOW
    figure = Figure(figsize=(width, height))
    share = (_MARGIN / width, _BELOW / height, 1 - (names + 2 * _MARGIN) / width, _LINE * len(labels) / height)
    axes = figure.add_axes(share)
    _branches(axes, tree, classes)
    for row, label in enumerate(labels):
        place = {"xytext": (5, 0), "textcoords": "offset points", "va": "center"}
        axes.annotate(label, (0, row), **place, fontsize=_FONT_SIZE, color=INK, parse_math=False)
    _frame(axes, tree, title, unit)
    return figure


def svg_text(figure: Figure, ink: str = "currentColor") -> str:
    """The figure as SVG with words as words, its lines and words in the colour `ink`."""
    buffer = io.StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "modelsim"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph", UserWarning)  # whoever shows the SVG has fonts of its own
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    return buffer.getvalue().replace(INK, ink)


def _branches(axes: Axes, tree: Tree, classes: Sequence[int]) -> None:
    """Per merge an upright line at its height, and to it a level one from each of the two below."""
    n = len(tree.models)
    at = {int(leaf): (float(row), 0.0) for row, leaf in enumerate(tree.leaves)}  # node → its row and height
    class_of: dict[int, int | None] = {i: int(c) for i, c in enumerate(classes)}
    level, upright = [], []
    for node, (left, right, height, _) in enumerate(tree.scipy, start=n):
        children = int(left), int(right)
        rows = [at[child][0] for child in children]
        level += [[(at[child][1], row), (height, row)] for child, row in zip(children, rows, strict=True)]
        upright.append([(height, row) for row in rows])
        a, b = (class_of[child] for child in children)
        class_of[node] = a if a == b else None
        at[node] = (sum(rows) / 2, height)
    below = [int(child) for pair in tree.scipy[:, :2] for child in pair]
    for lines, nodes, ends in ((level, below, "butt"), (upright, range(n, 2 * n - 1), "projecting")):
        colours = [_colour(class_of[node]) for node in nodes]
        # unclipped: a merge at height 0 lies on the edge
        axes.add_collection(LineCollection(lines, colors=colours, linewidths=1.4, capstyle=ends, clip_on=False))


def _frame(axes: Axes, tree: Tree, title: str, unit: str) -> None:
    tallest = float(tree.heights.max()) or 1.0
    axes.set_xlim(tallest * 1.03, 0)
    axes.set_ylim(len(tree.models) - 0.5, -0.5)
    axes.set_yticks([])
    axes.set_xlabel(unit, color=INK)
    axes.set_title(title, loc="left", color=INK, fontsize=11)
    axes.tick_params(colors=_FAINT, labelcolor=INK)
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(_FAINT)


def _colour(number: int | None) -> str:
    return _FAINT if number is None else class_colour(number)


def _text_width(text: str) -> float:
    """Inches that a name takes; characters outside of Latin, for which the font may have no glyph, count as square."""
    latin = "".join(c for c in text if c < "\u0250")
    points, _, _ = TextToPath().get_text_width_height_descent(latin, FontProperties(size=_FONT_SIZE), ismath=False)
    return (points + _FONT_SIZE * (len(text) - len(latin))) / 72
