"""The classes of a tree as every figure needs them: which rows they cover and their names; no matplotlib here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..families.linkage import Tree


@dataclass(frozen=True)
class ClassLabel:
    """What stands beside a class: the name and the remark that a person gave it, and its support, 0 … 1."""

    name: str = ""
    remark: str = ""
    support: float | None = None


@dataclass(frozen=True)
class Run:
    """Neighbouring leaves of one class: number, first and last row, height of their last merge and of the next one."""

    number: int
    first: int
    last: int
    height: float
    next_height: float


def class_runs(tree: Tree, classes: Sequence[int]) -> list[Run]:
    """Classes from top to bottom; each one that was cut from the tree is one run."""
    n = len(tree.models)
    class_of = classes_of_nodes(tree, classes)
    heights = np.concatenate([np.zeros(n), tree.heights])
    parent = {int(child): n + i for i, pair in enumerate(tree.scipy[:, :2]) for child in pair}
    leaves = tree.leaves
    starts = [0, *(row for row in range(1, n) if classes[leaves[row]] != classes[leaves[row - 1]]), n]
    runs = []
    for first, end in pairwise(starts):
        node = int(leaves[first])
        while node in parent and class_of[parent[node]] is not None:
            node = parent[node]
        above = heights[parent.get(node, node)]
        runs.append(Run(int(classes[leaves[first]]), first, end - 1, float(heights[node]), float(above)))
    return runs


def classes_of_nodes(tree: Tree, classes: Sequence[int]) -> dict[int, int | None]:
    """Leaf or merge → the class that all under it share, or None."""
    found: dict[int, int | None] = {i: int(c) for i, c in enumerate(classes)}
    for node, (a, b) in enumerate(tree.scipy[:, :2].astype(int), start=len(tree.models)):
        found[node] = found[a] if found[a] == found[b] else None
    return found
