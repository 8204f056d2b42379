"""Models that follow each other: epochs of one training, versions that were each made from the last.

In a series the distance grows with every step in between. That orders the models; which end is the first, numbers in
their names say, or the base.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ...families.strangers import spanning_tree

Array = NDArray[np.float64]

_FEWEST, _FEWEST_UNNAMED = 3, 5
"""Models of a series whose names differ in a number alone, and of others: by chance numbers order four as well in one
of twelve cases."""

_GROWS, _SLACK = 0.95, 0.98
"""So many of all three models i, j, k in the order must have i and k farther apart than either from j, but for 2 %."""

_AGREES = 0.9
"""Least rank correlation of numbers in names with the order."""

_LIKELY = 0.05
"""Numbers agree likely by no chance where chance orders so many models as well less often."""


@dataclass(frozen=True)
class ModelSeries:
    """`order` are positions from one end to the other, so that the `numbers` in their names rise with the rank
    `correlation`."""

    order: tuple[int, ...]
    numbers: tuple[int, ...]
    correlation: float

    @property
    def by_chance(self) -> float:
        """How often chance puts this many numbers in order, either way."""
        return 2 / math.factorial(len(self.order))

    @property
    def likely(self) -> bool:
        """Whether their numbers say which end is the first."""
        return self.by_chance < _LIKELY


def all_series(models: Sequence[str], squares: Array, rows: Sequence[int], whole: bool) -> list[ModelSeries]:
    """The series among these rows: of models whose names differ in numbers alone, and with `whole` of all rows. The
    numbers must agree with the distances: that models stand in a row is nothing that only a series does."""
    found = [_series(models, squares, members) for members in _alike(models, rows)]
    if whole and not any(found) and len(rows) >= _FEWEST_UNNAMED:
        found.append(_series(models, squares, rows))
    return [one for one in found if one is not None]


def _alike(models: Sequence[str], rows: Sequence[int]) -> Iterator[list[int]]:
    """Groups of rows whose names are the same but for the numbers in them."""
    groups: dict[str, list[int]] = {}
    for row in rows:
        groups.setdefault(re.sub(r"\d+", "#", models[row]), []).append(row)
    yield from (group for name, group in groups.items() if "#" in name and len(group) >= _FEWEST)


def _series(models: Sequence[str], squares: Array, rows: Sequence[int]) -> ModelSeries | None:
    """These models as one series; None where they are none."""
    among = np.sqrt(squares[np.ix_(rows, rows)])
    order = _path(among)
    if order is None or not _grows(among[np.ix_(order, order)]):
        return None
    placed = [rows[i] for i in order]
    best = max(_numbered(models, placed), key=lambda pair: abs(pair[1]), default=None)
    if best is None or abs(best[1]) < _AGREES:
        return None
    numbers, correlation = best
    if correlation < 0:
        return ModelSeries(tuple(reversed(placed)), tuple(reversed(numbers)), -correlation)
    return ModelSeries(tuple(placed), numbers, correlation)


def _path(distances: Array) -> list[int] | None:
    """The order in which the shortest tree runs through all of them; None where it branches."""
    edges, _ = spanning_tree(distances)
    beside: dict[int, list[int]] = {i: [] for i in range(len(distances))}
    for a, b in edges:
        beside[a].append(b)
        beside[b].append(a)
    ends = [i for i, near in beside.items() if len(near) == 1]
    if len(ends) != 2:
        return None
    order, before = [ends[0]], -1
    while len(order) < len(distances):
        order, before = [*order, next(i for i in beside[order[-1]] if i != before)], order[-1]
    return order


def _grows(distances: Array) -> bool:
    """Whether the distance grows along the order, with few exceptions."""
    triples = list(combinations(range(len(distances)), 3))
    if len(triples) > 20_000:
        triples = triples[:: len(triples) // 20_000]
    i, j, k = np.array(triples).T
    far = distances[i, k]
    return float(np.mean(far >= _SLACK * np.maximum(distances[i, j], distances[j, k]))) >= _GROWS


def _numbered(models: Sequence[str], rows: Sequence[int]) -> Iterator[tuple[tuple[int, ...], float]]:
    """For every place where all names have a number, and these are all different: the numbers and their rank
    correlation with the order of the rows."""
    numbers = [[int(digits) for digits in re.findall(r"\d{1,9}", models[row])] for row in rows]
    for place in range(min(map(len, numbers), default=0)):
        column = tuple(each[place] for each in numbers)
        if len(set(column)) == len(column):
            yield column, rank_correlation(column)


def rank_correlation(numbers: Sequence[float]) -> float:
    """Spearman's, of different numbers with their order."""
    n = len(numbers)
    ranks = np.argsort(np.argsort(numbers))
    return float(1 - 6 * np.sum((ranks - np.arange(n)) ** 2) / (n * (n**2 - 1)))
