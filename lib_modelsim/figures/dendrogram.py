"""The dendrogram: models from top to bottom, heights from right to left, classes by colour and number."""

from __future__ import annotations

import io
from collections.abc import Sequence

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from ..families.linkage import Tree
from .colours import class_colour

INK = "#010203"
"""Colour of lines and words; `svg_text` can give it the colour of the text around the figure."""

_LINE = 0.2
"""Inches per model."""

_FAINT = "#8a8a8a"

_STROKE = {"linewidth": 1.4, "clip_on": False}
"""Unclipped, as a merge at height 0 lies on the edge."""


def draw_dendrogram(tree: Tree, classes: Sequence[int], title: str, unit: str, width: float = 10.0) -> Figure:
    """A figure as high as its models need, and at least `width` inches wide, more where their names need it.

    `classes` [n] are the class numbers in the order of `tree.models`, `unit` says what the heights measure.
    """
    n = len(tree.models)
    figure = Figure(figsize=(10, 1.1 + _LINE * n))
    axes = figure.add_subplot()
    _branches(axes, tree, classes)
    labels = [_label(axes, row, tree.models[leaf], int(classes[leaf])) for row, leaf in enumerate(tree.leaves)]
    axes.set_ylim(n - 0.5, -0.5)
    axes.set_yticks([])
    axes.set_xlabel(unit, color=INK)
    axes.set_title(title, loc="left", color=INK, fontsize=11)
    axes.tick_params(colors=_FAINT, labelcolor=INK)
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(_FAINT)
    _fit(figure, axes, labels, width)
    return figure


def svg_text(figure: Figure, ink: str = "currentColor") -> str:
    """The figure as SVG with words as words, its lines and words in the colour `ink`."""
    buffer = io.StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "modelsim"}):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    return buffer.getvalue().replace(INK, ink)


def _branches(axes: Axes, tree: Tree, classes: Sequence[int]) -> None:
    n = len(tree.models)
    at = {int(leaf): (float(row), 0.0) for row, leaf in enumerate(tree.leaves)}  # node → its row and height
    class_of: dict[int, int | None] = {i: int(c) for i, c in enumerate(classes)}
    for k, (left, right, height, _) in enumerate(tree.scipy):
        left, right = int(left), int(right)
        class_of[n + k] = class_of[left] if class_of[left] == class_of[right] else None
        for child in (left, right):
            row, start = at[child]
            axes.plot([start, height], [row, row], color=_colour(class_of[child]), solid_capstyle="butt", **_STROKE)
        rows = at[left][0], at[right][0]
        axes.plot([height, height], rows, color=_colour(class_of[n + k]), solid_capstyle="projecting", **_STROKE)
        at[n + k] = (sum(rows) / 2, height)
    tallest = float(tree.heights.max()) or 1.0
    axes.set_xlim(tallest * 1.03, 0)


def _colour(number: int | None) -> str:
    return _FAINT if number is None else class_colour(number)


def _label(axes: Axes, row: int, name: str, number: int) -> Text:
    text = f"{number:>2}  {name}".replace("$", r"\$")
    return axes.annotate(text, (0, row), xytext=(5, 0), textcoords="offset points", va="center", fontsize=9, color=INK)


def _fit(figure: Figure, axes: Axes, labels: Sequence[Text], width: float) -> None:
    """Give the names the room they need and the tree the rest, at least half of the width asked for."""
    names = max((label.get_window_extent().width for label in labels), default=0) / figure.dpi
    width = max(width, names + 0.6 + width / 2)
    height = figure.get_figheight()
    figure.set_figwidth(width)
    axes.set_position((0.3 / width, 0.6 / height, (width - names - 0.6) / width, 1 - 1.05 / height))
