"""Pictures that many models generated of the same probes → how alike the models are.

For every probe and every encoder the distances between the models' vectors are divided by their mean, so that neither
a probe that looks alike from all models nor the unit of an encoder counts for more than the others; then they are
averaged. A similarity is 1 for the same pictures, about 0 for two models that differ as models here mostly do, and
below 0 for stranger ones: it speaks of a pair among the models that were compared.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import pdist, squareform

from ..similarity.matrix import SimilarityMatrix
from .copies import Hashes
from .encoders.encoder import Vectors

Array = NDArray[np.float64]

MEASURE = "pictures"


def signs(fingerprints: Hashes) -> Vectors:
    """Fingerprints uint8 [pictures, parts, 8] as vectors, float32 [pictures, 64], rows of length 1: the signs of the
    whole picture's perceptual hash over 8, so that the squared distance grows with the bits that differ."""
    return (np.unpackbits(fingerprints[:, 0], axis=1).astype(np.float32) * 2 - 1) / np.float32(8)


@dataclass(frozen=True)
class Drawing:
    """One picture of one model. Only pictures of equal `comparable` are compared: those of one engine and identity.

    `vectors` are one of each encoder, in the same order for all.
    """

    model: int
    probe: str
    comparable: Hashable
    vectors: tuple[NDArray[np.float32], ...]


def kinship(models: Sequence[str], probes: Sequence[str], drawings: Sequence[Drawing]) -> SimilarityMatrix:
    """The measure `pictures` over all pairs of models, blocks are the probes.

    A probe's value is the mean over the pictures (its seeds) that both models generated, overall is the mean over the
    probes that they share; NaN where they share none. A model alone with a picture is compared with nothing.
    """
    n = len(models)
    sums, counts = np.zeros((n, n, len(probes))), np.zeros((n, n, len(probes)))
    place = {probe: i for i, probe in enumerate(probes)}
    groups: dict[Hashable, list[Drawing]] = {}
    for drawing in drawings:
        groups.setdefault((drawing.probe, drawing.comparable), []).append(drawing)
    for group in groups.values():
        rows = [drawing.model for drawing in group]
        pairs = (*np.ix_(rows, rows), place[group[0].probe])
        sums[pairs] += distances(group)
        counts[pairs] += 1
    values = 1 - _ratio(sums, counts)
    known = ~np.isnan(values)
    overall = _ratio(np.where(known, values, 0).sum(2), known.sum(2))
    return SimilarityMatrix(MEASURE, tuple(models), tuple(probes), values, overall, {})


def distances(group: Sequence[Drawing]) -> Array:
    """[n, n] between the pictures of one group: the mean over the encoders, each with mean 1."""
    kinds = zip(*(drawing.vectors for drawing in group), strict=True)
    return np.mean([standardized(pdist(np.array(kind, np.float64))) for kind in kinds], axis=0)


def standardized(condensed: Array) -> Array:
    """Distances as a square [n, n] whose pairs have mean 1; all 0 where all pictures are the same."""
    mean = condensed.mean() if condensed.size else 0.0
    return squareform(condensed / mean if mean > 0 else condensed, checks=False)


def _ratio(sums: Array, counts: Array) -> Array:
    return np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)
