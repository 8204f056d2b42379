"""How far a ranker can be trusted in this library: it is asked about the library's own pictures, unseen.

From the answers come probabilities, the share of right ones, and how unlike all models a query must be to be none's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit, log_softmax

from ..errors import ModelsimError
from ..text import percent
from .examples import Examples, Floats, Numbers, held_out, holds_out_seeds
from .rankers import Ranker

REFUSED = 0.05
"""Share of the library's own pictures that the search may take for nobody's."""

_FOREIGN = 0.01
"""Of these, the share that may be taken for pictures of a kind that the library has not seen.

On hubs 1 to 3, beside the score's bound: 51 % of other hubs' artists in the place of 47, 27 % of missing relatives in
the place of 21, 4.5 % of the library's own in the place of 4.2.
"""


@dataclass(frozen=True)
class SelfTest:
    """Scores [rows, models] of examples that the ranker had not learned from, their models and nearness [rows].

    `strange` [2, rows]: each row's best score, and its nearness, in a library that lacks its model. `seeds`: how many
    the library's pictures have, 0 where that is not known; `held_out` is 1 where seeds were held out, otherwise 0.
    """

    scores: Floats
    model: Numbers
    near: Floats
    strange: Floats
    seeds: int = 0
    held_out: int = 0

    def found(self, first: int) -> float:
        """Share of rows whose model was among the first `first`."""
        return float((self.ranks <= first).mean())

    @cached_property
    def ranks(self) -> Numbers:
        """[rows]: the right model's rank, 1 for the first; models that tie with it stand before it."""
        right = self.scores[np.arange(len(self.scores)), self.model]
        return (self.scores >= right[:, None]).sum(1)

    @property
    def sentence(self) -> str:
        """What to expect, in words."""
        models = self.scores.shape[1]
        first = f"With your {models} models, this search puts the right one first {percent(self.found(1))} of the time"
        four = f", and among the first four {percent(self.found(4))}" if models > 4 else ""
        return f"{first}{four}, tested on the gallery's own pictures{self._of_seeds}"

    @property
    def _of_seeds(self) -> str:
        """What the test can know of other seeds."""
        if self.held_out:
            return ", those of some prompts and seeds after learning from the others."
        if self.seeds == 1:
            return ", which all have the same seed. With other seeds it was not tested, and finds fewer as a rule."
        return "."


def self_test(ranker: Ranker, examples: Examples) -> SelfTest:
    """Every example's scores by a ranking that has seen neither it nor any picture of its prompt, nor, where the
    library has several seeds, of its seed.

    Raises ModelsimError for fewer than three models, or when no model has two pictures.
    """
    parts = list(held_out(examples))
    if not parts or len(examples.models) < 3:
        raise ModelsimError(
            "the search cannot be tested on this library",
            f"{len(examples.models)} models, {len(np.unique(examples.picture))} pictures",
            "generate a suite with three models or more",
        )
    scores, near = [], []
    for tested, learned in parts:
        ranking, queries = ranker.learn(examples.only(learned)), examples.vectors[tested]
        scores.append(ranking.scores(queries))
        near.append(ranking.nearness(queries))
    model = np.concatenate([examples.model[tested] for tested, _ in parts])
    seeds, apart = examples.seed_count or 0, int(holds_out_seeds(examples))
    return SelfTest(np.concatenate(scores), model, np.concatenate(near), _strange(ranker, examples), seeds, apart)


def _strange(ranker: Ranker, examples: Examples) -> Floats:
    """Of pictures whose model the library lacks; a fifth of the models is left out at a time."""
    models = np.arange(len(examples.models))
    found = []
    for part in range(min(5, len(models))):
        lacking = models % 5 == part
        ranking, queries = ranker.learn(examples.of_models(~lacking)), examples.vectors[lacking[examples.model]]
        found.append(np.stack([ranking.scores(queries).max(1), ranking.nearness(queries)]))
    return np.concatenate(found, 1)


@dataclass(frozen=True)
class Calibration:
    """What makes probabilities of one ranker's scores in one library.

    `sharpness` multiplies scores before the softmax. `slope` and `middle` make of the best score the probability that
    the model is in the library at all, which is `known_if_foreign` at most where the nearness is below `least_near`.
    Below that, or below the score `least`, the answer is 'none of these'.
    """

    sharpness: float
    slope: float
    middle: float
    least: float
    least_near: float
    known_if_foreign: float
    told_apart: float
    """Share of pictures that are answered 'none of these' when their own model is left out of the library."""

    @classmethod
    def of(cls, test: SelfTest) -> Calibration:
        """From a self-test: as if half of all queries came from models that the library does not have."""
        best, (strange, strange_near) = test.scores.max(1), test.strange
        slope, middle = _logistic(best, strange)
        least = float(np.quantile(best, REFUSED - _FOREIGN))
        least_near = float(np.quantile(test.near, _FOREIGN))
        foreign = (strange_near < least_near).mean()
        told_apart = float(((strange < least) | (strange_near < least_near)).mean())
        known_if_foreign = float(_FOREIGN / (_FOREIGN + max(foreign, _FOREIGN)))
        return cls(_sharpness(test), slope, middle, least, least_near, known_if_foreign, told_apart)

    def probabilities(self, scores: NDArray[np.floating]) -> Floats:
        """Scores [models] → probabilities [models] with sum 1, if the model is one of the library."""
        return np.exp(log_softmax(self.sharpness * scores))

    def known(self, scores: NDArray[np.floating], near: float) -> float:
        """The probability that the model is one of the library, if half of all queries are from elsewhere."""
        likely = float(expit(self.slope * (scores.max() - self.middle)))
        return min(likely, self.known_if_foreign) if near < self.least_near else likely

    def is_none(self, scores: NDArray[np.floating], near: float) -> bool:
        """Whether the query is farther from every model than nearly all of the library's own pictures are."""
        return bool(scores.max() < self.least or near < self.least_near)


def pooled(scores: NDArray[np.floating]) -> Floats:
    """Scores [pictures, models] of several pictures by one model → [models]; their nearness alike."""
    return scores.mean(0)


def _sharpness(test: SelfTest) -> float:
    """The factor that gives the right models the greatest likelihood (Guo et al., "On calibration …", 2017)."""
    rows = np.arange(len(test.scores))
    unit = 1 / max(float(np.median(np.ptp(test.scores, axis=1))), 1e-12)

    def loss(log_factor: float) -> float:
        return -float(log_softmax(np.exp(log_factor) * unit * test.scores, axis=1)[rows, test.model].mean())

    return unit * float(np.exp(minimize_scalar(loss, bounds=(-5, 8), method="bounded").x))


def _logistic(known: Floats, strange: Floats) -> tuple[float, float]:
    """Slope ≥ 0 and middle of the logistic curve that tells the two apart with the greatest likelihood."""
    centre, unit = float(np.median(np.concatenate([known, strange]))), max(float(known.std()), 1e-12)
    values = (np.concatenate([known, strange]) - centre) / unit
    sign = np.concatenate([np.ones(len(known)), -np.ones(len(strange))])

    def loss(parameters: Sequence[float]) -> float:
        return float(np.logaddexp(0, -sign * (np.exp(parameters[0]) * values + parameters[1])).mean())

    log_slope, offset = minimize(loss, (0.0, 0.0), method="L-BFGS-B", bounds=((-5, 5), (-20, 20))).x
    slope = float(np.exp(log_slope)) / unit
    return slope, centre - float(offset) / slope
