"""Several scores of each picture → one: their weighted mean, each on a scale of its own collection first.

Scores have different units and ranges, and some a few huge values. Each is therefore brought to
(value − median) / (1.4826 · median of the distances from it), where most pictures lie within −2 … 2 (Iglewicz and
Hoaglin, "How to detect and handle outliers", 1993), and held within ±LIMIT: one odd picture shall not decide.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .scorers.scorer import Values

LIMIT = 4.0

_AS_NORMAL = 1.4826
"""What makes the median distance of normally distributed values their standard deviation."""


def standardised(values: Values) -> Values:
    """float64 [pictures]; NaN stays. Where more than half of the values are equal (stars, say) their standard deviation
    is taken; where all are, there is nothing to tell pictures apart by, and each has 0."""
    known = values[np.isfinite(values)]
    if not known.size:
        return values
    middle = np.median(known)
    spread = _AS_NORMAL * np.median(np.abs(known - middle))
    if spread <= 1e-12 * max(1.0, abs(middle)):
        middle, spread = known.mean(), known.std()
    if spread <= 1e-12 * max(1.0, abs(middle)):
        return np.where(np.isnan(values), np.nan, 0.0)
    return np.clip((values - middle) / spread, -LIMIT, LIMIT)


def weighted_mean(scores: Mapping[str, Values], weights: Mapping[str, float]) -> Values:
    """float64 [pictures], in spreads of the collection; NaN for a picture that lacks a score that counts. A score
    without a weight has 1; with a negative one less is better."""
    counting = {name: values for name, values in scores.items() if weights.get(name, 1.0)}
    whole = sum(abs(weights.get(name, 1.0)) for name in counting)
    return sum(weights.get(name, 1.0) / whole * standardised(values) for name, values in counting.items())
