"""Edges along series, and from what a series begins at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from .descent import Ground
from .draft import Draft
from .graph import DESCENDANT, LIKELY, NEAREST, STEP, WEAK, Edge
from .series import ModelSeries, all_series


def add_series(draft: Draft, ground: Ground, rows: Sequence[int]) -> None:
    """An edge from each model of a series among these rows to the next."""
    for found in all_series(ground.models, ground.squares, rows, ground.base is None):
        one, why = _from_its_beginning(found, ground)
        names = [ground.models[row] for row in one.order]
        for i, (first, second) in enumerate(pairwise(names)):
            if draft.joined(first, second) or draft.comes_from(first, second):
                continue
            of = f"({one.numbers[i]} and {one.numbers[i + 1]}) in a series of {len(names)} models"
            said = f"Neighbours {of}: the distance grows with every step."
            strength = LIKELY if one.likely or ground.base is not None else WEAK
            draft.add(Edge(first, second, STEP, None, (said, why), strength))


def _from_its_beginning(one: ModelSeries, ground: Ground) -> tuple[ModelSeries, str]:
    """The series with its first model first, and how that is known."""
    base = ground.base
    if base is None:
        chance = f"rank correlation {one.correlation:.2f}; by chance in one of {round(1 / one.by_chance):,} cases"
        return one, f"The numbers in their names rise along it ({chance}): a hint which end is the first."
    first, last = (float(ground.squares[base, row]) for row in (one.order[0], one.order[-1]))
    why = f"Its first is the end nearer to the base, {ground.models[base]}; the numbers in the names"
    if first <= last:
        return one, f"{why} rise the same way."
    return replace(one, order=one.order[::-1], numbers=one.numbers[::-1]), f"{why} fall along it."


def add_beginnings(draft: Draft) -> None:
    """What touches a series whose direction is known at its first model is its origin, as far as that goes."""
    firsts = {edge.source for edge in draft.edges if edge.kind == STEP and edge.directed}
    firsts -= {edge.target for edge in draft.edges if edge.kind == STEP}
    for edge in list(draft.edges):
        ends = (edge.source, edge.target)
        first = next((end for end in ends if end in firsts), None)
        other = ends[0] if ends[1] == first else ends[1]
        if first is None or edge.directed or edge.kind not in (DESCENDANT, NEAREST) or draft.comes_from(other, first):
            continue
        if any(step.kind == STEP and other in (step.source, step.target) for step in draft.edges):
            continue
        why = f"Of a series {first} is the first, and the nearest to {other}: a hint that it begins there."
        draft.replace(edge, Edge(other, first, DESCENDANT, None, (why,), WEAK))
