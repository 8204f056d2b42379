"""Tensor cut: rows (or columns) of B in the place of A's, from one point of every weight to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile

import numpy as np
from numpy.typing import NDArray

from ..values import KeyValues, Numbers
from .cases import Case, cases_of, residuals
from .method import Method, MethodFit
from .spans import share_of

LONG = 100
"""The variant by columns cuts rows where a weight has no more columns than this."""


def quick(sample: Sequence[KeyValues], parents: Mapping[str, str]) -> float:
    """Every number is A's or B's."""
    cases = cases_of(sample, parents)
    return share_of(cases, lambda case: case.equal(case.numbers["A"]) | case.equal(case.numbers["B"]))


def fit(sample: Sequence[KeyValues], parents: Mapping[str, str]) -> MethodFit | None:
    """Where B's rows begin and end says α and β to one row of the longest weight."""
    cases = cases_of(sample, parents)
    for by_columns in (False, True):
        owners = list(takewhile(lambda one: one is not None, (_owners(case, by_columns) for case in cases)))
        if len(owners) < len(cases):
            continue
        starts, ends = [], []
        for one in owners:
            if (run := _run(one)) is not None:
                starts.append((*run[0], len(one)))
                ends.append((*run[1], len(one)))
        start, end = _meet(starts), _meet(ends)
        if start is None or end is None:
            continue
        alpha = (end - start) % 1
        predicted = [_cut(case, _axis(case.target, by_columns), one) for case, one in zip(cases, owners, strict=True)]
        rest, each = residuals(cases, predicted)
        return MethodFit(METHOD.name, parents, {"alpha": alpha, "beta": start % 1}, rest, each)
    return None


def _axis(numbers: Numbers, by_columns: bool) -> int:
    return int(by_columns and numbers.ndim > 1 and numbers.shape[1] > LONG)


def _owners(case: Case, by_columns: bool) -> NDArray[np.int8] | None:
    """Of each row 1 where it is B's, −1 where it is A's, 0 where they are the same; None where one is neither's."""
    axis = _axis(case.target, by_columns)
    a, b = (
        np.moveaxis(case.equal(case.numbers[role]), axis, 0).reshape(case.target.shape[axis], -1).all(1)
        for role in "AB"
    )
    if not (a | b).all():
        return None
    return b.astype(np.int8) - a.astype(np.int8)


def _run(owners: NDArray[np.int8]) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Between which rows B's begin and end, counted around the end; None where there is not one run of them."""
    known = np.flatnonzero(owners)
    kinds = owners[known]
    begins = [i for i in range(len(known)) if kinds[i] == 1 and kinds[i - 1] == -1]
    stops = [i for i in range(len(known)) if kinds[i] == -1 and kinds[i - 1] == 1]
    if len(begins) != 1 or len(stops) != 1:
        return None
    return _between(known, begins[0], len(owners)), _between(known, stops[0], len(owners))


def _between(known: NDArray[np.intp], i: int, n: int) -> tuple[int, int]:
    """The first row lies after the known one before it, not after itself; below 0 where that is around the end."""
    last = int(known[i - 1])
    return (last - n if i == 0 else last), int(known[i])


def _meet(edges: Sequence[tuple[int, int, int]]) -> float | None:
    """The share at which all weights are cut: ⌊n·share⌋ is the first row (supermerger) or the nearest (sd-mecha)."""
    if not edges:
        return None
    last, first, n = np.array(edges, dtype=np.float64).T
    for shift in (0.0, 0.5):
        low, high = float(np.max((last + 1 - shift) / n)), float(np.min((first + 1 - shift) / n))
        if low < high:
            return (low + high) / 2
    return None


def _cut(case: Case, axis: int, owners: NDArray[np.int8]) -> Numbers:
    a, b = case.numbers["A"], case.numbers["B"]
    shape = [1] * a.ndim
    shape[axis] = -1
    return np.where(owners.reshape(shape) == 1, b, a)


METHOD = Method(
    "tensor cut",
    ("A", "B"),
    "rows ⌊nβ⌋ to ⌊n(α + β)⌋ of each weight from B, the others from A, counted around the end; as tensor2 by columns "
    "where there are more than 100",
    "sd-webui-supermerger 0b1c491 mergers.py tensormerge; sd-mecha 1.1.5 slicing.py tensor_sum rounds to the nearest",
    quick,
    fit,
    symmetric=True,
)
