"""Which models can be in one tree: those that have a distance to each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def connected_groups(known: NDArray[np.bool_]) -> list[list[int]]:
    """Models that comparisons connect, directly or through others: the largest group first, of equals the one that
    holds the first model. `known` is [n, n], symmetric: whether two models have a distance; the diagonal is ignored.
    """
    left, groups = list(range(len(known))), []
    while left:
        group, new = set(), {left[0]}
        while new:
            group |= new
            new = set(np.flatnonzero(known[list(new)].any(axis=0)).tolist()) - group
        groups.append(sorted(group))
        left = [i for i in left if i not in group]
    return sorted(groups, key=lambda group: -len(group))


def complete_group(values: NDArray[np.float64], rows: Sequence[int]) -> list[int]:
    """Those of the rows that have a value, not NaN, with each other; the one that lacks most goes first.

    `values` is [n, n], symmetric.
    """
    kept = list(rows)
    while kept:
        missing = np.isnan(values[np.ix_(kept, kept)]).sum(1)
        if missing.max() == 0:
            break
        del kept[int(missing.argmax())]
    return kept


def largest_group(distances: NDArray[np.float64]) -> list[int]:
    """The models of the largest group that have all distances to each other. `distances` is [n, n], NaN where missing,
    the diagonal 0."""
    return complete_group(distances, connected_groups(~np.isnan(distances))[0]) if len(distances) else []
