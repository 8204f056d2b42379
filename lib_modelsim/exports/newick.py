"""A tree in the Newick format, which programs for phylogenies read."""

from __future__ import annotations

from ..families.linkage import Tree
from ..text import printable


def newick(tree: Tree) -> str:
    """The tree as one line. A branch is as long as its two ends differ in height, so all leaves are equally far from
    the root: as far as the last merge is high.

    Labels are quoted, a quote within one doubled (the format's own rule); what cannot be printed is written out.
    """
    n = len(tree.models)
    parts: list[tuple[str, float]] = [(_label(name), 0.0) for name in tree.models]  # text and height of every node
    for left, right, height in tree.scipy[:, :3].tolist():
        children = [parts[int(node)] for node in (left, right)]
        inner = ",".join(f"{text}:{max(height - own, 0.0):.17g}" for text, own in children)
        parts.append((f"({inner})", height))
        for node in (int(left), int(right)):
            if node >= n:
                parts[node] = ("", 0.0)  # a chain of many merges would hold every prefix of itself
    return f"{parts[-1][0]};\n"


def _label(name: str) -> str:
    return "'" + printable(name).replace("'", "''") + "'"
