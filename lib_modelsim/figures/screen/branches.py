"""The lines of a tree as SVG paths: leaves from top to bottom, heights from right to left, classes in their colours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ...families.linkage import Tree
from ..classes import class_runs, classes_of_nodes
from ..colours import class_colour


@dataclass(frozen=True)
class Branch:
    """A merge: first and last row of the leaves under it, its height, height and place of the two that it joins, and
    the class that all its leaves share."""

    first: int
    last: int
    height: float
    ends: tuple[tuple[float, float], tuple[float, float]]
    class_number: int | None

    @property
    def middle(self) -> float:
        """Where the line to the next merge begins."""
        return (self.ends[0][1] + self.ends[1][1]) / 2


def branches(tree: Tree, classes: Sequence[int], places: Sequence[float]) -> list[Branch]:
    """Every merge in the order of the tree's linkage matrix; `places` [n] are the leaves' from top to bottom."""
    n = len(tree.models)
    class_of = classes_of_nodes(tree, classes)
    at = {int(leaf): (row, row, 0.0, place) for row, (leaf, place) in enumerate(zip(tree.leaves, places, strict=True))}
    found = []
    for node, (left, right, height, _) in enumerate(tree.scipy.tolist(), start=n):
        upper, lower = at[int(left)], at[int(right)]
        branch = Branch(upper[0], lower[1], height, (upper[2:], lower[2:]), class_of[node])
        at[node] = branch.first, branch.last, height, branch.middle
        found.append(branch)
    return found


def branch_paths(
    tree: Tree, classes: Sequence[int], places: Sequence[float], x: Callable[[float], float], hit: bool = True
) -> str:
    """SVG of all branches, the greatest first, and of the stems that lead from each class to the rest of the tree.

    `x` gives the place of a height. With `hit` each branch has an unseen broad line, too, that is easily hit.
    """
    found = branches(tree, classes, places)
    groups = "".join(_group(branch, x, hit) for branch in reversed(found))
    return f'<g class="modelsim-branches">{groups}{_stems(tree, classes, places, found, x)}</g>'


def _group(branch: Branch, x: Callable[[float], float], hit: bool) -> str:
    (low_a, y_a), (low_b, y_b) = branch.ends
    line = f"M{x(low_a):.1f} {y_a:.1f}H{x(branch.height):.1f}V{y_b:.1f}H{x(low_b):.1f}"
    colour = "" if branch.class_number is None else f' style="stroke:{class_colour(branch.class_number)}"'
    broad = f'<path class="modelsim-hit" d="{line}"/>' if hit else ""
    return (
        f'<g class="modelsim-branch" data-from="{branch.first}" data-to="{branch.last}"'
        f' data-height="{branch.height:.4g}"><path d="{line}"{colour}/>{broad}</g>'
    )


def _stems(
    tree: Tree, classes: Sequence[int], places: Sequence[float], found: Sequence[Branch], x: Callable[[float], float]
) -> str:
    """The level line of each class up to the next merge, in the colour of the class."""
    middles = {(branch.first, branch.last): branch.middle for branch in found}
    lines = []
    for run in class_runs(tree, classes):
        y = places[run.first] if run.first == run.last else middles.get((run.first, run.last))
        if y is not None and run.next_height > run.height:
            line = f"M{x(run.height):.1f} {y:.1f}H{x(run.next_height):.1f}"
            lines.append(f'<path class="modelsim-stem" d="{line}" style="stroke:{class_colour(run.number)}"/>')
    return "".join(lines)
