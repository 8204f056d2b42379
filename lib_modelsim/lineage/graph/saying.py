"""What files say of themselves, beside what their numbers say: a direction where these leave it open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from .draft import Draft
from .evidence import SaidOrigin
from .graph import DESCENDANT, LIKELY, NEAREST, STEP, WEAK, Edge

_KIN = (DESCENDANT, STEP)
"""Kinds of edges whose models are kin for certain."""

_OUTLIERS = 0.02
"""Least difference of two kurtoses, as a share of them, that says anything."""


def directed_by_files(draft: Draft, said: Mapping[str, SaidOrigin], outliers: Mapping[str, float]) -> list[Edge]:
    """The edges; those without a direction get one where a file names the other as its origin, and where the two are
    kin also by dates and outliers, which are hints."""
    for edge in list(draft.edges):
        if edge.directed:
            draft.replace(edge, _agreeing(edge, said))
            continue
        for first, second in ((edge.source, edge.target), (edge.target, edge.source)):
            why = _why(first, second, edge.kind, said, outliers)
            if why is not None and not draft.comes_from(first, second):
                kind = DESCENDANT if edge.kind == NEAREST else edge.kind
                strength = LIKELY if first in _named(second, said) else WEAK
                found = replace(edge, source=first, target=second, kind=kind, directed=True, strength=strength)
                draft.replace(edge, replace(found, evidence=(*edge.evidence, why)))
                break
    return draft.edges


def _named(model: str, said: Mapping[str, SaidOrigin]) -> tuple[str, ...]:
    return said[model].models if model in said else ()


def _agreeing(edge: Edge, said: Mapping[str, SaidOrigin]) -> Edge:
    if edge.source in _named(edge.target, said):
        return replace(edge, evidence=(*edge.evidence, f"{edge.target} says so of itself."))
    if edge.target in _named(edge.source, said):
        return replace(edge, evidence=(*edge.evidence, f"{edge.source} says the opposite of itself."))
    return edge


def _why(
    first: str, second: str, kind: str, said: Mapping[str, SaidOrigin], outliers: Mapping[str, float]
) -> str | None:
    """What says that the second comes from the first; None where nothing does."""
    if first in _named(second, said):
        return f"{second} says of itself that it comes from {first}. Anyone can write that; the distances agree."
    if kind not in _KIN or second in _named(first, said):
        return None
    dates = [said[model].date if model in said else None for model in (first, second)]
    if None not in dates and dates[0] < dates[1]:
        return f"A hint only: {first} bears the date {dates[0]}, {second} {dates[1]}."
    if None in dates and first in outliers and second in outliers:
        a, b = outliers[first], outliers[second]
        if a - b > _OUTLIERS * (a + b) / 2:
            return (
                f"A hint only: the weights of {first} have more outliers (kurtosis {a:.3g} against {b:.3g}), and "
                "fine-tuning lessens them (MoTHer, arXiv 2405.18432)."
            )
    return None
