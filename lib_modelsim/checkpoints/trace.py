"""What tells a file again that has another name or lies elsewhere, without reading all of it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..errors import CheckpointError
from ..text import readable
from .files import file_key, files_at
from .source import FileKey, FileSource

SPOTS = 16
"""Places of a file, evenly apart, whose bytes are looked at: each fine-tune and each merge differs there. What differs
in few bytes alone may not: so a trace never stands for a hash."""

SPOT_BYTES = 4096


@dataclass(frozen=True)
class Trace:
    """`place` is what the file system numbers a file by, empty where it has no numbers: a rename keeps it, and no two
    files have the same at the same time. `sample` is a digest of some of its bytes."""

    place: str
    sample: str


def trace_of(path: Path, key: FileKey) -> Trace | None:
    """The trace of the file or diffusers folder that has this key; None where it cannot be read, or is another by
    now."""
    try:
        files = _files(path)
        places = [(name, *_number(file)) for name, file in files]
        digest = hashlib.sha256()
        for name, file in files:
            digest.update(f"{name}\n".encode())
            _sample(FileSource(file), digest)
        if file_key(path) != key:
            return None
    except (OSError, CheckpointError):
        return None
    numbered = all(inode for _, _, inode in places)
    place = "".join(f"{name} {device}:{inode}\n" for name, device, inode in places) if numbered else ""
    return Trace(place and hashlib.sha256(place.encode()).hexdigest(), digest.hexdigest())


def _files(path: Path) -> list[tuple[str, Path]]:
    """Name within the checkpoint → file; of a single file the name says nothing."""
    files = files_at(path)
    if files == [path]:
        return [("", path)]
    around = path if path.is_dir() else path.parent
    return [(readable(file.relative_to(around)), file) for file in files]


def _number(file: Path) -> tuple[int, int]:
    """Device and inode; on Windows the volume's and the file's number, 0 where a drive has none."""
    found = file.stat()
    return found.st_dev, found.st_ino


def _sample(source: FileSource, digest: hashlib._Hash) -> None:
    with source:
        for offset in _offsets(source.size):
            buffer = bytearray(min(SPOT_BYTES, source.size - offset))
            source.read_into(offset, memoryview(buffer))
            digest.update(buffer)
        source.check()


def _offsets(size: int) -> Iterable[int]:
    """Where the spots begin, the first at the beginning and the last at the end; of a small file all of it."""
    last = size - SPOT_BYTES
    if last <= (SPOTS - 1) * SPOT_BYTES:
        return range(0, size, SPOT_BYTES)
    return [last * i // (SPOTS - 1) for i in range(SPOTS)]


def lies_there(path: str, key: FileKey) -> bool:
    """Whether the file or folder at this path is still the one with this key."""
    try:
        return os.path.exists(path) and file_key(Path(path)) == key  # noqa: PTH110 - pathlib's raises for long names
    except CheckpointError:
        return False
