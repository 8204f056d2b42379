"""SLERP: along the circle between two models, key by key."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ..values import KeyValues
from .cases import Array, Case, cases_of, residuals
from .method import Method, MethodFit
from .spans import left_by_span

COLLINEAR = 0.9995
"""mergekit and ComfyUI's nodes interpolate straight where the cosine is above this."""


def along(lengths: Array, omega: Array, alpha: float) -> tuple[Array, Array]:
    """The factors of A and B where the length goes evenly from ‖A‖ to ‖B‖ (sd-mecha)."""
    norm_a, norm_b = lengths
    length = (norm_a + alpha * (norm_b - norm_a)) / np.sin(omega)
    return np.sin((1 - alpha) * omega) * length / norm_a, np.sin(alpha * omega) * length / norm_b


def plain(lengths: Array, omega: Array, alpha: float) -> tuple[Array, Array]:
    """The factors of A and B whatever their `lengths`, straight where they are nearly collinear (mergekit)."""
    del lengths
    straight = np.cos(omega) > COLLINEAR
    first = np.where(straight, 1 - alpha, np.sin((1 - alpha) * omega) / np.sin(omega))
    return first, np.where(straight, alpha, np.sin(alpha * omega) / np.sin(omega))


def quick(sample: Sequence[KeyValues], parents: Mapping[str, str]) -> float:
    """A sum of A and B with factors of each weight's own leaves rounding alone."""
    return left_by_span(cases_of(sample, parents), lambda case: [case.numbers["A"], case.numbers["B"]])


def fit(sample: Sequence[KeyValues], parents: Mapping[str, str]) -> MethodFit | None:
    """α by a search over inner products; both ways to treat the length are tried."""
    from scipy.optimize import minimize_scalar

    cases = cases_of(sample, parents)
    if not cases:
        return None
    inner = np.array([_products(case) for case in cases])
    lengths = np.sqrt(inner[:, [3, 6]].T)
    with np.errstate(invalid="ignore", divide="ignore"):
        # from the difference, not the cosine: exact for the nearly collinear, too
        chord = np.sqrt(inner[:, 5] - (lengths[0] - lengths[1]) ** 2) / (2 * np.sqrt(lengths[0] * lengths[1]))
        omega = 2 * np.arcsin(np.clip(chord, 0, 1))
    usable = np.isfinite(omega) & (omega > 1e-6)
    if not usable.any():
        return None
    scale = np.array([case.rounding for case in cases])
    found: list[MethodFit] = []
    for factors in (along, plain):

        def left(alpha: float, factors: Callable[..., tuple[Array, Array]] = factors) -> float:
            a, b = factors(lengths[:, usable], omega[usable], alpha)
            dd, da, de, aa, ae, ee, _ = inner[usable].T
            s = a + b - 1  # T − aA − bB = (T − A) − sA − b(B − A)
            squares = dd + s * s * aa + b * b * ee - 2 * s * da - 2 * b * de + 2 * s * b * ae
            return float(np.sum(squares / scale[usable] ** 2))

        alpha = float(minimize_scalar(left, bounds=(0, 1), method="bounded", options={"xatol": 1e-7}).x)
        if not 0.005 < alpha < 0.995:
            continue
        with np.errstate(invalid="ignore", divide="ignore"):
            a, b = factors(lengths, omega, alpha)
        a, b = np.where(usable, a, 1 - alpha), np.where(usable, b, alpha)
        predicted = (a[i] * case.numbers["A"] + b[i] * case.numbers["B"] for i, case in enumerate(cases))
        rest, each = residuals(cases, predicted)
        shares = {"A": 1 - alpha, "B": alpha}
        found.append(MethodFit(METHOD.name, parents, {"alpha": alpha}, rest, each, shares))
    return min(found, key=lambda one: one.residual_in_roundings, default=None)


def _products(case: Case) -> list[float]:
    """⟨D, D⟩, ⟨D, A⟩, ⟨D, E⟩, ⟨A, A⟩, ⟨A, E⟩, ⟨E, E⟩, ⟨B, B⟩ with D = T − A and E = B − A."""
    a, b = (case.numbers[role].ravel().astype(np.float64) for role in "AB")
    d, e = case.target.ravel() - a, b - a
    return [float(x @ y) for x, y in ((d, d), (d, a), (d, e), (a, a), (a, e), (e, e), (b, b))]


METHOD = Method(
    "slerp",
    ("A", "B"),
    "Ω the angle between A and B: (sin((1 − α)Ω) A/‖A‖ + sin(αΩ) B/‖B‖) / sin Ω · (‖A‖ + α(‖B‖ − ‖A‖)), key by key; "
    "in mergekit without the lengths, and straight where cos Ω > 0.9995",
    "sd-mecha 1.1.5 merge_methods/linear.py slerp; mergekit a6e4028 merge_methods/slerp.py",
    quick,
    fit,
    symmetric=True,
    shares=True,
)
