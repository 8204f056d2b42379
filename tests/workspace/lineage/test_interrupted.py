"""A pass that is stopped at any weight and begun again ends with the same bits."""

from __future__ import annotations

from itertools import count

import numpy as np
import pytest

from lib_modelsim.job import Cancelled, Job
from lib_modelsim.library import Library
from lib_modelsim.workspace.catalogue.index import read_index
from lib_modelsim.workspace.lineage.distances import block_distances
from tests.workspace.lineage import merged_family


def distances(folder, library, job):
    models = read_index([folder], library, Job()).models
    return block_distances(models[0], models[1:], library, job, "cpu").blocks


@pytest.mark.parametrize("after", [1, 60, 500])
def test_stopped_at_a_weight_and_begun_again(after, tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    merged_family.write(folder)
    whole = distances(folder, Library(None), Job())
    asked = count()
    stopping = Job(cancelled=lambda: next(asked) >= after)
    with Library(tmp_path / "library.sqlite") as library, pytest.raises(Cancelled):
        distances(folder, library, stopping)
    with Library(tmp_path / "library.sqlite") as library:
        again = distances(folder, library, Job())
    assert [block.name for block in again] == [block.name for block in whole]
    for one, other in zip(again, whole, strict=True):
        assert np.array_equal(one.squares, other.squares)
        assert np.array_equal(one.norms, other.norms)
