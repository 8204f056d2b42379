"""The drawings of one architecture, as SVG that answers: tree, heat map and map."""

from __future__ import annotations

import numpy as np

from .choices import HEAT_MAP, MAP
from .session import Session, Shown
from .status import note
from .words import number

_NEAREST = 3
"""Relatives that a tooltip names."""


def drawing(session: Session, shown: Shown) -> str:
    """Inline SVG of what is chosen, or a note where the architecture has one model."""
    family = shown.family
    if family.tree is None:
        name = family.features.models[0]
        return note("One model, no tree", f"{name} is the only one of {family.architecture}. A tree needs two.")
    from ..service.family_screen import heatmap_on_screen, map_on_screen, tree_on_screen

    names, facts = session.class_names(family), _facts(session, shown)
    match session.choices.view:
        case view if view == HEAT_MAP:
            return heatmap_on_screen(family, facts)
        case view if view == MAP:
            return map_on_screen(family, names, facts)
    return tree_on_screen(family, names, shown.trust, facts)


def _facts(session: Session, shown: Shown) -> dict[str, list[tuple[str, str]]]:
    """What the tooltip of each model tells: class, hash, nearest relatives."""
    matrix, classes, identities = shown.answer.comparison.matrix, session.classes(), session.desk.identities
    found = {}
    rows = {name: row for row, name in enumerate(matrix.models)}
    for name in shown.family.features.models:
        number_of_class, called = classes[name]
        found[name] = [("class", f"{number_of_class} {called}".strip())]
        if name in identities:
            found[name].append(("hash", identities[name].short_hash))
        values = matrix.overall[rows[name]].copy()
        values[rows[name]] = np.nan
        near = np.argsort(values if matrix.is_distance else -values)[:_NEAREST]
        known = [i for i in near.tolist() if not np.isnan(values[i])]
        found[name] += [("nearest", f"{matrix.models[i]}  {number(values[i], matrix.measure)}") for i in known]
    return found
