"""How shares and sizes are written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lib_modelsim.text import as_seen, brief, likelihood, percent, printable, size_text, size_unit

PACKAGE = Path(__file__).parents[1] / "lib_modelsim"


@pytest.mark.parametrize(("share", "words"), [(0, "0 %"), (0.684, "68 %"), (1, "100 %")])
def test_a_share_is_told_in_whole_percents(share, words):
    assert percent(share) == words


@pytest.mark.parametrize(("share", "words"), [(0.001, "below 1 %"), (0.5, "50 %"), (0.999, "over 99 %")])
def test_a_probability_is_never_told_as_nought_or_a_hundred(share, words):
    assert likelihood(share) == words


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("anna", "anna"),
        ("Größe 模型", "Größe 模型"),
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("\x1b[31m\x9b2J\x00", r"\x1b[31m\x9b2J\x00"),
        ("\u202egnp", r"\u202egnp"),
        ("\u2066a\u2069\u200e\u200f\u061c", r"\u2066a\u2069\u200e\u200f\u061c"),
        ("a\u200bb\u200cc\ufeffd\u00ad\u2060", r"a\u200bb\u200cc\ufeffd\xad\u2060"),
        ("an\u200dna", r"an\u200dna"),
        ("\U0001f469\u200d\U0001f4bb", "\U0001f469\u200d\U0001f4bb"),
        ("\u2028\ud800\U000e0041", r"\u2028\ud800\U000e0041"),
    ],
)
def test_what_cannot_be_shown_is_written_out(text, shown):
    assert printable(text) == shown
    assert printable(shown) == shown


def test_no_sentence_writes_percents_its_own_way():
    own_way = re.compile(r":[^{}\"]*\.0%}")
    wrong = [path.name for path in PACKAGE.rglob("*.py") if own_way.search(path.read_text("utf-8"))]
    assert not wrong, "use lib_modelsim.text"


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ([6_940_000_000, 2_130_000_000, 150_000_000], ["6.94 GB", "2.13 GB", "0.15 GB"]),
        ([26_400_000, 13_200_000, 1_300_000_000], ["26.4 MB", "13.2 MB", "1,300.0 MB"]),
        ([5], ["5 B"]),
    ],
)
def test_the_sizes_of_one_column_have_one_unit(sizes, words):
    assert [size_text(size, size_unit(sizes)) for size in sizes] == words


def test_a_long_hash_is_cut_in_a_sentence_and_nothing_else():
    assert brief(f"its SHA-256 {'a1' * 32}; 0123456789abcdef") == "its SHA-256 a1a1a1a1a1…; 0123456789abcdef"


def test_texts_that_nobody_can_tell_apart_are_the_same_as_seen():
    assert as_seen("a\nb") == as_seen(r"a\nb")
    assert as_seen("caf\u00e9 v1 ") == as_seen("cafe\u0301  v1")
    assert as_seen("a") != as_seen("A")
