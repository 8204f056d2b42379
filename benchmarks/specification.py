"""A model's specification: a few weighted points that stand for all its pictures.

The reduced kernel mean embedding of "Generative Model Identification" (arXiv 2412.12232), with the Gaussian kernel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.cluster.vq import kmeans2
from scipy.optimize import minimize, nnls

from benchmarks.kernel import gaussian
from lib_modelsim.identify.discriminant import squared_distances
from lib_modelsim.identify.examples import Floats

ROUNDS = 3
"""Alternations of weights and points, as the paper's authors have it."""

_STEPS = 15  # of the gradient, in each round
_SUM_COUNTS = 1e3  # how much harder Σβ = 1 is held than the fit


@dataclass(frozen=True)
class Specification:
    """`points` [k, d]; `weights` [k], ≥ 0, with sum 1; `prompts` [k, t], the mean of what each point stands for."""

    points: Floats
    weights: Floats
    prompts: Floats


def specify(vectors: Floats, prompts: Floats, points: int, gamma: float) -> Specification:
    """Pictures [n, d] and their prompts [n, t] → at most `points` weighted points with the least MMD to them."""
    vectors = np.asarray(vectors, np.float64)
    if len(vectors) <= points:
        return Specification(vectors, np.full(len(vectors), 1 / len(vectors)), np.asarray(prompts, np.float64))
    chosen, nearest = kmeans2(vectors, points, minit="++", seed=np.random.default_rng(0), missing="warn", iter=20)
    chosen = chosen[np.unique(nearest)]  # a cluster that lost all its pictures has no place
    weights = fitted_weights(chosen, vectors, gamma)
    for _ in range(ROUNDS):
        chosen = _moved(chosen, weights, vectors, gamma)
        weights = fitted_weights(chosen, vectors, gamma)
    nearest = squared_distances(vectors, chosen).argmin(1)
    owns = np.eye(len(chosen))[nearest]
    return Specification(chosen, weights, owns.T @ prompts / np.maximum(owns.sum(0), 1)[:, None])


def discrepancy(points: Floats, weights: Floats, vectors: Floats, gamma: float) -> float:
    """Squared maximum mean discrepancy between the weighted points and the pictures, ≥ 0."""
    within = weights @ gaussian(points, points, gamma) @ weights
    between = weights @ gaussian(points, vectors, gamma).mean(1)
    return max(0.0, float(within - 2 * between + gaussian(vectors, vectors, gamma).mean()))


def fitted_weights(points: Floats, vectors: Floats, gamma: float) -> Floats:
    """The quadratic programme min βᵀKβ − 2βᵀκ with β ≥ 0, Σβ = 1, as least squares on K's root: [points]."""
    kernel = gaussian(points, points, gamma)
    target = gaussian(points, vectors, gamma).mean(1)
    root = np.linalg.cholesky(kernel + 1e-8 * np.eye(len(kernel)))
    rows = np.vstack([root.T, np.full(len(kernel), _SUM_COUNTS)])
    weights, _ = nnls(rows, np.append(np.linalg.solve(root, target), _SUM_COUNTS))
    return weights / weights.sum()


def _moved(points: Floats, weights: Floats, vectors: Floats, gamma: float) -> Floats:
    """The points after some steps down the discrepancy's gradient, with these weights."""

    def value_and_gradient(flat: Floats) -> tuple[float, Floats]:
        z = flat.reshape(points.shape)
        own = gaussian(z, z, gamma) * np.outer(weights, weights)
        other = gaussian(z, vectors, gamma) * weights[:, None] / len(vectors)
        pulls = own.sum(1)[:, None] * z - own @ z - (other.sum(1)[:, None] * z - other @ vectors)
        return float(own.sum() - 2 * other.sum()), (-4 * gamma * pulls).ravel()

    found = minimize(value_and_gradient, points.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": _STEPS})
    return found.x.reshape(points.shape)
