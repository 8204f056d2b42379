"""The lines of a tree: models from top to bottom, heights from right to left, each class in its colour."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from numpy.typing import NDArray

from ..families.linkage import Tree
from .classes import classes_of_nodes
from .colours import class_colour
from .lettering import FAINT


def draw_branches(
    axes: Axes, tree: Tree, classes: Sequence[int], rows: NDArray[np.float64], line_width: float = 1.4
) -> None:
    """Per merge an upright line at its height, and to it a level one from each of the two below.

    `rows` [n] are the places of the leaves from top to bottom, in the units of the axes' y.
    """
    n = len(tree.models)
    at = {int(leaf): (float(row), 0.0) for row, leaf in zip(rows, tree.leaves, strict=True)}  # node → row and height
    class_of = classes_of_nodes(tree, classes)
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


def _colour(number: int | None) -> str:
    return FAINT if number is None else class_colour(number)
