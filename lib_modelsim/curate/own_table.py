"""A table that a person or another program wrote: its rows, whatever separates them, and the numbers in them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import ModelsimError

SEPARATORS = "\t;|,"
"""Tried in this order: a comma may be in a number or in a name."""

_LARGEST = 200_000_000
"""Bytes."""

_MOSTLY = 0.9
"""Share of the rows that must have as many cells as the first."""

_BY_SAVING = "save it as CSV (UTF-8), with one row for each picture: its path or name, and a number"

_POINT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_COMMA = re.compile(r"[+-]?(?:[0-9]+,[0-9]*|,[0-9]+)(?:[eE][+-]?[0-9]+)?")
_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3},[0-9]{3}")
_BOTH = re.compile(r"([+-]?[0-9]{1,3})((?:[.,' \u00a0\u202f][0-9]{3})+)([.,][0-9]+)?")


class TableError(ModelsimError):
    """A table that cannot be understood."""


@dataclass(frozen=True)
class OwnTable:
    """`rows` all have cells, `header` is () where the first row is no header; `remark` says what was odd, "" for
    nothing."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    remark: str = ""


def read_table(file: Path) -> OwnTable:
    """Raises TableError, and OSError."""
    if file.stat().st_size > _LARGEST:
        raise TableError("this table is too large", file.name, _BY_SAVING)
    text, remark = _decoded(file.read_bytes(), file.name)
    named = re.match(r"sep=(.)\r?\n", text, re.IGNORECASE)  # Excel's own line
    body = text[named.end() :] if named else text
    for separator in named[1] if named else SEPARATORS:
        rows = _rows(body, separator, file.name)
        if rows and _agree(rows):
            header = () if any(number_of(cell) is not None for cell in rows[0]) else rows[0]
            return OwnTable(header, tuple(rows[1:] if header else rows), remark)
    raise TableError("this table has no two columns", file.name, _BY_SAVING)


def _decoded(data: bytes, name: str) -> tuple[str, str]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = [("utf-16", "")]
    else:
        odd = f"{name} is not UTF-8; it was read as Windows' Western European, names may be wrong"
        encodings = [("utf-8-sig", ""), ("cp1252", odd)]
    for encoding, remark in encodings:
        try:
            return data.decode(encoding), remark
        except UnicodeDecodeError:
            continue
    raise TableError("this is no table of text", name, _BY_SAVING)


def _rows(text: str, separator: str, name: str) -> list[tuple[str, ...]]:
    try:
        cells = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        stripped = (tuple(cell.strip() for cell in row) for row in cells)
        return [row for row in stripped if any(row)]
    except csv.Error as error:
        raise TableError("this table cannot be read", f"{name}: {error}", _BY_SAVING) from error


def _agree(rows: Sequence[tuple[str, ...]]) -> bool:
    """Whether it is a table: nearly all rows are as long as the first, which has two cells at least."""
    width = len(rows[0])
    return width > 1 and sum(len(row) == width for row in rows) >= _MOSTLY * len(rows)


def number_of(cell: str) -> float | None:
    """The number in a cell, "1,5" as one and a half; None for what is none, or not finite."""
    if _POINT.fullmatch(cell):
        found = float(cell)
        return found if abs(found) < float("inf") else None
    if _COMMA.fullmatch(cell):
        return float(cell.replace(",", "."))
    both = _BOTH.fullmatch(cell)
    if both is None:
        return None
    whole, groups, rest = both.groups()
    marks = {mark for mark in groups if not mark.isdigit()}
    if len(marks) > 1 or (rest and rest[0] in marks):
        return None
    return float(whole + re.sub(r"\D", "", groups) + (rest or "").replace(",", "."))


def numbers_of(cells: Sequence[str]) -> list[float | None]:
    """The numbers of a column. Raises TableError where nobody can know which mark is the decimal one."""
    fix = "write the numbers with a decimal point, and nothing between thousands"
    commas = [cell for cell in cells if _COMMA.fullmatch(cell)]
    if commas and all(_THOUSANDS.fullmatch(cell) for cell in commas):
        raise TableError("nobody can know whether this is a decimal comma", commas[0], fix)
    if commas and (points := [cell for cell in cells if "." in cell and _POINT.fullmatch(cell)]):
        raise TableError("this column has decimal commas and decimal points", f"{commas[0]} and {points[0]}", fix)
    return [number_of(cell) for cell in cells]
