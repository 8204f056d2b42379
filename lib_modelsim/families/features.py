"""The table that families are told from: one row per model, and distances between its rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelsimError
from ..similarity.matrix import SimilarityMatrix

Array = NDArray[np.float64]


@dataclass(frozen=True)
class FeatureTable:
    """`values` [n, p] with a row per model and named columns; NaN where a value is missing."""

    models: tuple[str, ...]
    columns: tuple[str, ...]
    values: Array


def all_against_all(matrix: SimilarityMatrix) -> FeatureTable:
    """Every model is a reference: columns "reference/block", n·b of them; a model's own columns are missing."""
    n, b = len(matrix.models), len(matrix.blocks)
    values = matrix.values.copy()
    values[np.arange(n), np.arange(n), :] = np.nan
    columns = tuple(f"{reference}/{block}" for reference in matrix.models for block in matrix.blocks)
    return FeatureTable(matrix.models, columns, values.reshape(n, n * b))


def direct_distance(matrix: SimilarityMatrix) -> Array:
    """The measure itself as a distance, [n, n]: one less the overall similarity, the diagonal 0."""
    distance = matrix.overall.copy() if matrix.is_distance else 1 - matrix.overall
    np.fill_diagonal(distance, 0)
    return distance


def pearson_distance(table: FeatureTable) -> Array:
    """1 − r between rows, [n, n], over the columns that both rows have; clipped at 0, the diagonal 0.

    Raises ModelsimError where a pair shares fewer than two columns or a row does not vary over those it shares.
    """
    known = ~np.isnan(table.values)
    k = known.astype(float)
    with np.errstate(invalid="ignore"):
        centre = np.nanmean(table.values, axis=1, keepdims=True) if known.any(axis=1).all() else 0.0
    x = np.where(known, table.values - centre, 0.0)  # centred first: the sums of squares below would cancel
    count = k @ k.T
    sum_a, sum_b = x @ k.T, k @ x.T
    with np.errstate(invalid="ignore", divide="ignore"):
        covariance = x @ x.T - sum_a * sum_b / count
        variance_a = (x * x) @ k.T - sum_a**2 / count
        variance_b = k @ (x * x).T - sum_b**2 / count
        r = covariance / np.sqrt(variance_a * variance_b)
    scale = (x * x).sum(axis=1)
    flat = (variance_a <= 1e-12 * scale[:, None]) | (count < 2)
    np.fill_diagonal(flat, False)
    if flat.any():
        a, b = np.argwhere(flat)[0]
        names = f"{table.models[a]} and {table.models[b]}"
        raise ModelsimError(
            "rows that do not vary or share fewer than two columns have no correlation",
            names,
            "leave one out, or use another measure",
        )
    distance = np.clip(1 - r, 0, None)
    np.fill_diagonal(distance, 0)
    return (distance + distance.T) / 2
