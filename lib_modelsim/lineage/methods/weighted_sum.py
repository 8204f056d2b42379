"""Weighted sum: what shares say; here the formula alone, to hold it against other methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..kinds import WEIGHTED_SUM
from ..values import KeyValues
from .cases import cases_of
from .factors import by_factor
from .method import Method, MethodFit
from .spans import left_by_span


def quick(sample: Sequence[KeyValues], parents: Mapping[str, str]) -> float:
    """T − A is B − A by a factor of each weight's own."""
    return left_by_span(
        cases_of(sample, parents),
        lambda case: [case.numbers["B"] - case.numbers["A"]],
        lambda case: case.target - case.numbers["A"],
    )


def fit(sample: Sequence[KeyValues], parents: Mapping[str, str]) -> MethodFit | None:
    """α in closed form."""
    found = by_factor(
        METHOD.name,
        parents,
        cases_of(sample, parents),
        lambda case: (case.numbers["A"], case.numbers["B"] - case.numbers["A"]),
    )
    if found is None or found.parameters["alpha"] > 0.995:
        return None
    return replace(found, shares={"A": 1 - found.parameters["alpha"], "B": found.parameters["alpha"]})


METHOD = Method(
    WEIGHTED_SUM,
    ("A", "B"),
    "(1 − α) A + α B",
    "AUTOMATIC1111 modules/extras.py run_modelmerger; sd-mecha 1.1.5 linear.py weighted_sum",
    quick,
    fit,
    symmetric=True,
    shares=True,
)
