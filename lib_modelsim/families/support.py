"""How far to trust a tree and its classes: cophenetic correlation, and support by resampling blocks.

A class that only some blocks speak for disappears when other blocks are drawn; one that all of them tell stays. The
blocks are drawn with replacement, as many as there are (Felsenstein's bootstrap, 1985, over blocks in the place of
sites), and the tree is built anew. What distances are made of is summed once per block, so that a resample costs a
weighted sum and a linkage, however many columns the features have.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform

from ..checkpoints.networks import registry
from ..similarity.matrix import SimilarityMatrix
from ..similarity.measures.registry import Joined, measure_named
from .distances import centred, cosine, delta_products, euclidean, moments, pearson, ranks, squared_differences
from .features import FeatureTable, block_of_columns
from .linkage import Tree, link

Array = NDArray[np.float64]

RESAMPLES = 200
_SEED = 20260101
_AT_ONCE = 2_000_000
"""Distances held at a time."""

_FEWEST_GROUPS, _HELD = 32, 6_000_000
"""Columns whose blocks are not known are drawn one by one, or, where sums of so many numbers would be too much to hold,
dealt into groups, at least so many."""


@dataclass(frozen=True)
class Resampling:
    """What distances are made of: `count` blocks, and the distances [r, n (n − 1)/2] that weights [r, count] give."""

    count: int
    distances: Callable[[Array], Array]


def cophenetic_correlation(tree: Tree, distances: Array) -> float:
    """Pearson's r between the distances [n, n] and the heights at which pairs meet (Sokal and Rohlf 1962).

    NaN where there are two models, or all distances are the same.
    """
    condensed = squareform(distances, checks=False)
    heights = hierarchy.cophenet(tree.scipy)
    if len(condensed) < 2 or np.ptp(condensed) == 0 or np.ptp(heights) == 0:
        return float("nan")
    return float(np.corrcoef(heights, condensed)[0, 1])


def class_support(
    resampling: Resampling, classes: NDArray[np.integer], linkage: str, resamples: int = RESAMPLES
) -> Array:
    """Share of resampled trees in which exactly the models of each class make a branch, [k], classes numbered 1 … k.

    A class of one is a branch of every tree. Resamples that leave a distance undefined do not count; NaN where none
    is left, or there are fewer than two blocks to draw from.
    """
    n, k = len(classes), int(classes.max())
    if resampling.count < 2:
        return np.full(k, np.nan)
    generator = np.random.default_rng(_SEED)
    even = np.full(resampling.count, 1 / resampling.count)
    weights = generator.multinomial(resampling.count, even, resamples).astype(float)
    batch = max(1, _AT_ONCE // (n * n))
    found, trees = np.zeros(k), 0
    for start in range(0, resamples, batch):
        for distances in resampling.distances(weights[start : start + batch]):
            if not np.isnan(distances).any():
                found += branches(link(distances, linkage), classes)
                trees += 1
    return found / trees if trees else np.full(k, np.nan)


def branches(scipy_linkage: Array, classes: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Whether the models of each class 1 … k are exactly a branch of the tree, [k]."""
    class_of, size = classes.tolist(), [1] * len(classes)
    sizes = [0, *np.bincount(classes)[1:].tolist()]
    whole = [count == 1 for count in sizes]
    for left, right in scipy_linkage[:, :2].astype(int).tolist():
        shared = class_of[left] if class_of[left] == class_of[right] else 0  # 0: of several classes
        class_of.append(shared)
        size.append(size[left] + size[right])
        if shared and size[-1] == sizes[shared]:
            whole[shared] = True
    return np.array(whole[1:])


def resample_features(table: FeatureTable, distance: str) -> Resampling:
    """Blocks of features: columns of one block are drawn together, whichever reference they belong to.

    Columns not called "reference/block" are drawn one by one, very many in groups. Ranks are those of whole rows.
    """
    values = table.values
    n, p = values.shape
    groups = block_of_columns(table.columns)
    if groups is None:
        groups = np.arange(p) % max(_FEWEST_GROUPS, _HELD // (n * n))
    count = int(groups.max(initial=-1)) + 1
    if distance == "euclidean":
        squares, counts, size = squared_differences(values, groups)
        return Resampling(count, lambda weights: euclidean(squares, counts, size, weights))
    if distance == "cosine":
        sums = moments(values, groups)
        return Resampling(count, lambda weights: cosine(sums.weighted(weights)))
    sums = moments(centred(ranks(values) if distance == "spearman" else values), groups)
    return Resampling(count, lambda weights: pearson(sums.weighted(weights)))


def resample_matrix(matrix: SimilarityMatrix) -> Resampling:
    """Blocks of a measure taken directly: the mean over the blocks drawn; for l2 the root of their summed squares.

    For the measures that take all weights as one vector (cosine-whole, relative-l2) the mean stands in for that.
    """
    values = _of_network(matrix)
    known = (~np.isnan(values)).astype(float)
    squares = measure_named(matrix.measure).joined is Joined.SQUARES
    summed = np.where(known > 0, values**2 if squares else values, 0.0)

    def distances(weights: Array) -> Array:
        if squares:
            return np.sqrt(weights @ summed)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = (weights @ summed) / (weights @ known)
        return mean if matrix.is_distance else np.clip(1 - mean, 0, None)

    return Resampling(len(values), distances)


def resample_deltas(l2: SimilarityMatrix, rows: NDArray[np.intp], base: int | None) -> Resampling:
    """Blocks of delta-cosine: differences from the base as one vector over the blocks drawn.

    `l2` is the measure l2 of these models and the base (its position, or None for their mean); the distances are
    between the models at `rows`.
    """
    chosen = network_blocks(l2.blocks)
    squares = np.nan_to_num(np.moveaxis(l2.values[:, :, chosen], -1, 0)) ** 2  # [b, m, m]
    products = delta_products(squares, base)[:, rows][:, :, rows]
    first, second = np.triu_indices(len(rows), 1)
    inner = products[:, first, second]
    norms = np.maximum(np.diagonal(products, axis1=1, axis2=2), 0)

    def distances(weights: Array) -> Array:
        length = np.sqrt(weights @ norms)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.clip(1 - (weights @ inner) / (length[:, first] * length[:, second]), 0, 2)

    return Resampling(len(chosen), distances)


def network_blocks(blocks: tuple[str, ...]) -> list[int]:
    """Positions of the blocks that belong to the network itself; all where there are no others."""
    return [i for i, block in enumerate(blocks) if block not in registry().blocks_beside] or list(range(len(blocks)))


def _of_network(matrix: SimilarityMatrix) -> Array:
    """The values of the network's blocks, [b, n (n − 1)/2]."""
    first, second = np.triu_indices(len(matrix.models), 1)
    return matrix.values[first, second][:, network_blocks(matrix.blocks)].T
