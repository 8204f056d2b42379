"""Specifications: weights that are shares, points that stand for all pictures as well as so few can."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.kernel import calibrated_gamma, gaussian
from benchmarks.specification import discrepancy, fitted_weights, specify

from .painters import styles

CASES = st.tuples(st.integers(1, 40), st.integers(1, 8), st.integers(1, 12), st.floats(0.05, 5), st.integers(0, 10**6))


@settings(max_examples=25, deadline=None)
@given(CASES)
def test_weights_are_shares_and_the_discrepancy_is_no_less_than_zero(case):
    pictures, length, points, gamma, seed = case
    generator = np.random.default_rng(seed)
    vectors = generator.standard_normal((pictures, length))
    found = specify(vectors, np.ones((pictures, 1)), points, gamma)
    assert len(found.points) == len(found.weights) == len(found.prompts) <= max(1, min(points, pictures))
    assert (found.weights >= 0).all()
    assert found.weights.sum() == pytest.approx(1)
    assert np.isfinite(found.points).all()
    assert discrepancy(found.points, found.weights, vectors, gamma) >= 0


def test_pictures_that_are_no_more_than_the_points_stand_for_themselves():
    vectors = np.random.default_rng(1).standard_normal((5, 3))
    found = specify(vectors, np.eye(5), 8, 1.0)
    assert discrepancy(found.points, found.weights, vectors, 1.0) == pytest.approx(0, abs=1e-12)
    assert np.array_equal(found.prompts, np.eye(5))


def test_a_reduced_set_is_closer_than_as_many_of_the_pictures_and_more_points_are_closer_still():
    vectors = np.random.default_rng(2).standard_normal((200, 4))
    gamma = 0.3
    reduced = [specify(vectors, np.ones((200, 1)), points, gamma) for points in (4, 16)]
    apart = [discrepancy(one.points, one.weights, vectors, gamma) for one in reduced]
    picked = vectors[:16]
    best_of_picked = discrepancy(picked, fitted_weights(picked, vectors, gamma), vectors, gamma)
    assert apart[1] < apart[0]
    assert apart[1] < 0.5 * best_of_picked


def test_the_programme_s_weights_are_as_good_as_any_on_the_simplex():
    generator = np.random.default_rng(3)
    vectors, points = generator.standard_normal((60, 3)), generator.standard_normal((6, 3))
    best = discrepancy(points, fitted_weights(points, vectors, 0.5), vectors, 0.5)
    others = [discrepancy(points, weights, vectors, 0.5) for weights in generator.dirichlet(np.ones(6), 300)]
    assert best <= min(others) + 1e-9


def test_a_prompt_goes_with_the_point_that_stands_for_its_pictures():
    vectors = np.concatenate([np.full((10, 2), 0.0), np.full((10, 2), 9.0)]) + 0.01 * np.arange(20)[:, None]
    found = specify(vectors, np.repeat(np.eye(2), 10, 0), 2, 0.1)
    assert np.array_equal(found.prompts[found.points[:, 0].argsort()], np.eye(2))


def test_the_bandwidth_is_of_the_order_of_the_pictures_distances():
    examples = styles(4, 6, apart=2.0)
    gamma = calibrated_gamma(examples)
    typical = np.median(gaussian(examples.vectors, examples.vectors, gamma))
    assert 1e-14 < typical < 0.9
