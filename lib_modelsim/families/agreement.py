"""Two trees of the same models: how well they agree, and one reordered to be shown beside the other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform

from ..errors import ModelsimError
from .linkage import Tree

_FEWEST = 3
"""Models that make more than one pair."""


def cophenetic_agreement(one: Tree, other: Tree) -> float:
    """Pearson's r between the heights at which pairs of models meet in the two trees (Sokal and Rohlf 1962), −1 … 1.

    NaN where there are fewer than three models, or all pairs of a tree meet at one height. Raises ModelsimError for
    trees of different models.
    """
    place = _places(one, other)
    if len(place) < _FEWEST:
        return float("nan")
    meets = squareform(hierarchy.cophenet(other.scipy))[np.ix_(place, place)]
    a, b = hierarchy.cophenet(one.scipy), squareform(meets, checks=False)
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])


def untangled(fixed: Tree, turned: Tree) -> Tree:
    """The second tree with its branches turned so that the fewest lines between equal models cross.

    Whether two lines cross is decided where the two models meet in the tree that is turned, so that turning every
    merge to its better side is the best there is while the other tree stays as it is (Fernau, Kaufmann and Poths,
    "Comparing trees via crossing minimization", 2005). Raises ModelsimError for trees of different models.
    """
    rank = np.empty(len(fixed.models), dtype=np.intp)
    rank[fixed.leaves] = np.arange(len(fixed.models))
    of_fixed = np.empty_like(rank)
    of_fixed[_places(fixed, turned)] = rank
    under = [of_fixed[i : i + 1] for i in range(len(turned.models))]  # of every node, the sorted ranks of its leaves
    rows = turned.scipy.copy()
    for row in rows:
        left, right = (under[int(child)] for child in row[:2])
        crossing = int(np.searchsorted(right, left).sum())  # pairs whose right one comes first in the other tree
        if 2 * crossing > len(left) * len(right):
            row[[0, 1]] = row[[1, 0]]
        under.append(np.sort(np.concatenate([left, right])))
    return replace(turned, scipy=rows)


def _places(one: Tree, other: Tree) -> NDArray[np.intp]:
    """Of every model of the first tree its position in the second, [n]."""
    if set(one.models) != set(other.models):
        odd = sorted(set(one.models) ^ set(other.models))
        raise ModelsimError(
            "the two trees hold different models", odd[0], "leave out the models that only one of them has"
        )
    place = {model: i for i, model in enumerate(other.models)}
    return np.array([place[model] for model in one.models])
