"""Writing files so that a crash leaves the old one or the new one, never half of one."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .errors import ModelsimError
from .text import printable


def write_text(path: Path, text: str) -> Path:
    """Write a text file in UTF-8. Raises ModelsimError where the disk refuses."""
    return write_bytes(path, text.encode("utf-8", errors="backslashreplace"))


def write_bytes(path: Path, data: bytes) -> Path:
    """Write a file by way of a temporary one beside it. Raises ModelsimError where the disk refuses."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)
    return path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file's path, which takes this one's place at the end. Raises ModelsimError where the disk refuses."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{path.name}.{os.getpid()}.part")  # mkstemp's would be readable to its owner alone
        try:
            yield temporary
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ModelsimError(
            f"cannot write ({error.strerror or error})", path, "choose another folder, or free some disk space"
        ) from error


def write_csv(path: Path, rows: Iterable[Sequence[object]], header: Sequence[str] | None = None) -> Path:
    """Write a table row by row; floats with 17 digits, so that they read back as they were, NaN as an empty cell.

    Text that a spreadsheet program would take for a formula has a ' before it, which makes it text there; characters
    that cannot be shown are written out.
    """
    text = {"encoding": "utf-8", "errors": "backslashreplace", "newline": ""}
    with replacing(path) as temporary, temporary.open("w", **text) as file:
        writer = csv.writer(file, lineterminator="\n")
        if header is not None:
            writer.writerow(map(_cell, header))
        writer.writerows(map(_cell, row) for row in rows)
    return path


def _cell(value: object) -> object:
    if isinstance(value, float):
        return "" if value != value else format(value, ".17g")
    if not isinstance(value, str):
        return value
    text = printable(value)
    return GUARD + text if text.startswith(FORMULA) else text


GUARD, FORMULA = "'", ("=", "+", "-", "@")
"""What makes a cell text in a spreadsheet, and the characters that begin a formula there."""
