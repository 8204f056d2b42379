"""Writing files so that a crash leaves the old one or the new one, never half of one."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
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
        _clear(path.parent)
        # mkstemp's would be readable to its owner alone
        temporary = path.with_name(f"{path.name}.modelsim-{os.getpid()}.part")
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


_OURS = re.compile(r"\.modelsim-\d+\.part$")

_ABANDONED = 3600.0
"""Seconds after which nobody writes on: another program's file, on this machine or another, is younger."""

_CLEARED: set[Path] = set()


def _clear(folder: Path) -> None:
    """Remove what programs that were killed have left here, when we first write into a folder."""
    if folder in _CLEARED:
        return
    _CLEARED.add(folder)
    with os.scandir(folder) as found:
        left = [Path(each.path) for each in found if _OURS.search(each.name)]
    for path in left:
        with suppress(OSError):  # somebody else was quicker, or it is not ours to delete
            if time.time() - path.stat().st_mtime > _ABANDONED:
                path.unlink()


def write_csv(path: Path, rows: Iterable[Sequence[object]], header: Sequence[str] | None = None) -> Path:
    """Write a table row by row; floats with 17 digits, so that they read back as they were, NaN as an empty cell.

    Text that a spreadsheet program would take for a formula has a ' before it, which makes it text there (OWASP, "CSV
    Injection"); text with what separates cells in some country is quoted; characters that cannot be shown are written
    out.
    """
    with replacing(path) as temporary, open(temporary, "w", **_TEXT) as file:
        if header is not None:
            file.write(_line(header))
        file.writelines(map(_line, rows))
    return path


def _line(row: Sequence[object]) -> str:
    return ",".join(map(_cell, row)) + "\n"


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "" if value != value else format(value, ".17g")
    if not isinstance(value, str):
        return "" if value is None else str(value)
    text = printable(value)
    if text.lstrip(GUARD).startswith(FORMULA):
        text = GUARD + text
    return '"' + text.replace('"', '""') + '"' if _SEPARATES.search(text) else text


def without_guard(cell: str) -> str:
    """A cell as it was before `write_csv` made it text."""
    guarded = cell.startswith(GUARD) and cell.lstrip(GUARD).startswith(FORMULA)
    return cell[len(GUARD) :] if guarded else cell


GUARD, FORMULA = "'", ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""What makes a cell text in a spreadsheet, and the characters that begin a formula there."""

_TEXT = {"encoding": "utf-8", "errors": "backslashreplace", "newline": "\n"}
_SEPARATES = re.compile('[",;|]')
