"""Copies, which count once, and strangers, which have no near relative among the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_FAR = 2.0
"""A stranger is so many diameters of the others away from each of them. On the families at hand strangers are 2.2 to
400 away, models of the family at most 1.4."""

_MOST = 0.75
"""Share of the models, copies counted once, that must be left when strangers are set apart."""


@dataclass(frozen=True)
class Scale:
    """What distances mean. `near`: two models nearer than this share of the greatest distance are copies, what parts
    them is rounding. `unrelated`: from this distance on two models have nothing in common, None where the measure
    does not say."""

    near: float = 1e-4
    unrelated: float | None = None


LINEAR = Scale(near=1e-2)
"""Distances that grow with the change itself, as l2 does; one less a cosine or a correlation grows with its square."""

DELTAS = Scale(unrelated=0.85)
"""One less delta-cosine: what was trained apart stands at 1. Fine-tunes that share nothing but their base have a
cosine of at most 0.1, the most distant relatives of the published families 0.2 and more."""

CHANGES = Scale(unrelated=0.8)
"""One less the cosine of what adapters change: unrelated trainings stand at 0.98 to 1.02, and from a cosine of 0.2 on
two share a part of their change."""


def copies(distances: Array, near: float) -> NDArray[np.intp]:
    """Of every model the first one, in input order, from which it is at most `near` away: itself, or what it copies.

    `distances` is [n, n]; the answer [n].
    """
    n = len(distances)
    close = distances <= near
    found = np.arange(n)
    placed = np.zeros(n, dtype=bool)
    for i in np.flatnonzero(close.sum(axis=1) > 1):  # the others are near to themselves alone
        if not placed[i]:
            mine = close[i] & ~placed
            found[mine], placed[mine] = i, True
    return found


def strangers(distances: Array, scale: Scale) -> NDArray[np.bool_]:
    """Whether each model has no near relative among the others, [n]; its copies are none.

    Where the measure says from what distance on models are unrelated, by that. Elsewhere by the others: a stranger is
    twice their diameter away from all of them and from other strangers, and the others are three quarters of all or
    more. Neither depends on the strangers, so one more does not make a stranger of another.
    """
    n = len(distances)
    if scale.unrelated is not None:
        first = copies(distances, scale.near * scale.unrelated)
        others = np.where(first[:, None] == first[None, :], np.inf, distances)
        return (others.min(axis=1, initial=np.inf) >= scale.unrelated) if len(set(first.tolist())) > 1 else _none(n)
    if n < 3:
        return _none(n)
    found = ~_none(n)
    found[_together(distances, scale.near)] = False
    return found


def _none(n: int) -> NDArray[np.bool_]:
    return np.zeros(n, dtype=bool)


def _together(distances: Array, near: float) -> list[int]:
    """The smallest branch of the single-linkage tree outside which all models are strangers, to it and to each other.

    In that tree a branch joins the rest at its smallest distance to it, so the models of one that is left alone keep
    their branches whatever else there is.
    """
    n = len(distances)
    pairs, merged_at = single_linkage(distances)
    heights = np.append(merged_at, np.inf)
    parent = np.full(2 * n - 1, n - 1)  # the row of the merge that a node goes into; the root's is past the end
    for row, pair in enumerate(pairs):
        parent[pair] = row
    members, diameters = [[i] for i in range(n)], [0.0] * n
    for row, (left, right) in enumerate(pairs):
        a, b = members[left], members[right]
        members.append(sorted(a + b))  # copies are told in input order
        diameters.append(max(diameters[left], diameters[right], float(distances[np.ix_(a, b)].max())))
        branch, diameter = members[-1], diameters[-1]
        if (
            diameter > 0
            and heights[parent[n + row]] >= _FAR * diameter
            and _only_strangers(distances, branch, diameter, near)
        ):
            return branch
    return list(range(n))


def single_linkage(distances: Array) -> tuple[list[list[int]], Array]:
    """The single-linkage tree: the two nodes of every merge, numbered as SciPy's linkage numbers them, and the heights.

    SciPy would need a quarter of a second to be imported, whenever a base is looked for. The edges of a minimum
    spanning tree in order of length are the merges (Gower and Ross 1969).
    """
    n = len(distances)
    edges, lengths = spanning_tree(distances)
    order = np.argsort(lengths, kind="stable")
    root = np.arange(2 * n - 1)  # of each node, the one it is part of; its own where it is in none

    def top(node: int) -> int:
        while root[node] != node:
            root[node] = root[root[node]]
            node = int(root[node])
        return node

    pairs = []
    for row, edge in enumerate(order.tolist()):
        pairs.append(sorted(top(end) for end in edges[edge]))
        root[pairs[-1]] = n + row
    return pairs, lengths[order]


def spanning_tree(distances: Array) -> tuple[list[tuple[int, int]], Array]:
    """The edges of a minimum spanning tree, the end nearer to the first model before the other, and their lengths
    (Prim 1957). `distances` is [n, n] without NaN."""
    n = len(distances)
    nearest, left = distances[:1].ravel().copy(), np.arange(n) > 0
    beside = np.zeros(n, dtype=np.intp)  # of each model left, the one in the tree that it is nearest to
    edges, lengths = [], []
    for _ in range(n - 1):
        new = int(np.where(left, nearest, np.inf).argmin())
        left[new] = False
        edges.append((int(beside[new]), new))
        lengths.append(nearest[new])
        closer = left & (distances[new] < nearest)
        nearest[closer], beside[closer] = distances[new][closer], new
    return edges, np.array(lengths)


def _only_strangers(distances: Array, branch: list[int], diameter: float, near: float) -> bool:
    """Whether the models outside a branch are few, and far from each other unless they are copies."""
    outside = np.setdiff1d(np.arange(len(distances)), branch)
    between = distances[np.ix_(outside, outside)]
    heads = np.unique(copies(between, near * diameter))
    apart = between[np.ix_(heads, heads)] + np.diag(np.full(len(heads), np.inf))
    inside = len(np.unique(copies(distances[np.ix_(branch, branch)], near * diameter)))
    return apart.min(initial=np.inf) >= _FAR * diameter and inside >= _MOST * (inside + len(heads))
