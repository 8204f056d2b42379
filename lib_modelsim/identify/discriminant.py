"""The directions in which the library's models differ more than the pictures of one model do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dtrtri

from .examples import Examples, Floats

SHRINKAGE = 0.3
"""Share of the identity in the pictures' covariance within models.

Chosen on hubs of artists below 1000 with 4 to 20 pictures each; Ledoit and Wolf's estimate (0.05 to 0.2 there), which
looks for the covariance and not for the models, finds one or two of a hundred fewer.
"""


@dataclass(frozen=True)
class Discriminant:
    """Fisher's discriminant space: within a model pictures scatter by 1 in every direction.

    `centre` [d] and `whitening` [d, d] lead to a space where they do, `directions` [d, k] from there to the directions
    in which models differ, k < models; `means` [models, k] are the models' mean pictures, `pictures` [models] how many
    each rests on, and `between` [k] the variance of the models' true means.
    """

    centre: Floats
    whitening: Floats
    directions: Floats
    means: Floats
    pictures: Floats
    between: Floats

    @classmethod
    def of(cls, examples: Examples) -> Discriminant:
        """Linear discriminant analysis, the covariance within models shrunk to the identity (Friedman 1989, γ)."""
        means = examples.means
        apart = examples.vectors - means.astype(np.float32)[examples.model]
        scale = apart.std(0) + 1e-3 * apart.std() + 1e-12
        apart /= scale
        within = (apart.T @ apart).astype(np.float64) / len(apart)
        level = np.trace(within) / len(within) or 1.0
        within *= 1 - SHRINKAGE
        within[np.diag_indices_from(within)] += SHRINKAGE * level
        inverse, _ = dtrtri(np.linalg.cholesky(within), lower=1)  # of a triangle: a sixth of the time of any matrix's
        whitening = inverse.T / scale[:, None]
        centre = means.mean(0)
        white = (means - centre) @ whitening
        _, lengths, directions = np.linalg.svd(white, full_matrices=False)
        kept = directions[: max(1, int((lengths > 1e-9 * (lengths[0] or 1)).sum()))].T
        count = examples.pictures_of.astype(np.float64)
        placed = white @ kept
        between = np.maximum((placed**2).mean(0) - (1 / count).mean(), 1e-3)
        return cls(centre, whitening, kept, placed, count, between)

    def place(self, vectors: NDArray[np.floating]) -> Floats:
        """[m, d] → [m, k]: coordinates in the discriminant space."""
        return self._white(vectors) @ self.directions

    def distances(self, vectors: NDArray[np.floating]) -> Floats:
        """[m, d] → [m]: distance to the nearest model's mean, in all directions, also where none differ."""
        white = self._white(vectors)
        placed = white @ self.directions
        outside = (white**2).sum(1) - (placed**2).sum(1)
        return np.sqrt(np.maximum(outside, 0) + squared_distances(placed, self.means).min(1))

    def _white(self, vectors: NDArray[np.floating]) -> Floats:
        return (vectors - self.centre) @ self.whitening


def squared_distances(a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[np.floating]:
    """[len(a), len(b)], ≥ 0."""
    squares = np.einsum("id,id->i", a, a)[:, None] + np.einsum("id,id->i", b, b) - 2 * a @ b.T
    return np.maximum(squares, 0)
