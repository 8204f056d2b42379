"""Two trees side by side: both have every model, the same ones are joined, and few lines cross."""

from __future__ import annotations

import re
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.collections import LineCollection
from scipy.cluster.hierarchy import cophenet
from scipy.spatial.distance import pdist, squareform

from lib_modelsim.errors import ModelsimError
from lib_modelsim.families.agreement import cophenetic_agreement, untangled
from lib_modelsim.families.linkage import Tree, build_tree
from lib_modelsim.figures.colours import class_colour
from lib_modelsim.figures.screen.tanglegram import tanglegram_svg
from lib_modelsim.figures.tanglegram import draw_tanglegram
from lib_modelsim.text import printable

from .families import family, names
from .screen import elements, leaf_names, shown_names
from .words import assert_clean


def random_tree(models, seed):
    points = np.random.default_rng(seed).normal(size=(len(models), 3))
    return build_tree(tuple(models), squareform(pdist(points)))


def leaf_order(tree):
    return [tree.models[leaf] for leaf in tree.leaves]


def crossings(one, other):
    """Pairs of models that stand in another order in the second tree."""
    place = {model: i for i, model in enumerate(leaf_order(other))}
    return sum(place[a] > place[b] for a, b in combinations(leaf_order(one), 2))


def all_turns(tree):
    """The tree in every way in which its merges can be turned."""
    for turns in product((False, True), repeat=len(tree.scipy)):
        rows = tree.scipy.copy()
        rows[list(turns), :2] = rows[list(turns), 1::-1]
        yield Tree(tree.models, rows)


def two_trees(n, seed):
    models = [f"m{i}" for i in range(n)]
    shuffled = list(np.random.default_rng(seed).permutation(models))
    return random_tree(models, seed), random_tree(shuffled, seed + 1)


@settings(deadline=None, max_examples=30)
@given(st.integers(2, 7), st.integers(0, 10**6))
def test_no_other_turning_has_fewer_crossings(n, seed):
    one, other = two_trees(n, seed)
    found = untangled(one, other)
    assert crossings(one, found) == min(crossings(one, turned) for turned in all_turns(other))


@settings(deadline=None, max_examples=30)
@given(st.integers(2, 40), st.integers(0, 10**6))
def test_turning_changes_the_order_alone(n, seed):
    one, other = two_trees(n, seed)
    found = untangled(one, other)
    assert found.models == other.models
    np.testing.assert_array_equal(found.heights, other.heights)
    np.testing.assert_array_equal(cophenet(found.scipy), cophenet(other.scipy))
    assert sorted(leaf_order(found)) == sorted(leaf_order(one))


def test_the_same_tree_has_no_crossings_and_agrees_wholly():
    tree, _, distances = family(30, 5)
    order = np.random.default_rng(1).permutation(30)
    other = build_tree(tuple(tree.models[i] for i in order), distances[np.ix_(order, order)])
    assert crossings(tree, untangled(tree, other)) == 0
    assert cophenetic_agreement(tree, other) == pytest.approx(1)


@settings(deadline=None, max_examples=30)
@given(st.integers(3, 30), st.integers(0, 10**6))
def test_agreement_is_the_correlation_of_the_heights_where_pairs_meet(n, seed):
    one, other = two_trees(n, seed)

    def meets(tree):
        heights = squareform(cophenet(tree.scipy))
        return [heights[tree.models.index(a), tree.models.index(b)] for a, b in combinations(one.models, 2)]

    assert cophenetic_agreement(one, other) == pytest.approx(np.corrcoef(meets(one), meets(other))[0, 1])
    assert cophenetic_agreement(one, untangled(one, other)) == pytest.approx(cophenetic_agreement(one, other))


def test_two_models_agree_in_nothing_that_could_be_told():
    assert np.isnan(cophenetic_agreement(*two_trees(2, 0)))


def test_trees_of_other_models_are_refused():
    with pytest.raises(ModelsimError, match="hold different models: m3"):
        cophenetic_agreement(two_trees(3, 0)[0], two_trees(4, 0)[0])


@pytest.mark.parametrize(("n", "k"), [(2, 1), (30, 6), (300, 19)])
def test_the_figure_shows_every_name_twice_and_joins_the_same(n, k):
    tree, classes, _ = family(n, k)
    other = random_tree(tree.models, 3)
    figure = draw_tanglegram(
        tree, other, classes, "A title " * 20, ("the weights " * 9, "the pictures"), ("1 − r", "1 − pictures " * 9)
    )
    shown = assert_clean(figure)
    assert all(shown.count(printable(name)) == 2 for name in names(n))
    (lines,) = (each for each in figure.axes[0].collections if isinstance(each, LineCollection))
    assert len(lines.get_segments()) == n
    labels = {(printable(t.get_text()), t.get_ha()): t.get_position()[1] for t in figure.axes[0].texts}
    for name, segment in zip(leaf_order(tree), lines.get_segments(), strict=True):
        assert labels[printable(name), "left"] == pytest.approx(segment[0][1])
        assert labels[printable(name), "right"] == pytest.approx(segment[-1][1])


@pytest.mark.parametrize(("n", "k"), [(2, 1), (30, 6), (300, 19)])
def test_the_drawing_has_one_leaf_per_model_with_both_its_names(n, k):
    tree, classes, _ = family(n, k)
    other = random_tree(tree.models, 3)
    drawing = tanglegram_svg(tree, other, classes, ("weights", "pictures <b>"))
    assert leaf_names(drawing) == shown_names(tree)
    places = []
    for leaf in elements(drawing, "modelsim-leaf"):
        rect, line, left, right = leaf
        assert left.text == right.text
        x_a, y_a, level, slanted, y_b, x_b = (float(part) for part in re.split("[MHL ]+", line.get("d"))[1:])
        assert (y_a, y_b) == (float(left.get("y")), float(right.get("y")))
        assert float(rect.get("x")) < x_a <= level < slanted <= x_b < 740
        places.append((y_b, leaf.get("data-model")))
    assert [name for _, name in sorted(places)] == [printable(name) for name in leaf_order(untangled(tree, other))]
    number = dict(zip(map(printable, tree.models), classes, strict=True))
    strokes = [(leaf.get("data-model"), leaf[1].get("style")) for leaf in elements(drawing, "modelsim-leaf")]
    assert all(f"stroke:{class_colour(number[name])};" in style for name, style in strokes)
    assert len(elements(drawing, "modelsim-mirrored")[0]) == n - 1
