"""Where a checkpoint's bytes come from, and whether they are still those of the file that was opened.

Every format reads its headers and its tensors through a `Source`. A source knows what it was when it was opened, so
a file that is replaced or written to meanwhile is an error and never a mixture: `read_into` never goes on in another
file, and `check` afterwards tells whether what was read holds. Files are read with plain reads: a mapped file counts
as memory, and one that shrinks kills the process.
"""

from __future__ import annotations

import errno
import io
import os
import stat
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import BoundedSemaphore
from types import TracebackType
from typing import TypeVar

from ..errors import CheckpointError
from ..text import printable, readable

KEPT_OPEN = 64
"""Files kept open at the same time, over all sources; beyond, one is opened for each read. macOS starts a program with
256 handles, Linux with 1024, Windows's C library with 512, and a host has files and connections of its own."""

_FREE = BoundedSemaphore(KEPT_OPEN)

_TRY_AGAIN = "try again once nothing writes to it any more"
MORE_MEMORY = "close other programs, then try again"
_CHECK = "check that the file exists and can be read"


class ReadError(CheckpointError):
    """Bytes that could not be read, or not as one: gone, shrunk, changed meanwhile, a failing disk.

    It says nothing of the checkpoint itself, so it is never remembered. `source` is the source, or a folder's path.
    """

    def __init__(self, what: str, source: Source | Path, fix: str):
        super().__init__(what, source, fix)
        self.source = source


def changed(source: Source | Path) -> ReadError:
    """The error for a source that is no longer what it was when it was opened."""
    return ReadError("the checkpoint changed while it was being read", source, _TRY_AGAIN)


@dataclass(frozen=True)
class FileKey:
    """What tells whether a file is still the one that was read: compared as a whole, stored in the library.

    In a folder's key the sizes are added up, and `mtime_ns` is a digest of the names, sizes and times of all its
    files; for a model in memory it is a digest of its weights.
    """

    path: str
    size: int
    mtime_ns: int


class Source(ABC):
    """Bytes that can be read from any place. A context manager: what it holds open is kept until the end of the
    block; reads outside of one are allowed and cost an opening each. May be read by several threads at once.

    `name` is what the source is called within its checkpoint ("unet/model.safetensors" in a folder), `str()` where it
    is, `size` its number of bytes, `identity` what it was when it was opened.
    """

    name: str
    size: int

    precision: str | None = None
    """What a person calls the quantised format that this decodes."""

    density: float = 1.0
    """Bytes in the file for each byte that is read here."""

    reads_through: bool = False
    """Whether one read may go on from a tensor to the next and through what lies between."""

    @property
    def root(self) -> Source:
        """The file that the bytes come from: another one where this decodes what stands there."""
        return self

    @property
    @abstractmethod
    def identity(self) -> FileKey:
        """What this was when it was opened. Equal for equal bytes, as far as that can be told without reading them."""

    @abstractmethod
    def read_into(self, offset: int, buffer: memoryview) -> None:
        """Fill `buffer` with the bytes from `offset` on. Raises ReadError where they cannot be read."""

    @abstractmethod
    def check(self) -> None:
        """Raise ReadError where this is no longer what it was: what was read so far may then be a mixture."""

    def __enter__(self) -> Source:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


class FromSources:
    """What is read from `sources`. A context manager: they are kept open until the end of the block."""

    sources: tuple[Source, ...]

    def check(self) -> None:
        """Raise ReadError where a source is no longer what it was: what was read of it may then be a mixture."""
        for source in self.sources:
            source.check()

    def __enter__(self: _Opened) -> _Opened:
        for source in self.sources:
            source.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for source in self.sources:
            source.__exit__(kind, error, trace)


_Opened = TypeVar("_Opened", bound=FromSources)


