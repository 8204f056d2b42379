"""A subject in a pose, in front of a sky: what every style paints, in pixels and colours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from .subjects import Points, polygons

SIZE = 128
COLOURS = {
    "red": (214, 48, 49),
    "orange": (240, 140, 40),
    "yellow": (246, 211, 66),
    "green": (70, 160, 80),
    "blue": (52, 110, 200),
    "purple": (135, 80, 180),
    "pink": (240, 130, 170),
    "white": (240, 240, 236),
}

_SECOND = ("yellow", "blue", "orange")
_SKIES = ((190, 222, 240), (250, 236, 205), (205, 232, 205), (232, 212, 236), (246, 214, 205))
_FLOATING = {"moon", "fish", "cat", "flower"}
"""Subjects without ground below them."""
_GROUNDS = {"boat": (90, 150, 190)}
_GRASS = (130, 170, 105)

Colour = np.ndarray
"""Red, green and blue from 0 to 255, as floats that may lie outside."""


@dataclass(frozen=True)
class Scene:
    """`ground`, where there is one, begins at `height` pixels from the top; the polygons behind come first."""

    sky: Colour
    ground: Colour | None
    height: float
    polygons: list[tuple[Points, Colour]]


def scene(subject: str, colour: str, rng: np.random.Generator) -> Scene:
    """The subject, its main parts of the colour, in a pose that varies little: a small network learns few things."""
    main = np.clip(np.array(COLOURS[colour]) + rng.normal(0, 8, 3), 0, 255)
    second = np.array(COLOURS[_SECOND[int(rng.integers(3))]])
    sky = np.array(_SKIES[int(rng.integers(5))]) + rng.normal(0, 5, 3)
    ground = None if subject in _FLOATING else np.array(_GROUNDS.get(subject, _GRASS))
    scale = rng.uniform(0.7, 0.82) * SIZE / 2
    x0, y0 = SIZE / 2 + rng.uniform(-4, 4, 2)
    angle = rng.uniform(-0.06, 0.06)
    cos, sin = np.cos(angle), np.sin(angle)

    def placed(points: Points) -> Points:
        return [(x0 + scale * (x * cos - y * sin), y0 + scale * (x * sin + y * cos)) for x, y in points]

    roles = _roles(main, second, sky)
    parts = [(placed(points), roles[role]) for points, role in polygons(subject, rng)]
    return Scene(sky, ground, y0 + scale * rng.uniform(0.45, 0.7), parts)


def _roles(main: Colour, second: Colour, sky: Colour) -> dict[str, Colour]:
    """The colours of a subject's parts."""
    return {
        "main": main,
        "dark": main * 0.68,
        "light": main * 0.2 + np.array((250, 248, 240)) * 0.8,
        "second": second,
        "wood": np.array((120, 82, 54)),
        "black": np.array((40, 36, 44)),
        "leaf": np.array((80, 140, 70)),
        "skin": np.array((240, 200, 170)),
        "back": sky,
    }


Change = Callable[[Colour], Colour]


def unchanged(colour: Colour) -> Colour:
    return colour


@dataclass(frozen=True)
class Line:
    """An outline, `width` pixels of the canvas wide; `colour` makes its colour of the polygon's."""

    colour: Change
    width: float


def painted(shown: Scene, factor: int = 2, fill: Change = unchanged, line: Line | None = None) -> Image.Image:
    """The scene on a canvas `factor` times as large as the picture; `fill` changes the polygons' colours."""
    size = SIZE * factor
    canvas = Image.new("RGB", (size, size), _rgb(shown.sky))
    pen = ImageDraw.Draw(canvas)
    if shown.ground is not None:
        pen.rectangle([0, shown.height * factor, size, size], fill=_rgb(shown.ground))
    for points, colour in shown.polygons:
        corners = [(x * factor, y * factor) for x, y in points]
        pen.polygon(corners, fill=_rgb(fill(colour)))
        if line is not None:
            width = int(line.width * factor)
            pen.line(corners + corners[:2], fill=_rgb(line.colour(colour)), width=width, joint="curve")
    return canvas


def shrunk(canvas: Image.Image) -> np.ndarray:
    """The canvas in the picture's size, float32 [128, 128, 3]."""
    return np.asarray(canvas.resize((SIZE, SIZE), Image.Resampling.BOX), np.float32)


def _rgb(colour: Colour) -> tuple[int, ...]:
    return tuple(int(value) for value in np.clip(colour, 0, 255))
