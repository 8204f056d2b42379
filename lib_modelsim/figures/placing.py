"""Places labels beside their points so that none overlap."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_DISTANCES = (0.02, 0.07, 0.14, 0.22, 0.32, 0.45, 0.6, 0.8)
"""Inches between the edge of a point and that of its label, nearest first."""

_DIRECTIONS = np.deg2rad([0, 180, 35, 145, 325, 215, 90, 270, 15, 165, 345, 195, 60, 120, 240, 300])
"""To the right first, where one reads on."""


def place_labels(
    anchors: Array,
    sizes: Array,
    points: Array,
    radius: float,
    area: tuple[float, float],
    stairs: Sequence[int] | None = None,
) -> list[Array | None]:
    """Greedy: each label, in order, takes the first free place near its anchor; None where there is none.

    A place is free if nothing else lies there and the line from it to the anchor meets no other label.

    All in inches, y downward: `anchors` and `sizes` [m, 2] (breadth, height), `points` [n, 2] of this `radius` that no
    label may hide, `area` (breadth, height) that none may leave. `stairs` [m] 1 or −1 prefers places above and below
    that begin or end with their anchor to those around it (0). A place is a rectangle [4]: left, top, right, bottom.
    """
    labels = np.empty((0, 4))
    others = np.hstack([points - radius, points + radius])  # and the lines from labels to their anchors
    places: list[Array | None] = []
    for anchor, size, step in zip(anchors, sizes, stairs or [0] * len(anchors), strict=True):
        candidates = _candidates(anchor, size, radius, step)
        inside = (candidates[:, :2] >= 0).all(1) & (candidates[:, 2:] <= area).all(1)
        occupied = np.vstack([labels, others])
        free = (
            candidate
            for candidate in candidates[inside]
            if not _touches(candidate, occupied) and not _touches(leader(anchor, candidate), labels)
        )
        found = next(free, None)
        places.append(found)
        if found is not None:
            line = leader(anchor, found)
            labels, others = np.vstack([labels, found]), np.vstack([others, np.hstack([line, line])])
    return places


def leader(anchor: Array, place: Array) -> Array:
    """Points [17, 2] along the line from an anchor to the nearest one of a rectangle (left, top, right, bottom)."""
    nearest = np.clip(anchor, place[:2], place[2:])
    return anchor + np.linspace(0, 1, 17)[:, None] * (nearest - anchor)


def place_most(
    anchors: Array, sizes: Array, points: Array, radius: float, area: tuple[float, float], first: int
) -> list[Array | None]:
    """As `place_labels`, in the order that leaves the fewest without a place; the `first` labels choose first in all.

    Points along a line need one end to begin: its labels then climb like stairs.
    """
    leading, rest = np.arange(first), np.arange(first, len(anchors))
    by_x = np.argsort(anchors[rest, 0], kind="stable")
    attempts = ((rest, 0), (rest[by_x[::-1]], 1), (rest[by_x], -1), (rest[by_x[::-1]], 0), (rest[by_x], 0))
    best: list[Array | None] = []
    for following, step in attempts:
        order, stairs = np.concatenate([leading, following]), [0] * first + [step] * len(following)
        found = place_labels(anchors[order], sizes[order], points, radius, area, stairs)
        places = [found[i] for i in np.argsort(order)]
        if not best or _lacking(places) < _lacking(best):
            best = places
        if not _lacking(best):
            break
    return best


def _lacking(places: list[Array | None]) -> int:
    return sum(place is None for place in places)


def _candidates(anchor: Array, size: Array, radius: float, stairs: int) -> Array:
    """Rectangles [c, 4]: those that touch circles around the anchor, and those whose edge is on its upright."""
    away = np.stack([np.cos(_DIRECTIONS), -np.sin(_DIRECTIONS)], axis=1)
    shift = np.where(np.abs(away) < 0.3, 0, np.sign(away))  # straight above and beside: centred
    around = [anchor + away * (radius + distance) + (shift - 1) / 2 * size for distance in _DISTANCES]
    edges = [side for side in (0.0, -size[0]) if stairs == 0 or (side < 0) == (stairs < 0)]
    upright = [
        anchor + [(x, y) for y in (-radius - height - size[1], radius + height) for x in edges]
        for height in np.arange(1, 16) * (size[1] + 0.01)
    ]
    lower = np.concatenate([*upright, *around] if stairs else [*around, *upright])
    return np.hstack([lower, lower + size])


def _touches(shape: Array, rectangles: Array) -> bool:
    """Whether a rectangle [4], or one of some points [k, 2], lies upon any of the rectangles [m, 4]."""
    low, high = (shape[:2], shape[2:]) if shape.ndim == 1 else (shape[:, None], shape[:, None])
    return bool(((low < rectangles[:, 2:]) & (high > rectangles[:, :2])).all(-1).any())
