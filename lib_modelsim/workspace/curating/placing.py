"""One file brought to a free name: nothing is overwritten, and a copy is read back before it counts."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from pathlib import Path

_CHUNK = 1 << 20


def place(source: Path, target: Path) -> None:
    """The file under a second name, which must be free. A link is no picture of its own: what it leads to is copied."""
    if source.is_symlink():
        copy(source, target)
        return
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:  # another disk, or one that knows no second names
        copy(source, target)


def copy(source: Path, target: Path) -> None:
    """Copy by way of a temporary file, read it back and compare. Raises FileExistsError where the name is taken,
    OSError where the disk refuses or the source changes meanwhile."""
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        before = source.stat()
        digest = hashlib.sha256()
        with source.open("rb") as old, part.open("xb") as new:
            while chunk := old.read(_CHUNK):
                digest.update(chunk)
                new.write(chunk)
            new.flush()
            os.fsync(new.fileno())
        shutil.copystat(source, part)
        after = source.stat()
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise OSError(errno.EBUSY, "it changed while it was read", str(source))
        if _digest(part) != digest.digest():
            raise OSError(errno.EIO, "the copy is not what the file is", str(source))
        _name_it(part, target)
    finally:
        part.unlink(missing_ok=True)


def _digest(file: Path) -> bytes:
    digest = hashlib.sha256()
    with file.open("rb") as content:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
    return digest.digest()


def _name_it(part: Path, target: Path) -> None:
    """Give a finished file its name, which must be free: in one step where the disk knows second names."""
    try:
        os.link(part, target)
    except FileExistsError:
        raise
    except OSError:
        target.open("xb").close()  # the name is ours from here on
        part.replace(target)
