"""Whether the styles of several pictures are those of two models, by a bound that the search's own test gives.

The measure of a set of pictures is how much likelier it is under the best two models, each picture by the better one,
than under the best single one. A set by one model can look like two, and most of all one by a model that the library
lacks; so the bound is what one in a hundred sets by one model exceeds, with that model in the library and without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from .calibration import Calibration, SelfTest
from .examples import Flags, Floats

WRONGLY = 0.01
"""Share of sets by one model that may look like two."""

_SETS = 1000
_FEWEST = 100
"""Different sets by one model that a test needs to say anything of one in a hundred."""


@dataclass(frozen=True)
class TwoStyles:
    """Places of two models in the library, and which pictures [pictures] are nearer to the first."""

    first: int
    second: int
    of_first: Flags


def two_styles(scores: NDArray[np.floating], test: SelfTest, calibration: Calibration, views: int) -> TwoStyles | None:
    """Which two models pictures of these scores [pictures, models] are by; None where that cannot be told from one.

    `views` is how many rows of the test each picture has, the one most like a query last. Both models must be likelier
    to be in the library than not.
    """
    gain, found = _split(scores)
    parts = ((found.of_first, found.first), (~found.of_first, found.second))
    if gain <= 0 or any(scores[part, model].mean() < calibration.middle for part, model in parts):
        return None
    bound = _bound(test, len(scores), views)
    return found if bound is not None and gain > bound else None


def _split(scores: NDArray[np.floating]) -> tuple[float, TwoStyles]:
    """The gain of two models over one, and the best two: one is some picture's best."""
    one, best = scores.sum(0).max(), -np.inf
    first = second = 0
    for place in np.unique(scores.argmax(1)):
        together = np.maximum(scores, scores[:, [place]]).sum(0)
        if together.max() > best:
            best, first, second = together.max(), int(place), int(together.argmax())
    return float(best - one), TwoStyles(first, second, scores[:, first] >= scores[:, second])


def _bound(test: SelfTest, count: int, views: int) -> float | None:
    """What one in a hundred sets of so many pictures by one model gains; None where the test has too few of them."""
    scores, model = test.scores[views - 1 :: views], test.model[views - 1 :: views]
    own = [scores[model == place] for place in range(scores.shape[1])]
    ways = np.array([comb(len(each), count) for each in own], dtype=float)
    if ways.sum() < _FEWEST:
        return None
    chance = np.random.default_rng(0)
    gains = np.empty((2, _SETS))
    for number, place in enumerate(chance.choice(len(own), _SETS, p=ways / ways.sum())):
        drawn = own[place][chance.choice(len(own[place]), count, replace=False)]
        gains[0, number] = _split(drawn)[0]
        gains[1, number] = _split(np.delete(drawn, place, 1))[0]
    bounds: Floats = np.quantile(gains, 1 - WRONGLY, axis=1)
    return float(bounds.max())
