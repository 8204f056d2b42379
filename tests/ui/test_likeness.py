"""The scale of likeness says the numbers that it stands for."""

from __future__ import annotations

import numpy as np
import pytest

from lib_modelsim.similarity.matrix import SimilarityMatrix
from lib_modelsim.ui.families.likeness import Likeness


@pytest.mark.parametrize(
    ("measure", "most", "ticks"),
    [("l2", 0.0005, ["0", "0.00025", "0.0005"]), ("relative-l2", 0.12, ["0 %", "6 %", "12 %"])],
)
def test_ticks_are_whole_numbers(measure, most, ticks):
    apart = np.array([[0.0, most], [most, 0.0]])
    assert Likeness(SimilarityMatrix(measure, ("a", "b"), ("B",), apart[:, :, None], apart, {})).ticks == ticks
