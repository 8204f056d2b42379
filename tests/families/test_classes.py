"""Automatic classes: copies count once, strangers are set apart, the rest is cut where it falls apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform

from lib_modelsim.families.classes import automatic_classes, cohesion
from lib_modelsim.families.linkage import LINKAGES
from lib_modelsim.families.strangers import DELTAS, LINEAR, Scale, copies, single_linkage, strangers


def between(points):
    """Euclidean distances between points, [n, n]."""
    points = np.asarray(points, dtype=float).reshape(len(points), -1)
    return np.linalg.norm(points[:, None] - points[None, :], axis=-1)


def families(seed, sizes, spread=0.3):
    """Points of families whose roots lie apart at random."""
    generator = np.random.default_rng(seed)
    return np.concatenate(
        [generator.standard_normal(8) * 3 + spread * generator.standard_normal((size, 8)) for size in sizes]
    )


def same_partition(one, other):
    pairs = set(zip(one.tolist(), other.tolist(), strict=True))
    return len(pairs) == len(set(one.tolist())) == len(set(other.tolist()))


def test_classes_that_stand_apart_are_found():
    found = automatic_classes(between([0, 1, 2, 100, 101, 102, 500, 501]))
    assert found.numbers.tolist() == [1, 1, 1, 2, 2, 2, 3, 3]
    assert not found.strangers.any()


def test_few_models_are_one_class():
    for points in ([0], [0, 1], [0, 0], [0, 1, 0], [0, 0, 0]):
        assert set(automatic_classes(between(points)).numbers.tolist()) == {1}


def test_where_nothing_speaks_for_classes_there_is_one():
    equal = np.ones((8, 8)) - np.eye(8)
    assert set(automatic_classes(equal).numbers.tolist()) == {1}


def test_a_stranger_is_not_half_of_the_answer():
    points = [[x, 0] for x in (0, 1, 2, 10, 11, 12, 20, 21, 22)]
    found = automatic_classes(between([*points, [500, 500]]))
    assert found.numbers.tolist() == [1, 1, 1, 2, 2, 2, 3, 3, 3, 4]
    assert np.flatnonzero(found.strangers).tolist() == [9]


def test_a_stranger_and_its_copies_are_one_class():
    found = automatic_classes(between([0, 1, 2, 10, 11, 12, 900, 900, -900]))
    assert found.numbers.tolist() == [1, 1, 1, 2, 2, 2, 3, 3, 4]
    assert np.flatnonzero(found.strangers).tolist() == [6, 7, 8]


def test_two_halves_are_no_strangers_to_each_other():
    assert not strangers(between([0, 1, 2, 500, 501, 502]), Scale()).any()
    assert not strangers(between([0, 1, 500, 700, 900]), Scale()).any()  # most would be strangers


def test_where_the_measure_says_what_is_unrelated_it_is_believed():
    unrelated = np.full((5, 5), 0.98)
    unrelated[0, 1] = unrelated[1, 0] = 0.3
    np.fill_diagonal(unrelated, 0)
    found = automatic_classes(unrelated, scale=DELTAS)
    assert found.strangers.tolist() == [False, False, True, True, True]
    assert found.numbers.tolist() == [1, 1, 2, 3, 4]
    unrelated[2, 3] = unrelated[3, 2] = 0.0  # a copy is no relative
    assert automatic_classes(unrelated, scale=DELTAS).numbers.tolist() == [1, 1, 2, 2, 3]


def test_a_model_alone_makes_no_class_look_good():
    """Three pairs on a line, and one model that stands aside, but not far enough for a stranger."""
    distances = between([0, 1, 10, 11, 20, 21, 50])
    assert cohesion(distances, np.array([1, 1, 1, 1, 1, 1, 2])) == 0
    assert automatic_classes(distances, scale=LINEAR).numbers.tolist() == [1, 1, 2, 2, 3, 3, 4]


def test_copies_are_told_by_the_first():
    assert copies(between([5, 0, 5.1, 0.1, 9]), 0.2).tolist() == [0, 1, 0, 1, 4]


family_sizes = st.lists(st.integers(1, 5), min_size=2, max_size=5).filter(lambda found: sum(found) >= 4)
scales = st.sampled_from([Scale(), LINEAR, DELTAS])


def drawn(seed, sizes, spread):
    """Distances of random families, about 1 between families."""
    distances = between(families(seed, sizes, spread))
    return distances / np.median(distances[np.triu_indices(len(distances), 1)])


def with_one_more(distances, row, place):
    """The distances with another model at a place, whose distances to the others are `row`."""
    return np.insert(np.insert(distances, place, row, axis=0), place, np.insert(row, place, 0), axis=1)


@pytest.mark.parametrize("linkage", LINKAGES)
@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), family_sizes, st.floats(0.05, 1.5), scales, st.data())
def test_a_copy_more_changes_nobodys_class(linkage, seed, sizes, spread, scale, data):
    distances = drawn(seed, sizes, spread)
    before = automatic_classes(distances, linkage, scale)
    copied = data.draw(st.integers(0, len(distances) - 1))
    place = data.draw(st.integers(0, len(distances)))
    after = automatic_classes(with_one_more(distances, distances[copied], place), linkage, scale)
    others = np.delete(np.arange(len(distances) + 1), place)
    assert same_partition(after.numbers[others], before.numbers)
    assert after.strangers[others].tolist() == before.strangers.tolist()
    assert after.numbers[place] == after.numbers[others][copied]
    assert after.strangers[place] == before.strangers[copied]


@pytest.mark.parametrize("linkage", LINKAGES)
@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), family_sizes, st.floats(0.05, 1.5), scales, st.data())
def test_a_stranger_more_changes_nobodys_class(linkage, seed, sizes, spread, scale, data):
    """As long as strangers are few, which only a measure that does not say what is unrelated needs."""
    distances = drawn(seed, sizes, spread)
    n = len(distances)
    before = automatic_classes(distances, linkage, scale)
    once = len(set(copies(distances, scale.near * distances.max()).tolist()))
    assume(scale is DELTAS or 4 * (before.strangers.sum() + 1) <= once + 1)
    far = 3 * distances.max() + data.draw(st.floats(0, 1)) * np.arange(n)
    place = data.draw(st.integers(0, n))
    after = automatic_classes(with_one_more(distances, far, place), linkage, scale)
    others = np.delete(np.arange(n + 1), place)
    assert after.strangers[place]
    assert after.strangers[others].tolist() == before.strangers.tolist()
    assert same_partition(after.numbers[others], before.numbers)
    assert after.numbers[place] not in after.numbers[others]


def test_who_counts_as_a_copy_does_not_hang_on_the_order_of_merges():
    distances = between(families(2, [2, 3], 0.05))  # the last three are copies, two by two but not all
    after = automatic_classes(with_one_more(distances, 3 * distances.max() + 0.0 * np.arange(5), 0), "single", LINEAR)
    assert after.strangers.tolist() == [True, False, False, False, False, False]


@pytest.mark.parametrize("points", [1, 2, 3, 40])
@pytest.mark.parametrize("equal", [False, True], ids=["all distances differ", "many are equal"])
def test_single_linkage_is_scipys(points, equal):
    for seed in range(20):
        drawn = np.random.default_rng(seed).standard_normal((points, 3))
        distances = between(drawn.round() if equal else drawn)
        pairs, heights = single_linkage(distances)
        if points == 1:
            assert (pairs, len(heights)) == ([], 0)
            continue
        theirs = hierarchy.linkage(squareform(distances, checks=False), "single")
        assert pairs == theirs[:, :2].astype(int).tolist()
        assert heights.tolist() == theirs[:, 2].tolist()
