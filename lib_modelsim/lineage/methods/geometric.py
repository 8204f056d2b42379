"""Geometric: a weighted mean of logarithms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..values import KeyValues
from .cases import Array, Case, cases_of, residuals
from .method import Method, MethodFit
from .spans import ROUNDINGS


def mean(a: Array, b: Array, alpha: float) -> Array:
    """The real part of a^(1 − α) · b^α: negative numbers turn by a part of π."""
    turn = np.pi * ((1 - alpha) * (a < 0) + alpha * (b < 0))
    return np.abs(a) ** (1 - alpha) * np.abs(b) ** alpha * np.cos(turn)


def quick(sample: Sequence[KeyValues], parents: Mapping[str, str]) -> float:
    """The α of logarithms, then the formula."""
    cases = cases_of(sample, parents)
    alpha = _of_logarithms(cases)
    if alpha is None:
        return 1.0
    worst = 0.0
    for case in cases:
        worst = max(worst, residuals([case], [_replayed(case, alpha)])[0] / ROUNDINGS / 2)
        if worst > 1:
            break
    return worst


def fit(sample: Sequence[KeyValues], parents: Mapping[str, str]) -> MethodFit | None:
    """α from the logarithms where both have one sign, refined on some weights."""
    from scipy.optimize import minimize_scalar

    cases = cases_of(sample, parents)
    alpha = _of_logarithms(cases)
    if alpha is None:
        return None
    few = sorted((case for case in cases if case.target.ndim > 1), key=lambda case: case.target.size)[:4] or cases
    bounds = (max(alpha - 0.02, 0), min(alpha + 0.02, 1))

    def left(alpha: float) -> float:
        return residuals(few, (_replayed(case, alpha) for case in few))[0]

    alpha = float(minimize_scalar(left, bounds=bounds, method="bounded", options={"xatol": 1e-5}).x)
    rest, each = residuals(cases, (_replayed(case, alpha) for case in cases))
    return MethodFit(METHOD.name, parents, {"alpha": alpha}, rest, each)


def _replayed(case: Case, alpha: float) -> Array:
    return mean(case.numbers["A"].astype(np.float64), case.numbers["B"].astype(np.float64), alpha)


def _of_logarithms(cases: Sequence[Case]) -> float | None:
    """log|T / A| against log|B / A| where all three have one sign; None where no part of both is in the target."""
    xx = xy = 0.0
    for case in cases:
        a, b = case.numbers["A"], case.numbers["B"]
        # numbers near zero say little: their logarithms are mostly rounding
        same = (a * b > 0) & (a * case.target > 0) & (np.minimum(np.abs(a), np.abs(b)) > 16 * case.half_steps)
        x, y = np.log(b[same] / a[same]), np.log(case.target[same] / a[same])
        xx, xy = xx + float(x @ x), xy + float(x @ y)
    alpha = xy / xx if xx else 0.0
    return alpha if 0.01 < alpha < 0.99 else None


METHOD = Method(
    "geometric",
    ("A", "B"),
    "the real part of A^(1 − α) · B^α, number by number",
    "sd-mecha 1.1.5 merge_methods/linear.py geometric_sum",
    quick,
    fit,
    symmetric=True,
)
