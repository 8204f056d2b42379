"""Features from a user's CSV file."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelsimError
from ..reading import require_file
from ..writing import without_guard
from .features import FeatureTable


def read_features(path: Path) -> FeatureTable:
    """A table with a row per model, with or without a header row and a first column of names.

    Rows without names are called 1 … n, columns without a header 1 … p; empty cells and NA are missing values.
    Raises ModelsimError that names the line and the cell which is no number.
    """
    rows = _read_rows(path)
    if not rows:
        raise ModelsimError("the table is empty", path, "give a CSV file with one row per model")
    _, first = rows[0]
    corner = first[0].strip().lower() in _CORNERS and len(first) > 1
    header = corner or any(not _is_number(cell) for cell in first[1:]) or (len(first) == 1 and not _is_number(first[0]))
    body = rows[1:] if header else rows
    named = bool(body) and (corner or any(not _is_number(row[0]) for _, row in body))
    values = _numbers(path, body, 1 if named else 0)
    n, p = values.shape
    columns = tuple(first[-p:] if p else ()) if header else tuple(str(j + 1) for j in range(p))
    if header and len(first) not in ((p + 1,) if corner else (p, p + named)):
        raise ModelsimError(
            f"the header of {path.name} does not match its rows",
            f"{len(first)} cells over {p} numbers",
            "correct the table",
        )
    return FeatureTable(
        tuple(row[0] for _, row in body) if named else tuple(str(i + 1) for i in range(n)), columns, values
    )


def _read_rows(path: Path) -> list[tuple[int, list[str]]]:
    """Line number and cells of every row that is not empty."""
    try:
        with open(require_file(path), encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            rows = ((reader.line_num, row) for row in reader if any(cell.strip() for cell in row))
            return [(line, [*map(without_guard, row)]) for line, row in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ModelsimError(f"cannot read the table ({error})", path, "give a CSV file in UTF-8") from error


def _numbers(path: Path, rows: list[tuple[int, list[str]]], first: int) -> NDArray[np.float64]:
    """The rows' cells from column `first` on, [n, p]."""
    width = len(rows[0][1]) if rows else first
    values = np.empty((len(rows), width - first))
    for i, (line, row) in enumerate(rows):
        if len(row) != width:
            raise ModelsimError(
                f"line {line} of {path.name} has a different number of cells than the first",
                f"{len(row)}, not {width}",
                "correct the table",
            )
        for j, cell in enumerate(row[first:]):
            if not _is_number(cell):
                raise ModelsimError(
                    f"line {line}, column {j + 1 + first} of {path.name} is not a number", cell, "correct the table"
                )
            values[i, j] = float("nan") if cell.strip() in _MISSING else float(cell)
    return values


_MISSING = {"", "NA", "NaN", "nan"}

_CORNERS = {"", "model", "name"}
"""First cell of a header over a column of names, also where all names and headings are numbers (R writes it empty)."""


def _is_number(cell: str) -> bool:
    if cell.strip() in _MISSING:
        return True
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False
