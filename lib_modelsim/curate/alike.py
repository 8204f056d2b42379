"""Pictures that are nearly the same: they count once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..pictures.copies import Hashes
from .tree import Labels

_COSINE = 0.97
"""Of the vectors of two pictures from which they may be nearly the same: what is saved again, scaled or slightly cut
has more, real pictures of one seed by two models have less."""

_BITS = 8
"""Of the 64 of two fingerprints that may differ."""

_AT_ONCE = 1000


def nearly_the_same(
    contents: Sequence[str], vectors: NDArray[np.floating], fingerprints: Hashes | None = None
) -> Labels:
    """[n]: the group of each picture, from 0. Pictures of one content are in one group; where `fingerprints`
    [n, parts, 8] are known, all members of a group are nearly the same as its first picture (no chains).

    For counting: what is a copy of what, `duplicates` finds out by looking at the pictures.
    """
    _, first, group = np.unique(contents, return_index=True, return_inverse=True)
    if fingerprints is None:
        return group.astype(np.int64)
    rows = np.asarray(vectors, np.float32)[first]
    rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    bits = np.unpackbits(fingerprints[first, -1], axis=1).astype(np.float32) * 2 - 1
    leader = np.full(len(rows), -1)
    for start in range(0, len(rows), _AT_ONCE):
        near = bits[start : start + _AT_ONCE] @ bits.T >= 64 - 2 * _BITS
        for i in np.flatnonzero(near.sum(1) > 1) + start:
            if leader[i] < 0:
                others = np.flatnonzero(near[i - start] & (leader < 0))
                leader[others[rows[others] @ rows[i] >= _COSINE]] = i
    leader = np.where(leader < 0, np.arange(len(rows)), leader)
    return np.unique(leader, return_inverse=True)[1][group].astype(np.int64)
