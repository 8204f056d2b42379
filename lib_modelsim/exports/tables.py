"""A table on its way to a file: what CSV, spreadsheet and report share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Table:
    """Rows of text and numbers under a header; `name` is that of the file or the sheet. NaN and None are missing."""

    name: str
    header: Sequence[str]
    rows: Sequence[Sequence[object]]


class Bytes(int):
    """A cell that says how large something is: for people "2.13 GB", for programs a number."""


class NamedRows(Sequence):
    """The rows of an array [n, p] with a name before each, made one by one: as Python's numbers, all of the features of
    300 models would take 200 MB."""

    def __init__(self, names: Sequence[str], values: NDArray[np.float64]) -> None:
        self._names, self._values = names, values

    def __len__(self) -> int:
        return len(self._names)

    def __getitem__(self, row: int) -> tuple[object, ...]:
        return (self._names[row], *self._values[row].tolist())
