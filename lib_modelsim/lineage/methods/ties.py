"""TIES: the largest numbers of each difference, where the models agree in sign."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from ..values import KeyValues, Numbers
from .cases import Case, cases_of, residuals
from .method import Method, MethodFit

DENSITIES = np.linspace(0.05, 1, 20)
"""Shares of kept numbers that a quick look tries."""

ALIKE = 0.85
"""On pieces, where the limits are known roughly, the right parents correlate above .9; with a wrong one below .75."""

KNOWN = 0.7
"""Of the right parents' numbers at least so many are possible ones: what is trimmed, alone or agrees."""

FINE = 1 << 16
"""So many numbers are enough to refine the share of kept ones."""


class _Trimming:
    """Of one weight what the parents add to C, and how large each number is."""

    def __init__(self, case: Case) -> None:
        origin = case.numbers["C"]
        self.deltas = np.stack([number - origin for role, number in case.numbers.items() if role != "C"])
        self.sizes = np.abs(self.deltas)
        self.ordered = np.sort(self.sizes.reshape(len(self.deltas), -1), axis=1)
        self.added = case.target - origin
        self.steps = 4 * case.half_steps

    def merged(self, k: float, by_sum: bool) -> Numbers:
        """The mean of those of the largest numbers, a share k of each difference, that have the sign which most have,
        counted or by their sum."""
        at = max(int((1 - k) * self.ordered.shape[1]), 1) - 1
        limits = self.ordered[:, at].reshape(-1, *[1] * (self.deltas.ndim - 1))
        kept = self.deltas * (self.sizes >= limits)
        signs = np.sign(kept)
        agree = signs == np.sign((kept if by_sum else signs).sum(0))
        return (kept * agree).sum(0) / np.maximum(agree.sum(0, dtype=np.float32), 1)


def quick(sample: Sequence[KeyValues], parents: Mapping[str, str]) -> float:
    """1 − the best correlation of T − C with what the formula adds; and that every number is one of four."""
    parts = [_Trimming(case) for case in cases_of(sample, parents) if case.target.ndim > 1][:3]
    looks = [(_apart(parts, k, by_sum), k, by_sum) for k in DENSITIES[::3].tolist() for by_sum in (False, True)]
    (cost, alpha), *_ = min(looks, default=((1.0, 0.0), 0, False))
    if cost > 1 - ALIKE:
        return 1.0
    return max(cost / (1 - ALIKE), (1 - _among(parts, alpha)) / (1 - KNOWN))


def _among(parts: Sequence[_Trimming], alpha: float) -> float:
    """The share of numbers that add nothing, or α times a difference or the mean of all, to 6 % and some steps."""
    hits = count = 0
    for part in parts:
        values = [np.zeros_like(part.added), *(alpha * part.deltas), alpha * part.deltas.mean(0)]
        near = [np.abs(part.added - value) <= 0.06 * np.abs(value) + part.steps for value in values]
        hits, count = hits + int(np.logical_or.reduce(near).sum()), count + part.added.size
    return hits / count if count else 0.0


def fit(sample: Sequence[KeyValues], parents: Mapping[str, str]) -> MethodFit | None:
    """k by a grid that gets finer, α in closed form."""
    cases = cases_of(sample, parents)
    few = [_Trimming(case) for case in _few(cases)]
    if not few:
        return None
    found = None
    for by_sum in (False, True):
        cost, k, alpha = _best(few, by_sum)
        if cost > (1 - ALIKE) / 3 or alpha <= 0:
            continue
        rest, each = residuals(cases, _predicted(cases, k, alpha, by_sum))
        if found is None or rest < found.residual_in_roundings:
            found = MethodFit(METHOD.name, parents, {"k": k, "alpha": alpha}, rest, each)
    return found


def _predicted(cases: Iterable[Case], k: float, alpha: float, by_sum: bool) -> Iterable[Numbers]:
    for case in cases:
        yield case.numbers["C"] + np.float32(alpha) * _Trimming(case).merged(k, by_sum)


def _apart(parts: Sequence[_Trimming], k: float, by_sum: bool) -> tuple[float, float]:
    """1 − the correlation of T − C with the formula's sum, weights counted alike, and α."""
    xx = xy = yy = 0.0
    for part in parts:
        x, y = part.merged(k, by_sum).ravel().astype(np.float64), part.added.ravel().astype(np.float64)
        weight = 1 / max(float(y @ y), 1e-30)
        xx, xy, yy = xx + weight * float(x @ x), xy + weight * float(x @ y), yy + 1
    return (1 - xy / np.sqrt(xx * yy), xy / xx) if xx > 0 else (1.0, 0.0)


def _best(parts: Sequence[_Trimming], by_sum: bool) -> tuple[float, float, float]:
    """The least cost, its k and α: grids of eleven, each a fifth as wide as the last, down to the rank of a number."""
    k = min(DENSITIES.tolist(), key=lambda k: _apart(parts, k, by_sum)[0])
    cost, width = _apart(parts, k, by_sum)[0], 0.05
    if cost > 1 - ALIKE:
        return 1.0, k, 0.0
    while width > 0.0005:
        grid = np.linspace(max(k - width, 0.001), min(k + width, 1), 11).tolist()
        k = min(grid, key=lambda k: _apart(parts, k, by_sum)[0])
        width /= 5
    return *_apart(parts, k, by_sum)[:1], k, _apart(parts, k, by_sum)[1]


def _few(cases: Sequence[Case]) -> list[Case]:
    """Small matrices first, until there are numbers enough."""
    found, total = [], 0
    for case in sorted((c for c in cases if c.target.size >= 1000), key=lambda c: c.target.size):
        found.append(case)
        total += case.target.size
        if total > FINE:
            break
    return found


METHOD = Method(
    "ties",
    ("A", "B", "C"),
    "C + α · mean of those of A − C and B − C, each cut to its share k of largest numbers in a key, that have the sign "
    "which most of them have (by their count or by their sum)",
    "sd-mecha 1.1.5 merge_methods/ties.py ties_sum (arXiv 2306.01708); mergekit a6e4028 generalized_task_arithmetic.py",
    quick,
    fit,
    symmetric=True,
)
