"""Several scores in one: what is common to all units, and never a value that nobody took."""

import numpy as np
import pytest

from lib_modelsim.curate.weighing import LIMIT, standardised, weighted_mean


def test_most_values_lie_within_two_of_the_middle_and_an_odd_one_does_not_decide():
    values = np.append(np.random.default_rng(0).normal(1000, 50, 999), 1e9)
    found = standardised(values)
    assert np.median(found) == pytest.approx(0, abs=1e-9)
    assert np.std(found[:-1]) == pytest.approx(1, abs=0.1)
    assert found[-1] == LIMIT


def test_units_do_not_count():
    values = np.random.default_rng(0).normal(0, 1, 50)
    assert standardised(values * 1000 + 7) == pytest.approx(standardised(values))


def test_stars_that_are_mostly_equal_are_told_apart_by_their_standard_deviation():
    found = standardised(np.array([3.0] * 8 + [5.0, 1.0]))
    assert found[8] > found[0] == 0 > found[9]


def test_equal_values_tell_nothing_and_missing_ones_stay_missing():
    assert standardised(np.array([2.0, 2.0, np.nan])).tolist()[:2] == [0, 0]
    assert np.isnan(standardised(np.array([2.0, 2.0, np.nan]))[2])
    assert np.isnan(standardised(np.array([np.nan]))).all()


def test_a_picture_that_lacks_a_score_has_no_mean():
    scores = {"a": np.array([1.0, 2, 3, 4]), "b": np.array([4.0, np.nan, 2, 1])}
    assert np.isnan(weighted_mean(scores, {})).tolist() == [False, True, False, False]
    assert not np.isnan(weighted_mean(scores, {"b": 0})).any()


def test_with_a_negative_weight_less_is_better():
    scores = {"a": np.array([1.0, 2, 3, 4]), "b": np.array([0.0, 0, 0, 9])}
    assert np.argmax(weighted_mean(scores, {"b": -10})) == 2
    assert np.argmax(weighted_mean(scores, {})) == 3
