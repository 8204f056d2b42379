"""Maximum: the larger number of two models, one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..values import KeyValues
from .cases import cases_of, residuals
from .method import Method, MethodFit
from .spans import share_of


def quick(sample: Sequence[KeyValues], parents: Mapping[str, str]) -> float:
    """Every number is the larger one."""
    cases = cases_of(sample, parents)
    return share_of(cases, lambda case: case.equal(np.maximum(case.numbers["A"], case.numbers["B"])))


def fit(sample: Sequence[KeyValues], parents: Mapping[str, str]) -> MethodFit | None:
    """There is nothing to fit."""
    cases = cases_of(sample, parents)
    rest, each = residuals(cases, (np.maximum(case.numbers["A"], case.numbers["B"]) for case in cases))
    return MethodFit(METHOD.name, parents, {}, rest, each)


METHOD = Method(
    "max",
    ("A", "B"),
    "max(A, B), number by number",
    "Chattiori-Model-Merger 5fc7fc2 merge.py weight_max",
    quick,
    fit,
    symmetric=True,
)
