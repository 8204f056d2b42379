"""PCA: the two directions in which the vectors differ most. Needs nothing, and takes a second for 20,000 pictures."""

from __future__ import annotations

import numpy as np

from ...job import Job
from .projection import SEED, Points, ProjectionKind, Vectors

_BESIDE = 16
_ROUNDS = 6
"""Directions that are followed beside those wanted, and how often: enough for a spectrum as flat as CLIP's."""


def principal(vectors: Vectors, dimensions: int = 2) -> Points:
    """float32 [n, d] → float32 [n, dimensions], centred, the largest variance first; 0 where the vectors have fewer.

    The sign of a direction is the one that makes its largest component positive.
    Source: Halko, Martinsson & Tropp, Finding structure with randomness, SIAM Review 53 (2011), algorithm 4.4.
    """
    rows = vectors - vectors.mean(0, dtype=np.float64).astype(np.float32)
    n, d = rows.shape
    start = np.random.default_rng(SEED).standard_normal((d, min(dimensions + _BESIDE, n, d))).astype(np.float32)
    basis = np.linalg.qr(rows @ start)[0]
    for _ in range(_ROUNDS):
        basis = np.linalg.qr(rows @ np.linalg.qr(rows.T @ basis)[0])[0]
    left, sizes, right = np.linalg.svd(basis.T @ rows, full_matrices=False)
    kept = min(dimensions, len(sizes))
    signs = np.sign(right[np.arange(kept), np.abs(right[:kept]).argmax(1)])
    points = np.zeros((n, dimensions), np.float32)
    points[:, :kept] = basis @ left[:, :kept] * sizes[:kept] * signs
    return points


def _place(vectors: Vectors, _job: Job) -> Points:
    return principal(vectors)


KIND = ProjectionKind(
    "pca",
    "PCA",
    "pca 1",
    _place,
    "Far apart on the map is far apart for the encoder; close together may be far apart in what the map leaves out.",
)
