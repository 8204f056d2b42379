"""The SQLite files that remember: one way to open them, and one line for what is wrong with one; and their lock."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, TypeVar

from .errors import ModelsimError
from .saying import logger_of

log = logger_of(__name__)

_Self = TypeVar("_Self", bound="SqliteFile")

_NO_DAMAGE = ("locked", "busy", "is full", "disk I/O error", "readonly", "No space", "Read-only", "unable to open",
              "interrupted", "out of memory")  # fmt: skip
"""What SQLite says where the file may be whole: only the disk, the folder or another program is at fault."""


@contextmanager
def alone(file: Path, patience: float) -> Iterator[None]:
    """No other program holds this file meanwhile, which is made where it is not there; one that does is waited for
    `patience` seconds. SQLite's lock is the one that every system takes back when a process is killed.

    Raises sqlite3.OperationalError where it is held for longer, or the disk refuses.
    """
    with closing(sqlite3.connect(file, timeout=patience, isolation_level=None)) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        yield


class DamagedFile(ModelsimError):  # noqa: N818 - it says what is wrong
    """A damaged file was moved aside: whoever asks again gets a new one."""


class _Connection(sqlite3.Connection):
    """Where a damaged file breaks SQLite's own message, Python raises UnicodeDecodeError."""

    def execute(self, *arguments: Any) -> sqlite3.Cursor:  # noqa: ANN401 - as sqlite3 has it
        try:
            return super().execute(*arguments)
        except UnicodeDecodeError as error:
            raise sqlite3.DatabaseError("the file holds text that is none") from error

    def executescript(self, script: str) -> sqlite3.Cursor:
        try:
            return super().executescript(script)
        except UnicodeDecodeError as error:
            raise sqlite3.DatabaseError("the file holds text that is none") from error


class SqliteFile:
    """One open file; a context manager. Several programs may read it while one writes (WAL).

    Raises ModelsimError, which says `what` cannot be used and the `fix`, when it is opened, and from within the context
    in the place of an error that comes from the file. A damaged file that is `replaceable` is moved aside first: where
    that is seen when it is opened, a new one takes its place at once, else the next time.
    """

    what: ClassVar[str]
    fix: ClassVar[str]
    schema: ClassVar[str]
    errors: ClassVar[tuple[type[Exception], ...]] = (sqlite3.Error,)
    """What a damaged file makes the reader raise."""
    replaceable: ClassVar[bool] = False
    """Whether what is lost can be computed again."""

    def __init__(self, file: Path | None, isolation_level: str | None = None) -> None:
        """`file` None lives in memory; `isolation_level` None commits each statement outside a transaction at once."""
        self._file, self._isolation = file, isolation_level
        self._opened = self._identity()
        try:
            self._open()
        except sqlite3.Error as error:
            aside = self._moved_aside(error)
            if aside is None:
                raise self._unusable(error) from error
            log.warning("damaged (%s): %s is now %s; a new one is in its place", error, self._file, aside.name)
            try:
                self._open()
            except sqlite3.Error as again:
                raise self._unusable(again) from again
        self._opened = self._identity()

    def _open(self) -> None:
        self._db = sqlite3.connect(
            self._file or ":memory:", timeout=30, isolation_level=self._isolation, factory=_Connection
        )
        try:
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")  # a power cut takes at most the last transactions
            self._db.executescript(self.schema)
            self._prepare()
        except BaseException:
            self._db.close()
            raise

    def _prepare(self) -> None:
        """What a kind of file does besides when it is opened: it looks at its version, say."""

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()
        if isinstance(error, self.errors):
            damaged = type(error) is sqlite3.DatabaseError or "no such" in str(error)
            aside = self._moved_aside(error) if damaged else None
            if aside is None:
                raise self._unusable(error) from error
            raise DamagedFile(
                f"damaged ({error}): {self._file.name} is now", aside, "start again: a new one takes its place"
            ) from error

    def _unusable(self, error: BaseException) -> ModelsimError:
        return ModelsimError(f"{self.what} cannot be used ({error})", self._file, self.fix)

    # a damaged file

    def _identity(self) -> tuple[int, int] | None:
        """Which file it is; None where there is none yet. Raises ModelsimError for what is no file: a pipe would be
        waited for, for ever."""
        if self._file is None:
            return None
        try:
            found = os.stat(self._file)  # noqa: PTH116 - as the system has it
        except (OSError, ValueError):
            return None
        if not stat.S_ISREG(found.st_mode):
            kind = "a folder" if stat.S_ISDIR(found.st_mode) else "not a regular file"
            raise ModelsimError(f"{self.what} cannot be used (this is {kind})", self._file, self.fix)
        return found.st_dev, found.st_ino

    def _moved_aside(self, error: BaseException) -> Path | None:
        """Where the damaged file is now; None where it is to stay or cannot be moved. What somebody else put in its
        place meanwhile stays."""
        whole = type(error) is not sqlite3.DatabaseError and any(word in str(error) for word in _NO_DAMAGE)
        if not self.replaceable or self._file is None or whole or self._opened is None or not self._is_ours():
            return None
        number = 1
        while (aside := self._file.with_name(f"{self._file.stem} damaged {number}{self._file.suffix}")).exists():
            number += 1
        try:
            if self._identity() != self._opened:
                return aside.with_name(f"{self._file.stem} damaged {number - 1}{self._file.suffix}")
            for ending in ("-wal", "-shm", ""):  # the file last: its log must not be taken for that of the new one
                place = self._file.with_name(self._file.name + ending)
                if place.exists():
                    place.rename(aside.with_name(aside.name + ending))
        except OSError:
            return None
        return aside

    def _is_ours(self) -> bool:
        """Whether a person may have named another program's file by mistake: that is left alone."""
        return True
