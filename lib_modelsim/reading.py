"""Small files that a person names: opened at once or not at all."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

_GIVEN = ("/dev/stdin", "/dev/fd/", "/proc/self/fd/")
"""What a shell hands over in the place of a file (`<(command)`): somebody writes to it."""


def require_file(path: Path) -> Path:
    """The path itself. Raises OSError where it is a FIFO, a socket, a device or a folder: reading these would wait
    for ever or have no end. Also where there is none."""
    found = os.stat(path)  # noqa: PTH116 - as the system has it
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, "this is a folder", str(path))
    if not stat.S_ISREG(found.st_mode) and not str(path).startswith(_GIVEN):
        raise OSError(errno.EINVAL, "this is not a regular file", str(path))
    return path
