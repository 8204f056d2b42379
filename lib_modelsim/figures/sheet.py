"""A figure measured in inches from its upper left corner, as a page is laid out."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from .colours import class_colour, colour_upon
from .lettering import LEADING, text_width, wrap, write

MARGIN = 0.25
TITLE_SIZE = 11
CAPTION_SIZE = 8
BADGE = 0.17
"""Height of the coloured field with the number of a class; its width follows the number."""


class FigureSheet:
    """A figure of `width` × `height` inches; `paper` is all of it, for words and shapes at places in inches.

    Made without pyplot, which keeps every figure alive and is not for threads.
    """

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.figure = Figure(figsize=(width, height))
        self.paper = self.axes(0, 0, width, height)
        self.paper.set_axis_off()
        self.paper.set(xlim=(0, width), ylim=(height, 0), zorder=-1)

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """A plot at this place, with transparent ground."""
        bottom = self.height - top - height
        axes = self.figure.add_axes((left / self.width, bottom / self.height, width / self.width, height / self.height))
        axes.patch.set_visible(False)
        return axes

    def lines(self, left: float, top: float, lines: list[str], size: float) -> None:
        """Lines of words under each other from this upper left corner on."""
        step = line_height(size)
        for i, line in enumerate(lines):
            write(self.paper, left, top + (i + 0.5) * step, line, size, va="center")

    def badge(self, left: float, middle: float, number: int) -> None:
        """The number of a class in its colour."""
        width = badge_width(number)
        style = "round,pad=0,rounding_size=0.04"
        field = (left, middle - BADGE / 2), width, BADGE
        self.paper.add_patch(FancyBboxPatch(*field, boxstyle=style, facecolor=class_colour(number), linewidth=0))
        place = {"ha": "center", "va": "center_baseline", "weight": "bold"}
        write(self.paper, left + width / 2, middle, str(number), 8, colour_upon(number), **place)


def badge_width(number: int) -> float:
    return max(BADGE, text_width(str(number), 8, bold=True) + 0.08)


def line_height(size: float) -> float:
    """Inches from one line of words to the next."""
    return LEADING * size / 72


def headed(title: str, width: float) -> tuple[list[str], float]:
    """The lines of a title over a figure of this width, and the inches from the upper edge to what is below them."""
    lines = wrap(title, width - 2 * MARGIN, TITLE_SIZE)
    return lines, MARGIN / 2 + line_height(TITLE_SIZE) * len(lines) + 0.12


def captioned(caption: str, width: float) -> tuple[list[str], float]:
    """The lines of the words under a figure, and the inches that they take with the margin below."""
    lines = wrap(caption, width - 2 * MARGIN, CAPTION_SIZE)
    return lines, line_height(CAPTION_SIZE) * len(lines) + MARGIN / 2
