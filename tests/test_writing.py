"""A crash leaves the old file or the new one, never half of one."""

from __future__ import annotations

import csv
import os
import re
import stat
import sys
from pathlib import Path

import pytest

from lib_modelsim.errors import ModelsimError
from lib_modelsim.text import printable
from lib_modelsim.writing import FORMULA, without_guard, write_csv, write_text


def test_writes_into_new_folders_and_over_old_files(tmp_path):
    path = tmp_path / "a b" / "ü.csv"
    assert write_text(path, "old") == path
    write_text(path, "new\r\n")
    assert path.read_bytes() == b"new\r\n"
    assert [path.name for path in path.parent.iterdir()] == ["ü.csv"]


def test_an_exception_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = write_text(tmp_path / "table.csv", "old")

    def fails(source, target):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", fails)
    with pytest.raises(KeyboardInterrupt):
        write_text(path, "new")
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]
    assert path.read_text() == "old"


def test_what_a_killed_program_left_is_removed_and_what_another_writes_now_is_not(tmp_path):
    old, new, foreign = (tmp_path / f"t.csv.{end}" for end in ("modelsim-1.part", "modelsim-2.part", "1.part"))
    for path in (old, new, foreign):
        path.write_bytes(b"half")
    for path in (old, foreign):
        os.utime(path, (1, 1))
    write_text(tmp_path / "other.csv", "text")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other.csv", foreign.name, new.name]


def test_rows_that_fail_leave_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError):
        write_csv(tmp_path / "table.csv", ((1 / (1 - i),) for i in range(3)))
    assert [path.name for path in tmp_path.iterdir()] == []


def test_a_disk_that_refuses_is_one_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ModelsimError, match="cannot write"):
        write_text(tmp_path / "file" / "table.csv", "text")


@pytest.mark.skipif(sys.platform == "win32", reason="rights of POSIX")
def test_rights_are_those_of_any_new_file(tmp_path):
    (tmp_path / "plain").touch()
    assert stat.S_IMODE(write_text(tmp_path / "table.csv", "").stat().st_mode) == stat.S_IMODE(
        (tmp_path / "plain").stat().st_mode
    )


def test_cells(tmp_path):
    path = write_csv(tmp_path / "t.csv", [("a,b", 0.1, float("nan"), 3), ('"', 1.0, -0.0, "ü")], ("x", "y"))
    assert path.read_text("utf-8") == 'x,y\n"a,b",0.10000000000000001,,3\n"""",1,-0,ü\n'


CELLS = ["-", "=1+1", "+1", "-x", "-1+1", "@SUM(A1)", "＝1", "'=1"]
CELLS += ["\t=1", "\r=1", "a;=1+1", 'a";=1', "plain", "=a,b", "'"]


def test_no_text_is_a_formula_whatever_separates_cells_and_all_comes_back(tmp_path):
    path = write_csv(tmp_path / "t.csv", [(cell, -0.5, -3) for cell in CELLS], ("model", "=x", "y"))
    for separator in ",;":
        with path.open(encoding="utf-8", newline="") as file:
            cells = [cell for row in csv.reader(file, delimiter=separator) for cell in row]
        numbers = [cell for cell in cells if re.fullmatch(r"-0\.5|-3", cell)]
        assert not [cell for cell in cells if cell.startswith(FORMULA) and cell not in numbers]
    with path.open(encoding="utf-8", newline="") as file:
        rows = [[without_guard(cell) for cell in row] for row in csv.reader(file)]
    assert rows[0] == ["model", "=x", "y"]
    assert [row[0] for row in rows[1:]] == [printable(cell) for cell in CELLS]
    assert all(row[1:] == ["-0.5", "-3"] for row in rows[1:]), "numbers stay numbers"
