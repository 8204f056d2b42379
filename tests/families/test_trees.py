"""Distances, trees and classes beyond what the comparison with R covers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lib_modelsim.errors import ModelsimError
from lib_modelsim.families.classes import silhouette
from lib_modelsim.families.distances import row_distances
from lib_modelsim.families.features import FeatureTable, against
from lib_modelsim.families.linkage import LINKAGES, build_tree
from lib_modelsim.similarity.matrix import SimilarityMatrix


def table(values):
    values = np.asarray(values, dtype=float)
    return FeatureTable(tuple(f"m{i}" for i in range(len(values))), tuple(map(str, range(values.shape[1]))), values)


def square(points):
    points = np.asarray(points, dtype=float)
    return np.abs(points[:, None] - points[None, :])


@given(st.integers(0, 2**32 - 1), st.integers(3, 8), st.integers(4, 12), st.floats(0, 0.3))
def test_distance_is_that_of_corrcoef_over_the_shared_columns(seed, n, p, missing):
    generator = np.random.default_rng(seed)
    values = generator.standard_normal((n, p)) + 100
    values[generator.random((n, p)) < missing] = np.nan
    known = ~np.isnan(values)
    if ((known.astype(int) @ known.T) < 3).any():
        return
    distance = row_distances(table(values))
    for i in range(n):
        for j in range(i):
            both = known[i] & known[j]
            assert distance[i, j] == pytest.approx(1 - np.corrcoef(values[i, both], values[j, both])[0, 1], abs=1e-8)
    np.testing.assert_array_equal(distance, distance.T)
    assert not distance.diagonal().any()


@pytest.mark.parametrize(
    "values",
    [[[1, 1, 1], [1, 2, 3]], [[1, np.nan, np.nan], [1, 2, 3]], [[np.nan] * 3, [1, 2, 3]]],
    ids=["flat", "one shared", "empty"],
)
def test_rows_without_a_correlation_are_named(values):
    with pytest.raises(ModelsimError, match="m0 and m1"):
        row_distances(table(values))


def test_a_models_own_columns_are_missing():
    values = np.arange(18.0).reshape(3, 3, 2)
    features = against(SimilarityMatrix("cosine", ("a", "b", "c"), ("X", "Y"), values, values[:, :, 0], {}), range(3))
    assert features.columns == ("a/X", "a/Y", "b/X", "b/Y", "c/X", "c/Y")
    assert np.isnan(features.values).tolist() == [
        [True, True, *[False] * 4],
        [False, False, True, True, False, False],
        [*[False] * 4, True, True],
    ]
    assert features.values[2, :4].tolist() == [12, 13, 14, 15]


@pytest.mark.parametrize("linkage", LINKAGES)
@given(arrays(float, st.integers(2, 12), elements=st.integers(0, 50), unique=True))
def test_cutting_gives_so_many_classes_numbered_by_first_appearance(linkage, points):
    tree = build_tree(tuple(map(str, range(len(points)))), square(points), linkage)
    for k in range(1, len(points) + 1):
        classes = tree.cut(k)
        assert list(dict.fromkeys(classes.tolist())) == list(range(1, k + 1))
    assert sorted(tree.leaves) == list(range(len(points)))
    assert (np.diff(tree.heights) >= -1e-9).all()


def test_optimal_order_changes_the_order_alone():
    distances = square(np.random.default_rng(3).standard_normal(30))
    plain, best = (build_tree(tuple(map(str, range(30))), distances, "ward.D2", optimal) for optimal in (False, True))
    np.testing.assert_array_equal(plain.cut(5), best.cut(5))
    np.testing.assert_allclose(plain.heights, best.heights)

    def length(tree):
        return distances[tree.leaves[:-1], tree.leaves[1:]].sum()

    assert length(best) <= length(plain)


def test_a_distance_that_is_missing_is_named():
    distances = square([0, 1, 2])
    distances[0, 2] = distances[2, 0] = np.nan
    with pytest.raises(ModelsimError, match="m0 and m2"):
        build_tree(("m0", "m1", "m2"), distances)


@pytest.mark.parametrize("classes", [0, -1, 4])
def test_impossible_numbers_of_classes(classes):
    with pytest.raises(ModelsimError, match="3 models cannot make"):
        build_tree(("a", "b", "c"), square([0, 1, 2])).cut(classes)


def test_silhouette_by_hand():
    """a and b one apart, c ten away: (1 − 1/10 … ) by Rousseeuw's definition."""
    distances = square([0, 1, 10])
    assert silhouette(distances, np.array([1, 1, 2])) == pytest.approx(((10 - 1) / 10 + (9 - 1) / 9 + 0) / 3)
    assert np.isnan(silhouette(distances, np.array([1, 1, 1])))
