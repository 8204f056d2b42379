"""smoothAdd: a difference without its details."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..values import KeyValues, Numbers
from .cases import Case, cases_of
from .factors import by_factor
from .method import Method, MethodFit
from .spans import left_by_span

REACH = 5
"""So far around it a number hears of others: 1 by the median, 4 by the Gaussian of sigma 1, cut off at 4."""

NUMBERS = 1 << 16
"""Of a large weight so many numbers are filtered: the median is slow."""


def smooth(difference: Numbers) -> Numbers:
    """A median over 3 in every dimension, then a Gaussian of sigma 1."""
    from scipy.ndimage import gaussian_filter, median_filter

    return gaussian_filter(median_filter(difference, size=3), sigma=1)


def quick(sample: Sequence[KeyValues], parents: Mapping[str, str]) -> float:
    """T − A is the filtered piece times a factor, away from where the piece was cut."""
    cases = [case for case in cases_of(sample, parents) if case.target.ndim <= 2][:4]
    if any(_rough(case) for case in cases):
        return 1.0

    def inside(numbers: Numbers) -> Numbers:
        return numbers[tuple(slice(REACH, n - REACH) for n in numbers.shape)]

    return left_by_span(
        cases,
        lambda case: [inside(smooth(case.numbers["B"] - case.numbers["C"]))],
        lambda case: inside(case.target - case.numbers["A"]),
    )


def _rough(case: Case) -> bool:
    """Neighbours in T − A have nothing to do with each other: after a Gaussian of sigma 1 they correlate by .78."""
    added = case.target - case.numbers["A"]
    near, next_one = added[..., :-1].ravel(), added[..., 1:].ravel()
    return float(near @ next_one) < 0.5 * float(np.sqrt((near @ near) * (next_one @ next_one)))


def fit(sample: Sequence[KeyValues], parents: Mapping[str, str]) -> MethodFit | None:
    """α in closed form, on the first rows of large weights."""
    return by_factor(METHOD.name, parents, cases_of(sample, parents), _split)


def _split(case: Case) -> tuple[Numbers, Numbers]:
    a, b, c = (case.numbers[role] for role in "ABC")
    rows = len(a)
    if a.size > NUMBERS:
        rows = min(max(NUMBERS // (a.size // len(a)), 1), len(a))
    added = smooth(b[: rows + REACH] - c[: rows + REACH])[:rows]
    return a[:rows], added


METHOD = Method(
    "smooth-add",
    ("A", "B", "C"),
    "A + α · Gaussian of sigma 1 of the median over 3 in every dimension of B − C",
    "sd-webui-supermerger 0b1c491 mergers.py smoothAdd (SciPy's median_filter and gaussian_filter)",
    quick,
    fit,
)
