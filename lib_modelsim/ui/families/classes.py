"""The classes of the tree shown: who is in them, how far to trust them, and fields for their names and remarks."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from ...figures.colours import class_colour
from ...text import percent
from ..buttons import copy_button
from ..words import escaped

if TYPE_CHECKING:  # scipy and matplotlib come with it
    from ...workspace.families.class_labels import ClassName
    from ...workspace.families.family import Family, Trust

_FIT = "Correlation of the heights at which two models meet in the tree with their distances; 1 is a perfect likeness."
_FOR_PLOT = "As the X/Y/Z plot takes them for its axis Checkpoint name"
_STRANGER = "No near relative among these models"
_SUPPORT = "Share of the trees over resampled blocks in which this class is exactly one branch."


def classes_table(family: Family, trust: Trust | None, names: Mapping[int, ClassName], in_order: str) -> str:
    """A row per class, below a button that copies the models `in_order` of the tree. A field tells whose class's
    members it is of: `class_keys` must know them again."""
    members, keys = class_members(family), class_keys(family)
    rows = "".join(
        _row(number, models, _support(family, trust, number), names.get(number), keys[number])
        for number, models in members.items()
    )
    head = f'<tr><th>Class</th><th>Models</th><th title="{_SUPPORT}">Support</th><th>Name</th><th>Remark</th></tr>'
    return (
        f'<div class="modelsim-trust">{_fit(trust)}{copy_button(in_order, "Copy names in this order", _FOR_PLOT)}</div>'
        '<div class="modelsim-scroll"><table class="modelsim-classes">'
        f"<thead>{head}</thead><tbody>{rows}</tbody></table></div>"
    )


def class_members(family: Family) -> dict[int, list[str]]:
    """Class number → its models, in the order of the tree."""
    order = family.tree.leaves if family.tree is not None else range(len(family.features.models))
    found: dict[int, list[str]] = {}
    for i in order:
        found.setdefault(int(family.classes[i]), []).append(family.features.models[i])
    return dict(sorted(found.items()))


def class_keys(family: Family) -> dict[int, str]:
    """Class number → a digest of the class and its members: another class is another key, even with the same number."""
    return {
        number: hashlib.sha256(json.dumps([family.architecture, number, sorted(models)]).encode()).hexdigest()[:16]
        for number, models in class_members(family).items()
    }


class ClassMark(NamedTuple):
    """A class as its mark tells it: a dot in its colour, its number, and what a person calls it."""

    number: int
    name: str = ""

    @property
    def colour(self) -> str:
        """As #rrggbb."""
        return class_colour(self.number)


def class_mark(number: int, name: str = "") -> str:
    """A dot in the colour of the class, its number, and what a person calls it."""
    called = f" {escaped(name)}" if name else ""
    return f'<span class="modelsim-class"><i style="background:{class_colour(number)}"></i>{number}{called}</span>'


def _row(number: int, models: list[str], support: str, given: ClassName | None, key: str) -> str:
    first = escaped(models[0]) + (f" and {len(models) - 1} more" if len(models) > 1 else "")
    fields = "".join(
        f'<td><input type="text" data-class="{escaped(key)}" data-field="{field}" value="{escaped(value)}"'
        f' aria-label="{field} of class {number}"></td>'
        for field, value in (("name", given.name if given else ""), ("remark", given.remark if given else ""))
    )
    return (
        f'<tr><td>{class_mark(number)}</td><td title="{escaped(", ".join(models))}">{first}</td>'
        f"<td>{support}</td>{fields}</tr>"
    )


def _support(family: Family, trust: Trust | None, number: int) -> str:
    if number in family.strange_classes:
        return f'<span title="{_STRANGER}">stranger</span>'
    if trust is None:
        return "…"
    share = float(trust.support[number - 1])
    return "" if math.isnan(share) else percent(share)


def _fit(trust: Trust | None) -> str:
    if trust is None:
        words = "How far to trust the classes is being computed …"
    elif math.isnan(trust.cophenetic):
        words = ""
    else:
        words = f'<span title="{_FIT}">Cophenetic correlation {trust.cophenetic:.3f}</span>'
    return f"<span>{words}</span>"
