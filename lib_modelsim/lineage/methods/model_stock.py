"""Model stock: the mean of trained models, as far from what they were trained from as their angle says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..values import KeyValues
from .cases import Array, Case, cases_of, residuals
from .method import Method, MethodFit
from .spans import left_by_span

EPSILON = 1e-6
"""Least product of lengths that is divided by."""


def stock(case: Case, by_rows: bool) -> Array:
    """C + t · (mean − C) with t = n cos / (1 + (n − 1) cos), cos the mean of the cosines of all pairs."""
    origin = case.numbers["C"].astype(np.float64)
    moves = [number.astype(np.float64) - origin for role, number in case.numbers.items() if role != "C"]
    axis = -1 if by_rows else None
    lengths = [np.sqrt(np.sum(move * move, axis=axis, keepdims=True)) for move in moves]
    cosines = [
        np.clip(
            np.sum(moves[i] * moves[j], axis=axis, keepdims=True) / np.maximum(lengths[i] * lengths[j], EPSILON), -1, 1
        )
        for i in range(len(moves))
        for j in range(i)
    ]
    cosine, n = sum(cosines) / len(cosines), len(moves)
    return origin + n * cosine / (1 + (n - 1) * cosine) * sum(moves) / n


def quick(sample: Sequence[KeyValues], parents: Mapping[str, str]) -> float:
    """T − C is the sum of the moves, by a factor of each weight or of each row."""
    cases = cases_of(sample, parents)
    by_weight = left_by_span(cases, lambda case: [_sum(case)], lambda case: case.target - case.numbers["C"])
    if by_weight < 1:
        return by_weight
    rows = [case for case in cases if case.target.ndim == 2]
    worst = 0.0
    for case in rows:
        x, y = _sum(case).astype(np.float64), (case.target - case.numbers["C"]).astype(np.float64)
        factors = np.sum(x * y, -1, keepdims=True) / np.maximum(np.sum(x * x, -1, keepdims=True), 1e-30)
        worst = max(worst, float(np.sqrt(np.mean((y - factors * x) ** 2))) / max(case.rounding, 1e-30) / 4)
        if worst > 1:
            break
    return worst if rows else 1.0


def fit(sample: Sequence[KeyValues], parents: Mapping[str, str]) -> MethodFit | None:
    """There is nothing to fit; the angle is that of whole weights (mergekit) or of rows (sd-mecha, filter-wise)."""
    cases = cases_of(sample, parents)
    found = []
    for by_rows in (False, True):
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            rest, each = residuals(cases, (np.nan_to_num(stock(case, by_rows)) for case in cases))
        found.append(MethodFit(METHOD.name, parents, {}, rest, each))
    return min(found, key=lambda one: one.residual_in_roundings)


def _sum(case: Case) -> np.ndarray:
    return sum(number - case.numbers["C"] for role, number in case.numbers.items() if role != "C")


METHOD = Method(
    "model stock",
    ("A", "B", "C"),
    "C + t · ((A + B) / 2 − C), t = 2 cos / (1 + cos) of the angle between A − C and B − C, key by key or row by row",
    "mergekit a6e4028 merge_methods/model_stock.py; sd-mecha 1.1.5 ties.py model_stock (arXiv 2403.19522)",
    quick,
    fit,
    symmetric=True,
)
