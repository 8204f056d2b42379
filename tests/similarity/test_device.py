"""How much memory a measure may take, and that this changes no number."""

from __future__ import annotations

import numpy as np
import pytest

from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.similarity.device import CPU, LEAST_BUDGET, choose_device
from lib_modelsim.workspace.catalogue.index import read_index
from lib_modelsim.workspace.comparing import streaming as passes
from lib_modelsim.workspace.comparing.compare import compare_models


def test_buffers_take_what_they_are_given_but_never_next_to_nothing():
    assert choose_device("cpu") == CPU
    assert choose_device("cpu", 1 << 30).budget == 1 << 30
    assert choose_device("cpu", 1).budget == LEAST_BUDGET


@pytest.mark.parametrize("measure", ["asimilarity", "l2"])
def test_the_memory_that_is_asked_for_reaches_the_pass(small_family, monkeypatch, measure):
    asked = []

    def choose(name, memory=None):
        asked.append((name, memory))
        return choose_device(name, memory)

    monkeypatch.setattr(passes, "choose_device", choose)
    with Library(None) as library, Library(None) as another:
        index = read_index([small_family], library, Job())
        little = compare_models(index, measure, None, library, Job(), "cpu", 50 << 20).matrix
        much = compare_models(index, measure, None, another, Job(), "cpu").matrix
    assert asked == [("cpu", 50 << 20), ("cpu", None)]
    np.testing.assert_allclose(little.overall, much.overall, rtol=1e-5, atol=1e-6)
