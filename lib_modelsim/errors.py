"""The errors that a user sees: what went wrong, which value, how to fix it, in one line."""

from __future__ import annotations

import errno
import sqlite3
import zlib

from .text import printable


class Sentence(str):
    """A sentence that names a control: itself as the command line says it, `page` as the page does.

    It says both where it is written, so that nobody has to guess later what an option is called on the page. `str()` of
    an error is one; what is put together from several is made by `joined`, as an f-string keeps the command's half.
    """

    page: str

    def __new__(cls, command: str, page: str) -> Sentence:
        found = super().__new__(cls, command)
        found.page = page
        return found

    def __getnewargs__(self) -> tuple[str, str]:
        """For copies."""
        return str.__str__(self), self.page


def for_page(text: str) -> str:
    """What the page says for a text: a Sentence's other half, or the text itself."""
    return text.page if isinstance(text, Sentence) else text


def joined(*parts: str, between: str = "") -> str:
    """The parts as one text; a Sentence where one of them is."""
    command, page = between.join(parts), between.join(map(for_page, parts))
    return Sentence(command, page) if any(isinstance(part, Sentence) for part in parts) else command


class ModelsimError(Exception):
    """An error that says how to fix it.

    `what` says what is wrong, `value` which value made it so, `fix` what to do, as a Sentence where that names a
    control. `str()` is one printable line whatever the value holds (a key name read from a hostile file may hold line
    breaks).
    """

    def __init__(self, what: str, value: object = None, fix: str | None = None):
        self.what, self.value, self.fix = what, value, fix
        told = [what, *([] if value is None else [": ", _one_line(value)])]
        self._line = joined(*told, *([] if fix is None else [". Fix: ", fix]))
        super().__init__(self._line)

    def __str__(self) -> str:
        return self._line


class NoSuchModel(ModelsimError):  # noqa: N818 - it says what is wrong
    """No model is called so."""


class NoMemory(ModelsimError):  # noqa: N818 - it says what is wrong
    """The system gave no more memory."""


def no_memory(error: BaseException) -> NoMemory | None:
    """What is said of an error that says that there was no memory left, in the words of Python, NumPy, torch, SQLite or
    the system; None for any other."""
    refused = isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM
    words = str(error).lower()
    told = type(error).__name__ == "OutOfMemoryError" or any(word in words for word in _NO_MEMORY)
    if not (refused or (told and isinstance(error, (RuntimeError, OSError, sqlite3.Error, zlib.error)))):
        return None
    fix = Sentence(
        "close other programs, or take fewer models at once; what is finished is kept",
        "close other programs, or leave models out; what is finished is kept",
    )
    return NoMemory("there is not enough memory for this", None, fix)


_NO_MEMORY = ("not enough memory", "can't allocate memory", "cannot allocate memory", "out of memory", "bad_alloc")


class CheckpointError(ModelsimError):
    """A file that cannot be read as a checkpoint, or not to its end."""


def _one_line(value: object, longest: int = 200) -> str:
    if isinstance(value, Sentence):
        return Sentence(_one_line(str(value)), _one_line(value.page))
    text = printable(value)
    return text if len(text) <= longest else text[: longest - 1] + "\N{HORIZONTAL ELLIPSIS}"
