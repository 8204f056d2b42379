"""The scores that can be chosen.

Each file of this package may define `KIND`; `register` adds one from outside. How to write one: docs/extending.md.
"""

from __future__ import annotations

from functools import cache

from ...discovery import modules_in
from .scorer import Scorer, ScorerError, ScorerKind, Tools

_registered: dict[str, ScorerKind] = {}


@cache
def _shipped() -> tuple[ScorerKind, ...]:
    """Those of the files beside this one, in the order of their names."""
    return tuple(module.KIND for module in modules_in(__package__) if hasattr(module, "KIND"))


def register(kind: ScorerKind) -> None:
    """Add a kind from outside. Raises ValueError where its name is taken."""
    if any(each.name == kind.name for each in kinds()):
        raise ValueError(f"there is a score of this name: {kind.name}")
    _registered[kind.name] = kind


def forget(name: str) -> None:
    """Take out a kind that was registered from outside."""
    del _registered[name]


def kinds() -> list[ScorerKind]:
    """The shipped ones, then those registered from outside."""
    return [*_shipped(), *_registered.values()]


def kind_named(name: str) -> tuple[ScorerKind, str]:
    """The kind that a name means, and what follows its colon. Raises ScorerError for an unknown name, and where what
    must follow is missing or there is too much."""
    known = {kind.name: kind for kind in kinds()}
    first, _, which = name.partition(":")
    kind = known.get(first)
    if kind is None:
        ways = ", ".join(each.usage for each in known.values())
        raise ScorerError("there is no such score", name, f"use one of: {ways}")
    if bool(which) != bool(kind.takes):
        raise ScorerError("this score is written otherwise", name, f"use {kind.usage}")
    return kind, which


def scorer_named(name: str, tools: Tools) -> Scorer:
    """The scorer of this name. Raises ModelsimError where it cannot be had."""
    kind, which = kind_named(name)
    return kind.make(which, tools)
