"""The ways to make a map that can be chosen.

Each file of this package may define `KIND`; `register` adds one from outside.
"""

from __future__ import annotations

from functools import cache

from ...discovery import modules_in
from ...errors import ModelsimError
from ...installing import how_to_install
from .projection import ProjectionKind

_registered: dict[str, ProjectionKind] = {}


@cache
def _shipped() -> tuple[ProjectionKind, ...]:
    return tuple(module.KIND for module in modules_in(__package__) if hasattr(module, "KIND"))


def register(kind: ProjectionKind) -> None:
    """Add a kind from outside. Raises ValueError where its name is taken."""
    if any(each.name == kind.name for each in projection_kinds()):
        raise ValueError(f"there is a projection of this name: {kind.name}")
    _registered[kind.name] = kind


def forget(name: str) -> None:
    """Take out a kind that was registered from outside."""
    del _registered[name]


def projection_kinds() -> list[ProjectionKind]:
    """All of them, also those whose packages are missing."""
    return [*_shipped(), *_registered.values()]


def projection_kind(name: str) -> ProjectionKind:
    """The kind of this name, ready to be used. Raises ModelsimError for an unknown one, and where it has to be
    installed first."""
    kind = next((each for each in projection_kinds() if each.name == name), None)
    if kind is None:
        ways = " or ".join(each.name for each in projection_kinds())
        raise ModelsimError("there is no such projection", name, f"use {ways}")
    if missing := kind.missing():
        raise ModelsimError(f"{kind.label} needs a package that is not installed", missing[0], how_to_install(*missing))
    return kind
