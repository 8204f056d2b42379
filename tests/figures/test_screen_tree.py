"""The tree on the page, as the data that a script draws: every model once, every merge, whatever the names hold."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import cophenet
from scipy.spatial.distance import pdist, squareform

from lib_modelsim.families.linkage import LINKAGES, Tree, build_tree
from lib_modelsim.figures.classes import ClassLabel
from lib_modelsim.figures.screen.tree import tree_drawing

from .families import family, names
from .screen import read, shown_names

HOSTILE = '"><script>alert(1)</script>&amp;'


def data_of(drawing):
    return json.loads(read(drawing).get("data-tree"))


@pytest.mark.parametrize(("n", "k"), [(2, 1), (3, 3), (30, 6), (300, 19)])
def test_every_model_stands_once_in_the_order_of_the_tree(n, k):
    tree, classes, _ = family(n, k)
    data = data_of(tree_drawing(tree, classes, "1 − r"))
    assert data["names"] == shown_names(tree)
    assert data["classes"] == [classes[leaf] for leaf in tree.leaves]
    assert set(map(int, data["labels"])) == set(classes)


@given(st.integers(2, 40), st.data())
@settings(deadline=None, max_examples=40)
def test_the_merges_are_the_tree(n, data):
    seed, linkage = data.draw(st.integers(0, 999)), data.draw(st.sampled_from(LINKAGES))
    distances = squareform(pdist(np.random.default_rng(seed).integers(0, 4, (n, 3)).astype(float)))  # with equal models
    tree = build_tree(tuple(f"m{i}" for i in range(n)), distances, linkage)
    under, cophenetic = [[row] for row in range(n)], np.zeros((n, n))
    for upper, lower, height in data_of(tree_drawing(tree, [1] * n, "1 − r"))["merges"]:
        assert under[upper][-1] + 1 == under[lower][0], "both are neighbours, the upper one first"
        cophenetic[np.ix_(under[upper], under[lower])] = height
        under.append(under[upper] + under[lower])
    assert under[-1] == list(range(n))
    wanted = squareform(cophenet(tree.scipy))[np.ix_(tree.leaves, tree.leaves)]
    np.testing.assert_allclose(cophenetic + cophenetic.T, wanted, rtol=1e-5, atol=1e-8)


def test_a_height_that_is_only_rounding_is_none():
    tree = Tree(("a", "b", "c"), np.array([[0, 1, 1e-13, 2], [2, 3, 0.1 + 0.2, 3]]))
    assert [height for *_, height in data_of(tree_drawing(tree, [1, 1, 2], "1 − r"))["merges"]] == [0, 0.3]


def test_hostile_names_are_only_names():
    tree = Tree((HOSTILE, "b" * 200), np.array([[0, 1, 1.0, 2]]))
    words = {1: ClassLabel(HOSTILE, HOSTILE, 0.5)}
    facts = {HOSTILE: [(HOSTILE, HOSTILE)]}
    drawing = tree_drawing(tree, [1, 1], HOSTILE, words=words, facts=facts, references=[HOSTILE])
    data = data_of(drawing)
    assert (data["names"], data["facts"][0]) == ([HOSTILE, "b" * 200], [[HOSTILE, HOSTILE]])
    assert not list(read(drawing).iter("script"))


def test_references_are_marked_unless_all_are():
    tree, classes, _ = family(6, 2)
    some = tree_drawing(tree, classes, "1 − r", references=names(6)[:2])
    assert sum(data_of(some)["references"]) == 2
    assert not any(data_of(tree_drawing(tree, classes, "1 − r", references=names(6)))["references"])


def test_classes_are_told_by_name_and_support_and_models_of_the_same_weights_by_their_group():
    tree, classes, _ = family(12, 3)
    pair = names(12)[6], names(12)[9]
    data = data_of(tree_drawing(tree, classes, "1 − r", words={2: ClassLabel("kin", "", 0.5)}, same=[pair]))
    told = {number: (label["name"], label["support"]) for number, label in data["labels"].items()}
    assert told == {"1": ("", ""), "2": ("kin", "support 50 %"), "3": ("", "")}
    marked = {name for name, group in zip(data["names"], data["same"], strict=True) if group == 1}
    assert marked == set(pair)


def test_the_page_knows_the_same_tree_again_and_another_one():
    def key(tree, classes):
        return read(tree_drawing(tree, classes, "1 − r")).get("data-key")

    tree, classes, _ = family(12, 3)
    assert key(tree, classes) == key(tree, [1] * 12), "with other classes it is the same tree"
    assert key(tree, classes) != key(*family(13, 3)[:2])
