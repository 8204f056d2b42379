"""One picture's vector → ranked models with probabilities, the pictures that speak for them, and a guessed prompt."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .calibration import Calibration, SelfTest, pooled, self_test
from .examples import Examples, Numbers
from .pseudo_prompt import PromptGuesser
from .rankers import DEFAULT, Ranker, Ranking

SHOWN = 3
"""Pictures that are shown for each model."""


@dataclass(frozen=True)
class Match:
    """One model's place in an answer.

    `probability` holds if the model is in the library, None where the library is too small for a self-test;
    `pictures` are rows of the examples, the model's own that are nearest to the query.
    """

    model: str
    score: float
    probability: float | None
    pictures: tuple[int, ...]


@dataclass(frozen=True)
class SearchResult:
    """All models, the likeliest first.

    `known` is the probability that the library has the model at all (None without a self-test); `none_of_these` says
    that the query is farther from every model than nearly all of the library's own pictures are; `prompts` are
    guesses at the prompt with their shares.
    """

    matches: tuple[Match, ...]
    known: float | None
    none_of_these: bool
    prompts: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Search:
    """A library that has been learned: answers in milliseconds."""

    examples: Examples
    ranking: Ranking
    interrogator: PromptGuesser
    test: SelfTest | None
    calibration: Calibration | None

    @classmethod
    def of(cls, examples: Examples, ranker: Ranker = DEFAULT) -> Search:
        """Learns the library and tests what it has learned (seconds for hundreds of models)."""
        testable = len(examples.models) >= 3 and examples.pictures_of.max() >= 2
        test = self_test(ranker, examples) if testable else None
        calibration = Calibration.of(test) if test else None
        return cls(examples, ranker.learn(examples), PromptGuesser.of(examples), test, calibration)

    def answer(self, vectors: NDArray[np.floating]) -> SearchResult:
        """Vectors [pictures, d] of one or more pictures by the same hand, from the examples' encoder."""
        scores, near = pooled(self.ranking.scores(vectors)), float(pooled(self.ranking.nearness(vectors)))
        calibration = self.calibration
        probabilities = calibration.probabilities(scores) if calibration else [None] * len(scores)
        likeness = vectors @ self.examples.vectors.T
        pictures = self._nearest_pictures(likeness.max(0))
        matches = tuple(
            Match(
                self.examples.models[model],
                float(scores[model]),
                None if calibration is None else float(probabilities[model]),
                pictures[model],
            )
            for model in np.argsort(-scores, kind="stable")
        )
        return SearchResult(
            matches,
            calibration.known(scores, near) if calibration else None,
            calibration.is_none(scores, near) if calibration else False,
            tuple(self.interrogator.guesses(vectors.mean(0), likeness.mean(0))),
        )

    def _nearest_pictures(self, likeness: NDArray[np.floating]) -> list[tuple[int, ...]]:
        """For each model its pictures most like the query, a row of each; `likeness` [rows]."""
        rows, starts = self._pictures
        best = np.maximum.reduceat(likeness[rows], starts)
        model = self.examples.model[rows[starts]]
        order = np.lexsort((-best, model))
        ends = np.searchsorted(model[order], np.arange(len(self.examples.models) + 1))
        nearest = rows[starts[order]]
        return [tuple(nearest[start : min(start + SHOWN, end)].tolist()) for start, end in pairwise(ends)]

    @cached_property
    def _pictures(self) -> tuple[Numbers, Numbers]:
        """All rows, the views of a picture beside each other; and where in them each picture begins."""
        model, picture = self.examples.model, self.examples.picture
        rows = np.lexsort((picture, model))
        new = (np.diff(model[rows], prepend=-1) != 0) | (np.diff(picture[rows], prepend=-1) != 0)
        return rows, np.flatnonzero(new)
