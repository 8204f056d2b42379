"""The table of programs in docs/identify.md: complete, and every row stands on a test."""

from __future__ import annotations

import re
from pathlib import Path

from lib_modelsim.pictures.records.registry import readers

ROOT = Path(__file__).parents[2]


def rows() -> dict[str, list[str]]:
    """Program → the other cells of its row."""
    text = (ROOT / "docs" / "identify.md").read_text("utf-8")
    section = re.split(r"\n##+ ", text.split("## Records\n")[1])[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")][1:]
    cells = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]
    return {first: rest for first, *rest in cells}


def test_every_program_that_is_read_has_a_row():
    assert [reader.program for reader in readers() if reader.program not in rows()] == []


def test_every_row_names_a_test_that_exists():
    source = "\n".join(file.read_text("utf-8") for file in (ROOT / "tests").rglob("test_*.py"))
    for program, (*_, told) in rows().items():
        tests = re.findall(r"`(test_\w+)`", told)
        assert tests, f"{program} has no test"
        assert [name for name in tests if f"def {name}(" not in source] == []
