"""column: a person's own numbers, from a table with a row for each picture: its path or name, and a number.

A row means the picture whose path it ends with, or whose path ends with it. A row that means several, and a picture
with two different numbers, count for nothing: which one is right cannot be known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from ...errors import ModelsimError
from ...job import Job
from ...text import counted, printable, several
from ..collection import Collected
from ..own_table import OwnTable, number_of, numbers_of, read_table
from .scorer import Scored, ScorerError, ScorerKind, Tools

if TYPE_CHECKING:  # SciPy comes with it, and the help of every command needs the names
    from ...pictures.features import FeatureStore

_MOSTLY = 0.5
"""Share of its cells above which a column is one of numbers."""

_OF = "#"
"""Between the file and the column."""


class ColumnScore:
    """One column of a file."""

    unit = ""
    pixels = ()
    encoder = None

    def __init__(self, which: str, tools: Tools) -> None:
        """`which` is FILE or FILE#COLUMN. Raises ModelsimError where the file cannot be read as a table."""
        file, asked = Path(which).expanduser(), ""
        if not file.is_file() and _OF in which:
            name, _, asked = which.rpartition(_OF)
            file = Path(name).expanduser()
        self._name, self._asked, self._folder = file.name, asked, tools.folder
        try:
            self._table = read_table(file)
        except OSError as error:
            raise ScorerError("this table cannot be read", f"{file}: {error.strerror}", "check its path") from error

    def score(self, pictures: Sequence[Collected], _store: FeatureStore, _job: Job) -> Scored:
        """Of the pictures that have a row with a number."""
        places = _Places([picture.path for picture in pictures], self._folder)
        header = self._table.header
        if any(map(places.of, header)):  # a row whose number is missing
            self._table = replace(self._table, header=(), rows=(header, *self._table.rows))
        names, numbers = self._columns(places)
        rows = [row for row in self._table.rows if max(names, numbers) < len(row)]
        values, told = np.full(len(pictures), np.nan), _Told(self._name)
        told.short = [str(row) for row in self._table.rows if max(names, numbers) >= len(row)]
        found: dict[int, set[float]] = defaultdict(set)
        for row, number in zip(rows, numbers_of([row[numbers] for row in rows]), strict=True):
            meant = places.of(row[names])
            if not meant:
                told.nowhere.append(row[names])
            elif len(meant) > 1:
                told.ambiguous.append(row[names])
            elif number is None:
                told.no_number.append(f"{row[names]}: {row[numbers]}")
            else:
                found[meant[0]].add(number)
        for place, given in found.items():
            if len(given) == 1:
                values[place] = given.pop()
            else:
                told.twice.append(pictures[place].path.name)
        without = np.flatnonzero(np.isnan(values)).tolist()
        return Scored(values, dict.fromkeys(without, f"{self._name} has no number for it"), told.remarks(self._table))

    def _columns(self, places: _Places) -> tuple[int, int]:
        """Which column names pictures, and which has the numbers. Raises ScorerError where that cannot be told."""
        table = self._table
        width = len(table.header or table.rows[0]) if table.rows else 0
        met = [sum(len(places.of(row[i])) > 0 for row in table.rows if i < len(row)) for i in range(width)]
        if not any(met):
            first = printable(table.rows[0][0]) if table.rows else ""
            fix = "write the path or the name of each picture into one column"
            raise ScorerError(f"{self._name} names no picture of this folder", first or None, fix)
        names = max(range(width), key=lambda i: met[i])
        if self._asked:
            return names, self._column_asked(width)
        shares = {i: _share_of_numbers(table, i) for i in range(width) if i != names}
        numeric = [i for i, share in shares.items() if share > _MOSTLY] or [i for i, share in shares.items() if share]
        if not numeric:
            fix = "add a column of numbers"
            raise ScorerError(f"{self._name} holds no numbers beside the names", None, fix)
        if len(numeric) > 1:
            shown = [table.header[i] if table.header else str(i + 1) for i in numeric]
            fix = f"say which: column:{self._name}{_OF}{shown[0]}"
            raise ScorerError(f"{self._name} has several columns of numbers", several(shown, 10), fix)
        return names, numeric[0]

    def _column_asked(self, width: int) -> int:
        """By its name, or by its number from 1."""
        header = [each.casefold() for each in self._table.header]
        if header.count(self._asked.casefold()) == 1:
            return header.index(self._asked.casefold())
        if self._asked.isascii() and self._asked.isdigit() and 1 <= int(self._asked) <= width:
            return int(self._asked) - 1
        known = several(self._table.header, 10) if self._table.header else f"1 to {width}"
        raise ScorerError(f"{self._name} has no such column", self._asked, f"use one of: {known}")


class _Places:
    """Which pictures a path or name means."""

    def __init__(self, paths: Sequence[Path], folder: Path) -> None:
        self._parts = [PurePosixPath(path.as_posix()).parts for path in paths]
        self._relative = {_relative(path, folder): i for i, path in enumerate(paths)}
        self._named: dict[str, list[int]] = defaultdict(list)
        self._stems: dict[str, list[int]] = defaultdict(list)
        for i, path in enumerate(paths):
            self._named[path.name].append(i)
            self._stems[path.stem].append(i)

    def of(self, text: str) -> list[int]:
        """Places of the pictures that are meant; more than one where it could be any of them."""
        written = text.replace("\\", "/").removeprefix("./")
        parts = PurePosixPath(written).parts
        if not parts:
            return []
        found = self._named.get(parts[-1]) or (self._stems.get(written, []) if len(parts) == 1 else [])
        if len(parts) == 1:
            return found
        exact = self._relative.get(written)
        return [exact] if exact is not None else [i for i in found if _end_alike(self._parts[i], parts)]


def _relative(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.as_posix()


def _end_alike(a: Sequence[str], b: Sequence[str]) -> bool:
    """Whether one path is the end of the other."""
    shared = min(len(a), len(b))
    return tuple(a[-shared:]) == tuple(b[-shared:])


def _share_of_numbers(table: OwnTable, column: int) -> float:
    """Of the cells of a column that are not empty."""
    cells = [row[column] for row in table.rows if column < len(row) and row[column]]
    return sum(number_of(cell) is not None for cell in cells) / max(len(cells), 1)


@dataclass
class _Told:
    """Rows that count for nothing, by the reason."""

    name: str
    nowhere: list[str] = field(default_factory=list)
    ambiguous: list[str] = field(default_factory=list)
    no_number: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    short: list[str] = field(default_factory=list)

    def remarks(self, table: OwnTable) -> tuple[str, ...]:
        """One sentence for each reason, with the first example."""
        reasons = [
            (self.nowhere, "row", "name no picture of this folder", "names no picture of this folder"),
            (self.ambiguous, "row", "could mean several pictures", "could mean several pictures"),
            (self.no_number, "row", "hold no number", "holds no number"),
            (self.short, "row", "are too short", "is too short"),
            (self.twice, "picture", "have different numbers in several rows", "has different numbers in several rows"),
        ]
        told = [
            f"{self.name}: {counted(len(found), what)} {one if len(found) == 1 else many} ({printable(found[0])})"
            for found, what, many, one in reasons
            if found
        ]
        return (*([table.remark] if table.remark else []), *told)


def _make(which: str, tools: Tools) -> ColumnScore:
    try:
        return ColumnScore(which, tools)
    except RuntimeError as error:  # a ~ that nobody owns
        raise ModelsimError("this path cannot be read", which, "write it in full") from error


KIND = ScorerKind("column", "a column of your own", "what you mean by it", _make, takes="FILE.csv")
