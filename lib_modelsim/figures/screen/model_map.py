"""The map on the page: models as points in two dimensions, close together where they are similar, numbered by class."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...families.linkage import Tree
from ...families.scaling import Scaling
from ...text import percent
from ..classes import Run, class_runs
from ..colours import MISSING, class_colour, colour_upon
from ..placing import place_labels
from .markup import Facts, badge, escaped, facts_attribute, fitted, frame, signed, text_width

WIDTH, _LOWEST, _HIGHEST = 740, 340, 540
"""The drawing's own width, which the panel stretches or shrinks, and the bounds of its height."""

_RADIUS, _EDGE, _SIZE, _SMALL = 9.0, 60.0, 12, 10.5
_BADGE, _WIDEST_NAME, _FARTHEST = 24, 180, 50
"""Room for the number of a class, for a name, and the most between a name and what it names."""

_NAMED, _OUTLIERS = 60, 25
"""Up to so many models each has its name where there is room; of more only so many outlying ones."""

_INCH = 90.0
"""Units of the drawing to one of those in which labels are placed."""

Array = NDArray[np.float64]


def map_svg(
    tree: Tree,
    scaling: Scaling,
    classes: Sequence[int],
    unit: str,
    *,
    names: Mapping[int, str] | None = None,
    facts: Facts | None = None,
    signs: Mapping[str, str] | None = None,
) -> str:
    """The map as inline SVG in the frame in which it scrolls and zooms.

    `scaling` and `classes` [n] are in the order of `tree.models`, `unit` says what distances are, `names` are those of
    classes; `facts` are what tooltips tell of the models, `signs` what a name has in brackets behind it that has lost
    its class. The keyboard walks from point to point in the tree's order.
    """
    points, height, scale = _fit(scaling.points[:, :2])
    runs = class_runs(tree, classes)
    signs, mine = signs or {}, np.asarray(classes)
    labels = _class_labels(points, classes, runs, names or {}) + _model_labels(tree, points, mine, signs)
    known = [None if name in signs else int(number) for name, number in zip(tree.models, classes, strict=True)]
    dots = "".join(
        _point(row, facts_attribute(facts or {}, tree.models[leaf]), points[leaf], known[leaf])
        for row, leaf in enumerate(tree.leaves)
    )
    svg = (
        f'<svg class="modelsim-svg" viewBox="0 0 {WIDTH} {height:.0f}" role="group" aria-label="Map of models">'
        f"{_names(labels, points, height)}"
        f'<g class="modelsim-leaves" role="listbox" aria-label="Models in the order of the tree">{dots}</g>'
        f"{_rule(scale, height)}</svg>"
    )
    told = (
        f"<span>Two dimensions hold {percent(scaling.explained)} of the variation, stress {scaling.stress:.2f}</span>"
        f"<span>Distance: {escaped(unit)}</span>"
    )
    return frame("map", [tree.models[leaf] for leaf in tree.leaves], svg, told)


def _names(labels: Sequence[_Label], points: Array, height: float) -> str:
    """The labels that have room near what they name, without a touch."""
    sizes = np.array([label.size for label in labels]) / _INCH
    anchors = np.array([label.anchor for label in labels]) / _INCH
    places = place_labels(anchors, sizes, points / _INCH, _RADIUS / _INCH, (WIDTH / _INCH, height / _INCH))
    found = [(label, place * _INCH) for label, place in zip(labels, places, strict=True) if place is not None]
    words = "".join(label.svg(place) for label, place in found if label.distance(place) <= _FARTHEST)
    return f'<g class="modelsim-names">{words}</g>'


