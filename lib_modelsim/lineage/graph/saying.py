"""What files say of themselves, beside what their numbers say: a direction where these leave it open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from ..kinds import FINE_TUNE
from .draft import Draft
from .evidence import SaidOrigin
from .graph import DESCENDANT, LIKELY, NEAREST, STEP, WEAK, Edge

_KIN = (DESCENDANT, STEP)
"""Kinds of edges whose models are kin for certain."""

_FEWEST, _APART = 3, 1e-3
"""Edges whose direction is known that must agree on what training does to outliers, and the least difference of two
kurtoses, as a share, that says anything."""

Outliers = Mapping[str, float]


def directed_by_files(
    draft: Draft, said: Mapping[str, SaidOrigin], outliers: Callable[[], Outliers]
) -> list[Edge]:
    """The edges; those without a direction get one where a file names the other as its origin, and where the two are
    kin also by dates and outliers, which are hints."""
    for edge in list(draft.edges):
        if edge.directed:
            draft.replace(edge, _agreeing(edge, said))
        else:
            _direct(draft, edge, lambda first, second, kind: _by_word(first, second, kind, said), said)
    if any(edge.kind in _KIN and not edge.directed for edge in draft.edges) and len(_known(draft)) >= _FEWEST:
        kurtosis = outliers()
        sign = _sign(draft, kurtosis)
        for edge in list(draft.edges):
            if sign and not edge.directed and edge.kind in _KIN:
                _direct(draft, edge, lambda first, second, _: _by_outliers(first, second, kurtosis, sign), said)
    return draft.edges


def _direct(
    draft: Draft, edge: Edge, why_of: Callable[[str, str, str], str | None], said: Mapping[str, SaidOrigin]
) -> None:
    for first, second in ((edge.source, edge.target), (edge.target, edge.source)):
        why = why_of(first, second, edge.kind)
        if why is not None and not draft.comes_from(first, second):
            kind = DESCENDANT if edge.kind == NEAREST else edge.kind
            strength = LIKELY if first in _named(second, said) else WEAK
            found = replace(edge, source=first, target=second, kind=kind, directed=True, strength=strength)
            draft.replace(edge, replace(found, evidence=(*edge.evidence, why)))
            return


def _named(model: str, said: Mapping[str, SaidOrigin]) -> tuple[str, ...]:
    return said[model].models if model in said else ()


def _agreeing(edge: Edge, said: Mapping[str, SaidOrigin]) -> Edge:
    if edge.source in _named(edge.target, said):
        return replace(edge, evidence=(*edge.evidence, f"{edge.target} says so of itself."))
    if edge.target in _named(edge.source, said):
        return replace(edge, evidence=(*edge.evidence, f"{edge.source} says the opposite of itself."))
    return edge


def _by_word(first: str, second: str, kind: str, said: Mapping[str, SaidOrigin]) -> str | None:
    """What a file says of the second coming from the first; None where none does."""
    if first in _named(second, said):
        return f"{second} says of itself that it comes from {first}. Anyone can write that; the distances agree."
    dates = [said[model].date if model in said else None for model in (first, second)]
    if kind in _KIN and second not in _named(first, said) and None not in dates and dates[0] < dates[1]:
        return f"A hint only: {first} bears the date {dates[0]}, {second} {dates[1]}."
    return None


def _known(draft: Draft) -> list[Edge]:
    return [edge for edge in draft.edges if edge.directed and edge.kind in (DESCENDANT, FINE_TUNE)]


def _sign(draft: Draft, kurtosis: Outliers) -> int:
    """1 where training here makes more outliers, −1 where fewer; 0 where the edges of known direction do not agree."""
    changes = [_change(edge.source, edge.target, kurtosis) for edge in _known(draft)]
    clear = [change for change in changes if abs(change) >= _APART]
    if len(clear) < _FEWEST or len({change > 0 for change in clear}) > 1:
        return 0
    return 1 if clear[0] > 0 else -1


def _change(first: str, second: str, kurtosis: Outliers) -> float:
    if first not in kurtosis or second not in kurtosis:
        return 0.0
    return (kurtosis[second] - kurtosis[first]) / kurtosis[first]


def _by_outliers(first: str, second: str, kurtosis: Outliers, sign: int) -> str | None:
    change = _change(first, second, kurtosis) * sign
    if change < _APART:
        return None
    more = "more" if sign > 0 else "fewer"
    return (
        f"A hint only: {second} has {more} outliers among its weights (kurtosis {kurtosis[second]:.4g} against "
        f"{kurtosis[first]:.4g}), as what is trained further has along all edges here whose direction is known "
        "(MoTHer, arXiv 2405.18432)."
    )
