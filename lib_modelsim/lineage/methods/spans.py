"""Quick looks: whether a target lies in the span of some vectors, piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..values import Numbers
from .cases import Case

ROUNDINGS = 4.0
"""A piece that leaves more than this is not explained. The pieces are small: the formula of a method proven on whole
weights leaves less than 2."""


def left_by_span(
    cases: Sequence[Case],
    vectors: Callable[[Case], list[Numbers]],
    target: Callable[[Case], Numbers] = lambda case: case.target,
) -> float:
    """What least squares with factors of each piece's own leaves of the target, or of what `target` makes of it, as a
    share of what is not explained any more."""
    worst = 0.0
    for case in cases:
        columns = np.stack([one.ravel() for one in vectors(case)], axis=1).astype(np.float64)
        wanted = target(case).ravel().astype(np.float64)
        if len(wanted) < 4 * columns.shape[1]:
            continue
        solution = np.linalg.lstsq(columns, wanted, rcond=None)[0]
        left = wanted - columns @ solution
        worst = max(worst, float(np.sqrt(np.mean(left * left))) / max(case.rounding, 1e-30))
        if worst > ROUNDINGS:
            break
    return worst / ROUNDINGS if cases else 1.0


def share_of(cases: Sequence[Case], explained: Callable[[Case], np.ndarray]) -> float:
    """The share of numbers that are not among the possible ones, of those in which the parents differ."""
    total = missed = 0
    for case in cases:
        where = case.differs
        total += int(where.sum())
        missed += int((where & ~explained(case)).sum())
        if missed > 0.1 * total + 20:
            return 1.0
    return missed / total if total else 1.0
