"""The table that families are told from: one row per model, a column for every block of every reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..similarity.matrix import SimilarityMatrix

Array = NDArray[np.float64]


@dataclass(frozen=True)
class FeatureTable:
    """`values` [n, p] with a row per model and named columns; NaN where a value is missing."""

    models: tuple[str, ...]
    columns: tuple[str, ...]
    values: Array

    def select(self, rows: Sequence[int]) -> FeatureTable:
        """The same of some of the models, in the order given."""
        return FeatureTable(tuple(self.models[i] for i in rows), self.columns, self.values[rows])


def against(matrix: SimilarityMatrix, references: Sequence[int]) -> FeatureTable:
    """What the measure says of every model and these references (their positions), block by block: columns
    "reference/block", r·b of them. A reference's own columns are missing in its row: it would be its own relative."""
    n, references = len(matrix.models), list(references)
    values = matrix.values[:, references]
    values[references, np.arange(len(references))] = np.nan
    columns = tuple(f"{matrix.models[i]}/{block}" for i in references for block in matrix.blocks)
    return FeatureTable(matrix.models, columns, values.reshape(n, len(columns)))


def block_of_columns(columns: Sequence[str]) -> NDArray[np.intp] | None:
    """The number of each column's block, [p], told by what follows the last "/" of "reference/block"; None where a
    column is not called so."""
    if not columns or not all("/" in column for column in columns):
        return None
    blocks = [column.rsplit("/", 1)[1] for column in columns]
    number = {block: i for i, block in enumerate(dict.fromkeys(blocks))}
    return np.array([number[block] for block in blocks])
