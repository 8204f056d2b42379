"""Spreadsheets opened again by another program's reader."""

from __future__ import annotations

import io

import pytest

from lib_modelsim.exports.tables import Table
from lib_modelsim.exports.workbook import fits, write_workbook
from lib_modelsim.job import Job

openpyxl = pytest.importorskip("openpyxl", reason="openpyxl is not installed: it reads spreadsheets back")


def written(tables):
    file = io.BytesIO()
    write_workbook(file, tables, Job())
    return file


def read(tables):
    book = openpyxl.load_workbook(written(tables))
    return {sheet.title: [[cell.value for cell in row] for row in sheet.rows] for sheet in book}


def test_each_table_is_a_sheet():
    found = read([Table("first", ("model", "x"), [("a", 0.1), ("b", 3)]), Table("second & last", ("y",), [])])
    assert found == {"first": [["model", "x"], ["a", 0.1], ["b", 3]], "second & last": [["y"]]}


def test_numbers_come_back_as_they_were_and_missing_ones_are_empty():
    numbers = [0.1, 1 / 3, 1e-300, -1.7976931348623157e308, 5e-324, float("nan"), None, float("inf")]
    (row,) = read([Table("t", tuple("abcdefgh"), [numbers])])["t"][1:]
    assert row == [*numbers[:5], None, None, None]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-x", "@SUM(A1)", '=HYPERLINK("http://x")', "http://x", "007", "1e5"])
def test_a_name_that_looks_like_something_else_is_text(name):
    book = openpyxl.load_workbook(written([Table("t", ("model",), [(name,)])]))
    cell = book["t"]["A2"]
    assert (cell.value, cell.data_type, cell.hyperlink) == (name, "s", None)


def test_hostile_names():
    hostile = ["<&>\"'", "\x00\x0b\x1f", "a\nb\tc", "\ud800", " spaces ", "x" * 40_000, "]]>", "\uffff"]
    found = [row[0] for row in read([Table("t", ("model",), [(name,) for name in hostile])])["t"][1:]]
    assert found[0] == hostile[0]
    assert found[1] == r"\x00\x0b\x1f"
    assert found[2] == hostile[2]
    assert found[4] == hostile[4]
    assert len(found[5]) == 32_767
    assert found[6] == "]]>"


def test_what_no_sheet_can_hold():
    assert fits(Table("t", ("x",) * 16_384, []))
    assert not fits(Table("t", ("x",) * 16_385, []))
