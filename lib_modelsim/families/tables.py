"""Tables that a person brings along: features from a CSV file."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from ..errors import ModelsimError
from .features import FeatureTable


def read_features(path: Path) -> FeatureTable:
    """A table with a row per model, with or without a header row and a first column of names.

    Rows without names are called 1 … n, columns without a header 1 … p; empty cells and NA are missing values.
    Raises ModelsimError that names the line and the cell which is no number.
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = [row for row in csv.reader(file) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ModelsimError(f"cannot read the table ({error})", path, "give a CSV file in UTF-8") from error
    if not rows:
        raise ModelsimError("the table is empty", path, "give a CSV file with a row per model")
    header = any(not _is_number(cell) for cell in rows[0][1:]) or (len(rows[0]) == 1 and not _is_number(rows[0][0]))
    body = rows[1:] if header else rows
    named = bool(body) and any(not _is_number(row[0]) for row in body)
    first = 1 if named else 0
    width = len(body[0]) if body else 0
    values = np.empty((len(body), width - first))
    for i, row in enumerate(body):
        line = i + 1 + header
        if len(row) != width:
            raise ModelsimError(f"line {line} of {path.name} has another number of cells than the first", f"{len(row)}, not {width}", "mend the table")
        for j, cell in enumerate(row[first:]):
            if not _is_number(cell):
                raise ModelsimError(f"line {line}, column {j + 1 + first} of {path.name} is no number", cell, "mend the table")
            values[i, j] = float("nan") if cell.strip() in _MISSING else float(cell)
    names = tuple(row[0] for row in body) if named else tuple(str(i + 1) for i in range(len(body)))
    columns = tuple(rows[0][-(width - first) :]) if header else tuple(str(j + 1) for j in range(width - first))
    return FeatureTable(names, columns, values)


_MISSING = {"", "NA", "NaN", "nan"}


def _is_number(cell: str) -> bool:
    if cell.strip() in _MISSING:
        return True
    try:
        float(cell)
    except ValueError:
        return False
    return True
