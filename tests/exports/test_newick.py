"""Newick trees read back: the same leaves, all equally deep, and the same branches."""

from __future__ import annotations

import re

import numpy as np
import pytest

from lib_modelsim.exports.newick import newick
from lib_modelsim.families.linkage import build_tree


def parse(text):
    """(label or children, length) of a quoted Newick tree, by the format's grammar."""
    tokens = re.findall(r"'(?:[^']|'')*'|[(),:;]|[^'(),:;\s]+", text)

    def node(i):
        if tokens[i] == "(":
            children = []
            while tokens[i] != ")":
                child, i = node(i + 1)
                children.append(child)
            content, i = children, i + 1
        else:
            content, i = tokens[i][1:-1].replace("''", "'"), i + 1
        if tokens[i] == ":":
            return (content, float(tokens[i + 1])), i + 2
        return (content, 0.0), i

    root, end = node(0)
    assert tokens[end:] == [";"]
    return root


def depths(node, above=0.0):
    content, length = node
    if isinstance(content, str):
        return {content: above + length}
    return {name: depth for child in content for name, depth in depths(child, above + length).items()}


HOSTILE = ("it's", "a,b:c;d", "(x)[y]", "under_score", "", "  ", "line\nbreak", "Größe 模型")


@pytest.mark.parametrize("linkage", ["ward.D2", "ward.D", "single"])
def test_leaves_are_as_deep_as_the_tree_is_high(linkage):
    points = np.random.default_rng(2).standard_normal((len(HOSTILE), 2))
    tree = build_tree(HOSTILE, np.linalg.norm(points[:, None] - points[None], axis=-1), linkage)
    text = newick(tree)
    assert text.count("\n") == 1
    found = depths(parse(text))
    assert set(found) == {name.replace("\n", "\\n") for name in HOSTILE}
    np.testing.assert_allclose(list(found.values()), tree.heights[-1])


def test_a_chain_of_many_merges():
    places = 1.5 ** np.arange(300.0)
    tree = build_tree(tuple(map(str, range(300))), np.abs(np.subtract.outer(places, places)) / places[-1], "single")
    assert newick(tree).count(",") == 299
