"""Changes of one model that are of full rank and that no training made: rounding in between, scaling, pruning.

A training leaves its model nearly at right angles and sets no number to 0, and gives all digits of the precision that
it is stored in.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...text import percent
from ..values import DIGITS, KeyValues, Numbers, steps

_MOST = 0.5
"""Part of the change along the model's own weights from which on it is a scaling: of a training it is
a few hundredths (of one at random 1 / numbers)."""

_ZEROS = 0.01
"""Share of numbers that became 0: by rounding far fewer do."""

_BETWEEN = {"BF16": "bfloat16", "F8_E4M3": "float8 (e4m3)", "F8_E5M2": "float8 (e5m2)"}


def rounded_in_between(sample: Sequence[KeyValues], name: str) -> str | None:
    """The precision, in words, to which all sampled numbers of the model were rounded though they are stored finer;
    None where they were not."""
    held = [one for one in sample if name in one.models]
    for dtype, told in _BETWEEN.items():
        finer = held and all(DIGITS.get(one.dtype, 0) > DIGITS[dtype] for one in held)
        if finer and all(_fits(one.target, dtype) for one in held) and all(_near(one, name, dtype) for one in held):
            return told
    return None


def no_training(sample: Sequence[KeyValues], name: str) -> str | None:
    """Why the change of a model is none that a training makes, in a sentence; None where nothing says so."""
    along = whole = 0.0
    zeros = numbers = 0
    for one in sample:
        if name not in one.models or one.target.ndim < 2:
            continue
        own = one.models[name].astype(np.float64).ravel()
        left = one.target.astype(np.float64).ravel() - own
        along += float(left @ own) ** 2 / max(float(own @ own), 1e-300)
        whole += float(left @ left)
        zeros += int(((one.target == 0) & (one.models[name] != 0)).sum())
        numbers += one.target.size
    if zeros > _ZEROS * numbers:
        return f"{percent(zeros / numbers)} of the sampled numbers are 0 where those of {name} are not: it was pruned"
    if along > _MOST * whole > 0:
        part = percent(along / whole)
        return f"{part} of the change lies along the weights of {name} themselves: they were multiplied"
    return None


def _fits(values: Numbers, dtype: str) -> bool:
    """Whether the numbers have no more binary digits than a dtype gives."""
    parts: NDArray[np.float32] = np.frexp(values)[0] * 2.0 ** DIGITS[dtype]
    return bool((parts == np.rint(parts)).all())


def _near(one: KeyValues, name: str, dtype: str) -> bool:
    """Whether each number is the model's but for rounding to a dtype."""
    own = one.models[name]
    return bool((np.abs(one.target - own) <= steps(own, dtype) / 2 + steps(own, one.dtype)).all())
