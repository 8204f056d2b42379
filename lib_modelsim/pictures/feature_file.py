"""The SQLite file that keeps what is known of pictures by their content: a row for each method that looked at them."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..job import Job, Stage
from ..sqlite import SqliteFile
from .opening import PictureError, said_by

FILE = "features.sqlite"

_READ = 256  # pictures that are read between two commits

_ASKED = 500  # features that one statement asks for: more are not read at once beside those that are handed out

_LAYOUT = 1  # of the file, its user_version

_SCHEMA = """
CREATE TABLE IF NOT EXISTS files (path TEXT PRIMARY KEY, bytes INTEGER, mtime_ns INTEGER, content TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS features (content TEXT, method TEXT, data BLOB NOT NULL, PRIMARY KEY (content, method));
CREATE TABLE IF NOT EXISTS numbers (
    method TEXT, content TEXT, number REAL, PRIMARY KEY (method, content)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tests (method TEXT PRIMARY KEY, examples TEXT NOT NULL, data BLOB NOT NULL);
"""


@dataclass(frozen=True)
class Seen:
    """`contents`: path → content, of the pictures of which all is known that was wanted; `unreadable`: why not of
    others, one path of each content."""

    contents: Mapping[Path, str]
    unreadable: Mapping[Path, str]


class FeatureFile(SqliteFile):
    """One folder's file."""

    what = "the gallery's features"
    fix = "free some disk space; if the file is damaged, delete it and it is created again"
    schema = _SCHEMA
    replaceable = True

    def __init__(self, folder: Path, file: Path | None = None) -> None:
        """Of the pictures under `folder`; `file` is where they are kept, None beside them."""
        self._folder = folder
        super().__init__(file or folder / FILE, isolation_level="")  # with `with`, all of a block's statements or none

    def _prepare(self) -> None:
        """Files of the first layout keep both views of a picture in one row, under "…; worn 1"."""
        if self._layout() == _LAYOUT:
            return
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            if self._layout() == _LAYOUT:  # another program was quicker
                return
            old = "SELECT DISTINCT method FROM features WHERE method LIKE '%; worn %'"
            for (method,) in self._db.execute(old).fetchall():
                identity, _, number = method.rpartition("; worn ")
                for name, half in (
                    (identity, "substr(data, 1, length(data) / 2)"),
                    (f"{identity}; degraded {number}", "substr(data, length(data) / 2 + 1)"),
                ):
                    taken = f"INSERT OR IGNORE INTO features SELECT content, ?, {half} FROM features WHERE method = ?"
                    self._db.execute(taken, (name, method))
                self._db.execute("DELETE FROM features WHERE method = ?", (method,))
            self._db.execute("UPDATE OR REPLACE tests SET method = replace(method, '; worn ', '; degraded ')")
            self._db.execute("DELETE FROM features WHERE method = 'perceptual hash 1'")  # the fingerprint has it
            self._db.execute(f"PRAGMA user_version = {_LAYOUT}")

    def _layout(self) -> int:
        return self._db.execute("PRAGMA user_version").fetchone()[0]

    # what was computed from it

    def computed(self, method: str, examples: str) -> dict[str, NDArray] | None:
        """The arrays that this method kept of these very examples; None where it kept none."""
        query = "SELECT data FROM tests WHERE method = ? AND examples = ?"
        row = self._db.execute(query, (method, examples)).fetchone()
        if row is None:
            return None
        with np.load(io.BytesIO(row[0]), allow_pickle=False) as arrays:
            return dict(arrays)

    def keep_computed(self, method: str, examples: str, arrays: Mapping[str, NDArray]) -> None:
        """Keep arrays in the place of the last ones of this method."""
        data = io.BytesIO()
        np.savez(data, **arrays)
        with self._db:
            self._db.execute("INSERT OR REPLACE INTO tests VALUES (?, ?, ?)", (method, examples, data.getvalue()))

    # the file

    def contents(self, pictures: Sequence[Path], job: Job) -> Seen:
        """The SHA-256 of each file; what has neither another size nor another time is not read again. Nothing is
        decoded: a file that can be read may be no picture.

        Raises Cancelled within one picture; what was read is kept.
        """
        rows = self._db.execute("SELECT path, bytes, mtime_ns, content FROM files")
        known = {path: ((size, time), content) for path, size, time, content in rows}
        found: dict[Path, str] = {}
        unreadable: dict[Path, str] = {}
        new = []
        for path in dict.fromkeys(pictures):
            try:
                name, state = path.relative_to(self._folder).as_posix(), path.stat()
            except OSError as error:
                unreadable[path] = _gone(path, error)
                continue
            key = (state.st_size, state.st_mtime_ns)
            seen, content = known.get(name, (None, ""))
            if seen == key:
                found[path] = content
            else:
                new.append((path, name, key))
        stage = Stage(job, "reading pictures", len(new), "pictures")
        for start in range(0, len(new), _READ):
            rows = []
            try:
                for path, name, key in new[start : start + _READ]:
                    try:
                        found[path] = hashlib.sha256(path.read_bytes()).hexdigest()
                        rows.append((name, *key, found[path]))
                    except OSError as error:
                        unreadable[path] = _gone(path, error)
                    stage.advance(1)
            finally:
                with self._db:
                    self._db.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)", rows)
        return Seen(found, unreadable)

    def kept(self, method: str) -> dict[str, bytes]:
        """Content → what was kept of it by this method."""
        return dict(self._db.execute("SELECT content, data FROM features WHERE method = ?", (method,)))

    def _known(self, method: str) -> set[str]:
        return {content for (content,) in self._db.execute("SELECT content FROM features WHERE method = ?", (method,))}

    def _counted(self, method: str) -> set[str]:
        return {content for (content,) in self._db.execute("SELECT content FROM numbers WHERE method = ?", (method,))}

    def keep(self, rows: Iterable[tuple[str, str, bytes]]) -> None:
        """Keep, all or none of them: content, method, data. The method's name tells its version."""
        with self._db:
            self._db.executemany("INSERT OR REPLACE INTO features VALUES (?, ?, ?)", rows)

    def _all(self, method: str, contents: Sequence[str]) -> bytearray:
        """The features of these contents, one after the other."""
        joined = bytearray()
        for start in range(0, len(contents), _ASKED):
            part = contents[start : start + _ASKED]
            found = self._some(method, part)
            for content in part:
                joined += found[content]
        return joined

    def _some(self, method: str, contents: Sequence[str]) -> dict[str, bytes]:
        """Content → feature, for those of these contents that have one."""
        found: dict[str, bytes] = {}
        for start in range(0, len(contents), _ASKED):
            part = contents[start : start + _ASKED]
            query = f"SELECT content, data FROM features WHERE content IN ({', '.join('?' * len(part))}) AND method = ?"
            found |= dict(self._db.execute(query, (*part, method)))
        return found


def _gone(path: Path, error: OSError) -> str:
    return str(PictureError(f"{path.name} cannot be read", said_by(error), "check the file and its permissions"))
