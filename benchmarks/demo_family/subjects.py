"""What the pictures show: ten subjects, each a handful of polygons.

Points lie between -1 and 1, y points down. A polygon's role says which colour it takes (scenes.py).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Points = list[tuple[float, float]]
Polygons = list[tuple[Points, str]]


def ellipse(x: float, y: float, width: float, height: float, start: float = 0.0, end: float = 360.0) -> Points:
    """Part of an ellipse by its centre and half axes, from one angle in degrees to another."""
    angles = np.radians(np.linspace(start, end, 28))
    return [(x + width * np.cos(a), y + height * np.sin(a)) for a in angles]


def box(left: float, top: float, right: float, bottom: float) -> Points:
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def house(rng: np.random.Generator) -> Polygons:
    w, roof = rng.uniform(0.55, 0.75), rng.uniform(0.5, 0.8)
    return [
        (box(w - 0.3, -0.75, w - 0.1, -0.2), "dark"),
        (box(-w, -0.1, w, 0.8), "light"),
        ([(-w - 0.15, -0.1), (0, -0.1 - roof), (w + 0.15, -0.1)], "main"),
        (box(-0.15, 0.3, 0.15, 0.8), "wood"),
        (box(-w + 0.1, 0.1, -w + 0.35, 0.4), "second"),
        (box(w - 0.35, 0.1, w - 0.1, 0.4), "second"),
    ]


def tree(rng: np.random.Generator) -> Polygons:
    trunk = (box(-0.12, 0.1, 0.12, 0.9), "wood")
    if rng.uniform() < 0.5:
        needles = [[(-0.6, 0.35), (0, -0.45), (0.6, 0.35)], [(-0.45, -0.1), (0, -0.9), (0.45, -0.1)]]
        return [trunk, *((points, "main") for points in needles)]
    leaves = [ellipse(-0.35, -0.1, 0.4, 0.38), ellipse(0.35, -0.1, 0.4, 0.38), ellipse(0, -0.45, 0.45, 0.42)]
    return [trunk, *((points, "main") for points in leaves)]


def mountain(rng: np.random.Generator) -> Polygons:
    peak = rng.uniform(-0.3, 0.1)
    left, right = (peak - 0.26, -0.35), (peak + 0.24, -0.35)
    return [
        ([(-0.1, 0.7), (0.55, -0.25), (1.2, 0.7)], "dark"),
        ([(-1.1, 0.7), (peak, -0.75), (0.8, 0.7)], "main"),
        ([left, (peak, -0.75), right, (peak + 0.08, -0.22), (peak - 0.08, -0.38)], "light"),
    ]


def fish(rng: np.random.Generator) -> Polygons:
    return [
        ([(0.3, 0), (0.98, -0.55), (0.8, 0), (0.98, 0.55)], "dark"),
        ([(-0.3, -0.3), (0.1, -0.72), (0.3, -0.25)], "dark"),
        (ellipse(-0.2, 0, 0.7, rng.uniform(0.42, 0.48)), "main"),
        (ellipse(-0.55, -0.1, 0.13, 0.13), "light"),
        (ellipse(-0.57, -0.1, 0.07, 0.07), "black"),
        ([(-0.1, 0.02), (0.2, -0.14), (0.2, 0.2)], "second"),
    ]


def flower(rng: np.random.Generator) -> Polygons:
    count = int(rng.integers(5, 8))
    angles = [2 * np.pi * petal / count for petal in range(count)]
    return [
        (box(-0.05, 0.1, 0.05, 0.95), "leaf"),
        (ellipse(0.25, 0.6, 0.22, 0.1), "leaf"),
        *((ellipse(0.38 * np.cos(a), -0.25 + 0.38 * np.sin(a), 0.26, 0.26), "main") for a in angles),
        (ellipse(0, -0.25, 0.22, 0.22), "second"),
    ]


MOON: Polygons = [
    (
        ellipse(0, 0, 0.8, 0.8, 50, 310)
        + [(0.38 + 0.55 * np.cos(a), 0.62 * np.sin(a)) for a in np.radians(np.linspace(-95, -265, 24))],
        "main",
    )
]
CAT: Polygons = [
    ([(-0.65, -0.1), (-0.6, -0.9), (-0.1, -0.5)], "main"),
    ([(0.65, -0.1), (0.6, -0.9), (0.1, -0.5)], "main"),
    (ellipse(0, 0.1, 0.72, 0.64), "main"),
    (ellipse(-0.28, 0, 0.13, 0.16), "light"),
    (ellipse(0.28, 0, 0.13, 0.16), "light"),
    (ellipse(-0.28, 0.02, 0.06, 0.12), "black"),
    (ellipse(0.28, 0.02, 0.06, 0.12), "black"),
    ([(-0.09, 0.25), (0.09, 0.25), (0, 0.36)], "dark"),
    (box(-0.2, 0.46, 0.2, 0.51), "black"),
]
BOAT: Polygons = [
    (box(-0.04, -0.85, 0.04, 0.3), "wood"),
    ([(0.08, -0.8), (0.08, 0.15), (0.75, 0.15)], "light"),
    ([(-0.08, -0.6), (-0.08, 0.15), (-0.55, 0.15)], "second"),
    ([(-0.85, 0.3), (0.85, 0.3), (0.55, 0.7), (-0.55, 0.7)], "main"),
]
MUSHROOM: Polygons = [
    ([(-0.2, 0), (0.2, 0), (0.28, 0.85), (-0.28, 0.85)], "light"),
    (ellipse(0, 0.05, 0.85, 0.75, 180, 360), "main"),
    (ellipse(-0.4, -0.25, 0.14, 0.12), "light"),
    (ellipse(0.1, -0.42, 0.16, 0.13), "light"),
    (ellipse(0.5, -0.18, 0.12, 0.1), "light"),
]
CASTLE: Polygons = [
    (box(-0.55, -0.05, 0.55, 0.85), "light"),
    (box(-0.85, -0.35, -0.4, 0.85), "light"),
    (box(0.4, -0.35, 0.85, 0.85), "light"),
    ([(-0.95, -0.35), (-0.62, -0.95), (-0.3, -0.35)], "main"),
    ([(0.3, -0.35), (0.62, -0.95), (0.95, -0.35)], "main"),
    ([*ellipse(0, 0.55, 0.18, 0.2, 180, 360), (0.18, 0.85), (-0.18, 0.85)], "wood"),
    *((box(x, -0.2, x + 0.16, -0.05), "light") for x in (-0.3, -0.08, 0.14)),
    (box(-0.7, -0.1, -0.55, 0.15), "black"),
    (box(0.55, -0.1, 0.7, 0.15), "black"),
]

SUBJECTS: dict[str, Polygons | Callable[[np.random.Generator], Polygons]] = {
    "house": house,
    "tree": tree,
    "mountain": mountain,
    "moon": MOON,
    "fish": fish,
    "flower": flower,
    "cat": CAT,
    "boat": BOAT,
    "mushroom": MUSHROOM,
    "castle": CASTLE,
}


def polygons(subject: str, rng: np.random.Generator) -> Polygons:
    """The polygons of one subject, the ones behind first; some subjects vary."""
    shape = SUBJECTS[subject]
    return shape(rng) if callable(shape) else shape
