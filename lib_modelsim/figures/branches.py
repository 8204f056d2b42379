"""The lines of a tree: models from top to bottom, heights from right to left, each class in its colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from numpy.typing import NDArray

from ..families.linkage import Tree
from .colours import class_colour
from .lettering import FAINT


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
    class_of = _classes_of_nodes(tree, classes)
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


def draw_branches(
    axes: Axes, tree: Tree, classes: Sequence[int], rows: NDArray[np.float64], line_width: float = 1.4
) -> None:
    """Per merge an upright line at its height, and to it a level one from each of the two below.

    `rows` [n] are the places of the leaves from top to bottom, in the units of the axes' y.
    """
    n = len(tree.models)
    at = {int(leaf): (float(row), 0.0) for row, leaf in zip(rows, tree.leaves, strict=True)}  # node → row and height
    class_of = _classes_of_nodes(tree, classes)
    level, upright = [], []
    for node, (left, right, height, _) in enumerate(tree.scipy, start=n):
        children = int(left), int(right)
        ends = [at[child][0] for child in children]
        level += [[(at[child][1], row), (height, row)] for child, row in zip(children, ends, strict=True)]
        upright.append([(height, row) for row in ends])
        at[node] = (sum(ends) / 2, height)
    below = [int(child) for pair in tree.scipy[:, :2] for child in pair]
    for lines, nodes, cap in ((level, below, "butt"), (upright, range(n, 2 * n - 1), "projecting")):
        colours = [_colour(class_of[node]) for node in nodes]
        # unclipped: a merge at height 0 lies on the edge
        axes.add_collection(LineCollection(lines, colors=colours, linewidths=line_width, capstyle=cap, clip_on=False))


def _classes_of_nodes(tree: Tree, classes: Sequence[int]) -> dict[int, int | None]:
    """Leaf or merge → the class that all under it share, or None."""
    found: dict[int, int | None] = {i: int(c) for i, c in enumerate(classes)}
    for node, (a, b) in enumerate(tree.scipy[:, :2].astype(int), start=len(tree.models)):
        found[node] = found[a] if found[a] == found[b] else None
    return found


def _colour(number: int | None) -> str:
    return FAINT if number is None else class_colour(number)
