"""Models as points in few dimensions, whose distances are as close as possible to those measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelsimError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Scaling:
    """`points` [n, dimensions] in units of the distances, around 0, the most spread dimension first.

    `explained` is the share 0 … 1 of the positive eigenvalues that the dimensions hold; `stress` Kruskal's stress-1,
    the root of Σ(distance − distance of points)² / Σ distance²: 0 is a faithful map, 0.2 a poor one.
    """

    points: Array
    explained: float
    stress: float


def classical_scaling(distances: Array, dimensions: int = 2) -> Scaling:
    """Classical scaling of a symmetric matrix [n, n] with a zero diagonal; R's cmdscale up to the signs of columns.

    Raises ModelsimError where a distance is missing.
    Source: Torgerson, Multidimensional scaling I, Psychometrika 17 (1952); Kruskal, Psychometrika 29 (1964).
    """
    if not np.isfinite(distances).all():
        a, b = np.argwhere(~np.isfinite(distances))[0]
        raise ModelsimError(
            "a map needs all distances, but one is missing between models",
            f"{a + 1} and {b + 1}",
            "leave one of them out",
        )
    n = len(distances)
    squared = distances**2
    products = -0.5 * (squared - squared.mean(0) - squared.mean(1)[:, None] + squared.mean())
    values, vectors = np.linalg.eigh(products)
    values, vectors = np.clip(values[::-1], 0, None), vectors[:, ::-1]
    vectors = vectors * np.sign(vectors[np.abs(vectors).argmax(0), np.arange(n)])  # the same map on every machine
    points = np.zeros((n, dimensions))
    kept = min(n, dimensions)
    points[:, :kept] = vectors[:, :kept] * np.sqrt(values[:kept])
    found = np.linalg.norm(points[:, None] - points[None], axis=2)
    total, spread = squared.sum(), values.sum()
    stress = float(np.sqrt(((distances - found) ** 2).sum() / total)) if total > 0 else 0.0
    return Scaling(points, float(values[:kept].sum() / spread) if spread > 0 else 1.0, stress)
