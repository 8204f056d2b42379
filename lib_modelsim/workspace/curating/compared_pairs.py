"""What was found out of pairs of pictures, kept by content: a second search is quick, and one that is stopped goes on
where it was.

Which method answered is part of the key: a new one compares anew, and what older ones found is deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ...curate.duplicates.facts import PairFacts
from ...curate.duplicates.pairs import COMPARISON
from ...errors import ModelsimError
from ...pictures.keypoints import available
from ...sqlite import SqliteFile

FILE = "pairs.sqlite"

Contents = tuple[str, str]
"""Two SHA-256, the smaller one first."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS methods (id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL);
CREATE TABLE IF NOT EXISTS pairs (
    method INTEGER, pair BLOB, facts TEXT, PRIMARY KEY (method, pair)
) WITHOUT ROWID;
"""

_TOGETHER = 400
"""Pairs that one statement asks for."""

_OF_EACH = 16
"""Bytes of a content in the key: 128 bits of a SHA-256 are no two pictures' in a lifetime."""

_METHODS = (COMPARISON, f"{COMPARISON}; OpenCV")
"""Without OpenCV and with it: other pictures are aligned."""


class ComparedPairs(SqliteFile):
    """Pairs that were compared, those that are different among them."""

    what = "what is known of pairs of pictures"
    fix = "free some disk space; if the file is damaged, delete it: pairs are then compared again"
    schema = _SCHEMA
    replaceable = True

    def __init__(self, data: Path | None) -> None:
        """`data` is the folder of our own; None: nothing outlives this."""
        if data is not None:
            try:
                data.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise ModelsimError("cannot write into this folder", data, "free some disk space") from error
        super().__init__(None if data is None else data / FILE)

    def _prepare(self) -> None:
        self._db.executemany("INSERT OR IGNORE INTO methods (name) VALUES (?)", [(name,) for name in _METHODS])
        ids = {name: number for number, name in self._db.execute("SELECT id, name FROM methods")}
        self._method = ids[_METHODS[available()]]
        for name in ids.keys() - set(_METHODS):  # the name stays: a program that still runs with it keeps its number
            self._db.execute("DELETE FROM pairs WHERE method = ?", (ids[name],))

    def known(self, pairs: Sequence[Contents]) -> dict[Contents, PairFacts | None]:
        """Of those that were compared what they are, None of pictures that are different."""
        found: dict[Contents, PairFacts | None] = {}
        for part in _parts(pairs):
            keys = {_key(pair): pair for pair in part}
            query = f"SELECT pair, facts FROM pairs WHERE method = ? AND pair IN ({', '.join('?' * len(keys))})"
            for key, text in self._db.execute(query, (self._method, *keys)):
                pair = keys[key]
                found[pair] = PairFacts.from_json(*pair, text) if text else None
        return found

    def keep(self, found: Iterable[tuple[Contents, PairFacts | None]]) -> None:
        """All or none of them."""
        rows = [(self._method, _key(pair), facts.to_json() if facts else None) for pair, facts in found]
        self._db.execute("BEGIN IMMEDIATE")
        with self._db:
            self._db.executemany("INSERT OR REPLACE INTO pairs VALUES (?, ?, ?)", rows)


def in_order(a: str, b: str) -> Contents:
    """The two contents, the smaller one first."""
    return (a, b) if a < b else (b, a)


def _key(pair: Contents) -> bytes:
    return b"".join(bytes.fromhex(content)[:_OF_EACH] for content in pair)


def _parts(pairs: Sequence[Contents]) -> Iterator[Sequence[Contents]]:
    return (pairs[start : start + _TOGETHER] for start in range(0, len(pairs), _TOGETHER))
