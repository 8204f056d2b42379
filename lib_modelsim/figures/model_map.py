"""The map: models as points in two dimensions, close together where they are similar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..families.scaling import Scaling
from .colours import class_colour
from .lettering import FAINT, text_width, write
from .names import shortened
from .placing import leader, place_labels, place_most
from .sheet import CAPTION_SIZE, MARGIN, TITLE_SIZE, FigureSheet, badge_width, captioned, headed, line_height

_MARKERS = "os^Dv<>"
"""Seven, beside eight colours: classes that share a colour differ in shape."""

_NAMED = 60
"""Up to so many models each has its name; of more only the outlying ones."""

_OUTLIERS = 25
_LONGEST = 48
"""Characters of a name; of longer ones the middle is left out, the tree has them whole."""

_RULE = 0.25
"""Inches for the bar below the plot whose length the caption tells."""

_SIZE = 8
_RADIUS = 0.05
_SMALLEST, _LARGEST, _EDGE = 4.5, 8.0, 0.35
"""Inches: height of the plot, and the room around its outermost points."""


@dataclass(frozen=True)
class _Label:
    text: str
    anchor: NDArray[np.float64]
    badge: int | None = None

    @property
    def size(self) -> tuple[float, float]:
        breadth = text_width(self.text, _SIZE, bold=self.badge is not None) + 0.06
        if self.badge is not None:
            breadth = badge_width(self.badge) + (breadth if self.text else 0)
        return breadth, line_height(_SIZE) + (0.04 if self.badge is not None else 0)


def draw_map(
    models: Sequence[str],
    scaling: Scaling,
    classes: Sequence[int],
    title: str,
    unit: str,
    width: float = 10.0,
    *,
    names: Mapping[int, str] | None = None,
    caption: str = "",
) -> Figure:
    """Points by class in colour and shape, the number and name of each class beside its centre, equal axes.

    `models` and `classes` [n] in the order of `scaling.points` [n, 2]; `unit` says what a distance in the map measures,
    `names` those of classes by number. Labels never touch: of more than 60 models only the 25 outlying ones are named,
    and the caption tells how many names found no room.
    """
    centred, height, inches_per_unit = _fit(scaling.points, width - 2 * MARGIN)
    area = (width - 2 * MARGIN, height)
    points = np.array(area) / 2 + centred * (inches_per_unit, -inches_per_unit)  # y of the paper goes down
    classes = np.asarray(classes)
    of_classes = _class_labels(points, classes, names or {})
    labels = of_classes + _model_labels(models, points, classes)
    sizes = np.array([label.size for label in labels])
    anchors = np.array([label.anchor for label in labels])
    if len(models) > _NAMED:  # a name far from its point would tell less than none
        places = place_labels(anchors, sizes, points, _RADIUS, area)
    else:
        places = place_most(anchors, sizes, points, _RADIUS, area, len(of_classes))
    rule = _rule(inches_per_unit)
    left_out = sum(place is None for place in places)
    told = _told(f"The bar is a distance of {rule:g} ({unit}). {caption}".rstrip(), scaling, len(models), left_out)
    title_lines, above = headed(title, width)
    caption_lines, below = captioned(told, width)
    sheet = FigureSheet(width, above + height + _RULE + below)
    sheet.lines(MARGIN, MARGIN / 2, title_lines, TITLE_SIZE)
    sheet.lines(MARGIN, above + height + _RULE, caption_lines, CAPTION_SIZE)
    offset = np.array([MARGIN, above])
    _points(sheet, points + offset, classes)
    for label, place in zip(labels, places, strict=True):
        if place is not None:
            _write(sheet, label, place + np.tile(offset, 2), label.anchor + offset)
    bar = [MARGIN, MARGIN + rule * inches_per_unit], [above + height + 0.1] * 2
    sheet.paper.plot(*bar, color=FAINT, linewidth=2)
    return sheet.figure


def _fit(points: NDArray[np.float64], width: float) -> tuple[NDArray[np.float64], float, float]:
    """Points around the middle of what they span, the height of the plot in inches, and inches per unit of distance."""
    low, high = points.min(0), points.max(0)
    span = np.maximum(high - low, 1e-300)
    scale = min((width - 2 * _EDGE) / span[0], (_LARGEST - 2 * _EDGE) / span[1])
    scale = scale if np.isfinite(scale) and (high > low).any() else 1.0
    height = min(max(span[1] * scale + 2 * _EDGE, _SMALLEST), _LARGEST)
    return points - (low + high) / 2, height, float(scale)


def _class_labels(points: NDArray[np.float64], classes: NDArray[np.integer], names: Mapping[int, str]) -> list[_Label]:
    numbers = [int(number) for number in np.unique(classes)]
    return [
        _Label(shortened(names.get(number, ""), _LONGEST), points[classes == number].mean(0), number)
        for number in numbers
    ]


def _model_labels(models: Sequence[str], points: NDArray[np.float64], classes: NDArray[np.integer]) -> list[_Label]:
    """Names of all models, the crowded ones first as they choose least; of many models, of the outlying ones alone."""
    apart = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    order = np.argsort(apart.min(1), kind="stable")
    if len(models) > _NAMED:
        centres = np.array([points[classes == number].mean(0) for number in classes])
        order = np.argsort(-np.linalg.norm(points - centres, axis=1), kind="stable")[:_OUTLIERS]
    return [_Label(shortened(models[i], _LONGEST), points[i]) for i in order]


def _points(sheet: FigureSheet, points: NDArray[np.float64], classes: NDArray[np.integer]) -> None:
    for number in np.unique(classes):
        colour, mine = class_colour(int(number)), points[classes == number]
        spokes = [(point, mine.mean(0)) for point in mine]  # colour and shape repeat, and whose a point is stays plain
        sheet.paper.add_collection(LineCollection(spokes, colors=colour, linewidths=0.6, alpha=0.45, zorder=1))
        marker = _MARKERS[(int(number) - 1) % len(_MARKERS)]
        sheet.paper.scatter(*mine.T, 26, colour, marker=marker, edgecolors="#ffffff", linewidths=0.5, zorder=3)


def _write(sheet: FigureSheet, label: _Label, place: NDArray[np.float64], anchor: NDArray[np.float64]) -> None:
    """The words in their rectangle, and a line to the point where that is not right beside it."""
    left, top, _, bottom = place
    middle = (top + bottom) / 2
    if label.badge is not None:
        sheet.badge(left, middle, label.badge)
        style = {"va": "center", "weight": "bold", "zorder": 5}
        write(sheet.paper, left + badge_width(label.badge) + 0.05, middle, label.text, _SIZE, **style)
        return
    line = leader(anchor, place)
    if np.linalg.norm(line[-1] - anchor) > 2 * _RADIUS + 0.02:
        sheet.paper.plot(*line.T, color=FAINT, linewidth=0.6, zorder=2)
    write(sheet.paper, left + 0.03, middle, label.text, _SIZE, va="center", zorder=5)


def _rule(inches_per_unit: float) -> float:
    """A round distance that is at most an inch and a half long in the map."""
    longest = 1.5 / inches_per_unit
    power = 10.0 ** np.floor(np.log10(longest))
    return max(step * power for step in (1.0, 2.0, 5.0) if step * power <= longest * (1 + 1e-9))


def _told(caption: str, scaling: Scaling, n: int, left_out: int) -> str:
    parts = [
        caption,
        f"Classical scaling: two dimensions hold {100 * scaling.explained:.0f} % of the variation,"
        f" stress {scaling.stress:.2f}.",
        f"{_OUTLIERS} models farthest from the centre of their class have labels." if n > _NAMED else "",
        f"Labels left out for lack of room: {left_out}." if left_out else "",
    ]
    return " ".join(filter(None, parts))
