"""The numbers of one weight: of a target and of the models that it may be made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float32]

DIGITS = {"F64": 53, "F32": 24, "F16": 11, "BF16": 8, "F8_E4M3": 4, "F8_E5M2": 3}
"""dtype → binary digits of a number."""

LEAST = {"F64": -1074, "F32": -149, "F16": -24, "BF16": -133, "F8_E4M3": -9, "F8_E5M2": -16}
"""dtype → exponent of its smallest number."""

PROVEN = 2.0
"""Roundings of the stored precision (root mean square) below which nothing is left: a wrong parent leaves tens."""


@dataclass(frozen=True)
class KeyValues:
    """One whole weight. `target` and each of `models` have one shape, that of the target without trailing ones, in
    float32; a model that does not hold the weight in this shape, or holds NaN or infinities, is not among them.
    `dtype` is the target's, spelled as safetensors spells it."""

    key: str
    component: str
    block: str | None
    target: Numbers
    models: Mapping[str, Numbers]
    dtype: str = "F16"

    @cached_property
    def rounding(self) -> float:
        """What rounding to the target's precision leaves of a number here, root mean square."""
        return rounding(self.target, self.dtype)


def steps(values: Numbers, dtype: str) -> Numbers:
    """How far the next number of a dtype lies from each of these."""
    _, exponents = np.frexp(values)
    last = np.where(values == 0, LEAST[dtype], np.maximum(exponents - DIGITS[dtype], LEAST[dtype]))
    return np.exp2(last.astype(np.float32))


def rounding(values: Numbers, dtype: str) -> float:
    """Root mean square error that rounding numbers of these sizes to a dtype makes: a step of the last digit is evenly
    missed by up to its half, 1/√12 of it in the root mean square."""
    if not values.size:
        return 0.0
    return float(np.sqrt(np.mean(np.square(steps(values, dtype), dtype=np.float64)) / 12))


def rounding_sizes(values: Numbers, dtype: str) -> NDArray[np.float64]:
    """The standard error of each number by its rounding to a dtype."""
    return steps(values, dtype).astype(np.float64) / np.sqrt(12)
