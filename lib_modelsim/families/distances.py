"""Distances between models: between the rows of their features, or the measure itself.

Values that are missing are left out pair by pair: a distance is over the columns that both rows have.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelsimError
from ..similarity.matrix import SimilarityMatrix
from .features import FeatureTable

Array = NDArray[np.float64]

ROW_DISTANCES = ("pearson", "spearman", "cosine", "euclidean")
"""Distances between rows of features: 1 − r, 1 − ρ, 1 − cos, ‖a − b‖."""

MATRIX = "matrix"
"""The measure itself: no features between it and the tree."""

DISTANCES = (*ROW_DISTANCES, MATRIX)


@dataclass(frozen=True)
class Moments:
    """Sums over the columns that two rows share, per group of columns and pair: each [g, n (n − 1)/2], the pairs in
    SciPy's condensed order. `sums` and `squares` are of the pair's first row and of its second."""

    count: Array
    sums: tuple[Array, Array]
    squares: tuple[Array, Array]
    inner: Array

    def weighted(self, weights: Array) -> Moments:
        """The sums with each group counted so many times; `weights` [r, g] make [r, n (n − 1)/2]."""
        return Moments(
            weights @ self.count,
            (weights @ self.sums[0], weights @ self.sums[1]),
            (weights @ self.squares[0], weights @ self.squares[1]),
            weights @ self.inner,
        )


def moments(values: Array, groups: NDArray[np.intp]) -> Moments:
    """The moments of rows [n, p], NaN where missing; `groups` [p] number the group of every column from 0 on."""
    pairs = np.triu_indices(len(values), 1)
    found = []
    for group in range(groups.max(initial=-1) + 1):
        part = values[:, groups == group]
        known = (~np.isnan(part)).astype(float)
        x = np.where(known > 0, part, 0.0)
        sums, squares = x @ known.T, (x * x) @ known.T
        found.append([m[pairs] for m in (known @ known.T, sums, sums.T, squares, squares.T, x @ x.T)])
    count, sum_a, sum_b, square_a, square_b, inner = (np.stack(stack) for stack in zip(*found, strict=True))
    return Moments(count, (sum_a, sum_b), (square_a, square_b), inner)


def centred(values: Array) -> Array:
    """Rows less their means, as sums of squares of large numbers would cancel."""
    known = (~np.isnan(values)).sum(axis=1, keepdims=True)
    return values - np.nansum(values, axis=1, keepdims=True) / np.maximum(known, 1)


def pearson(m: Moments) -> Array:
    """1 − r, in the shape of the moments; NaN where a row does not vary over the columns shared."""
    with np.errstate(invalid="ignore", divide="ignore"):
        covariance = m.inner - m.sums[0] * m.sums[1] / m.count
        a, b = (square - total**2 / m.count for square, total in zip(m.squares, m.sums, strict=True))
        flat = (a <= 1e-12 * m.squares[0]) | (b <= 1e-12 * m.squares[1]) | (m.count < 2)
        return np.where(flat, np.nan, np.clip(1 - covariance / np.sqrt(a * b), 0, None))


def cosine(m: Moments) -> Array:
    """1 − cos, in the shape of the moments; NaN where a row is zero over the columns shared."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.clip(1 - m.inner / np.sqrt(m.squares[0] * m.squares[1]), 0, None)


def row_distances(table: FeatureTable, distance: str = "pearson") -> Array:
    """Distances between rows, [n, n], symmetric with a zero diagonal.

    Euclidean ones over fewer columns than there are count as if the others were like them, as R's `dist` does.
    Raises ModelsimError for an unknown distance, and where two rows share too little, or one does not vary.
    """
    found = known_row_distances(table, distance)
    if np.isnan(found).any():
        a, b = (table.models[i] for i in np.argwhere(np.isnan(found))[0])
        raise ModelsimError(
            f"no {distance} distance between rows that do not vary or share fewer than two columns",
            f"{a} and {b}",
            "leave one out, or use another measure",
        )
    return found


