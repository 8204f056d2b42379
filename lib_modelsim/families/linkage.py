"""Trees over distances, as R's hclust defines and writes them.

Two conventions for one tree: SciPy's linkage matrix, [n − 1, 4], and R's merge table, where observation i is −(i + 1),
the cluster of row k is k + 1, an observation stands before a cluster and equals stand by increasing number.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform

from ..errors import ModelsimError

Array = NDArray[np.float64]

LINKAGES = ("ward.D2", "ward.D", "average", "complete", "single")
"""R's names; SciPy's `ward` is ward.D2, and ward.D is it on square roots of the distances, heights squared."""


@dataclass(frozen=True)
class Tree:
    """A dendrogram over n models; `scipy` is SciPy's linkage matrix, [n − 1, 4]."""

    models: tuple[str, ...]
    scipy: Array

    @property
    def leaves(self) -> NDArray[np.intp]:
        """Positions of the models from one end of the tree to the other, [n]; R's order less one."""
        return hierarchy.leaves_list(self.scipy)

    @property
    def merges(self) -> NDArray[np.int64]:
        """R's merge table, [n − 1, 2]."""
        n = len(self.models)
        pairs = self.scipy[:, :2].astype(int)
        return np.array(
            [sorted((-(i + 1) if i < n else i - n + 1 for i in pair), key=lambda v: (v > 0, abs(v))) for pair in pairs]
        )

    @property
    def heights(self) -> Array:
        """Height of every merge, [n − 1]."""
        return self.scipy[:, 2]

    def cut(self, classes: int) -> NDArray[np.int64]:
        """Class of every model, [n], 1 … `classes` numbered as they appear in input order, as R's cutree does."""
        if not 1 <= classes <= len(self.models):
            raise ModelsimError(
                f"{len(self.models)} models cannot make this many classes", classes, f"choose 1 to {len(self.models)}"
            )
        n = len(self.models)
        pairs = self.scipy[:, :2].astype(int)
        top = np.arange(2 * n - 1)  # of every node, the largest cluster that it is in; SciPy's cut_tree is slow
        for row in reversed(range(n - classes)):
            top[pairs[row]] = top[n + row]
        number = {cluster: k for k, cluster in enumerate(dict.fromkeys(top[:n].tolist()), 1)}
        return np.array([number[cluster] for cluster in top[:n].tolist()])


def build_tree(
    models: tuple[str, ...], distances: Array, linkage: str = "ward.D2", optimal_order: bool = False
) -> Tree:
    """The tree over a square matrix of distances, [n, n], symmetric with a zero diagonal.

    Raises ModelsimError for an unknown linkage, fewer than two models or a distance that is missing.
    """
    if linkage not in LINKAGES:
        raise ModelsimError("unknown linkage", linkage, f"use one of {', '.join(LINKAGES)}")
    if len(models) < 2:
        raise ModelsimError("a tree needs two models or more, found", len(models), "give more models")
    if np.isnan(distances).any():
        a, b = np.argwhere(np.isnan(distances))[0]
        raise ModelsimError(
            "there is no distance between", f"{models[a]} and {models[b]}", "leave one out, or use another measure"
        )
    return Tree(models, link(squareform(distances, checks=False), linkage, optimal_order))


def link(condensed: Array, linkage: str, optimal_order: bool = False) -> Array:
    """SciPy's linkage matrix, [n − 1, 4], of condensed distances by one of `LINKAGES`."""
    if linkage == "ward.D":
        found = hierarchy.linkage(np.sqrt(condensed), "ward", optimal_ordering=optimal_order)
        found[:, 2] **= 2
        return found
    return hierarchy.linkage(condensed, {"ward.D2": "ward"}.get(linkage, linkage), optimal_ordering=optimal_order)
