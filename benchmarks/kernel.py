"""The Gaussian kernel and its bandwidth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lib_modelsim.identify.discriminant import squared_distances
from lib_modelsim.identify.examples import Examples, Floats, held_out

_MULTIPLES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
_ENOUGH = 2000  # rows on which the bandwidth is chosen


def gaussian(a: NDArray[np.floating], b: NDArray[np.floating], gamma: float) -> NDArray[np.floating]:
    """exp(−γ‖a − b‖²), [len(a), len(b)]."""
    return np.exp(-gamma * squared_distances(a, b))


def calibrated_gamma(examples: Examples) -> float:
    """γ with which the plain kernel mean finds the models of held-out pictures best.

    Multiples of 1 / median squared distance are tried; γ = 0.1, as the published code has it, makes the kernel of
    vectors of length 1 nearly linear.
    """
    step = -(-len(examples.vectors) // _ENOUGH)
    some = examples if step == 1 else examples.only(_every(step, examples))
    distances = squared_distances(some.vectors, some.vectors).astype(np.float64)
    apart = distances[~np.eye(len(distances), dtype=bool)]
    unit = 1 / max(float(np.median(apart)) if apart.size else 1.0, 1e-12)
    found = [_found_with(np.exp(-multiple * unit * distances), some) for multiple in _MULTIPLES]
    return _MULTIPLES[int(np.argmax(found))] * unit


def _every(step: int, examples: Examples) -> NDArray[np.bool_]:
    """Rows of every step-th picture of each model, and of its first."""
    rows = np.zeros(len(examples.model), bool)
    for model in range(len(examples.models)):
        own = np.flatnonzero(examples.model == model)
        rows[own[np.isin(examples.picture[own], np.unique(examples.picture[own])[::step])]] = True
    return rows


def _found_with(kernel: Floats, examples: Examples) -> float:
    """Mean of 1 / rank of the right model over held-out rows, by the distance to each model's kernel mean."""
    owns = np.eye(len(examples.models))[examples.model]
    ranks = []
    for tested, learned in held_out(examples):
        share = owns[learned] / owns[learned].sum(0)
        lengths = np.einsum("ic,ij,jc->c", share, kernel[np.ix_(learned, learned)], share, optimize=True)
        scores = 2 * kernel[np.ix_(tested, learned)] @ share - lengths
        right = scores[np.arange(len(scores)), examples.model[tested]]
        ranks.append(1 + (scores > right[:, None]).sum(1))
    return float((1 / np.concatenate(ranks)).mean()) if ranks else 0.0
