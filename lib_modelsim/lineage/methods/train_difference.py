"""trainDifference: what a training changed, more of it where A still differs from the trained model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..values import KeyValues, Numbers
from .cases import Case, cases_of
from .factors import by_factor
from .method import Method, MethodFit
from .spans import left_by_span


def direction(case: Case) -> Numbers:
    """What is added α times."""
    a, b, c = (case.numbers[role] for role in "ABC")
    trained, away = np.abs(b - c), np.abs(b - a)
    total = trained + away
    scale = np.divide(away, total, out=np.zeros_like(total), where=total != 0)
    return np.float32(1.8) * scale * (b - c)


def quick(sample: Sequence[KeyValues], parents: Mapping[str, str]) -> float:
    """T − A is the direction times a factor."""
    return left_by_span(
        cases_of(sample, parents), lambda one: [direction(one)], lambda one: one.target - one.numbers["A"]
    )


def fit(sample: Sequence[KeyValues], parents: Mapping[str, str]) -> MethodFit | None:
    """α in closed form."""
    return by_factor(METHOD.name, parents, cases_of(sample, parents), lambda one: (one.numbers["A"], direction(one)))


METHOD = Method(
    "train-difference",
    ("A", "B", "C"),
    "A + 1.8 α · |B − A| / (|B − A| + |B − C|) · (B − C), number by number",
    "sd-webui-supermerger 0b1c491 mergers.py traindiff; sd-mecha 1.1.5 linear.py train_difference_mask",
    quick,
    fit,
)
