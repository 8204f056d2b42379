"""The SQLite file beside a gallery that remembers its pictures' vectors and how well a search does on them."""

from __future__ import annotations

import hashlib
import io
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np

from ...errors import ModelsimError
from ...identify.calibration import SelfTest
from ...probes.gallery import Stored

FILE = "features.sqlite"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS files (path TEXT PRIMARY KEY, bytes INTEGER, mtime_ns INTEGER, content TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS features (content TEXT, method TEXT, data BLOB NOT NULL, PRIMARY KEY (content, method));
CREATE TABLE IF NOT EXISTS tests (method TEXT PRIMARY KEY, examples TEXT NOT NULL, data BLOB NOT NULL);
"""


class Memory:
    """The SQLite file; a context manager. Raises ModelsimError where it cannot be used."""

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            self._db = sqlite3.connect(file, timeout=30)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.executescript(_SCHEMA)
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def __enter__(self) -> Memory:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._db.close()
        if isinstance(error, sqlite3.Error):
            raise self._unusable(error) from error

    def _unusable(self, error: sqlite3.Error) -> ModelsimError:
        fix = "make room if the disk is full; if it is damaged delete it, it is made anew"
        return ModelsimError(f"the gallery's features cannot be used ({error})", self._file, fix)

    def contents(self, stored: Sequence[Stored]) -> dict[Path, str]:
        """Path → SHA-256 of the file; what has neither another size nor another time is not read again."""
        rows = self._db.execute("SELECT path, bytes, mtime_ns, content FROM files")
        known = {path: ((size, time), content) for path, size, time, content in rows}
        found, new = {}, []
        for each in stored:
            name, state = each.path.relative_to(self._file.parent).as_posix(), each.path.stat()
            key = (state.st_size, state.st_mtime_ns)
            seen, content = known.get(name, (None, ""))
            if seen != key:
                content = hashlib.sha256(each.path.read_bytes()).hexdigest()
                new.append((name, *key, content))
            found[each.path] = content
        with self._db:
            self._db.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)", new)
        return found

    def known(self, method: str) -> set[str]:
        """Contents that have features of this method."""
        return {content for (content,) in self._db.execute("SELECT content FROM features WHERE method = ?", (method,))}

    def keep(self, rows: Iterable[tuple[str, str, bytes]]) -> None:
        """Store features: content, method, data."""
        with self._db:
            self._db.executemany("INSERT OR REPLACE INTO features VALUES (?, ?, ?)", rows)

    def all(self, method: str, contents: Sequence[str]) -> bytearray:
        """The features of these contents, one after the other."""
        found = dict(self._db.execute("SELECT content, data FROM features WHERE method = ?", (method,)))
        joined = bytearray()
        for content in contents:
            joined += found[content]
        return joined

    def test(self, method: str, examples: str) -> SelfTest | None:
        """The self-test of these very examples; None where it was not made."""
        query = "SELECT data FROM tests WHERE method = ? AND examples = ?"
        row = self._db.execute(query, (method, examples)).fetchone()
        if row is None:
            return None
        with np.load(io.BytesIO(row[0]), allow_pickle=False) as arrays:
            return SelfTest(**arrays)

    def keep_test(self, method: str, examples: str, test: SelfTest) -> None:
        """Store a self-test in the place of the last one of this method."""
        data = io.BytesIO()
        np.savez(data, **{field.name: getattr(test, field.name) for field in fields(test)})  # not what it remembers
        with self._db:
            self._db.execute("INSERT OR REPLACE INTO tests VALUES (?, ?, ?)", (method, examples, data.getvalue()))
