"""How many classes a tree falls into.

Mean silhouette width alone takes 'one stranger, and all others' for the best answer wherever there is a stranger, and
every copy of a file for a class of its own kind. So copies count once, strangers are set apart first, and of the rest
a class of one neither gains by being alone nor makes others look good.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .linkage import Tree, build_tree
from .strangers import Scale, copies, strangers

Array = NDArray[np.float64]

MOST_CLASSES = 20

SUBSTANTIAL = 0.25
"""Mean silhouette width from which on there are classes at all (Kaufman and Rousseeuw 1990, Finding Groups in
Data)."""

_AS_GOOD = 0.99
"""Fewer classes that are as good as that share of the best are preferred."""

_APART = 2.0
"""A model alone tells of a class only from so many of its diameters away."""


@dataclass(frozen=True)
class Classes:
    """`numbers` [n], 1 … k as they appear in input order, and whether each model is a `stranger`, [n]: one without a
    near relative, in a class of its own (or with its copies)."""

    numbers: NDArray[np.int64]
    strangers: NDArray[np.bool_]


def automatic_classes(
    distances: Array, linkage: str = "ward.D2", scale: Scale | None = None, alone: NDArray[np.bool_] | None = None
) -> Classes:
    """Classes of models, told from their distances [n, n] alone; `alone` [n] are the strangers where they are known.

    A copy has the class of the first model that it equals; a stranger is set apart; what is left is cut where the
    silhouette says. So a copy or a stranger more does not change the classes of the others: the tree that is cut is
    of the others alone, each once. In the tree of all models these classes are branches as a rule, not always.
    """
    scale = scale or Scale()
    alone = strangers(distances, scale) if alone is None else alone
    rest = np.flatnonzero(~alone)
    inside = distances[np.ix_(rest, rest)]
    near = scale.near * (scale.unrelated or inside.max(initial=0))
    first = copies(inside, near)
    heads = np.unique(first)
    cut = _classes_of(inside[np.ix_(heads, heads)], linkage)
    found = np.zeros(len(distances), dtype=np.int64)
    found[rest] = cut[np.searchsorted(heads, first)]
    apart = np.flatnonzero(alone)
    among = copies(distances[np.ix_(apart, apart)], near)
    found[apart] = found.max(initial=0) + 1 + among
    number = {label: k for k, label in enumerate(dict.fromkeys(found.tolist()), 1)}
    return Classes(np.array([number[label] for label in found.tolist()], dtype=np.int64), alone)


def silhouette(distances: Array, classes: NDArray[np.integer]) -> float:
    """Mean silhouette width of a partition, −1 … 1; a class of one counts 0 (Rousseeuw 1987).

    `distances` is [n, n], `classes` [n]; NaN where there is only one class.
    """
    labels = np.unique(classes)
    if len(labels) < 2:
        return float("nan")
    return float(_widths(distances, classes, labels).mean())


def cohesion(distances: Array, classes: NDArray[np.integer]) -> float:
    """Mean silhouette width in which models alone in their class count 0 and are nobody's neighbours, 0 … 1.

    Where there is only one class of several, models alone are its neighbours if they are twice its diameter away; 0
    where they are not.
    """
    labels, counts = np.unique(classes, return_counts=True)
    several = labels[counts > 1]
    members = np.isin(classes, several)
    if len(several) > 1:
        rows = np.flatnonzero(members)
        widths = _widths(distances[np.ix_(rows, rows)], classes[rows], several)
        return max(float(widths.sum()), 0.0) / len(classes)
    across = distances[np.ix_(members, ~members)]
    if len(several) == 0 or across.size == 0 or across.min() < _APART * distances[np.ix_(members, members)].max():
        return 0.0
    return silhouette(distances, classes)


def _classes_of(distances: Array, linkage: str) -> NDArray[np.int64]:
    """Classes of models without copies and strangers, [n]; one where nothing speaks for more."""
    n = len(distances)
    if n < 3:
        return np.ones(n, dtype=np.int64)
    tree: Tree = build_tree(tuple(map(str, range(n))), distances, linkage)
    worth = {k: cohesion(distances, tree.cut(k)) for k in range(2, min(n - 1, MOST_CLASSES) + 1)}
    best = max(worth.values(), default=0.0)
    if best < SUBSTANTIAL:
        return np.ones(n, dtype=np.int64)
    return tree.cut(next(k for k, value in worth.items() if value >= _AS_GOOD * best))


def _widths(distances: Array, classes: NDArray[np.integer], labels: NDArray[np.integer]) -> Array:
    """Silhouette width of every model, [n]; `labels` [k] are the classes that there are, sorted, two or more."""
    members = classes[None, :] == labels[:, None]  # [k, n]
    sums = members.astype(float) @ distances  # [k, n]: from every model to every class
    sizes = members.sum(1)
    own = np.searchsorted(labels, classes)
    n = np.arange(len(classes))
    alone = sizes[own] == 1
    inside = sums[own, n] / np.maximum(sizes[own] - 1, 1)
    means = sums / sizes[:, None]
    means[own, n] = np.inf
    outside = means.min(0)
    widest = np.maximum(inside, outside)
    return np.where(alone | (widest == 0), 0, (outside - inside) / np.where(widest == 0, 1, widest))
