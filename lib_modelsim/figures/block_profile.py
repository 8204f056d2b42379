"""The profile of a pair: how alike two models are in each block, in network order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter
from numpy.typing import NDArray

from .colours import class_colour
from .lettering import FAINT, INK, text_width, write
from .sheet import CAPTION_SIZE, MARGIN, TITLE_SIZE, FigureSheet, captioned, headed, line_height

_MARKERS = "os^Dv<>"
_PITCH, _CLOSEST = 0.36, 0.17
"""Inches from one block to the next, the most and the least."""

_HEIGHT = 2.8
_SCALE = 0.6
"""Inches for the numbers to the left."""

_SIZE = 8


def draw_block_profile(
    blocks: Sequence[str],
    pairs: Mapping[str, Sequence[float]],
    title: str,
    unit: str,
    width: float = 10.0,
    *,
    caption: str = "",
) -> Figure:
    """A line of dots per pair along the blocks, named at its end; a block without a value (NaN) is a gap.

    `blocks` [b] in network order, `pairs` name → values [b]; `unit` says what they measure. Higher for many pairs.
    """
    values = {name: np.asarray(line, dtype=float) for name, line in pairs.items()}
    breadth = max(text_width(name, _SIZE) for name in pairs) + 0.4
    room = max(width - 2 * MARGIN - _SCALE - breadth, width / 2)  # the names may not take more than half of it
    pitch = min(max(room / len(blocks), _CLOSEST), _PITCH)
    plot = pitch * len(blocks)
    height = max(_HEIGHT, line_height(_SIZE) * (len(pairs) + 1))
    width = max(MARGIN + _SCALE + plot + breadth + MARGIN, text_width(title, TITLE_SIZE) / 2 + 2 * MARGIN)
    under = max(text_width(block, _SIZE) for block in blocks) + 0.2
    title_lines, above = headed(title, width)
    above += line_height(_SIZE) + 0.06  # the unit stands above its numbers
    caption_lines, below = captioned(caption, width)
    sheet = FigureSheet(width, above + height + under + below)
    sheet.lines(MARGIN, MARGIN / 2, title_lines, TITLE_SIZE)
    write(sheet.paper, MARGIN, above - line_height(_SIZE) / 2 - 0.04, unit, _SIZE, va="center")
    sheet.lines(MARGIN, above + height + under, caption_lines, CAPTION_SIZE)
    axes = sheet.axes(MARGIN + _SCALE, above, plot, height)
    _frame(axes, blocks, values)
    for number, line in enumerate(values.values(), 1):
        style = {"color": class_colour(number), "marker": _MARKERS[(number - 1) % len(_MARKERS)]}
        axes.plot(line, **style, linewidth=1.4, markersize=5, markeredgecolor="#ffffff", markeredgewidth=0.5)
    _name_lines(sheet, axes, values, (MARGIN + _SCALE, above, pitch, height))
    return sheet.figure


def _frame(axes: Axes, blocks: Sequence[str], values: Mapping[str, NDArray[np.float64]]) -> None:
    """Blocks below, numbers to the left, and a line between the parts of the network (BASE, IN, M, OUT, VAE)."""
    known = np.concatenate(list(values.values()))
    known = known[np.isfinite(known)]
    least, greatest = (known.min(), known.max()) if known.size else (0.0, 1.0)
    margin = 0.06 * (greatest - least) or 0.5 * max(abs(greatest), 1e-9)
    axes.set(xlim=(-0.5, len(blocks) - 0.5), ylim=(least - margin, greatest + margin))
    parts = [block.rstrip("0123456789") for block in blocks]
    starts = [i for i in range(len(parts)) if i == 0 or parts[i] != parts[i - 1]]
    for start in starts[1:]:
        axes.axvline(start - 0.5, color=FAINT, alpha=0.5, linewidth=0.8)
    axes.set_xticks(range(len(blocks)), blocks, rotation=90, fontsize=_SIZE)
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:.6g}"))
    axes.tick_params(colors=FAINT, labelcolor=INK, labelsize=_SIZE)
    axes.grid(axis="y", color=FAINT, alpha=0.25, linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(FAINT)


def _name_lines(
    sheet: FigureSheet,
    axes: Axes,
    values: Mapping[str, NDArray[np.float64]],
    box: tuple[float, float, float, float],
) -> None:
    """Each name at the height of its line's last value, moved apart where they would touch, with a line to it."""
    left, top, pitch, height = box
    low, high = axes.get_ylim()
    right = left + pitch * (axes.get_xlim()[1] + 0.5)
    ends = {}
    for number, (name, line) in enumerate(values.items(), 1):
        last = int(np.flatnonzero(np.isfinite(line))[-1]) if np.isfinite(line).any() else None
        value = (low + high) / 2 if last is None else line[last]
        ends[name] = number, last, top + height * (high - value) / (high - low)
    order = sorted(ends, key=lambda name: ends[name][2])
    places = _spread([ends[name][2] for name in order], line_height(_SIZE), top, top + height)
    for name, place in zip(order, places, strict=True):
        number, last, at = ends[name]
        if last is not None:
            x = left + pitch * (last + 0.5) + 0.05
            path = [x, right + 0.05, right + 0.2], [at, at, place]
            sheet.paper.plot(*path, color=class_colour(number), linewidth=0.7, linestyle=":")
        write(sheet.paper, right + 0.25, place, name, _SIZE, va="center")


def _spread(wanted: Sequence[float], step: float, low: float, high: float) -> list[float]:
    """Places in ascending order at least `step` apart, near those wanted, within the bounds."""
    places = np.array(wanted, dtype=float)
    for i in range(1, len(places)):
        places[i] = max(places[i], places[i - 1] + step)
    places[-1] = min(places[-1], high - step / 2)
    for i in range(len(places) - 2, -1, -1):
        places[i] = min(places[i], places[i + 1] - step)
    return np.maximum(places, low + step / 2 + step * np.arange(len(places))).tolist()
