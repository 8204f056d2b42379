"""What a person said of pictures: stars, which to keep, and pairs that they do not want to see again.

It is kept by content, so it holds in whatever folder a picture lies and under whatever name, in one file in the host's
data folder. Several programs may use it at once.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import ModelsimError
from ...pictures.opening import regular_file
from ...sqlite import SqliteFile
from ...text import readable

FILE = "curate.sqlite"

MOST_STARS = 5

_SCHEMA = """
CREATE TABLE IF NOT EXISTS marks (content TEXT PRIMARY KEY, stars INTEGER NOT NULL, keep INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS hidden_pairs (a TEXT, b TEXT, first TEXT, second TEXT, PRIMARY KEY (a, b));
"""

_CONTENT = re.compile(r"[0-9a-f]{64}")

_TOGETHER = 500
"""Contents that one statement asks for."""


@dataclass(frozen=True)
class Mark:
    """What a person said of a picture: 1 … 5 `stars`, 0 where they gave none, and whether it is to be kept."""

    stars: int = 0
    keep: bool = False


@dataclass(frozen=True)
class HiddenPair:
    """Two pictures that are not to be shown as a pair again, by their contents, a < b; `first` and `second` are the
    names that they had when a person said so."""

    a: str
    b: str
    first: str = ""
    second: str = ""


class Remembered(SqliteFile):
    """What a person said, by the SHA-256 of the picture's file (64 lower-case digits)."""

    what = "what you said of pictures"
    fix = "free some disk space; if the file is damaged, move it away and a new one is created"
    schema = _SCHEMA

    def __init__(self, data: Path | None) -> None:
        """`data` is the folder of our own, made where it is not there; None: nothing outlives this."""
        if data is not None:
            try:
                data.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise ModelsimError("cannot write into this folder", data, "free some disk space") from error
        super().__init__(None if data is None else data / FILE)

    # marks

    def marks(self, contents: Iterable[str] | None = None) -> dict[str, Mark]:
        """Content → mark, of these pictures or of all, for those that have one."""
        if contents is None:
            rows = self._db.execute("SELECT content, stars, keep FROM marks").fetchall()
        else:
            rows = [row for part in _parts(list(contents)) for row in self._marks_of(part)]
        return {content: Mark(stars, bool(keep)) for content, stars, keep in rows}

    def _marks_of(self, contents: Sequence[str]) -> list[tuple[str, int, int]]:
        places = ", ".join("?" * len(contents))
        query = f"SELECT content, stars, keep FROM marks WHERE content IN ({places})"
        return self._db.execute(query, contents).fetchall()

    def mark(self, marks: Mapping[str, Mark]) -> None:
        """Remember these in the place of what was said before. Raises ModelsimError for what is no content, or more
        stars than there are."""
        for content, mark in marks.items():
            _check(content)
            if not 0 <= mark.stars <= MOST_STARS:
                raise ModelsimError("so many stars cannot be given", mark.stars, f"give 0 to {MOST_STARS}")
        said = [(content, mark.stars, int(mark.keep)) for content, mark in marks.items()]
        nothing = [(content,) for content, mark in marks.items() if mark == Mark()]
        self._db.execute("BEGIN IMMEDIATE")
        with self._db:
            self._db.executemany("INSERT OR REPLACE INTO marks VALUES (?, ?, ?)", said)
            self._db.executemany("DELETE FROM marks WHERE content = ?", nothing)

    # pairs that are not shown again

    def hidden(self) -> list[HiddenPair]:
        """All of them, the last one first."""
        rows = self._db.execute("SELECT a, b, first, second FROM hidden_pairs ORDER BY rowid DESC")
        return [HiddenPair(*row) for row in rows.fetchall()]

    def hidden_pairs(self) -> set[tuple[str, str]]:
        """The contents of each, a < b."""
        return {(a, b) for a, b in self._db.execute("SELECT a, b FROM hidden_pairs")}

    def hide(self, pair: tuple[str, str], names: tuple[str, str] = ("", "")) -> None:
        """Never show these two as a pair again. Raises ModelsimError where they are one content: a file is the same as
        its copy whatever one says."""
        a, b = map(_check, pair)
        if a == b:
            raise ModelsimError(
                "the two files are the same, byte by byte, and stay so", names[0] or a, "delete one, or leave it"
            )
        ((a, first), (b, second)) = sorted(zip((a, b), map(readable, names), strict=True))
        self._db.execute("INSERT OR REPLACE INTO hidden_pairs VALUES (?, ?, ?, ?)", (a, b, first, second))

    def show_again(self, pair: tuple[str, str]) -> bool:
        """Show them again; whether they were hidden."""
        return self._db.execute("DELETE FROM hidden_pairs WHERE a = ? AND b = ?", tuple(sorted(pair))).rowcount > 0


def _check(content: str) -> str:
    if not _CONTENT.fullmatch(content):
        raise ModelsimError("this is no SHA-256 of a file", content, "give 64 digits 0 to 9 and a to f")
    return content


def _parts(contents: Sequence[str]) -> Iterable[Sequence[str]]:
    return (contents[start : start + _TOGETHER] for start in range(0, len(contents), _TOGETHER))


def never_show(a: Path, b: Path, remembered: Remembered) -> HiddenPair:
    """Hide a pair of files. Raises ModelsimError where one cannot be read, or they are the same file."""
    contents = _content(a), _content(b)
    remembered.hide(contents, (str(a), str(b)))
    return next(pair for pair in remembered.hidden() if {pair.a, pair.b} == set(contents))


def _content(path: Path) -> str:
    try:
        return hashlib.sha256(regular_file(path).read_bytes()).hexdigest()
    except OSError as error:
        raise ModelsimError("the picture cannot be read", path, error.strerror or str(error)) from error
