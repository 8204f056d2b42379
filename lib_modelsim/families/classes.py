"""How many classes a tree falls into."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .linkage import Tree

MOST_CLASSES = 20


def silhouette(distances: NDArray[np.float64], classes: NDArray[np.integer]) -> float:
    """Mean silhouette width of a partition, −1 … 1; a class of one counts 0 (Rousseeuw 1987).

    `distances` is [n, n], `classes` [n]; NaN where there is only one class.
    """
    labels = np.unique(classes)
    if len(labels) < 2:
        return float("nan")
    members = classes[None, :] == labels[:, None]  # [k, n]
    sums = members.astype(float) @ distances  # [k, n]: from every model to every class
    sizes = members.sum(1)
    own = np.searchsorted(labels, classes)
    n = np.arange(len(classes))
    alone = sizes[own] == 1
    inside = sums[own, n] / np.maximum(sizes[own] - 1, 1)
    means = sums / sizes[:, None]
    means[own, n] = np.inf
    outside = means.min(0)
    widest = np.maximum(inside, outside)
    widths = np.where(alone | (widest == 0), 0, (outside - inside) / np.where(widest == 0, 1, widest))
    return float(widths.mean())


def choose_classes(tree: Tree, distances: NDArray[np.float64]) -> int:
    """The number of classes with the greatest mean silhouette width; 1 where there are two models or fewer."""
    n = len(tree.models)
    candidates = range(2, min(n - 1, MOST_CLASSES) + 1)
    return max(candidates, key=lambda k: silhouette(distances, tree.cut(k)), default=1)
