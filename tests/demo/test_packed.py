"""Packed weights come back within half a step."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lib_modelsim.demo.packed import pack, unpack

matrices = arrays(np.float16, st.tuples(st.integers(1, 5), st.integers(1, 7)), elements=st.floats(-8, 8, width=16))


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("packed") / "one.pack"


def step_of(matrix, resolution):
    """The size of a step in each row."""
    rows = matrix.astype(np.float32)
    return np.maximum(rows.std(1, keepdims=True) / resolution, np.abs(rows).max(1, keepdims=True) / 32767)


def assert_near(found, matrix, resolution):
    """Half a step, and what float16 rounds of the step and of the result."""
    allowed = step_of(matrix, resolution) * 0.51 + np.abs(matrix.astype(np.float32)) * 2**-9 + 1e-5
    assert (np.abs(found.astype(np.float32) - matrix.astype(np.float32)) <= allowed).all()


@given(matrices, st.sampled_from([4, 8, 16]))
def test_values_come_back_within_half_a_step(path, matrix, resolution):
    pack(path, {"a": matrix}, resolution)
    assert_near(unpack(path)["a"], matrix, resolution)


def test_a_row_of_zeros_stays_zero(path):
    pack(path, {"a": np.array([[0, 0, 0], [1, -1, 2]], np.float16)}, 16)
    assert not unpack(path)["a"][0].any()


def test_a_value_far_out_is_kept_and_makes_the_others_no_coarser(path):
    """As in a convolution that passes a channel on: one 1 among small values."""
    matrix = np.random.default_rng(1).normal(0, 0.02, size=(2, 1152)).astype(np.float16)
    matrix[0, 3] = 1
    pack(path, {"a": matrix}, 16)
    found = unpack(path)["a"]
    assert found[0, 3] == pytest.approx(1, rel=0.002)
    assert_near(found, matrix, 16)
    assert np.abs(found - matrix).max() < 0.0025


def test_vectors_and_numbers_are_kept_exactly(path):
    weights = {"bias": np.array([1e-3, -7, 300], np.float16), "alpha": np.array(8, np.float16)}
    pack(path, weights, 4)
    for key, values in unpack(path).items():
        assert np.array_equal(values, weights[key])


def test_a_fine_tune_changes_its_parents_keys_and_leaves_the_others(path):
    rng = np.random.default_rng(2)
    parent = {key: rng.normal(size=(16, 32)).astype(np.float16) for key in "ab"}
    change = rng.normal(0, 0.05, (16, 32)).astype(np.float32)
    pack(path, {"a": change}, 0.8, limit=1)
    child = unpack(path, parent)
    found = child["a"].astype(np.float32) - parent["a"]
    assert np.array_equal(child["b"], parent["b"])
    assert (found * change).sum() / np.linalg.norm(found) / np.linalg.norm(change) > 0.88


def test_each_key_may_have_its_own_resolution(path):
    matrix = np.random.default_rng(3).normal(size=(8, 64)).astype(np.float16)
    pack(path, {"fine": matrix, "coarse": matrix}, {"fine": 16, "coarse": 2}.__getitem__)
    error = {key: np.abs(values - matrix).mean() for key, values in unpack(path).items()}
    assert error["fine"] < error["coarse"] / 4
