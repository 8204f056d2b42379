"""Whether several pictures are by two models: told only as often as the search's own test allows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lib_modelsim.identify.calibration import Calibration, self_test
from lib_modelsim.identify.rankers import DEFAULT
from lib_modelsim.identify.two_models import two_styles

from .painters import styles


@pytest.fixture(scope="module")
def library():
    """Eight models of twelve pictures that the search has learned, and twelve more of each that it has not."""
    everything = styles(8, 24, apart=2.0)
    seen = np.arange(len(everything.model)) % 2 == 0
    return everything.only(seen), everything.only(~seen)


def drawn(examples, *sets: tuple[int, int]) -> np.ndarray:
    """Vectors of pictures: each a model and a number."""
    return np.stack([examples.vectors[np.flatnonzero(examples.model == model)[number]] for model, number in sets])


def told(library, vectors, without: int | None = None):
    seen = library[0]
    if without is not None:
        seen = seen.of_models(np.arange(len(seen.models)) != without)
    test = self_test(DEFAULT, seen)
    return two_styles(DEFAULT.learn(seen).scores(vectors), test, Calibration.of(test), 1)


def test_pictures_of_two_models_are_sorted_and_those_of_one_are_not(library):
    found = told(library, drawn(library[1], (2, 0), (5, 1), (2, 2), (5, 3)))
    assert {found.first, found.second} == {2, 5}
    assert (found.of_first == (np.array([2, 5, 2, 5]) == found.first)).all()
    for model in range(8):
        assert told(library, drawn(library[1], *((model, number) for number in range(4)))) is None


def test_pictures_of_a_model_that_the_library_lacks_are_not_two_models(library):
    for model in range(8):
        for number in range(0, 12, 4):
            pictures = drawn(library[1], *((model, number + i) for i in range(4)))
            assert told(library, pictures, without=model) is None


def test_a_small_test_tells_nothing():
    everything = styles(4, 8)
    seen = np.arange(len(everything.model)) % 2 == 0
    parts = everything.only(seen), everything.only(~seen)
    assert told(parts, drawn(parts[1], (0, 0), (3, 0))) is None, "24 pairs by one model say nothing of 1 in 100"
    assert told(parts, drawn(parts[1], *((0, i) for i in range(4)), (3, 0))) is None, "no set of five is known"


def test_only_the_view_most_like_a_query_is_measured(library):
    seen = library[0]
    test = self_test(DEFAULT, seen)
    noise = np.random.default_rng(0).standard_normal(test.scores.shape) * 1e3
    both = np.stack([test.scores + noise, test.scores], 1).reshape(-1, test.scores.shape[1])
    twice = replace(test, scores=both, model=np.repeat(test.model, 2))
    scores = DEFAULT.learn(seen).scores(drawn(library[1], (2, 0), (5, 1)))
    assert two_styles(scores, twice, Calibration.of(test), 2) is not None
    turned = replace(twice, scores=both[::-1], model=twice.model[::-1])
    assert two_styles(scores, turned, Calibration.of(test), 2) is None
