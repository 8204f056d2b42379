"""The report: one HTML file with drawings and tables inside, that opens offline, answers as the tab does, and follows
light and dark.

It has the tab's own style sheet and scripts within. Nothing in it can reach out: its policy forbids that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markupsafe import Markup

from ..figures.colours import ClassMark
from ..templates import render, trusted
from .made import PROGRAM
from .tables import Bytes, Table

_HERE = Path(__file__).parent
_TAB = _HERE.parents[1]
_STYLES = (_TAB / "style.css", _HERE / "report.css")
_SCRIPTS = (
    _TAB / "javascript" / "modelsim.js",
    _HERE / "report.js",
    _TAB / "javascript" / "modelsim_table.js",
    _TAB / "javascript" / "modelsim_branches.js",
    _TAB / "javascript" / "modelsim_dendrogram.js",
    _TAB / "javascript" / "modelsim_drawing.js",
)


class NamesCell(tuple):
    """A cell with names, of which many fold."""

    def __str__(self) -> str:
        return ", ".join(self)


@dataclass(frozen=True)
class Section:
    """A part of the report under a heading: sentences, then a drawing of ours or a table. In a table of `models`, each
    row is the model that its first cell names; a `square` one has a narrow column for each model. What is `closed` is
    opened by a click."""

    heading: str
    told: Sequence[str] = ()
    drawing: str = ""
    table: Table | None = None
    models: bool = False
    square: bool = False
    closed: bool = False


def report(title: str, facts: Sequence[tuple[str, str]], sections: Sequence[Section], made: str) -> str:
    """The page: what it is of, in a few facts, then its sections; `made` says by what and when. All text is escaped."""
    return render(
        "exports/templates/report.html",
        title=title,
        generator=PROGRAM,
        facts=facts,
        sections=[_shown(section) for section in sections],
        made=made,
        style=_inlined(_STYLES),
        script=_inlined(_SCRIPTS),
    )


@cache
def _inlined(files: Sequence[Path]) -> Markup:
    return trusted("\n".join(file.read_text("utf-8") for file in files))


def _shown(section: Section) -> dict[str, object]:
    """A section as the template takes it."""
    about: dict[str, object] = {name: getattr(section, name) for name in ("heading", "told", "square", "closed")}
    about |= {"drawing": trusted(section.drawing) if section.drawing else ""}
    about |= {"heads": (), "rows": (), "filtered": False}
    table = section.table
    if table is not None:
        heads = [_head(table, i, section.square) for i in range(len(table.header))]
        about |= {"heads": heads, "rows": [(row[0] if section.models else None, _cells(row)) for row in table.rows]}
        about["filtered"] = len(table.rows) > _FEW_ROWS
    return about


_FEW_NAMES = 4
"""Names that a cell shows without folding."""

_LONG = 14
"""Letters of a text that has room for several words in each of its lines."""

_FEW_ROWS = 8
"""Rows that need no filter."""


def _head(table: Table, column: int, square: bool) -> tuple[str, str, str]:
    """What stands above a column, by what it is ordered, and the whole name where only a number has room."""
    name = table.header[column]
    numbered = square and column > 0
    return (str(column) if numbered else name), ("number" if _of_numbers(table, column) else "text"), name


def _of_numbers(table: Table, column: int) -> bool:
    """Whether a column is ordered by numbers: told by the first row that has a value there."""
    known = next((row[column] for row in table.rows if row[column] not in (None, "")), "")
    return not isinstance(known, (str, NamesCell))


def _cells(row: Sequence[object]) -> Iterator[tuple[str, object, object]]:
    """Kind, value to order by and what is shown, of every cell."""
    for value in row:
        if isinstance(value, ClassMark):
            yield "class", value.number, value
        elif isinstance(value, NamesCell):
            yield ("names" if len(value) > _FEW_NAMES else "name"), "", value
        elif isinstance(value, Bytes):
            yield "bytes", int(value), value
        elif value is None or value != value:
            yield "text", "", ""
        elif isinstance(value, float):
            yield "number", "", f"{value:.4g}"
        elif isinstance(value, int):
            yield "number", "", f"{value:,}"
        else:
            yield ("name" if len(str(value)) > _LONG else "text"), "", value
