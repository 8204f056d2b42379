"""What was found of pairs is kept for the comparison that found it, and for no other."""

from __future__ import annotations

import pytest

from lib_modelsim.curate.duplicates.facts import PairFacts
from lib_modelsim.curate.duplicates.pairs import PairKind
from lib_modelsim.sqlite import SqliteFile
from lib_modelsim.workspace.curating import compared_pairs
from lib_modelsim.workspace.curating.compared_pairs import FILE, ComparedPairs

PAIR, DIFFERENT = ("a" * 64, "b" * 64), ("a" * 64, "c" * 64)
FACTS = PairFacts(*PAIR, PairKind.COPY, 0.99)


def kept(data) -> int:
    with ComparedPairs(data) as store:
        return store._db.execute("SELECT count(*) FROM pairs").fetchone()[0]


@pytest.fixture
def data(tmp_path):
    with ComparedPairs(tmp_path) as store:
        store.keep([(PAIR, FACTS), (DIFFERENT, None)])
    return tmp_path


def test_pairs_are_known_again(data):
    with ComparedPairs(data) as store:
        assert store.known([PAIR, DIFFERENT, ("b" * 64, "c" * 64)]) == {PAIR: FACTS, DIFFERENT: None}


def test_another_comparison_knows_nothing_of_them_and_they_are_deleted(data, monkeypatch):
    monkeypatch.setattr(compared_pairs, "_METHODS", ("comparison 1000", "comparison 1000; OpenCV"))
    with ComparedPairs(data) as store:
        assert store.known([PAIR, DIFFERENT]) == {}
    assert kept(data) == 0


def test_with_and_without_opencv_each_has_its_own_and_both_stay(data, monkeypatch):
    with_it = compared_pairs.available()
    monkeypatch.setattr(compared_pairs, "available", lambda: not with_it)
    with ComparedPairs(data) as store:
        assert store.known([PAIR]) == {}
        store.keep([(PAIR, None)])
    monkeypatch.undo()
    with ComparedPairs(data) as store:
        assert store.known([PAIR]) == {PAIR: FACTS}
    assert kept(data) == 3


def test_what_a_program_of_another_version_still_writes_never_counts_as_ours(data, monkeypatch):
    with ComparedPairs(data) as older:
        monkeypatch.setattr(compared_pairs, "_METHODS", ("comparison 1000", "comparison 1000; OpenCV"))
        with ComparedPairs(data) as store:
            older.keep([(PAIR, FACTS)])
            assert store.known([PAIR]) == {}


def test_a_file_that_named_methods_by_the_code_is_taken_over(tmp_path):
    class Old(SqliteFile):
        what, fix, schema = "old", "", compared_pairs._SCHEMA

    with Old(tmp_path / FILE) as old:
        old._db.execute("INSERT INTO methods VALUES (1, '0123456789abcdef; OpenCV')")
        old._db.execute("INSERT INTO pairs VALUES (1, x'00', NULL)")
    assert kept(tmp_path) == 0
