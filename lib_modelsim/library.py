"""The SQLite file that remembers what was computed.

A file is known by (path, size, mtime_ns) and stands for a model; files with the same SHA-256 stand for the same
model, so a copy brings its results along once it was scanned, and a moved file as `moves` says. A result belongs to a
method (with its version) and a set of models, block by block: a comparison that was stopped keeps its finished blocks,
and one of fewer models finds its numbers in that of more.
"""

from __future__ import annotations

import io
import json
import secrets
import sqlite3
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .checkpoints.source import FileKey
from .checksums import Checksums, add_checksums
from .errors import ModelsimError, Sentence
from .moves import TRACES, Moves
from .saying import logger_of

log = logger_of(__name__)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS models (id INTEGER PRIMARY KEY, sha256 TEXT UNIQUE, identity TEXT, crc INTEGER);
CREATE TABLE IF NOT EXISTS layouts (digest TEXT PRIMARY KEY, layout BLOB NOT NULL, crc INTEGER);
CREATE TABLE IF NOT EXISTS files (
    path TEXT PRIMARY KEY, size INTEGER, mtime_ns INTEGER, model INTEGER NOT NULL,
    version TEXT, header TEXT, layout TEXT, crc INTEGER
);
CREATE TABLE IF NOT EXISTS failures (
    path TEXT PRIMARY KEY, size INTEGER, mtime_ns INTEGER, version TEXT, error TEXT, crc INTEGER
);
CREATE TABLE IF NOT EXISTS other_hashes (
    path TEXT, size INTEGER, mtime_ns INTEGER, algorithm TEXT, digits TEXT, crc INTEGER,
    PRIMARY KEY (path, algorithm)
);
CREATE TABLE IF NOT EXISTS sets (
    id INTEGER PRIMARY KEY, method TEXT, models TEXT, crc INTEGER, UNIQUE (method, models)
);
CREATE TABLE IF NOT EXISTS blocks (set_id INTEGER, block TEXT, data BLOB, crc INTEGER, PRIMARY KEY (set_id, block));
CREATE TABLE IF NOT EXISTS classes (
    architecture TEXT, name TEXT, remark TEXT, models TEXT, crc INTEGER, PRIMARY KEY (architecture, models)
);
CREATE TABLE IF NOT EXISTS recipes (
    target INTEGER, inputs TEXT, version TEXT, recipe TEXT, crc INTEGER, PRIMARY KEY (target, inputs)
);
"""

_TABLES = ("models", "layouts", "files", "failures", "other_hashes", "sets", "blocks", "classes", "recipes", "traces")

_VERSION = 2
"""1: without checksums."""

_DAMAGED_VERSION = 1 << 16
"""No library will ever have so high a version."""

_RECIPES = 8
"""Recipes of one model that are kept: made from other candidates, they are others."""

_CANNOT_WRITE = ("is full", "disk I/O error", "readonly database", "No space left", "Read-only")
"""What SQLite and the system say where only the disk or the folder is at fault: the work can go on without."""


@dataclass(frozen=True)
class RememberedFile:
    """A known file: its model's id, the SHA-256 where it is known and, where a header of the right version was stored,
    that header and its layout's digest."""

    model: int
    sha256: str | None
    header: str | None
    layout: str | None


@dataclass(frozen=True)
class BlockResult:
    """What a method found in one block: named arrays, and the ids of the models that their axes stand for."""

    models: tuple[int, ...]
    arrays: dict[str, NDArray]


@dataclass(frozen=True)
class NamedClass:
    """A class of models, by their ids, to which a person gave a name and a remark."""

    name: str
    remark: str
    models: frozenset[int]


