"""The merge methods that are known: each file of this package may define `METHOD`, or `METHODS` of one kin.

How to write one: docs/extending.md.
"""

from __future__ import annotations

from functools import cache

from ...discovery import modules_in
from .method import Method


@cache
def methods() -> tuple[Method, ...]:
    """All of them, in the order of their files."""
    found: list[Method] = []
    for module in modules_in(__package__):
        found += getattr(module, "METHODS", ())
        found += [module.METHOD] if hasattr(module, "METHOD") else []
    return tuple(found)
