"""A table on its way to a file: what CSV, spreadsheet and report share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """Rows of text and numbers under a header; `name` is that of the file or the sheet. NaN and None are missing."""

    name: str
    header: Sequence[str]
    rows: Sequence[Sequence[object]]