class Library(Moves):
    """One open library. `Library(None)` lives in memory and is forgotten.

    Where the disk is full or the file cannot be written, a warning is logged and the work goes on unremembered.
    """

    what = "the library"
    fix = Sentence(
        "move it away to start a new one, choose another with --library, or use --no-library",
        "move it away: the next start makes a new one",
    )
    schema = _SCHEMA + TRACES
    errors = (sqlite3.Error, zlib.error)
    replaceable = True

    def __init__(self, file: Path | None):
        self.path = file
        self._unwritten = 0
        self._warned = False
        self._layouts: dict[str, str] = {}  # a few, which most files share
        try:
            if file is not None:
                file.parent.mkdir(parents=True, exist_ok=True)
            super().__init__(file)
        except (ModelsimError, OSError) as error:
            cause = error.__cause__ or error
            if isinstance(error, ModelsimError) and not isinstance(cause, sqlite3.Error):
                raise
            if not any(word in str(cause) for word in _CANNOT_WRITE):
                raise self._unusable(cause) from cause
            self._warn(cause)
            super().__init__(None)

    def _prepare(self) -> None:
        (found,) = self._db.execute("PRAGMA user_version").fetchone()
        if not 0 <= found < _DAMAGED_VERSION:
            raise sqlite3.DatabaseError(f"version {found}")
        if found > _VERSION:
            raise ModelsimError(
                "a newer modelsim wrote this library",
                self.path,
                Sentence("update modelsim, or use --library with another file", "update modelsim"),
            )
        add_checksums(self._db, _TABLES)
        if found < _VERSION:
            self._db.execute(f"PRAGMA user_version={_VERSION}")
        self._sums = Checksums(self._db)

    def _is_ours(self) -> bool:
        if self.path.suffix == ".sqlite":
            return True
        with open(self.path, "rb") as file:
            return b"other_hashes" in file.read(1 << 16)

    def _warn(self, error: BaseException) -> None:
        if not self._warned:
            log.warning("the library could not save this (%s): %s", error, self.path)
        self._warned = True

    def _write(self, statements: Iterable[tuple[str, tuple]]) -> bool:
        """All of the statements or none; False where the disk refused them."""
        statements = list(statements)
        try:
            self._sums.require_sound()
            try:
                self._write_all(statements)
            except sqlite3.IntegrityError:  # a damaged row, which nobody reads, has the name of a new one
                self._db.execute("ROLLBACK")
                self._sums.suspect()
                self._sums.require_sound()
                self._write_all(statements)
        except sqlite3.OperationalError as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            self._warn(error)
            return False
        return True

    def _write_all(self, statements: Iterable[tuple[str, tuple]]) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        for statement, values in statements:
            self._db.execute(statement, values)
        self._db.execute("COMMIT")

    # files and models

    def file(self, key: FileKey, version: str) -> RememberedFile | None:
        """What is known of this very file; None where it is new or has changed. `version` is that of the headers."""
        row = self._db.execute(
            "SELECT f.path, f.model, m.sha256, f.version, f.header, f.layout FROM sound_files f"
            " JOIN sound_models m ON m.id = f.model WHERE f.path = ? AND f.size = ? AND f.mtime_ns = ?",
            (key.path, key.size, key.mtime_ns),
        ).fetchone()
        if row is None or row[0] != key.path:  # a damaged index may lead to another's row
            return None
        _, model, sha256, of_version, header, layout = row
        return RememberedFile(model, sha256, *((header, layout) if of_version == version else (None, None)))

    def files(self) -> list[tuple[str, str | None, dict | None]]:
        """Path, SHA-256 and what `scan` found out, of every file that was readable when it was last seen."""
        rows = self._db.execute("SELECT path, sha256, identity FROM sound_files LEFT JOIN sound_models ON id = model")
        return [(path, sha256, json.loads(identity) if identity else None) for path, sha256, identity in rows]

    def layout(self, digest: str) -> str | None:
        """The layout of this digest, which a remembered file names."""
        if digest not in self._layouts:
            row = self._db.execute("SELECT layout FROM sound_layouts WHERE digest = ?", (digest,)).fetchone()
            if row is None:
                return None
            self._layouts[digest] = zlib.decompress(row[0]).decode()
        return self._layouts[digest]

    def knows(self, path: str) -> bool:
        """Whether there was a file at this path, as it is now or as it was before."""
        query = (
            "SELECT EXISTS (SELECT 1 FROM sound_files WHERE path = ? UNION SELECT 1 FROM sound_failures WHERE path = ?)"
        )
        return bool(self._db.execute(query, (path, path)).fetchone()[0])

    def remember_file(self, key: FileKey, version: str, header: str, digest: str, layout: str) -> int:
        """Store a file's header and layout; returns its model's id: a new one unless this very file is known."""
        known = self.file(key, version)
        model = known.model if known is not None else self._new_model()
        self._write(
            [
                (
                    "INSERT OR REPLACE INTO layouts SELECT ?, ?, NULL"
                    " WHERE NOT EXISTS (SELECT 1 FROM sound_layouts WHERE digest = ?)",
                    (digest, _compressed(layout), digest),
                ),
                (
                    "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
                    (key.path, key.size, key.mtime_ns, model, version, header, digest),
                ),
                ("DELETE FROM failures WHERE path = ?", (key.path,)),
            ]
        )
        return model

    def failure(self, key: FileKey, version: str) -> str | None:
        """Why this very file could not be read by this version of the headers; None where that was not tried."""
        row = self._db.execute(
            "SELECT error FROM sound_failures WHERE path = ? AND size = ? AND mtime_ns = ? AND version = ?",
            (key.path, key.size, key.mtime_ns, version),
        ).fetchone()
        return row[0] if row else None

    def remember_failure(self, key: FileKey, version: str, error: str) -> None:
        """Store why a file cannot be read: it is not tried again before it changes."""
        values = (key.path, key.size, key.mtime_ns, version, error)
        self._write(
            [
                ("INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?, ?, NULL)", values),
                ("DELETE FROM files WHERE path = ?", (key.path,)),
            ]
        )

    def _new_model(self) -> int:
        try:
            return self._db.execute("INSERT INTO models (id) VALUES (?)", (_new_id(),)).lastrowid
        except sqlite3.OperationalError as error:
            self._warn(error)
            self._unwritten -= 1  # an id that holds for this run
            return self._unwritten

    def identity(self, model: int) -> dict | None:
        """What `scan` found out about a model, None where it was not scanned."""
        row = self._db.execute("SELECT identity FROM sound_models WHERE id = ?", (model,)).fetchone()
        return json.loads(row[0]) if row and row[0] else None

    def remember_identity(self, key: FileKey, model: int, sha256: str | None, identity: Mapping) -> int:
        """Store a scan; returns the model's id, which changes where another file with this SHA-256 is known, and where
        this one was taken for a file with another."""
        model = self._confirmed(key, model, sha256)
        target = "coalesce((SELECT id FROM sound_models WHERE sha256 = ?), ?)"
        self._write(
            [
                (
                    f"UPDATE models SET sha256 = ?, identity = ? WHERE id = {target}",
                    (sha256, json.dumps(identity), sha256, model),
                ),
                (f"UPDATE files SET model = {target} WHERE path = ?", (sha256, model, key.path)),
            ]
        )
        return self._db.execute(f"SELECT {target}", (sha256, model)).fetchone()[0]

    def remember_sha256(self, key: FileKey, model: int, sha256: str) -> int:
        """Store a SHA-256 that somebody else made of a remembered file; returns the model's id, which changes where
        another file with this SHA-256 is known.

        A scan's word counts more, and a file of another size or with another header cannot be the same: then nothing
        is stored.
        """
        model = self._confirmed(key, model, sha256)
        row = self._db.execute("SELECT id FROM sound_models WHERE sha256 = ?", (sha256,)).fetchone()
        if row is None:
            self._write([("UPDATE OR IGNORE models SET sha256 = ? WHERE id = ? AND sha256 IS NULL", (sha256, model))])
            return model
        alike = (
            "SELECT 1 FROM sound_files a, sound_files b WHERE a.path = ? AND b.model = ?"
            " AND (a.size, a.version, a.header, a.layout) = (b.size, b.version, b.header, b.layout)"
        )
        if row[0] == model or self._db.execute(alike, (key.path, row[0])).fetchone() is None:
            return model
        self._write([("UPDATE files SET model = ? WHERE path = ?", (row[0], key.path))])
        return row[0]

    def other_hash(self, key: FileKey, algorithm: str) -> str | None:
        """The digits of this very file by another algorithm than SHA-256; None where nobody computed them."""
        row = self._db.execute(
            "SELECT digits FROM sound_other_hashes WHERE path = ? AND algorithm = ? AND size = ? AND mtime_ns = ?",
            (key.path, algorithm, key.size, key.mtime_ns),
        ).fetchone()
        return row[0] if row else None

    def remember_other_hash(self, key: FileKey, algorithm: str, digits: str) -> None:
        """Store such a hash. A file that lies elsewhere later has none until its bytes are read again."""
        values = (key.path, key.size, key.mtime_ns, algorithm, digits)
        self._write([("INSERT OR REPLACE INTO other_hashes VALUES (?, ?, ?, ?, ?, NULL)", values)])

    # results

    def results(self, method: str, models: Iterable[int]) -> dict[str, BlockResult]:
        """Block → the stored result of a set that holds all these models; blocks without one are left out."""
        wanted, found = set(models), {}
        for set_id, ids in self._sets(method):
            if wanted <= set(ids):
                rows = self._db.execute("SELECT set_id, block, data FROM sound_blocks WHERE set_id = ?", (set_id,))
                for of_set, block, data in rows:
                    if block not in found and of_set == set_id:
                        found[block] = BlockResult(ids, _unpack(data))
        return found

    def _sets(self, method: str) -> list[tuple[int, tuple[int, ...]]]:
        """The id of each set of this method, and those of its models."""
        rows = self._db.execute("SELECT id, models FROM sound_sets WHERE method = ?", (method,))
        return [(set_id, tuple(json.loads(members))) for set_id, members in rows]

    def finished_blocks(self, method: str, models: Iterable[int]) -> set[str]:
        """The blocks of which `results` has a result for these models."""
        wanted, found = set(models), set()
        for set_id, ids in self._sets(method):
            if wanted <= set(ids):
                rows = self._db.execute("SELECT block FROM sound_blocks WHERE set_id = ?", (set_id,))
                found |= {block for (block,) in rows}
        return found

    def remember_block(self, method: str, models: tuple[int, ...], block: str, arrays: Mapping[str, NDArray]) -> None:
        """Store one block of a set of models, whose ids stand in the order of the arrays' axes."""
        if min(models) < 0:  # an id that holds for this run only: the next run would give it to another model
            return
        members = json.dumps(models)
        chosen = "(SELECT id FROM sound_sets WHERE method = ? AND models = ?)"
        self._write(
            [
                (
                    f"INSERT OR REPLACE INTO sets SELECT ?, ?, ?, NULL WHERE NOT EXISTS {chosen}",
                    (_new_id(), method, members, method, members),
                ),
                (
                    f"INSERT OR REPLACE INTO blocks VALUES ({chosen}, ?, ?, NULL)",
                    (method, members, block, _pack(arrays)),
                ),
            ]
        )

    def forget_blocks(self, method: str, models: tuple[int, ...], blocks: Iterable[str]) -> None:
        """Drop some blocks of a set of models: what was read for them may not be what was read for the others."""
        chosen = "set_id = (SELECT id FROM sound_sets WHERE method = ? AND models = ?)"
        row = (method, json.dumps(models))
        self._write([(f"DELETE FROM blocks WHERE {chosen} AND block = ?", (*row, block)) for block in blocks])

    def forget_smaller(self, method: str, models: tuple[int, ...]) -> None:
        """Drop the sets whose models are all in this one, which is complete, but for those that no file is any more."""
        known = {model for (model,) in self._db.execute("SELECT DISTINCT model FROM sound_files")}
        for set_id, ids in self._sets(method):
            if set(ids) != set(models) and set(ids) & known <= set(models):
                self._write(
                    [("DELETE FROM blocks WHERE set_id = ?", (set_id,)), ("DELETE FROM sets WHERE id = ?", (set_id,))]
                )

    # recipes

    def recipes(self, version: str, target: int | None = None) -> list[tuple[int, str, str]]:
        """Target's id, what it was made from and the recipe, of one target or of all, the oldest first."""
        rows = self._db.execute(
            "SELECT target, inputs, recipe FROM sound_recipes WHERE version = ? AND target = coalesce(?, target)"
            " ORDER BY number",
            (version, target),
        )
        return rows.fetchall()

    def remember_recipe(self, version: str, target: int, inputs: str, recipe: str) -> None:
        """Store a recipe of a model; of each model the latest few of this version are kept."""
        if target < 0:  # an id that holds for this run only
            return
        others = "SELECT number FROM sound_recipes WHERE target = ? AND version = ? ORDER BY number DESC LIMIT ?"
        self._write(
            [
                ("INSERT OR REPLACE INTO recipes VALUES (?, ?, ?, ?, NULL)", (target, inputs, version, recipe)),
                (
                    f"DELETE FROM recipes WHERE target = ? AND rowid NOT IN ({others})",
                    (target, target, version, _RECIPES),
                ),
            ]
        )

    # classes that a person named

    def named_classes(self, architecture: str) -> list[NamedClass]:
        """What a person called classes of this architecture, the oldest first."""
        rows = self._db.execute(
            "SELECT name, remark, models FROM sound_classes WHERE architecture = ? ORDER BY number", (architecture,)
        )
        return [NamedClass(name, remark, frozenset(json.loads(models))) for name, remark, models in rows]

    def remember_class(self, architecture: str, named: NamedClass, instead_of: Iterable[NamedClass] = ()) -> None:
        """Store a class's name and remark, in the place of others; one without either is only forgotten."""
        drop = "DELETE FROM classes WHERE architecture = ? AND models = ?"
        statements = [(drop, (architecture, _members(old.models))) for old in (*instead_of, named)]
        if named.name or named.remark:
            values = (architecture, named.name, named.remark, _members(named.models))
            statements.append(("INSERT INTO classes VALUES (?, ?, ?, ?, NULL)", values))
        self._write(statements)


def _new_id() -> int:
    """By chance: after the highest one was lost to damage, counting would give it to another model or set."""
    return secrets.randbits(53)


def _members(models: Iterable[int]) -> str:
    return json.dumps(sorted(models))


@lru_cache(maxsize=8)
def _compressed(layout: str) -> bytes:
    """A layout, which most files share."""
    return zlib.compress(layout.encode())


def _pack(arrays: Mapping[str, NDArray]) -> bytes:
    """The arrays as bytes; zlib is there for its checksum."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return zlib.compress(buffer.getvalue(), 0)


def _unpack(data: bytes) -> dict[str, NDArray]:
    with np.load(io.BytesIO(zlib.decompress(data)), allow_pickle=False) as stored:
        return dict(stored)
