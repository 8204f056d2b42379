"""Who generates into a gallery now: one program at a time, and whoever comes second is told which it is.

The lock is SQLite's, which every system takes back when a process is killed. Where a network's file system refuses
locks, the note beside it is one: its writer touches it as long as it runs, and it counts until it is too old.
"""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path

from ..beside import repeated
from ..errors import ModelsimError
from ..sqlite import alone
from ..text import printable
from ..writing import write_text

LOCK, NOTE = ".drawing", ".drawing.json"

_BEAT, _OLD = 10.0, 60.0
"""Seconds between two touches of the note, and after which nobody is there any more who touches it."""


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Nobody else generates into this folder meanwhile. Raises ModelsimError where somebody does already, which says
    who, or where the disk refuses."""
    with ExitStack() as stack:
        try:
            stack.enter_context(alone(folder / LOCK, patience=0))
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise _busy(folder) from error
            if _holder(folder) is not None:
                raise _busy(folder) from error
        stack.enter_context(_noted(folder / NOTE))
        yield


def _busy(folder: Path) -> ModelsimError:
    return ModelsimError(
        f"pictures are already being generated into this gallery by {_holder(folder) or 'another program'}",
        folder,
        "wait until it ends or stop it, or choose another folder",
    )


@contextmanager
def _noted(note: Path) -> Iterator[None]:
    text = {"program": _program(), "pid": os.getpid(), "machine": socket.gethostname(), "since": time.time()}
    write_text(note, json.dumps(text))

    def touch() -> None:
        with suppress(OSError):  # the disk is full, say: the pictures will tell
            os.utime(note)

    try:
        with repeated(touch, _BEAT, "modelsim holds a gallery"):
            yield
    finally:
        with suppress(OSError):
            note.unlink()


def _holder(folder: Path) -> str | None:
    """Who wrote the note, and since when they hold the gallery; None where there is none, or its writer has ended."""
    note = folder / NOTE
    try:
        age, found = time.time() - note.stat().st_mtime, json.loads(note.read_text("utf-8"))
        program, pid, machine = str(found["program"]), int(found["pid"]), str(found["machine"])
        since = datetime.fromtimestamp(float(found["since"]))
    except (OSError, ValueError, TypeError, KeyError, OverflowError):
        return None
    here = machine == socket.gethostname()
    if age > _OLD or (here and not _runs(pid)):
        return None
    place = "" if here else f" on {machine}"
    return printable(f"{program} (process {pid}{place}, since {since:%Y-%m-%d %H:%M})")


def _runs(pid: int) -> bool:
    """Whether there is such a process; believed where the system cannot be asked without harm (Windows)."""
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # somebody else's
        return True
    return True


def _program() -> str:
    """What this process is, as a person started it."""
    started = Path(sys.argv[0] or sys.executable)
    if started.name == "__main__.py":  # python -m lib_modelsim COMMAND
        return " ".join(["modelsim", *sys.argv[1:2]])
    return started.name
