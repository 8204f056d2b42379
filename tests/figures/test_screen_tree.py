"""The tree on the page: every model once, every branch knows its leaves, whatever the names hold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import to_tree
from scipy.spatial.distance import pdist, squareform

from lib_modelsim.families.linkage import LINKAGES, Tree, build_tree
from lib_modelsim.figures.classes import ClassLabel, class_runs
from lib_modelsim.figures.screen.tree import tree_svg

from .families import family, names
from .screen import box, elements, facts_of, leaf_names, ranges, read, shown_names

HOSTILE = '"><script>alert(1)</script>&amp;'


def leaves_under_merges(tree):
    """First and last row of every merge, told by SciPy."""
    rank = {int(leaf): row for row, leaf in enumerate(tree.leaves)}
    _, nodes = to_tree(tree.scipy, rd=True)
    rows = [sorted(rank[leaf] for leaf in node.pre_order()) for node in nodes[len(tree.models) :]]
    assert all(found == list(range(found[0], found[-1] + 1)) for found in rows)
    return sorted((found[0], found[-1]) for found in rows)


@pytest.mark.parametrize(("n", "k"), [(2, 1), (3, 3), (30, 6), (300, 19)])
def test_every_model_stands_once_in_the_order_of_the_tree(n, k):
    tree, classes, _ = family(n, k)
    drawing = tree_svg(tree, classes, "1 − r")
    assert leaf_names(drawing) == shown_names(tree)
    tab_stops = [leaf.get("tabindex") for leaf in elements(drawing, "modelsim-leaf")]
    assert tab_stops == ["0"] + ["-1"] * (n - 1), "one stop of the tab key"


@given(st.integers(2, 40), st.data())
@settings(deadline=None, max_examples=40)
def test_every_branch_knows_its_leaves_and_every_box_its_class(n, data):
    seed, k, linkage = (
        data.draw(st.integers(0, 999)),
        data.draw(st.integers(1, n)),
        data.draw(st.sampled_from(LINKAGES)),
    )
    distances = squareform(pdist(np.random.default_rng(seed).integers(0, 4, (n, 3)).astype(float)))  # with equal models
    tree = build_tree(tuple(f"m{i}" for i in range(n)), distances, linkage)
    classes = tree.cut(k).tolist()
    drawing = tree_svg(tree, classes, "1 − r")
    boxes = ranges(drawing, "modelsim-box")
    branches = sorted(set(ranges(drawing, "modelsim-branch")))
    assert branches == sorted({*leaves_under_merges(tree), *boxes})
    assert boxes == sorted((run.first, run.last) for run in class_runs(tree, classes))


def test_a_merge_stands_at_its_height_on_the_scale():
    tree = Tree(("a", "b", "c"), np.array([[0, 1, 1.0, 2], [2, 3, 4.0, 3]]))
    drawing = tree_svg(tree, [1, 1, 2], "1 − r")
    paths = {g.get("data-height"): g[0].get("d") for g in elements(drawing, "modelsim-branch") if g.get("data-height")}
    ends = {height: float(d.split("H")[1].split("V")[0]) for height, d in paths.items()}
    ticks = {t.text: float(t.get("x")) for svg in elements(drawing, "modelsim-axis") for t in svg.iter("text")}
    assert ends == {"1": pytest.approx(ticks["1"], abs=0.1), "4": pytest.approx(ticks["4"], abs=0.1)}
    assert ends["4"] < ends["1"] < ticks["0"]


def test_hostile_names_are_only_names():
    tree = Tree((HOSTILE, "b" * 200), np.array([[0, 1, 1.0, 2]]))
    words = {1: ClassLabel(HOSTILE, HOSTILE, 0.5)}
    drawing = tree_svg(tree, [1, 1], HOSTILE, words=words, facts={HOSTILE: [(HOSTILE, HOSTILE)]}, references=[HOSTILE])
    assert leaf_names(drawing) == [HOSTILE, "b" * 200]
    assert [facts_of(leaf) for leaf in elements(drawing, "modelsim-leaf")[:1]] == [[(HOSTILE, HOSTILE)]]
    assert not list(read(drawing).iter("script"))


@pytest.mark.parametrize(("n", "k"), [(3, 2), (30, 6), (300, 19)])
def test_names_are_large_enough_and_within_the_drawing(n, k):
    tree, classes, _ = family(n, k)
    words = {1: ClassLabel("a class with quite a long name that a person gave it", "", 0.97)}
    drawing = tree_svg(tree, classes, "1 − r " * 60, words=words, references=names(n)[:2])
    width, height = box(drawing)
    assert height >= 16 * n
    for text in read(drawing).iter("text"):
        assert 0 <= float(text.get("x")) < width
    fields = [leaf[0] for leaf in elements(drawing, "modelsim-leaf")]
    tops = sorted(float(field.get("y")) for field in fields)
    assert min(np.diff(tops)) >= 16
    assert {float(text.get("font-size", 13)) >= 11 for text in read(drawing).iter("text")} == {True}


def test_references_are_marked_unless_all_are():
    tree, classes, _ = family(6, 2)
    some = tree_svg(tree, classes, "1 − r", references=names(6)[:2])
    assert sum("◆" in "".join(leaf.itertext()) for leaf in elements(some, "modelsim-leaf")) == 2
    assert "◆" not in tree_svg(tree, classes, "1 − r", references=names(6))


def test_classes_are_told_by_number_name_and_support():
    tree, classes, _ = family(12, 3)
    boxes = elements(tree_svg(tree, classes, "1 − r", words={2: ClassLabel("kin", "", 0.5)}), "modelsim-box")
    told = {box.get("data-class"): list(box.itertext()) for box in boxes}
    assert told == {"1": ["1"], "2": ["2", "kin", "support 50 %"], "3": ["3"]}


def test_the_page_knows_the_same_tree_again_and_another_one():
    def key(tree, classes):
        return read(tree_svg(tree, classes, "1 − r")).get("data-key")

    tree, classes, _ = family(12, 3)
    assert key(tree, classes) == key(tree, [1] * 12), "with other classes it is the same tree"
    assert key(tree, classes) != key(*family(13, 3)[:2])


def test_models_that_are_the_same_and_merges_that_go_back_are_drawn():
    read(tree_svg(Tree(("a", "b", "c"), np.array([[0, 1, 0.0, 2], [2, 3, 0.0, 3]])), [1, 1, 2], "unit"))
    read(tree_svg(Tree(("a", "b", "c"), np.array([[0, 1, 2.0, 2], [2, 3, 1.0, 3]])), [1, 1, 2], "unit"))
