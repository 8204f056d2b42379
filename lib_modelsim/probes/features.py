"""Vectors of a gallery's pictures, remembered in an SQLite file beside them: a picture is encoded once."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelsimError
from .gallery import Stored

FILE = "features.sqlite"

Vector = NDArray[np.float32]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS vectors (
    picture TEXT NOT NULL, encoder TEXT NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (picture, encoder)
) WITHOUT ROWID;
"""


class Features:
    """The vectors of one gallery; a context manager. Raises ModelsimError where its file cannot be used."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        try:
            self._db = sqlite3.connect(self._path, timeout=30, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")  # what a power cut takes is computed anew
            self._db.executescript(_SCHEMA)
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def __enter__(self) -> Features:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Raises ModelsimError in the place of an error that comes from the file."""
        self._db.close()
        if isinstance(error, sqlite3.Error):
            raise self._unusable(error) from error

    def _unusable(self, error: sqlite3.Error) -> ModelsimError:
        fix = "make room if the disk is full; if it is damaged delete it, it is made anew from the pictures"
        return ModelsimError(f"the features of the pictures cannot be used ({error})", self._path, fix)

    def of(self, encoder: str) -> dict[str, Vector]:
        """All vectors that this encoder (its identity) made, float32 [d], by picture."""
        rows = self._db.execute("SELECT picture, vector FROM vectors WHERE encoder = ?", (encoder,))
        return {picture: np.frombuffer(vector, "<f4") for picture, vector in rows}

    def keep(self, made: Iterable[tuple[str, str, Vector]]) -> None:
        """Remember vectors: picture, encoder, float32 [d]. All of them or none."""
        rows = [(picture, encoder, vector.astype("<f4").tobytes()) for picture, encoder, vector in made]
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)
            self._db.execute("COMMIT")
        except BaseException:
            self._db.rollback()
            raise


def picture_key(stored: Stored) -> str:
    """What a picture's vectors are known by: its record and the size and time of its file, which change when it is
    drawn anew; wherever the gallery lies."""
    about = f"{stored.record.to_json()} {stored.bytes} {stored.path.stat().st_mtime_ns}"
    return hashlib.sha256(about.encode()).hexdigest()
