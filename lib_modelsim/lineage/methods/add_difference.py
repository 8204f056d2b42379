"""Add difference: what a training changed, added to another model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..kinds import ADD_DIFFERENCE
from ..values import KeyValues
from .cases import cases_of
from .factors import by_factor
from .method import Method, MethodFit
from .spans import left_by_span


def quick(sample: Sequence[KeyValues], parents: Mapping[str, str]) -> float:
    """T − A is B − C by a factor of each weight's own."""
    return left_by_span(
        cases_of(sample, parents),
        lambda case: [case.numbers["B"] - case.numbers["C"]],
        lambda case: case.target - case.numbers["A"],
    )


def fit(sample: Sequence[KeyValues], parents: Mapping[str, str]) -> MethodFit | None:
    """α in closed form."""
    found = by_factor(
        METHOD.name,
        parents,
        cases_of(sample, parents),
        lambda case: (case.numbers["A"], case.numbers["B"] - case.numbers["C"]),
    )
    if found is None:
        return None
    alpha = found.parameters["alpha"]
    return replace(found, shares={"A": 1.0, "B": alpha, "C": -alpha})


METHOD = Method(
    ADD_DIFFERENCE,
    ("A", "B", "C"),
    "A + α (B − C)",
    "AUTOMATIC1111 modules/extras.py run_modelmerger (B − C is rounded to the files' precision first); sd-mecha 1.1.5 "
    "linear.py add_difference",
    quick,
    fit,
    shares=True,
)
