"""The record readers: one for each program that writes records into pictures.

Each file of `programs/` may define `READER`; `register` adds one from outside. How to write one: docs/extending.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

from ...discovery import modules_in
from .form import PictureRecord
from .texts import Texts

LAST = 100


@dataclass(frozen=True)
class RecordReader:
    """Reads one program's records.

    - `program`: as its records name it and a person reads it.
    - `read`: a picture's texts → its records; raises nothing, whatever the texts hold.
    - `marks`: keywords of texts that this program alone writes: where one is there and no record of the program is
      read, a remark says so. Its name at the beginning of a text that names the software is such a mark, too.
    - `order`: the least is the most telling: its record stands first where a picture has several, and alone where two
      programs' readers understand the same text.
    """

    program: str
    read: Callable[[Texts], Iterable[PictureRecord]]
    marks: tuple[str, ...] = ()
    order: int = LAST


_registered: dict[str, RecordReader] = {}


@cache
def _shipped() -> tuple[RecordReader, ...]:
    """Those of the files in `programs/`."""
    return tuple(module.READER for module in modules_in(f"{__package__}.programs") if hasattr(module, "READER"))


def register(reader: RecordReader) -> None:
    """Add a reader from outside. Raises ValueError where there is one of this program."""
    if any(each.program == reader.program for each in readers()):
        raise ValueError(f"there is a reader of this program: {reader.program}")
    _registered[reader.program] = reader


def forget(program: str) -> None:
    """Take out a reader that was registered from outside."""
    del _registered[program]


def readers() -> list[RecordReader]:
    """All of them, the most telling first."""
    return sorted((*_shipped(), *_registered.values()), key=lambda reader: (reader.order, reader.program))
