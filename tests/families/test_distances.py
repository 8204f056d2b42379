"""Distances between rows against plain code, pair by pair; delta-cosine from L2 distances."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from lib_modelsim.errors import ModelsimError
from lib_modelsim.families.distances import ROW_DISTANCES, delta_cosine_distances, direct_distances, row_distances
from lib_modelsim.families.features import FeatureTable, against, block_of_columns
from lib_modelsim.similarity.matrix import SimilarityMatrix

PLAIN = {
    "pearson": lambda a, b, p: 1 - np.corrcoef(a, b)[0, 1],
    "spearman": lambda a, b, p: 1 - stats.spearmanr(a, b).statistic,
    "cosine": lambda a, b, p: 1 - a @ b / np.linalg.norm(a) / np.linalg.norm(b),
    "euclidean": lambda a, b, p: np.sqrt(((a - b) ** 2).sum() * p / len(a)),
}


def table(values):
    values = np.asarray(values, dtype=float)
    return FeatureTable(tuple(f"m{i}" for i in range(len(values))), tuple(map(str, range(values.shape[1]))), values)


def matrix(values, measure="cosine"):
    names = tuple("abcdefgh"[: len(values)])
    blocks = tuple(f"IN{i:02d}" for i in range(values.shape[2]))
    return SimilarityMatrix(measure, names, blocks, values, values.mean(2), {"unet": values.mean(2)})


@pytest.mark.parametrize("distance", ROW_DISTANCES)
@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_pair_by_pair_over_the_columns_that_both_have(distance, missing):
    generator = np.random.default_rng(7)
    values = generator.standard_normal((6, 30)).round(1)  # ties, for the ranks
    values[generator.random(values.shape) < missing] = np.nan
    found = row_distances(table(values), distance)
    for i in range(6):
        for j in range(i):
            both = ~np.isnan(values[i]) & ~np.isnan(values[j])
            assert found[i, j] == pytest.approx(PLAIN[distance](values[i, both], values[j, both], 30), abs=1e-12)
    np.testing.assert_array_equal(found, found.T)
    assert not found.diagonal().any()


@pytest.mark.parametrize("distance", ROW_DISTANCES)
def test_rows_without_a_distance_are_named(distance):
    nan = np.nan
    with pytest.raises(ModelsimError, match="m0 and m1"):
        row_distances(table([[1, nan, nan, nan], [nan, 1, 2, 3], [1, 2, 3, 5]]), distance)


def test_what_cannot_be_is_told():
    with pytest.raises(ModelsimError, match="unknown distance between rows: manhattan"):
        row_distances(table([[1, 2], [2, 1]]), "manhattan")
    with pytest.raises(ModelsimError, match="no columns"):
        row_distances(FeatureTable(("a", "b"), (), np.empty((2, 0))))
    with pytest.raises(ModelsimError, match="cosine has no values for this component: vae"):
        direct_distances(matrix(np.ones((2, 2, 1))), "vae")


def test_a_references_own_columns_are_missing_in_its_row():
    values = np.arange(32.0).reshape(4, 4, 2)
    features = against(matrix(values), [2, 0])
    assert features.columns == ("c/IN00", "c/IN01", "a/IN00", "a/IN01")
    assert np.isnan(features.values).sum() == 4
    assert np.isnan(features.values[2, :2]).all()
    assert np.isnan(features.values[0, 2:]).all()
    np.testing.assert_array_equal(features.values[1], [*values[1, 2], *values[1, 0]])


def test_columns_tell_their_block_by_what_follows_the_last_slash():
    assert block_of_columns(("a/b/IN00", "a/b/M00", "c/IN00")).tolist() == [0, 1, 0]
    assert block_of_columns(("a/IN00", "plain")) is None
    assert block_of_columns(()) is None


def test_delta_cosine_from_l2_distances():
    weights = np.random.default_rng(4).standard_normal((5, 50))
    weights[4] = weights[1]  # equal to the base
    l2 = np.linalg.norm(weights[:, None] - weights[None], axis=-1)
    found = delta_cosine_distances(l2, 1)
    deltas = weights - weights[1]
    for i, j in ((0, 2), (0, 3), (2, 3)):
        cosine = deltas[i] @ deltas[j] / np.linalg.norm(deltas[i]) / np.linalg.norm(deltas[j])
        assert found[i, j] == pytest.approx(1 - cosine, abs=1e-12)
    assert np.isnan(found[[1, 4]]).all()
    assert found[0, 0] == 0
