"""Which of the compared models are perhaps merges of two others: from the sums that were made of their weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ...families.merges import Merge, named_merges
from ...similarity.coverage import LEAST
from ...similarity.joining import main_component
from ...similarity.matrix import SimilarityMatrix
from ...similarity.parts import Lengths, Sums


def merges_among(parts: Mapping[str, Sequence[Sums]], matrix: SimilarityMatrix, base: int | None = None) -> list[Merge]:
    """Those among the models of one network, told from the sums of its blocks; `base` is a model's position.

    None where the sums have no lengths, and never from pairs whose coverage is too low for a number.
    """
    main = main_component(matrix.apart)
    held = [part for block in parts.values() for part in block if isinstance(part, Lengths) and part.component == main]
    n = len(matrix.models)
    if n < 3 or not held or matrix.coverage is None:
        return []
    squares = np.full((n, n, len(held)), np.nan)
    for i, part in enumerate(held):
        squares[(*np.ix_(part.members, part.members), i)] = part.squares
    return named_merges(matrix.models, squares, matrix.coverage >= LEAST, base)
