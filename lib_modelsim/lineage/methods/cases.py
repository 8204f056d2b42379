"""A method's view of a sample: weights by role, and what a formula leaves of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..values import KeyValues, Numbers, rounding, steps

Array = NDArray[np.float64]

LOST = 8
"""Merges are computed in float32: the steps of a formula lose three binary digits of it."""


@dataclass(frozen=True)
class Case:
    """One weight whose parents are not all the same: `numbers` by role, all of the target's shape."""

    values: KeyValues
    numbers: Mapping[str, Numbers]

    @property
    def target(self) -> Numbers:
        return self.values.target

    @cached_property
    def differs(self) -> NDArray[np.bool_]:
        """Where the parents do not all have one number: nothing else speaks for or against a method."""
        first, *rest = self.numbers.values()
        return np.logical_or.reduce([other != first for other in rest])

    @cached_property
    def rounding(self) -> float:
        """What storing the target leaves of a number, root mean square; where it is stored as finely as it was
        computed, the digits that computing loses."""
        if self.values.dtype in ("F32", "F64"):
            return LOST * rounding(self.target, "F32")
        return self.values.rounding

    @cached_property
    def half_steps(self) -> Numbers:
        """How far rounding to the target's precision can move a number."""
        return steps(self.target, self.values.dtype) / 2

    def equal(self, other: Numbers) -> NDArray[np.bool_]:
        """Where the target is this number, rounded to its own precision."""
        return np.abs(self.target - other) <= self.half_steps


def cases_of(sample: Iterable[KeyValues], parents: Mapping[str, str]) -> list[Case]:
    """The weights that all parents hold and in which they are not all the same."""
    found = []
    for one in sample:
        if all(model in one.models for model in parents.values()):
            numbers = {role: one.models[model] for role, model in parents.items()}
            first, *rest = numbers.values()
            if not all(np.array_equal(first, other) for other in rest):
                found.append(Case(one, numbers))
    return found


def residuals(cases: Sequence[Case], predictions: Iterable[Numbers | Array]) -> tuple[float, dict[str, float]]:
    """What predictions leave of the targets, in roundings of the stored precision (root mean square over the numbers in
    which the parents differ): of the largest component, and of each. Infinite where there is nothing to look at."""
    squares: dict[str, float] = {}
    counts: dict[str, int] = {}
    for case, predicted in zip(cases, predictions, strict=True):
        where, component = case.differs, case.values.component
        left = np.subtract(case.target, predicted, dtype=np.float64)[where]
        squares[component] = squares.get(component, 0.0) + float(left @ left) / max(case.rounding, 1e-30) ** 2
        counts[component] = counts.get(component, 0) + left.size
    each = {name: float(np.sqrt(squares[name] / counts[name])) for name in squares}
    return (each[max(counts, key=counts.__getitem__)] if each else float("inf")), each