@dataclass(frozen=True)
class _Label:
    """The name of a model beside its point, or of a class near its centre, as a link to all of it."""

    text: str
    anchor: Array
    run: Run | None = None

    @property
    def size(self) -> tuple[float, float]:
        return text_width(self.text, _SIZE) + (_BADGE if self.run else 0), 1.35 * _SIZE

    def distance(self, place: Array) -> float:
        """From what it names to its rectangle (left, top, right, bottom)."""
        return float(np.linalg.norm(np.clip(self.anchor, place[:2], place[2:]) - self.anchor))

    def svg(self, place: Array) -> str:
        """The words in their rectangle, with a line to a point that is not right beside."""
        y = (place[1] + place[3]) / 2
        if self.run is not None:
            return (
                f'<g class="modelsim-branch modelsim-of-class" data-from="{self.run.first}" data-to="{self.run.last}"'
                f' data-class="{self.run.number}">{badge(self.run.number, place[0], y)}'
                f"{_words(self.text, place[0] + _BADGE, y)}</g>"
            )
        (x1, y1), (x2, y2) = self.anchor, np.clip(self.anchor, place[:2], place[2:])
        far = self.distance(place) > _RADIUS + 8
        line = f'<path class="modelsim-leader" d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}"/>' if far else ""
        if place[2] <= x1:  # the host's font may be narrower or wider than thought: the end at the point stays there
            return line + _words(self.text, place[2], y, "end")
        if place[0] >= x1:
            return line + _words(self.text, place[0], y)
        return line + _words(self.text, (place[0] + place[2]) / 2, y, "middle")


def _words(text: str, x: float, y: float, anchor: str = "start") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" dy=".35em" text-anchor="{anchor}" font-size="{_SIZE}"'
    return f"<text {place}>{escaped(text)}</text>"


def _fit(points: Array) -> tuple[Array, float, float]:
    """The points in the drawing, with equal axes, y downward; its height, and its units per unit of distance."""
    low, high = points.min(0), points.max(0)
    span = np.maximum(high - low, 1e-300)
    scale = min((WIDTH - 2 * _EDGE) / span[0], (_HIGHEST - 2 * _EDGE) / span[1])
    scale = float(scale) if (high > low).any() else 1.0
    height = min(max(span[1] * scale + 2 * _EDGE, _LOWEST), _HIGHEST)
    return np.array([WIDTH, height]) / 2 + (points - (low + high) / 2) * (scale, -scale), height, scale


def _class_labels(points: Array, classes: Sequence[int], runs: Sequence[Run], names: Mapping[int, str]) -> list[_Label]:
    mine = np.asarray(classes)
    return [
        _Label(fitted(names[run.number], _WIDEST_NAME, _SIZE), points[mine == run.number].mean(0), run)
        for run in runs
        if names.get(run.number)
    ]


def _model_labels(tree: Tree, points: Array, classes: NDArray[np.integer], signs: Mapping[str, str]) -> list[_Label]:
    """Names of models, the most crowded first as they choose least; of many, those farthest from their class."""
    apart = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    order = np.argsort(apart.min(1), kind="stable")
    if len(points) > _NAMED:
        centres = np.array([points[classes == number].mean(0) for number in classes])
        order = np.argsort(-np.linalg.norm(points - centres, axis=1), kind="stable")[:_OUTLIERS]
    return [_Label(signed(tree.models[i], signs, _WIDEST_NAME, _SIZE), points[i]) for i in order]


def _point(row: int, about: str, point: Array, number: int | None) -> str:
    """A point in the colour of its class, or of none."""
    x, y = point
    field, ink = (MISSING, "#000") if number is None else (class_colour(number), colour_upon(number))
    return (
        f'<g class="modelsim-leaf modelsim-point" {about} role="option" aria-selected="false"'
        f' tabindex="{-1 if row else 0}"><circle cx="{x:.1f}" cy="{y:.1f}" r="{_RADIUS}"'
        f' style="fill:{field}"/><text class="modelsim-number" x="{x:.1f}" y="{y:.1f}" dy=".35em"'
        f' font-size="{_SMALL}" style="fill:{ink}">{"?" if number is None else number}</text></g>'
    )


def _rule(scale: float, height: float) -> str:
    """A bar in the lower left corner that is a round distance long, and this distance."""
    longest = 150 / scale
    power = 10.0 ** math.floor(math.log10(longest))
    distance = max(step * power for step in (1, 2, 5) if step * power <= longest * (1 + 1e-9))
    y = height - 14
    return (
        f'<path class="modelsim-rule" d="M14 {y - 4:.1f}v8m0 -4h{distance * scale:.1f}m0 -4v8"/>'
        f'<text x="{22 + distance * scale:.1f}" y="{y:.1f}" dy=".35em" font-size="{_SMALL}">{distance:g}</text>'
    )
