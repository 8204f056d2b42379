"""Histograms of the differences of two models, a panel per component."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, NullLocator
from numpy.typing import NDArray

from .colours import class_colour
from .lettering import FAINT, INK, write
from .sheet import CAPTION_SIZE, MARGIN, TITLE_SIZE, FigureSheet, captioned, headed, line_height

_PANEL, _SCALE, _SIZE = 1.5, 0.6, 8
"""Inches of a panel's height, inches for the numbers to its left, points of the letters."""


def draw_difference_histogram(
    panels: Mapping[str, NDArray[np.int64]],
    edges: Sequence[float],
    title: str,
    unit: str,
    width: float = 10.0,
    *,
    caption: str = "",
) -> Figure:
    """A panel per component: how many values, on a logarithmic scale, lie in each bin.

    `panels` what stands above each → counts [b]; `edges` [b − 1] where the bins meet, ascending, symmetric and
    logarithmic on either side; `unit` says of what. The outermost bins are open.
    """
    title_lines, above = headed(title, width)
    caption_lines, below = captioned(caption, width)
    step, under = line_height(_SIZE), 2 * line_height(_SIZE) + 0.1
    height = step + 0.06 + _PANEL + under
    sheet = FigureSheet(width, above + height * len(panels) + step + below + 0.06)
    sheet.lines(MARGIN, MARGIN / 2, title_lines, TITLE_SIZE)
    for number, (heading, counts) in enumerate(panels.items()):
        top = above + height * number + step + 0.06
        write(sheet.paper, MARGIN, top - step / 2 - 0.04, heading, _SIZE, va="center")
        _panel(sheet.axes(MARGIN + _SCALE, top, width - 2 * MARGIN - _SCALE, _PANEL), counts, np.asarray(edges))
    bottom = above + height * len(panels)
    sheet.lines(MARGIN + _SCALE, bottom, [unit], _SIZE)
    sheet.lines(MARGIN, bottom + step + 0.06, caption_lines, CAPTION_SIZE)
    return sheet.figure


def _panel(axes: Axes, counts: NDArray[np.int64], edges: NDArray[np.float64]) -> None:
    """The bins side by side, all of one width; below them the powers of ten where they meet."""
    places = np.arange(len(counts) + 1) - len(counts) / 2
    axes.set_yscale("log")
    axes.stairs(counts, places, fill=True, baseline=0.5, color=class_colour(1))
    axes.set(xlim=(places[0], places[-1]), ylim=(0.5, max(2.0, 2.0 * float(counts.max(initial=0)))))
    powers = np.log10(np.abs(edges))
    whole = np.flatnonzero(np.isclose(powers, np.round(powers), atol=1e-6))
    ticks = {float(places[i + 1]): _signed(edges[i]) for i in whole}
    middle = {0.0: "0"}
    inner = [place for place in ticks if abs(place) > len(counts) / 20]  # beside the zero there is no room
    axes.set_xticks([*inner, *middle], [*(ticks[place] for place in inner), *middle.values()])
    axes.yaxis.set_major_locator(LogLocator(numticks=6))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(colors=FAINT, labelcolor=INK, labelsize=_SIZE)
    axes.grid(axis="y", color=FAINT, alpha=0.25, linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(FAINT)


def _signed(value: float) -> str:
    """A power of ten as people write it: "−0.01"."""
    power = round(math.log10(abs(value)))
    digits = f"{10.0**power:.{max(-power, 0)}f}"
    return f"−{digits}" if value < 0 else digits
