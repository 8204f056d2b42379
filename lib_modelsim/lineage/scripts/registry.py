"""The programs that scripts can be written for: each file of this package may define `PROGRAM`."""

from __future__ import annotations

from functools import cache

from ...discovery import modules_in
from .program import MergeProgram


@cache
def programs() -> tuple[MergeProgram, ...]:
    """All of them, in the order of their files."""
    return tuple(module.PROGRAM for module in modules_in(__package__) if hasattr(module, "PROGRAM"))
