"""Labels beside their points without a touch."""

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
    anchors: Array, sizes: Array, points: Array, radius: float, area: tuple[float, float], taken: Array
) -> list[Array | None]:
    """Greedy: each label, in order, takes the first free place near its anchor; None where there is none.

    All in inches, y downward: `anchors` and `sizes` [m, 2] (breadth, height), `points` [n, 2] of this `radius` that no
    label may hide, `area` (breadth, height) that none may leave, `taken` [k, 4] rectangles (left, top, right, bottom)
    in which nothing may lie. A place is the rectangle [4] of the label.
    """
    discs = np.hstack([points - radius, points + radius])
    rectangles = np.vstack([discs, taken.reshape(-1, 4)])
    places: list[Array | None] = []
    for anchor, size in zip(anchors, sizes, strict=True):
        found = _first_free(_candidates(anchor, size, radius), rectangles, area)
        places.append(found)
        if found is not None:
            rectangles = np.vstack([rectangles, found])
    return places


def _candidates(anchor: Array, size: Array, radius: float) -> Array:
    """Rectangles [c, 4] around the anchor, the near ones first; each touches a circle with its nearest side."""
    away = np.stack([np.cos(_DIRECTIONS), -np.sin(_DIRECTIONS)], axis=1)
    shift = np.where(np.abs(away) < 0.3, 0, np.sign(away))  # straight above and beside: centred
    corners = [
        anchor + away * (radius + distance) + (shift - 1) / 2 * size for distance in _DISTANCES
    ]  # [directions, 2] each
    lower = np.concatenate(corners)
    return np.hstack([lower, lower + size])


def _first_free(candidates: Array, rectangles: Array, area: Sequence[float]) -> Array | None:
    inside = (candidates[:, :2] >= 0).all(1) & (candidates[:, 2:] <= area).all(1)
    for candidate in candidates[inside]:
        apart = (candidate[:2] >= rectangles[:, 2:]).any(1) | (candidate[2:] <= rectangles[:, :2]).any(1)
        if apart.all():
            return candidate
    return None
