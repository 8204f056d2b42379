"""How shares are written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lib_modelsim.text import likelihood, percent

PACKAGE = Path(__file__).parents[1] / "lib_modelsim"


@pytest.mark.parametrize(("share", "words"), [(0, "0 %"), (0.684, "68 %"), (1, "100 %")])
def test_a_share_is_told_in_whole_percents(share, words):
    assert percent(share) == words


@pytest.mark.parametrize(("share", "words"), [(0.001, "below 1 %"), (0.5, "50 %"), (0.999, "over 99 %")])
def test_a_probability_is_never_told_as_nought_or_a_hundred(share, words):
    assert likelihood(share) == words


def test_no_sentence_writes_percents_its_own_way():
    own_way = re.compile(r":[^{}\"]*\.0%}")
    wrong = [path.name for path in PACKAGE.rglob("*.py") if own_way.search(path.read_text("utf-8"))]
    assert not wrong, "use lib_modelsim.text"
