"""Methods that add a known direction α times: α in closed form, one for all weights or one for each block."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..values import PROVEN, Numbers
from .cases import Case
from .method import MethodFit

LEAST = 0.005
"""A smaller α is nothing that a person chose."""


@dataclass(frozen=True)
class _Weight:
    """Inner products of what was added (y) and the direction (x), in squared roundings; `count` numbers."""

    component: str
    block: str
    xx: float
    xy: float
    yy: float
    count: int

    def left(self, alpha: float) -> float:
        return max(self.yy - 2 * alpha * self.xy + alpha * alpha * self.xx, 0.0)


def by_factor(
    name: str, parents: Mapping[str, str], cases: Sequence[Case], split: Callable[[Case], tuple[Numbers, Numbers]]
) -> MethodFit | None:
    """The fit of T = first + α · second, `split` giving both. Where one α for all does not explain the target and one
    for each block does, `blocks` has these, and α is their mean. None where nothing was added."""
    weights = [_weight(case, *split(case)) for case in cases]
    weights = [weight for weight in weights if weight.count]
    if not sum(weight.xx for weight in weights):
        return None
    groups: dict[str, list[_Weight]] = {}
    for weight in weights:
        groups.setdefault(weight.block, []).append(weight)
    one = _alpha(weights)
    rest, each = _left(weights, dict.fromkeys(groups, one))
    if rest < PROVEN:
        return MethodFit(name, parents, {"alpha": one}, rest, each) if abs(one) >= LEAST else None
    many = {block: _alpha(group) for block, group in groups.items()}
    by_block, parts = _left(weights, many)
    if by_block < PROVEN and len(many) > 1:
        if max(map(abs, many.values())) < LEAST:
            return None
        blocks = {block: {"alpha": alpha} for block, alpha in many.items()}
        return MethodFit(name, parents, {"alpha": float(np.mean([*many.values()]))}, by_block, parts, {}, blocks)
    return MethodFit(name, parents, {"alpha": one}, rest, each)


def _weight(case: Case, first: Numbers, second: Numbers) -> _Weight:
    """`first` and `second` may be of the weight's first rows alone."""
    where = case.differs[: len(first)]
    y = np.subtract(case.target[: len(first)], first, dtype=np.float64)[where] / max(case.rounding, 1e-30)
    x = second[where].astype(np.float64) / max(case.rounding, 1e-30)
    values = case.values
    return _Weight(values.component, values.block or "", float(x @ x), float(x @ y), float(y @ y), y.size)


def _alpha(weights: Sequence[_Weight]) -> float:
    total = sum(weight.xx for weight in weights)
    return sum(weight.xy for weight in weights) / total if total else 0.0


def _left(weights: Sequence[_Weight], alphas: Mapping[str, float]) -> tuple[float, dict[str, float]]:
    """As `cases.residuals`."""
    squares: dict[str, float] = {}
    counts: dict[str, int] = {}
    for weight in weights:
        squares[weight.component] = squares.get(weight.component, 0.0) + weight.left(alphas[weight.block])
        counts[weight.component] = counts.get(weight.component, 0) + weight.count
    each = {name: float(np.sqrt(squares[name] / counts[name])) for name in squares}
    return each[max(counts, key=counts.__getitem__)], each