def known_row_distances(table: FeatureTable, distance: str = "pearson") -> Array:
    """As `row_distances`, NaN where two rows share too little or one does not vary."""
    if distance not in ROW_DISTANCES:
        raise ModelsimError("unknown distance between rows", distance, f"use one of {', '.join(ROW_DISTANCES)}")
    values, one_group = table.values, np.zeros(table.values.shape[1], dtype=np.intp)
    if values.shape[1] == 0:
        raise ModelsimError("the features have no columns", None, "give a table with numbers")
    if distance == "pearson":
        found = pearson(moments(centred(values), one_group))[0]
    elif distance == "spearman":
        found = _spearman(values)
    elif distance == "cosine":
        found = cosine(moments(values, one_group))[0]
    else:
        found = euclidean(*squared_differences(values, one_group), np.ones((1, 1)))[0]
    square = np.zeros((len(values), len(values)))
    square[np.triu_indices(len(values), 1)] = found
    return square + square.T


def ranks(values: Array) -> Array:
    """Ranks within each row from 1 on, equals sharing their mean rank; NaN stays NaN."""
    from scipy.stats import rankdata  # takes a second to import

    return rankdata(values, axis=1, nan_policy="omit")


def _spearman(values: Array) -> Array:
    """1 − ρ, condensed; where values are missing, each pair is ranked over the columns that both have."""
    known = ~np.isnan(values)
    if known.all():
        return pearson(moments(centred(ranks(values)), np.zeros(values.shape[1], dtype=np.intp)))[0]
    found = []
    for i, j in zip(*np.triu_indices(len(values), 1), strict=True):
        both = known[i] & known[j]
        shared = values[[i, j]][:, both]
        pair = moments(centred(ranks(shared)), np.zeros(shared.shape[1], dtype=np.intp)) if both.any() else None
        found.append(np.nan if pair is None else pearson(pair)[0, 0])
    return np.array(found)


def squared_differences(values: Array, groups: NDArray[np.intp]) -> tuple[Array, Array, Array]:
    """Per group of columns and pair, condensed: sums of (a − b)² and the columns shared, each [g, n (n − 1)/2]; and
    the columns of each group, [g]."""
    size = np.bincount(groups).astype(float)
    member = (groups[:, None] == np.arange(len(size))).astype(float)  # [p, g]
    squares, counts = [], []
    for i in range(len(values) - 1):
        difference = values[i + 1 :] - values[i]
        known = ~np.isnan(difference)
        squares.append(np.where(known, difference, 0.0) ** 2 @ member)
        counts.append(known @ member)
    none = np.empty((0, len(size)))
    return np.concatenate([none, *squares]).T, np.concatenate([none, *counts]).T, size


def euclidean(squares: Array, counts: Array, size: Array, weights: Array) -> Array:
    """‖a − b‖ with each group of columns counted so many times; `weights` [r, g] make [r, n (n − 1)/2]."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.sqrt((weights @ squares) * (weights @ size)[:, None] / (weights @ counts))


def direct_distances(matrix: SimilarityMatrix, component: str | None = None) -> Array:
    """The measure itself as a distance, [n, n]: one less the similarity, the diagonal 0; overall, or of a component.

    Raises ModelsimError where no model has this component.
    """
    if component is not None and component not in matrix.components:
        raise ModelsimError(
            f"{matrix.measure} has no values for this component",
            component,
            f"use one of {', '.join(matrix.components)}",
        )
    values = matrix.overall if component is None else matrix.components[component]
    distance = values.copy() if matrix.is_distance else np.clip(1 - values, 0, None)
    np.fill_diagonal(distance, 0)
    return distance


def delta_products(squares: Array, base: int | None) -> Array:
    """⟨a − c, b − c⟩ of all pairs from their squared distances, [..., n, n]; c is model `base`, or the mean.

    ⟨a − c, b − c⟩ = (‖a−c‖² + ‖b−c‖² − ‖a−b‖²)/2; for the mean, Gower's doubly centred matrix (Torgerson 1952).
    """
    if base is not None:
        return (squares[..., :, base, None] + squares[..., None, base, :] - squares) / 2
    rows = squares.mean(axis=-1, keepdims=True)
    return (rows + rows.swapaxes(-1, -2) - rows.mean(axis=-2, keepdims=True) - squares) / 2


def delta_cosine_distances(l2: Array, base: int) -> Array:
    """1 − cos(a − base, b − base) from L2 distances, [n, n]; NaN for the base and models equal to it."""
    inner = delta_products(l2**2, base)
    norms = np.sqrt(np.maximum(inner.diagonal(), 0))
    with np.errstate(invalid="ignore", divide="ignore"):
        distance = np.clip(1 - inner / np.outer(norms, norms), 0, 2)
    np.fill_diagonal(distance, np.where(norms > 0, 0, np.nan))
    return distance