class FileSource(Source):
    """One regular file. Raises ReadError where it is none or cannot be looked at; opens it when it is read.

    A thread that reads has a handle for itself, so no read waits for another. Of those at rest at most KEPT_OPEN are
    kept, over all files; each is that of the file first seen.
    """

    reads_through = True

    def __init__(self, path: Path, name: str | None = None):
        self.path, self.name = path, path.name if name is None else name
        self._blocks, self._idle = 0, list[io.FileIO]()
        self._state = _settled(self._look)
        self.size = self._state.size

    def __str__(self) -> str:
        return str(self.path)

    @cached_property
    def identity(self) -> FileKey:
        return FileKey(readable(self.path.resolve()), self._state.size, self._state.mtime_ns)

    def read_into(self, offset: int, buffer: memoryview) -> None:
        try:
            with self._handle() as file:
                file.seek(offset)
                done = 0
                while done < len(buffer) and (got := file.readinto(buffer[done:])):
                    done += got
        except OSError as error:
            raise ReadError(f"cannot read the file ({error.strerror or error})", self, _CHECK) from error
        if done < len(buffer):
            self.check()
            raise ReadError("the file is shorter than its size", self, "copy or download it again, and check the disk")

    def check(self) -> None:
        now = self._look()
        if _State.of(now) != self._state:
            raise changed(self)
        if self._idle:  # some file systems number anew what nobody has open
            with self._handle() as file:
                if os.fstat(file.fileno()).st_ino != now.st_ino:
                    raise changed(self)

    def __enter__(self) -> FileSource:
        self._blocks += 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._blocks -= 1
        while not self._blocks and self._idle:
            self._idle.pop().close()
            _FREE.release()

    @contextmanager
    def _handle(self) -> Iterator[io.FileIO]:
        """A handle that nobody else uses meanwhile."""
        try:
            file = self._idle.pop()
            _FREE.release()
        except IndexError:
            file = self._open()
        try:
            yield file
        finally:
            if self._blocks and _FREE.acquire(blocking=False):
                self._idle.append(file)
            else:
                file.close()

    def _open(self) -> io.FileIO:
        try:
            file = io.FileIO(self.path, opener=_without_waiting)
        except OSError as error:
            raise ReadError(f"cannot open ({error.strerror or error})", self, _CHECK) from error
        if _State.of(os.fstat(file.fileno())) != self._state:
            file.close()
            raise changed(self)
        return file

    def _look(self) -> os.stat_result:
        try:
            found = self.path.stat()
        except OSError as error:
            raise self._no_file(error) from error
        if not stat.S_ISREG(found.st_mode):
            raise ReadError("this is not a regular file", self, "choose a checkpoint file or a diffusers folder")
        return found

    def _no_file(self, error: OSError) -> ReadError:
        """What is said where the system shows no file at this path; of a link, where it leads."""
        try:
            target = self.path.readlink()
        except OSError:
            return ReadError(f"cannot open ({error.strerror or error})", self, _CHECK)
        if error.errno == errno.ELOOP:
            return ReadError("this is a link that leads back to itself", self, "delete it, or make it anew")
        if error.errno == errno.ENOENT:
            what = f"this is a link to a file that is not there, {printable(readable(target))}"
            return ReadError(what, self, "bring the file back, make the link anew, or delete it")
        return ReadError(f"cannot open what this links to ({error.strerror or error})", self, _CHECK)


@dataclass(frozen=True)
class _State:
    """What a file is while it is read. A program can give a file that it wrote to its old size and time again, but not
    its time of change (of creation, on Windows)."""

    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, found: os.stat_result) -> _State:
        return cls(found.st_size, found.st_mtime_ns, found.st_ctime_ns)


_TICK_NS = 20_000_000
"""Systems count times of change in steps of up to 16 ms."""


def _settled(look: Callable[[], os.stat_result]) -> _State:
    """The state of a file, once whatever is written to it from now on gives it another one."""
    state = _State.of(look())
    if abs(time.time_ns() - max(state.mtime_ns, state.ctime_ns)) < _TICK_NS:
        time.sleep(2 * _TICK_NS / 1e9)
        state = _State.of(look())
    return state


def _without_waiting(path: str, flags: int) -> int:
    """Opening a FIFO that took a file's place would wait for somebody who writes to it."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
