"""cosineA, cosineB: more of A where A and B point the same way, column by column."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..values import KeyValues
from .cases import Array, Case, cases_of, residuals
from .method import Method, MethodFit
from .spans import ROUNDINGS

VAE = "vae"
"""The component that these methods leave as A's."""

OUTER = 1.0
"""Per cent of the similarities that are cut off at both ends before their limits are taken."""

VARIES = 1.02
"""One part for all columns leaves more times as much: otherwise it is a sum with constant shares."""


@dataclass(frozen=True)
class _Columns:
    """Of one weight, column by column: A's part k, how well it is known (‖A − B‖² in squared roundings), how alike A
    and B are there, and the numbers of which the limits are taken."""

    part: Array
    known: Array
    alike: Array
    limits: Array


def similarity(a: Array, b: Array, normalised: bool) -> tuple[Array, Array]:
    """(cosine of each column, its mean with the cosine of the whole); `normalised`: of columns of length 1."""
    if normalised:
        a, b = (x / np.maximum(np.sqrt(np.sum(x * x, 0, keepdims=True)), 1e-12) for x in (a, b))
    lengths = np.sqrt(np.sum(a * a, 0) * np.sum(b * b, 0))
    columns = np.sum(a * b, 0) / np.maximum(lengths, 1e-8)
    whole = float(np.sum(a * b)) / max(float(np.sqrt(np.sum(a * a) * np.sum(b * b))), 1e-30)
    return columns, (columns + whole) / 2


def quick(sample: Sequence[KeyValues], parents: Mapping[str, str]) -> float:
    """Each column is B, and A − B by a factor of its own."""
    worst = 0.0
    for case in cases_of(sample, parents):
        if case.target.ndim < 2 or len(case.target) < 8 or case.values.component == VAE:
            continue
        part, _ = _parts(case)
        b = case.numbers["B"].astype(np.float64)
        left = case.target - b - part * (case.numbers["A"] - b)
        worst = max(worst, float(np.sqrt(np.mean(left * left))) / max(case.rounding, 1e-30) / ROUNDINGS)
        if worst > 1:
            return worst
    return worst


def _fit(sample: Sequence[KeyValues], parents: Mapping[str, str], name: str, normalised: bool) -> MethodFit | None:
    """k is a line of the similarity: its slope says how far apart the limits are, and together with the upper limit of
    the sample, α."""
    cases = cases_of(sample, parents)
    columns = [_columns(case, normalised) for case in cases if case.values.component != VAE]
    if not columns:
        return None
    part, known, alike = (
        np.concatenate([getattr(one, what).ravel() for one in columns]) for what in ("part", "known", "alike")
    )
    inside = (part > 0.02) & (part < 0.98) & (known > 0)
    if inside.sum() < 20:
        return None
    x, y, w = alike[inside], part[inside], known[inside]
    mean_x, mean_y = np.average(x, weights=w), np.average(y, weights=w)
    variance = np.average((x - mean_x) ** 2, weights=w)
    slope = float(np.average((x - mean_x) * (y - mean_y), weights=w) / variance) if variance else 0.0
    if slope <= 0:
        return None
    offset = float(mean_y - slope * mean_x)
    high = _high(np.concatenate([one.limits.ravel() for one in columns]))
    # k = (s − low) / (high − low) − α; sd-mecha's add_cosine takes 0 and 1 as the limits
    alpha = -offset if abs(slope - 1) < 0.02 else 1 - offset - high * slope
    rest, each = residuals(cases, (_replayed(case, slope, offset, normalised) for case in cases))
    constant, _ = residuals(cases, (_replayed(case, 0.0, float(mean_y), normalised) for case in cases))
    if constant < VARIES * rest:
        return None
    return MethodFit(name, parents, {"alpha": alpha}, rest, each)


def _replayed(case: Case, slope: float, offset: float, normalised: bool) -> Array:
    a, b = (case.numbers[role].astype(np.float64) for role in "AB")
    if case.values.component == VAE:
        return a
    part = np.clip(slope * similarity(a, b, normalised)[1] + offset, 0, 1)
    return b * (1 - part) + a * part


def _columns(case: Case, normalised: bool) -> _Columns:
    a, b = (case.numbers[role].astype(np.float64) for role in "AB")
    columns, combined = similarity(a, b, normalised)
    part, known = _parts(case)
    return _Columns(part, known, combined, columns if normalised else combined)


def _parts(case: Case) -> tuple[Array, Array]:
    """Of each column A's part by least squares, and ‖A − B‖² in squared roundings."""
    b = case.numbers["B"].astype(np.float64)
    apart = case.numbers["A"] - b
    known = np.sum(apart * apart, 0)
    part = np.sum(apart * (case.target - b), 0) / np.maximum(known, 1e-300)
    return part, known / max(case.rounding, 1e-30) ** 2


def _high(similarities: Array) -> float:
    """The upper limit as supermerger takes it: the largest after the outer per cent at both ends is gone."""
    kept = similarities[similarities >= np.percentile(similarities, OUTER, method="midpoint")]
    return float(np.max(kept[kept <= np.percentile(kept, 100 - OUTER, method="midpoint")]))


def _method(name: str, normalised: bool, formula: str) -> Method:
    fit: Callable[[Sequence[KeyValues], Mapping[str, str]], MethodFit | None]
    fit = partial(_fit, name=name, normalised=normalised)
    source = "sd-webui-supermerger 0b1c491 mergers.py precosine, cosine; sd-mecha 1.1.5 cosine.py with limits 0 and 1"
    return Method(name, ("A", "B"), formula, source, quick, fit)


_FORMULA = (
    "k A + (1 − k) B, k = (s − low) / (high − low) − α held within 0 … 1; s of a column the mean of its cosine and the "
    "whole weight's{}, low and high the least and the largest {} of the network without the outer per cent; VAE of A"
)

METHODS = (
    _method("cosineA", True, _FORMULA.format(", columns scaled to length 1", "cosine of a column")),
    _method("cosineB", False, _FORMULA.format("", "s")),
)
