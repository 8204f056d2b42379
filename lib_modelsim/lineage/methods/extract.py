"""extract: what two trained models have in common (β = 0), or what tells them apart (β = 1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..values import KeyValues
from .cases import Array, Case, cases_of, residuals
from .method import Method, MethodFit

LEAST_ROW = 16
"""Rows with so many numbers say their own two factors; the rows of a convolution's kernel are too short."""


def extracted(case: Case, alpha: float, beta: float, gamma: float, single: bool = False) -> Array:
    """The formula; `single`: the weight is stored with a last dimension of 1, each number being its own row."""
    origin, a, b = _moves(case)
    cosine = np.sign(a * b) if single else _cosine(a, b)[..., None]
    alike = ((cosine + 1) / 2) ** gamma
    return origin + (a + alpha * (b - a)) * (alike + beta * (1 - 2 * alike))


def quick(sample: Sequence[KeyValues], parents: Mapping[str, str]) -> float:
    """Each row is C, and A − C and B − C by factors of its own whose ratio is one for all."""
    worst, seen = 0.0, 0
    for case in cases_of(sample, parents):
        if case.target.ndim == 2 and case.target.shape[1] >= LEAST_ROW:
            _, left, _ = _factors(case)
            # a few rows' pieces may belong to a weight that is stored with a last dimension of 1
            worst, seen = max(worst, left / 4), seen + 1
            if worst > 1:
                break
    return worst if seen > 1 else 1.0


def fit(sample: Sequence[KeyValues], parents: Mapping[str, str]) -> MethodFit | None:
    """α from the ratio of the rows' two factors; β and γ from how their sum depends on the cosine."""
    from scipy.optimize import least_squares

    cases = cases_of(sample, parents)
    long = [case for case in cases if case.target.ndim == 2 and case.target.shape[1] >= LEAST_ROW]
    rows = [(found[0], _cosine(*_moves(case)[1:])[found[2]]) for case in long if (found := _factors(case))[1] < 4]
    if not rows:
        return None
    factors, cosines = np.concatenate([one for one, _ in rows]), np.concatenate([one for _, one in rows])
    total = factors.sum(1)
    if not np.sum(total * total):
        return None
    alpha = float(np.sum(factors[:, 1] * total) / np.sum(total * total))
    alike = np.clip((cosines + 1) / 2, 1e-9, 1)

    def off(at: Array) -> Array:
        d = alike ** at[1]
        return d + at[0] * (1 - 2 * d) - total

    tries = [
        least_squares(off, (beta, gamma), bounds=([-0.5, 0], [1.5, 20])) for beta in (0.1, 0.9) for gamma in (1, 4)
    ]
    beta, gamma = (float(x) for x in min(tries, key=lambda one: one.cost).x)
    d = alike**gamma
    if np.std(d + beta * (1 - 2 * d)) < 1e-3:
        return None  # the same for all rows: a sum with constant shares
    rest, each = residuals(cases, (_nearest(case, alpha, beta, gamma) for case in cases))
    return MethodFit(METHOD.name, parents, {"alpha": alpha, "beta": beta, "gamma": gamma}, rest, each)


def _nearest(case: Case, alpha: float, beta: float, gamma: float) -> Array:
    """By rows, or number by number where that is nearer: 1 × 1 convolutions are stored with two more dimensions."""
    by_rows = extracted(case, alpha, beta, gamma)
    if case.target.ndim != 2:
        return by_rows
    single = extracted(case, alpha, beta, gamma, single=True)
    return min((by_rows, single), key=lambda one: float(np.sum((one - case.target) ** 2)))


def _moves(case: Case) -> tuple[Array, Array, Array]:
    origin = case.numbers["C"].astype(np.float64)
    return origin, case.numbers["A"] - origin, case.numbers["B"] - origin


def _cosine(a: Array, b: Array) -> Array:
    lengths = np.sqrt(np.sum(a * a, -1) * np.sum(b * b, -1))
    return np.clip(np.sum(a * b, -1) / np.maximum(lengths, 1e-8), -1, 1)


def _factors(case: Case) -> tuple[Array, float, NDArray[np.bool_]]:
    """Of each row the two factors by least squares, [rows, 2], what they leave, in roundings, and in which rows A − C
    and B − C are two directions."""
    origin, a, b = _moves(case)
    t = case.target - origin
    aa, ab, bb, at, bt = (np.sum(x * y, -1) for x, y in ((a, a), (a, b), (b, b), (a, t), (b, t)))
    determinant = aa * bb - ab * ab
    usable = determinant > 1e-9 * np.maximum(aa * bb, 1e-300)
    safe = np.where(usable, determinant, 1)
    found = np.stack([(bb * at - ab * bt) / safe, (aa * bt - ab * at) / safe], axis=1)[usable]
    left = (t[usable] - found[:, :1] * a[usable] - found[:, 1:] * b[usable]).ravel()
    return found, float(np.sqrt(left @ left / max(left.size, 1))) / max(case.rounding, 1e-30), usable


METHOD = Method(
    "extract",
    ("A", "B", "C"),
    "C + (a + α(b − a)) · (d + β(1 − 2d)) with a = A − C, b = B − C, d = ((cosine of a and b + 1) / 2)^γ, row by row",
    "sd-webui-supermerger 0b1c491 mergers.py extract_super",
    quick,
    fit,
    symmetric=True,
)
