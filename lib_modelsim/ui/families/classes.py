"""The classes of the tree shown: who is in them, how far to trust them, and fields for their names and remarks."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...figures.colours import ClassMark
from ...templates import render
from ...text import percent

if TYPE_CHECKING:  # scipy and matplotlib come with it
    from markupsafe import Markup

    from ...workspace.families.class_labels import ClassName
    from ...workspace.families.family import Family, Trust

_FIT = "How well the tree keeps the distances between the models; 1 is perfect."


@dataclass(frozen=True)
class _Row:
    """A class; `key` is its digest, `others` how many models it has beyond the first, `fields` what is typed."""

    mark: ClassMark
    key: str
    models: Sequence[str]
    others: int
    strange: bool
    support: str
    fields: Sequence[tuple[str, str]]


def classes_table(
    family: Family, trust: Trust | None, names: Mapping[int, ClassName], in_order: str, other: Mapping[str, str]
) -> Markup:
    """A row per class, below a button that copies the models `in_order` of the tree; `other`: model whose file is
    another now → what has happened to it, in a word. A field tells whose class's members it is of: `class_keys` must
    know them again."""
    keys, rows = class_keys(family), []
    for number, models in class_members(family).items():
        given = names.get(number)
        rows.append(
            _Row(
                mark=ClassMark(number),
                key=keys[number],
                models=[f"{name} ({other[name]})" if name in other else name for name in models],
                others=len(models) - 1,
                strange=number in family.strange_classes,
                support=_support(trust, number),
                fields=[("name", given.name if given else ""), ("remark", given.remark if given else "")],
            )
        )
    fit, fit_title = _fit(trust)
    return render("ui/templates/classes.html", rows=rows, fit=fit, fit_title=fit_title, in_order=in_order)


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


def _support(trust: Trust | None, number: int) -> str:
    if trust is None:
        return "…"
    share = float(trust.support[number - 1])
    return "" if math.isnan(share) else percent(share)


def _fit(trust: Trust | None) -> tuple[str, str]:
    """How well the tree fits, and what that number is."""
    if trust is None:
        return "Computing support …", ""
    if math.isnan(trust.cophenetic):
        return "", ""
    return f"Cophenetic correlation {trust.cophenetic:.3f}", _FIT
