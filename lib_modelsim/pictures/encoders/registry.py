"""The kinds of encoders that can be chosen.

Each file of this package may define `KIND`; `register` adds one from outside. How to write one: docs/extending.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from ...discovery import modules_in
from .encoder import EncoderError, EncoderKind

_registered: dict[str, EncoderKind] = {}


@cache
def _shipped() -> tuple[EncoderKind, ...]:
    """Those of the files beside this one, in the order of their names."""
    return tuple(module.KIND for module in modules_in(__package__) if hasattr(module, "KIND"))


def register(kind: EncoderKind) -> None:
    """Add a kind from outside. Raises ValueError where its name is taken."""
    if any(each.name == kind.name for each in kinds()):
        raise ValueError(f"there is an encoder of this name: {kind.name}")
    _registered[kind.name] = kind


def forget(name: str) -> None:
    """Take out a kind that was registered from outside."""
    del _registered[name]


def kinds() -> list[EncoderKind]:
    """The shipped ones, then those registered from outside."""
    return [*_shipped(), *_registered.values()]


def kind_named(name: str, further: Sequence[EncoderKind] = ()) -> tuple[EncoderKind, str]:
    """The kind that a name means, and which of it; `further` kinds are known here and now alone.

    Raises EncoderError for an unknown name, and where `which` is missing or too much.
    """
    known = {kind.name: kind for kind in (*kinds(), *further)}
    first, _, which = name.partition(":")
    kind = known.get(first)
    if kind is None or bool(which) != bool(kind.takes):
        ways = " or ".join(each.usage for each in known.values())
        raise EncoderError("there is no such encoder", name, f"use {ways}")
    return kind, which
