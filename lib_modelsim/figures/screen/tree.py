"""The dendrogram on the page, as data: `javascript/modelsim_tree.js` lays it out and draws it, so that scale, folding,
search and zoom answer at once. A page that has the three scripts and the style sheet shows it without a server."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence

from ...families.linkage import Tree
from ...text import percent, printable
from ..classes import ClassLabel
from ..colours import class_colour, colour_upon
from .markup import Facts, escaped, frame

_NOTHING = 1e-9
"""A height of less than this share of the greatest is what rounding leaves of models that are equal."""


def tree_drawing(
    tree: Tree,
    classes: Sequence[int],
    axis: str,
    *,
    words: Mapping[int, ClassLabel] | None = None,
    facts: Facts | None = None,
    references: Collection[str] = (),
    signs: Mapping[str, str] | None = None,
    same: Sequence[Collection[str]] = (),
) -> str:
    """The tree in the frame in which it scrolls and zooms; its data are JSON in the attribute `data-tree`.

    `classes` [n] are the class numbers in the order of `tree.models`, `axis` says what the heights are, `words` what
    stands beside each class; `facts` are what tooltips tell of the models. `references` are marked, in `signs` stands
    what each name has in brackets behind it ("copy", "merge"), and `same` are groups of models of the same weights.
    """
    words, facts, signs = words or {}, facts or {}, signs or {}
    names = [tree.models[leaf] for leaf in tree.leaves]
    marked = set(references) if set(names) - set(references) else set()  # all of them would tell nothing
    group = {name: number for number, members in enumerate(same, 1) for name in members}
    data = {
        "names": [printable(name) for name in names],
        "merges": _merges(tree),
        "axis": printable(axis),
        "classes": [int(classes[leaf]) for leaf in tree.leaves],
        "labels": {number: _label(number, words.get(number, ClassLabel())) for number in sorted(set(classes))},
        "same": [group.get(name, 0) for name in names],
        "signs": [signs.get(name, "") for name in names],
        "references": [name in marked for name in names],
        "facts": [[[printable(part) for part in line] for line in facts.get(name, ())] for name in names],
    }
    told = escaped(json.dumps(data, ensure_ascii=False, separators=(",", ":")))
    legend = '<span><b class="modelsim-reference">◆</b> reference</span>' if marked else ""
    return frame("tree", names, "", legend, f' data-tree="{told}"')


def _merges(tree: Tree) -> list[tuple[int, int, float]]:
    """Every merge in the order of the linkage matrix: the upper and the lower of the two that it joins, and its height.
    Leaves are numbered 0 … n − 1 from top to bottom, merges from n on."""
    n, tallest = len(tree.models), float(tree.heights.max())
    node = {int(leaf): row for row, leaf in enumerate(tree.leaves)}  # SciPy's number → ours
    top = list(range(n))  # of every node, its first row
    found = []
    for left, right, height, _ in tree.scipy.tolist():
        upper, lower = sorted((node.get(int(end), int(end)) for end in (left, right)), key=top.__getitem__)
        top.append(top[upper])
        found.append((upper, lower, float(f"{height:.6g}") if height > _NOTHING * tallest else 0.0))
    return found


def _label(number: int, words: ClassLabel) -> dict[str, str]:
    """What the drawing shows and tells of a class."""
    support = "" if words.support is None else f"support {percent(words.support)}"
    return {
        "colour": class_colour(number),
        "ink": colour_upon(number),
        "name": printable(words.name),
        "support": support,
        "remark": printable(words.remark),
    }
