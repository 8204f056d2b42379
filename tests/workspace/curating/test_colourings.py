"""What a map can be coloured by: only what is known, in numbers small enough to be sent."""

import numpy as np
import pytest

from lib_modelsim.curate.collection import Collected
from lib_modelsim.workspace.curating.colourings import NONE, by_category, by_number, colourings
from lib_modelsim.workspace.curating.looking import Picture
from lib_modelsim.workspace.curating.remembered import Mark


def picture(i, group="", **about):
    from pathlib import Path

    return Picture(Collected(Path(f"{i}.png"), f"{i:064x}", **about), {"clip": float(i)}, group)


def test_a_scale_goes_from_the_lowest_to_the_highest_and_has_a_code_for_what_is_missing():
    found = by_number("CLIP score", [2.0, np.nan, 4.0, 3.0], "0 to 100", "no score")
    assert found.codes.tolist() == [0, NONE, NONE - 1, (NONE - 1) // 2]
    assert found.ends == (2, 4)
    assert found.steps == ("2.00", "2.25", "2.50", "2.75", "3.00", "3.25", "3.50", "3.75", "4.00")
    assert found.none == "no score"


@pytest.mark.parametrize("values", [[5.0, 5.0], [np.nan], [np.inf, 1.0], [1e-9, 2e-9], [-1e12, 1e12]])
def test_any_numbers_make_a_scale(values):
    found = by_number("x", values, "", "none")
    assert found.codes.dtype == np.uint16
    assert (found.codes == NONE).tolist() == [not np.isfinite(value) for value in values]
    assert len(found.steps) == 9


def test_steps_that_lie_close_together_are_told_apart():
    assert len(set(by_number("x", [0.301, 0.302], "", "").steps)) == 9


def test_categories_come_by_size_and_then_by_name():
    found = by_category("model", ["b", "a", "c", "c", ""], str, "not told")
    assert found.names == ("c", "a", "b")
    assert found.codes.tolist() == [2, 1, 0, 0, NONE]


def test_as_many_prompts_as_pictures_are_told_by_the_largest_four_hundred():
    found = by_category("prompt", [f"prompt {i:05d}" for i in range(20_000)], str, "not told")
    assert len(found.names) == 401
    assert found.names[-1] == "19,600 smaller ones"
    assert found.codes.max() == 400


def test_what_nothing_is_known_of_is_not_offered():
    pictures = [picture(i, model="m", key="k") for i in range(3)]
    assert set(colourings(pictures, {}, {}, {})) == {"model"}
    assert set(colourings([picture(1)], {}, {}, {})) == {"plain"}
    given = colourings(pictures, {pictures[1].about.content: Mark(4)}, {"clip": "CLIP score"}, {"clip": "0 to 100"})
    assert set(given) == {"score:clip", "model", "stars"}
    assert given["stars"].codes.tolist() == [NONE, 4, NONE]
    assert given["stars"].names[4] == "★★★★"
    assert given["score:clip"].unit == "0 to 100"


def test_clusters_that_were_told_are_a_colour():
    pictures = [picture(i) for i in range(3)]
    found = colourings(pictures, {}, {}, {}, {pictures[1].about.content: "hands"})["cluster"]
    assert (found.names, found.codes.tolist()) == (("hands",), [NONE, 0, NONE])


def test_models_of_one_key_are_one():
    found = colourings([picture(1, model="Fox", key="fox"), picture(2, model="fox", key="fox")], {}, {}, {})["model"]
    assert len(found.names) == 1


def test_a_version_changes_exactly_where_something_else_would_be_seen():
    pictures = [picture(i, "a" if i else "b", prompt=f"p{i}") for i in range(3)]
    before, again = (colourings(pictures, {}, {}, {}) for _ in range(2))
    marked = colourings(pictures, {pictures[0].about.content: Mark(1)}, {}, {})
    assert {name: each.version for name, each in before.items()} == {name: each.version for name, each in again.items()}
    assert marked["prompt"].version == before["prompt"].version
    assert "stars" in marked
    assert "stars" not in before
