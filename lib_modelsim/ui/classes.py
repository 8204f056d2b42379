"""The classes of the tree shown: which one a person names, and how far to trust them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .models import class_mark
from .words import printable

if TYPE_CHECKING:  # scipy and matplotlib come with it
    from ..service.family import Family, Trust

_LONGEST = 24
"""Characters of a model's name in a choice."""

_FIT = "Correlation of the heights at which two models meet in the tree with their distances; 1 is a perfect likeness."
_SUPPORT = "Share of the trees over resampled blocks in which a class is exactly one branch."


def class_choices(family: Family) -> list[str]:
    """A line per class, "1: anna and 2 more": another class is another line, even where it has the same number."""
    members: dict[int, list[str]] = {}
    for name, number in zip(family.features.models, family.classes.tolist(), strict=True):
        members.setdefault(number, []).append(printable(name))
    return [f"{number}: {_first(names)}" for number, names in sorted(members.items())]


def class_number(choice: str) -> int:
    """The number of the class that a line of `class_choices` is of."""
    return int(choice.partition(":")[0])


def _first(names: list[str]) -> str:
    first = names[0] if len(names[0]) <= _LONGEST else f"{names[0][: _LONGEST - 1]}…"
    return first if len(names) == 1 else f"{first} and {len(names) - 1} more"


def trust_line(trust: Trust | None) -> str:
    """How well the tree tells the distances, and the support of each class; None while that is being computed."""
    if trust is None:
        return _line("How far to trust the classes is being computed …")
    if math.isnan(trust.cophenetic):
        return _line("")
    words = f'<span title="{_FIT}">Cophenetic correlation {trust.cophenetic:.3f}</span>'
    shares = [(number, share) for number, share in enumerate(trust.support.tolist(), 1) if not math.isnan(share)]
    if shares:
        marks = " ".join(
            f"<span>{class_mark(number)} {share:.0%}</span>".replace("%", " %") for number, share in shares
        )
        words += f' <span title="{_SUPPORT}">Support of the classes</span> {marks}'
    return _line(words)


def _line(content: str) -> str:
    """`content` is HTML."""
    return f'<div class="modelsim-trust">{content}</div>'
