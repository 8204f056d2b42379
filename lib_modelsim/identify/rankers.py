"""How to tell which model generated a picture: an interface, and the method that was best in the tests (`benchmarks/`).

A ranker learns from examples; what it has learned gives every model a score for each query, greater for likelier.
Scores of one ranker can be compared with each other only; `calibration` makes probabilities of them. Of several
pictures by one model the scores are averaged. The other ways that were tried are in `benchmarks/rankers.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .discriminant import Discriminant
from .examples import Examples, Floats

Queries = NDArray[np.floating]


class Ranking(Protocol):
    """What a ranker has learned of one library."""

    def scores(self, queries: Queries) -> Floats:
        """Vectors [m, d] → scores [m, models]."""

    def nearness(self, queries: Queries) -> Floats:
        """Vectors [m, d] → [m]: how like the library's pictures they are, whoever generated them; greater for liker."""
        return self.scores(queries).max(1)


class Ranker(Protocol):
    """A way to rank."""

    @property
    def name(self) -> str:
        """As tables and answers call it."""

    def learn(self, examples: Examples) -> Ranking:
        """Learns the models' styles from the examples."""


@dataclass(frozen=True)
class UncertainMeans:
    """Shrinkage LDA that knows how little a few pictures say about a model's mean.

    The logarithm of how much likelier the query is from this model than from one that nobody has seen, where models'
    means are normal around the library's (Ioffe, "Probabilistic linear discriminant analysis", 2006). With equally
    many pictures of every model it ranks as shrinkage LDA does; otherwise models with few pictures draw less to
    themselves. Above 0 the model is likelier than a stranger.
    """

    name: str = "LDA with uncertain means"

    def learn(self, examples: Examples) -> Ranking:
        space = Discriminant.of(examples)
        trust = space.between * space.pictures[:, None] / (space.between * space.pictures[:, None] + 1)
        return _Predicted(space, trust * space.means, 1 + space.between * (1 - trust))


@dataclass(frozen=True)
class _Predicted(Ranking):
    space: Discriminant
    means: Floats  # [models, k]
    variances: Floats  # [models, k]

    def scores(self, queries: Queries) -> Floats:
        placed = self.space.place(queries)
        squares = placed**2 @ (1 / self.variances).T - 2 * placed @ (self.means / self.variances).T
        own = squares + (self.means**2 / self.variances + np.log(self.variances)).sum(1)
        anybody = 1 + self.space.between
        return -0.5 * (own - (placed**2 / anybody + np.log(anybody)).sum(1, keepdims=True))

    def nearness(self, queries: Queries) -> Floats:
        return -self.space.distances(queries)


DEFAULT: Ranker = UncertainMeans()
