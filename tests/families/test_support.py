"""Support of classes and cophenetic correlation, against naive code that builds every resampled table."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform

from lib_modelsim.families import support
from lib_modelsim.families.distances import delta_cosine_distances, direct_distances, row_distances
from lib_modelsim.families.features import FeatureTable, against
from lib_modelsim.families.linkage import build_tree
from lib_modelsim.families.support import (
    branches,
    class_support,
    cophenetic_correlation,
    resample_deltas,
    resample_features,
    resample_matrix,
)
from lib_modelsim.similarity.matrix import SimilarityMatrix

BLOCKS = ("BASE", "IN01", "IN02", "M00", "OUT03", "OUT04", "VAE")
NETWORK = slice(1, 6)


def block_weights(n=9, seed=5):
    """Weights of models in three groups, [n, blocks, 20]."""
    generator = np.random.default_rng(seed)
    roots = generator.standard_normal((3, len(BLOCKS), 20))
    return roots[np.arange(n) % 3] + 0.9 * generator.standard_normal((n, len(BLOCKS), 20))


def similarity(measure="cosine", n=9):
    weights = block_weights(n)
    if measure == "l2":
        values = np.linalg.norm(weights[:, None] - weights[None], axis=-1)
        overall = np.sqrt((values[..., NETWORK] ** 2).sum(-1))
    else:
        unit = weights / np.linalg.norm(weights, axis=-1, keepdims=True)
        values = np.einsum("ibk,jbk->ijb", unit, unit)
        overall = values[..., NETWORK].mean(-1)
    return SimilarityMatrix(measure, tuple(map(str, range(n))), BLOCKS, values, overall, {"unet": overall})


def clades(tree):
    """The set of leaves under every node, leaves too."""
    return {frozenset(node.pre_order()) for node in hierarchy.to_tree(tree.scipy, rd=True)[1]}


@pytest.mark.parametrize("distance", ["pearson", "cosine", "euclidean"])
def test_support_is_the_share_of_resampled_tables_whose_tree_has_the_class(distance):
    features = against(similarity(), [0, 1, 4, 5])
    classes = build_tree(features.models, row_distances(features, distance)).cut(4)
    found = class_support(resample_features(features, distance), classes, "ward.D2", 40)

    weights = np.random.default_rng(support._SEED).multinomial(len(BLOCKS), np.full(len(BLOCKS), 1 / len(BLOCKS)), 40)
    columns = np.arange(len(features.columns)).reshape(4, len(BLOCKS))
    count = np.zeros(4)
    for drawn in weights:
        chosen = np.repeat(columns, drawn, axis=1).ravel()
        resampled = FeatureTable(features.models, tuple(map(str, chosen)), features.values[:, chosen])
        present = clades(build_tree(features.models, row_distances(resampled, distance)))
        count += [frozenset(np.flatnonzero(classes == c)) in present for c in range(1, 5)]
    np.testing.assert_allclose(found, count / 40)
    assert 0 < found.min() < 1


@pytest.mark.parametrize("distance", ["pearson", "spearman", "cosine", "euclidean"])
def test_every_block_once_gives_the_distances_themselves(distance):
    features = FeatureTable(
        tuple(map(str, range(5))),
        tuple(f"r/{block}" for block in range(12)),
        np.random.default_rng(1).standard_normal((5, 12)),
    )
    (found,) = resample_features(features, distance).distances(np.ones((1, 12)))
    np.testing.assert_allclose(squareform(found), row_distances(features, distance), atol=1e-12)


@pytest.mark.parametrize("measure", ["cosine", "l2"])
def test_a_measure_taken_directly_is_of_the_networks_blocks(measure):
    matrix = similarity(measure)
    resampling = resample_matrix(matrix)
    assert resampling.count == 5
    (found,) = resampling.distances(np.ones((1, 5)))
    np.testing.assert_allclose(squareform(found), direct_distances(matrix), atol=1e-12)


def test_delta_cosine_is_resampled_as_one_vector():
    l2 = similarity("l2")
    rows = np.array([0, 1, 3, 4, 5, 6, 7, 8])
    (found,) = resample_deltas(l2, rows, base=2).distances(np.ones((1, 5)))
    np.testing.assert_allclose(squareform(found), delta_cosine_distances(l2.overall, 2)[np.ix_(rows, rows)], atol=1e-12)

    weights = block_weights()[:, NETWORK].reshape(9, -1)
    deltas = weights - weights.mean(0)
    deltas /= np.linalg.norm(deltas, axis=1, keepdims=True)
    (found,) = resample_deltas(l2, np.arange(9), base=None).distances(np.ones((1, 5)))
    np.testing.assert_allclose(squareform(found), 1 - deltas @ deltas.T, atol=1e-12)


def test_a_class_of_one_and_that_of_all_are_branches_of_every_tree():
    tree = build_tree(tuple("abcd"), np.abs(np.subtract.outer([0.0, 1, 10, 12], [0.0, 1, 10, 12])))
    assert branches(tree.scipy, np.array([1, 1, 2, 3])).tolist() == [True, True, True]
    assert branches(tree.scipy, np.array([1, 1, 1, 1])).tolist() == [True]
    assert branches(tree.scipy, np.array([1, 2, 1, 2])).tolist() == [False, False]


def test_without_blocks_support_is_unknown():
    one = FeatureTable(tuple("abc"), ("r/IN00",), np.array([[1.0], [2], [4]]))
    assert np.isnan(class_support(resample_features(one, "euclidean"), np.array([1, 1, 2]), "ward.D2")).all()


def test_cophenetic_correlation():
    features = against(similarity(), range(9))
    distances = row_distances(features)
    tree = build_tree(features.models, distances, "average")
    expected, _ = hierarchy.cophenet(tree.scipy, squareform(distances))
    assert cophenetic_correlation(tree, distances) == pytest.approx(expected, abs=1e-12)
    two = np.array([[0.0, 1], [1, 0]])
    assert np.isnan(cophenetic_correlation(build_tree(("a", "b"), two), two))
