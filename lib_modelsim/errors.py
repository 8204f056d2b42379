"""The errors that a user sees: what went wrong, which value, how to fix it, in one line."""

from __future__ import annotations

from .text import printable


class ModelsimError(Exception):
    """An error that says how to fix it.

    `what` says what is wrong, `value` which value made it so, `fix` what to do. `str()` is one printable
    line whatever the value holds (a key name read from a hostile file may hold line breaks).
    """

    def __init__(self, what: str, value: object = None, fix: str | None = None):
        self.what, self.value, self.fix = what, value, fix
        line = what if value is None else f"{what}: {_one_line(value)}"
        super().__init__(line if fix is None else f"{line}. Fix: {fix}")


class CheckpointError(ModelsimError):
    """A file that cannot be read as a checkpoint, or not to its end."""


def _one_line(value: object, longest: int = 200) -> str:
    text = printable(value)
    return text if len(text) <= longest else text[: longest - 1] + "\N{HORIZONTAL ELLIPSIS}"
