"""What is said of how much of two pictures is the same."""

import pytest

from lib_modelsim.curate.duplicates.words import how_alike


@pytest.mark.parametrize(
    ("kind", "similarity", "files", "said"),
    [
        ("same file", 1.0, 3, "the same byte by byte"),
        ("copy", 1.0, 2, "over 99 % the same"),
        ("copy", 1.0, 3, "over 99 % the same"),
        ("edited copy", 0.96, 2, "96 % the same"),
        ("edited copy", 0.96, 3, "at least 96 % the same"),
    ],
)
def test_a_hundred_percent_is_said_of_equal_files_alone(kind, similarity, files, said):
    assert how_alike(kind, similarity, files) == said
