"""Files and folders that a person names: small files are opened at once or not at all."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from urllib.parse import unquote, urlsplit

from .errors import ModelsimError

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


def typed_folder(typed: str) -> Path:
    """The folder that a person typed, pasted or dropped, whether it is there or not. Raises ModelsimError where that is
    no whole path."""
    text = typed.strip().strip("\"'").strip()
    if text.startswith("file://"):  # as a file manager drops it
        text = unquote(urlsplit(text).path)
        text = text[1:] if os.name == "nt" else text
    if not text:
        raise ModelsimError("no folder is named", None, "type or paste its path")
    folder = Path(os.path.expanduser(text))  # noqa: PTH111 - pathlib's raises for a user that there is none of
    if not folder.is_absolute():
        raise ModelsimError("this is only a part of a path", text, "write all of it")
    return folder
