"""Reference sets: read from a file, or suggested."""

from __future__ import annotations

import numpy as np
import pytest

from lib_modelsim.errors import ModelsimError
from lib_modelsim.families.references import read_references, suggest_references


def test_one_a_line_with_comments(tmp_path):
    file = tmp_path / "references.txt"
    file.write_bytes("\ufeff# bases\r\nsd-v1-4.ckpt\r\n\r\n  925997e9  \nmodel #1\nsd-v1-4.ckpt\n".encode())
    assert read_references(file) == ["sd-v1-4.ckpt", "925997e9", "model #1"]


@pytest.mark.parametrize("text", ["", "# nothing\n\n"])
def test_an_empty_file_is_told(tmp_path, text):
    (tmp_path / "r.txt").write_text(text)
    with pytest.raises(ModelsimError, match="no references in this file"):
        read_references(tmp_path / "r.txt")
    with pytest.raises(ModelsimError, match="cannot read the references"):
        read_references(tmp_path / "absent.txt")


def test_suggestions_are_spread_out_and_begin_with_the_most_typical():
    places = np.array([0.0, 1, 2, 50, 51, 52, 100, 101])
    distances = np.abs(np.subtract.outer(places, places))
    assert suggest_references(distances, 3) == [3, 7, 0]
    assert sorted(suggest_references(distances, 8)) == list(range(8))


def test_a_model_that_cannot_be_compared_comes_last():
    places = np.array([0.0, 1, 5, 9])
    distances = np.abs(np.subtract.outer(places, places))
    distances[0, 1:] = distances[1:, 0] = np.nan
    assert suggest_references(distances, 4)[-1] == 0


@pytest.mark.parametrize("count", [0, -1, 3])
def test_impossible_numbers(count):
    with pytest.raises(ModelsimError, match="2 models cannot give this many"):
        suggest_references(np.zeros((2, 2)), count)
