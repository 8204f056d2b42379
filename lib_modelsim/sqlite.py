"""The SQLite files that remember: one way to open them, and one line for what is wrong with one; and their lock."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import ClassVar, TypeVar

from .errors import ModelsimError

_Self = TypeVar("_Self", bound="SqliteFile")


@contextmanager
def alone(file: Path, patience: float) -> Iterator[None]:
    """No other program holds this file meanwhile, which is made where it is not there; one that does is waited for
    `patience` seconds. SQLite's lock is the one that every system takes back when a process is killed.

    Raises sqlite3.OperationalError where it is held for longer, or the disk refuses.
    """
    with closing(sqlite3.connect(file, timeout=patience, isolation_level=None)) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        yield


class SqliteFile:
    """One open file; a context manager. Several programs may read it while one writes (WAL).

    Raises ModelsimError, which says `what` cannot be used and the `fix`, when it is opened, and from within the context
    in the place of an error that comes from the file.
    """

    what: ClassVar[str]
    fix: ClassVar[str]
    schema: ClassVar[str]
    errors: ClassVar[tuple[type[Exception], ...]] = (sqlite3.Error,)
    """What a damaged file makes the reader raise."""

    def __init__(self, file: Path | None, isolation_level: str | None = None) -> None:
        """`file` None lives in memory; `isolation_level` None commits each statement outside a transaction at once."""
        self._file = file
        try:
            self._db = sqlite3.connect(file or ":memory:", timeout=30, isolation_level=isolation_level)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")  # a power cut takes at most the last transactions
            self._db.executescript(self.schema)
            self._prepare()
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def _prepare(self) -> None:
        """What a kind of file does besides when it is opened: it looks at its version, say."""

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()
        if isinstance(error, self.errors):
            raise self._unusable(error) from error

    def _unusable(self, error: BaseException) -> ModelsimError:
        return ModelsimError(f"{self.what} cannot be used ({error})", self._file, self.fix)
