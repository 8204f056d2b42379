"""The library's memory of files that have another name now, or lie elsewhere.

A file keeps what is known of it in one of two ways:

- the file system still numbers it the same: it is the very file, under another name, as far as size, time of change
  and bytes at some places tell; just as a file that stayed where it was is believed to be unchanged. It keeps all.
- it lies on another drive: header, size, time and those bytes are what they were, and the old one is gone. It keeps
  what was computed and what a person called its class, but not its hashes: nobody has read all of these bytes, so
  nothing is said of them that only a hash can prove, until the next scan has read them. If they are others, the file
  leaves the model that it was taken for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .checkpoints.source import FileKey
from .checkpoints.trace import Trace
from .sqlite import SqliteFile

TRACES = """
CREATE TABLE IF NOT EXISTS traces (
    path TEXT PRIMARY KEY, size INTEGER, mtime_ns INTEGER, place TEXT, sample TEXT, came_from TEXT, sha256 TEXT,
    crc INTEGER
);
"""
"""Beside `files`; `came_from` is where a file lay whose bytes nobody has read since, `sha256` what they were there."""


@dataclass(frozen=True)
class TracedFile:
    """A file that looks like another one: its key, its model's id, its trace."""

    key: FileKey
    model: int
    trace: Trace


class Moves(SqliteFile):
    """The part of the library that follows files."""

    def _write(self, statements: Iterable[tuple[str, tuple]]) -> bool:
        raise NotImplementedError

    def _new_model(self) -> int:
        raise NotImplementedError

    def is_traced(self, key: FileKey) -> bool:
        """Whether this very file can be told again elsewhere."""
        query = "SELECT 1 FROM sound_traces WHERE path = ? AND size = ? AND mtime_ns = ?"
        return self._db.execute(query, (key.path, key.size, key.mtime_ns)).fetchone() is not None

    def remember_trace(self, key: FileKey, trace: Trace) -> None:
        """Store the trace of a remembered file."""
        values = (key.path, key.size, key.mtime_ns, trace.place, trace.sample)
        self._write([("INSERT OR REPLACE INTO traces VALUES (?, ?, ?, ?, ?, NULL, NULL, NULL)", values)])

    def alike(self, key: FileKey, version: str, header: str, digest: str, sample: str) -> list[TracedFile]:
        """The other files with this size, header, layout and these bytes at some places."""
        rows = self._db.execute(
            "SELECT f.path, f.mtime_ns, f.model, t.place FROM main.traces few"  # whose sums alone are looked at
            " CROSS JOIN sound_traces t ON (t.path, t.sample) = (few.path, few.sample)"
            " CROSS JOIN sound_files f ON (f.path, f.size, f.mtime_ns) = (t.path, t.size, t.mtime_ns)"
            " WHERE few.sample = ? AND few.path != ? AND (f.size, f.version, f.header, f.layout) = (?, ?, ?, ?)",
            (sample, key.path, key.size, version, header, digest),
        )
        return [
            TracedFile(FileKey(path, key.size, mtime_ns), model, Trace(place, sample))
            for path, mtime_ns, model, place in rows
        ]

    def paths_of(self, model: int) -> list[FileKey]:
        """The files that stand for a model."""
        rows = self._db.execute("SELECT path, size, mtime_ns FROM sound_files WHERE model = ?", (model,))
        return [FileKey(*row) for row in rows]

    def rename(self, old: FileKey, new: FileKey, trace: Trace) -> None:
        """The very file has another name: all that is known of it stays."""
        place = (new.path, new.size, new.mtime_ns, old.path)
        kept = "UPDATE OR REPLACE other_hashes SET path = ?, size = ?, mtime_ns = ? WHERE path = ?"
        self._write([*_moved(old, new, trace), (kept, place)])

    def take_over(self, old: FileKey, new: FileKey, trace: Trace) -> None:
        """A file that looks the same lies elsewhere: its results stay; its hashes wait until its bytes were read. No
        other file may stand for its model."""
        model = "(SELECT model FROM sound_files WHERE path = ?)"
        expected = f"coalesce(sha256, (SELECT sha256 FROM sound_models WHERE id = {model}))"
        self._write(
            [
                *_moved(old, new, trace),
                (
                    f"UPDATE traces SET came_from = coalesce(came_from, ?), sha256 = {expected} WHERE path = ?",
                    (old.path, new.path, new.path),
                ),
                (f"UPDATE models SET sha256 = NULL, identity = NULL WHERE id = {model}", (new.path,)),
            ]
        )

    def came_from(self, key: FileKey) -> str | None:
        """Where a file lay whose bytes nobody has read since it came here; None for all others."""
        query = "SELECT came_from FROM sound_traces WHERE path = ? AND size = ? AND mtime_ns = ?"
        row = self._db.execute(query, (key.path, key.size, key.mtime_ns)).fetchone()
        return row[0] if row else None

    def _confirmed(self, key: FileKey, model: int, sha256: str | None) -> int:
        """The bytes of a file were read, by whomever: its model's id, a new one where they are not those of the file
        that it was taken for."""
        query = "SELECT came_from, sha256 FROM sound_traces WHERE path = ? AND size = ? AND mtime_ns = ?"
        row = self._db.execute(query, (key.path, key.size, key.mtime_ns)).fetchone()
        if row is None or row[0] is None:
            return model
        statements: list[tuple[str, tuple]] = [
            ("UPDATE traces SET came_from = NULL, sha256 = NULL WHERE path = ?", (key.path,))
        ]
        if row[1] is not None and sha256 != row[1]:
            other = self._new_model()
            free = "NOT EXISTS (SELECT 1 FROM sound_models WHERE sha256 = ?)"  # it was hashed, so it keeps its hash
            statements += [
                ("UPDATE files SET model = ? WHERE path = ?", (other, key.path)),
                (f"UPDATE models SET sha256 = ? WHERE id = ? AND {free}", (row[1], model, row[1])),
            ]
            model = other
        self._write(statements)
        return model


def _moved(old: FileKey, new: FileKey, trace: Trace) -> list[tuple[str, tuple]]:
    place = (new.path, new.size, new.mtime_ns)
    return [
        *((f"DELETE FROM {table} WHERE path = ?", (new.path,)) for table in ("files", "failures", "traces")),
        *(
            (f"UPDATE {table} SET path = ?, size = ?, mtime_ns = ? WHERE path = ?", (*place, old.path))
            for table in ("files", "traces")
        ),
        ("UPDATE traces SET place = ?, sample = ? WHERE path = ?", (trace.place, trace.sample, new.path)),
    ]
