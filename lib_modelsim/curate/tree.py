"""Pictures or prompts that are alike, as groups from coarse to fine: Ward's tree, cut at many heights.

Of the ways that were measured (`benchmarks/curate_groups.py`, docs/curate.md) Ward's tree finds subjects, prompts and
models best, and HDBSCAN worst. The tree of more than `_LEAVES` points stands on k-means' means, so that memory stays
bounded. The same points give the same groups, whatever their order, as long as `canonical` orders them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

_LEAVES = 2000
"""Points that a tree stands on: its distances take 32 MB."""

_DIMENSIONS = 64
"""That vectors of pictures are reduced to; what lies beyond is noise to a tree."""

_ROUNDS = 6
"""Of k-means; its means need not be settled, since the tree joins them again."""

_FINER = 1.4
"""How many times as many groups the next finer cut has."""

_MOST = 512
"""Groups of the finest cut."""


@dataclass(frozen=True)
class GroupTree:
    """`leaf` [points]: which leaf each point lies in; `joins` [leaves − 1, 2]: which nodes each step joins, the
    nearest first; the node that step i makes has the number leaves + i."""

    leaf: Labels
    joins: Labels

    def cut(self, groups: int) -> Labels:
        """[points]: the group of each point, from 0; as many groups as asked for, or as there are leaves."""
        leaves = len(self.joins) + 1
        node = np.arange(leaves)
        parent = np.arange(2 * leaves - 1)
        for i, pair in enumerate(self.joins[: max(leaves - groups, 0)]):
            parent[pair] = leaves + i
        while (parent[node] != node).any():
            node = parent[node]
        return np.unique(node, return_inverse=True)[1][self.leaf].astype(np.int64)

    def cuts(self) -> list[Labels]:
        """Cuts from 2 groups to one for every three points, each finer by `_FINER`."""
        finest = min(len(self.joins) + 1, len(self.leaf) // 3, _MOST)
        counts, count = [], 2.0
        while round(count) <= finest:
            counts.append(round(count))
            count = max(count * _FINER, count + 1)
        return [self.cut(each) for each in counts]


def tree_of(points: NDArray[np.floating], weights: NDArray[np.floating] | None = None) -> GroupTree:
    """Ward's tree of points [n, d], each counted as often as its weight says (once)."""
    values = np.asarray(points, np.float64)
    weights = np.ones(len(values)) if weights is None else np.asarray(weights, np.float64)
    if len(values) <= _LEAVES:
        return GroupTree(np.arange(len(values)), _ward(values, weights))
    leaf, means, sizes = _means(values, weights)
    return GroupTree(leaf, _ward(means, sizes))


def reduced(vectors: NDArray[np.floating], dimensions: int = _DIMENSIONS) -> Floats:
    """Vectors [n, d] → their principal components [n, at most `dimensions`]."""
    values = np.asarray(vectors)
    if len(values) < 2:
        return np.zeros((len(values), 1))
    values = values - values.mean(0, dtype=np.float64).astype(values.dtype)
    square = (values.T @ values if values.shape[1] <= len(values) else values @ values.T).astype(np.float64)
    lengths, axes = np.linalg.eigh(square)
    kept = slice(None, -min(dimensions, len(lengths)) - 1, -1)
    lengths, axes = np.maximum(lengths[kept], 0), axes[:, kept]
    if values.shape[1] > len(values):
        return axes * np.sqrt(lengths)
    return (values @ axes.astype(values.dtype)).astype(np.float64)


def _ward(points: Floats, weights: Floats) -> Labels:
    """The joins of Ward's method, by chains of nearest neighbours (Murtagh, "A survey of recent advances in
    hierarchical clustering algorithms", 1983), with weights, which SciPy's has not."""
    count = len(points)
    size = weights.copy()
    cost = cdist(points, points, "sqeuclidean") * (size[:, None] * size / (size[:, None] + size))
    np.fill_diagonal(cost, np.inf)
    made, heights, chain = [], [], []
    here = np.ones(count, bool)
    for _ in range(count - 1):
        if not chain:
            chain = [int(here.argmax())]
        while True:
            last = chain[-1]
            nearest = int(cost[last].argmin())
            if len(chain) > 1 and cost[last, chain[-2]] <= cost[last, nearest]:
                nearest = chain.pop(-2)
                break
            chain.append(nearest)
        chain.pop()
        a, b, height = min(last, nearest), max(last, nearest), cost[last, nearest]
        made.append((a, b))
        heights.append(height)
        others = size + size[a] + size[b]
        row = ((size + size[a]) * cost[a] + (size + size[b]) * cost[b] - size * height) / others
        here[b] = False
        row[~here] = np.inf
        row[a] = np.inf
        cost[a], cost[:, a], cost[b], cost[:, b] = row, row, np.inf, np.inf
        size[a] += size[b]
    return _in_order(made, np.array(heights), count)


def _in_order(made: list[tuple[int, int]], heights: Floats, count: int) -> Labels:
    """Joins of leaves, each standing for its node → joins of nodes, the nearest first."""
    order = np.argsort(heights, kind="stable")
    root = np.arange(count)
    node = np.arange(count)
    joins = np.zeros((len(made), 2), np.int64)

    def found(leaf: int) -> int:
        while root[leaf] != leaf:
            root[leaf] = root[root[leaf]]
            leaf = root[leaf]
        return leaf

    for i, step in enumerate(order):
        a, b = (found(leaf) for leaf in made[step])
        joins[i] = node[a], node[b]
        root[b], node[a] = a, count + i
    return joins


def _means(points: Floats, weights: Floats) -> tuple[Labels, Floats, Floats]:
    """k-means from points that are drawn with a fixed seed: the leaf of each point, the means and their weights."""
    rng = np.random.default_rng(0)
    means = points[np.sort(rng.choice(len(points), _LEAVES, replace=False))]
    for _ in range(_ROUNDS):
        leaf = _nearest(points, means)
        sizes = np.bincount(leaf, weights, len(means))
        sums = np.stack([np.bincount(leaf, weights * axis, len(means)) for axis in points.T], 1)
        means = np.where(sizes[:, None] > 0, sums / np.maximum(sizes, 1e-12)[:, None], means)
    used, leaf = np.unique(_nearest(points, means), return_inverse=True)
    return leaf.astype(np.int64), means[used], np.bincount(leaf, weights, len(used))


def _nearest(points: Floats, means: Floats) -> Labels:
    """The nearest mean of each point, some points at a time."""
    halves = ((means**2).sum(1) / 2).astype(np.float32)
    across = means.T.astype(np.float32)
    parts = np.array_split(points.astype(np.float32), max(len(points) * len(means) // 4_000_000, 1))
    return np.concatenate([(halves - part @ across).argmin(1) for part in parts])
