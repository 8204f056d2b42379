"""The other ways to tell which model drew a picture, which the exam holds against the product's own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.kernel import calibrated_gamma, gaussian
from benchmarks.specification import specify
from lib_modelsim.identify.discriminant import Discriminant, squared_distances
from lib_modelsim.identify.examples import Examples, Floats
from lib_modelsim.identify.pseudo_prompt import PromptGuesser
from lib_modelsim.identify.rankers import DEFAULT, Ranker, Ranking

Queries = NDArray[np.floating]


@dataclass(frozen=True)
class NearestMean:
    """Minus the squared distance to each model's mean picture."""

    name: str = "plain mean"

    def learn(self, examples: Examples) -> Ranking:
        return _Means(examples.means)


@dataclass(frozen=True)
class _Means(Ranking):
    means: Floats

    def scores(self, queries: Queries) -> Floats:
        return -squared_distances(queries, self.means)


@dataclass(frozen=True)
class NearestPicture:
    """The cosine with the most similar picture of each model."""

    name: str = "nearest picture"

    def learn(self, examples: Examples) -> Ranking:
        order = np.argsort(examples.model, kind="stable")
        return _Pictures(examples.vectors[order], np.searchsorted(examples.model[order], range(len(examples.models))))


@dataclass(frozen=True)
class _Pictures(Ranking):
    vectors: NDArray[np.float32]
    starts: NDArray[np.int64]

    def scores(self, queries: Queries) -> Floats:
        return np.maximum.reduceat(queries @ self.vectors.T, self.starts, axis=1)


@dataclass(frozen=True)
class ShrinkageLda:
    """Minus the squared distance to each model's mean in the discriminant space."""

    name: str = "shrinkage LDA"

    def learn(self, examples: Examples) -> Ranking:
        return _Discriminated(Discriminant.of(examples))


@dataclass(frozen=True)
class _Discriminated(Ranking):
    space: Discriminant

    def scores(self, queries: Queries) -> Floats:
        return -0.5 * squared_distances(self.space.place(queries), self.space.means)

    def nearness(self, queries: Queries) -> Floats:
        return -self.space.distances(queries)


@dataclass(frozen=True)
class KernelMean:
    """Minus the squared distance, in the Gaussian kernel's space, to each model's specification of `points` points.

    With `weighted` the points count as their prompts resemble the query's pseudo-prompt, as published (arXiv
    2412.12232); without, as the specification weighs them.
    """

    name: str
    weighted: bool
    points: int = 64

    def learn(self, examples: Examples) -> Ranking:
        gamma = calibrated_gamma(examples)
        interrogator = PromptGuesser.of(examples)
        own = [examples.model == model for model in range(len(examples.models))]
        parts = [specify(examples.vectors[rows], interrogator.prompts[rows], self.points, gamma) for rows in own]
        most = max(len(part.weights) for part in parts)
        weights = np.stack([np.pad(part.weights, (0, most - len(part.weights))) for part in parts])
        points = np.stack([np.pad(part.points, ((0, most - len(part.points)), (0, 0))) for part in parts])
        prompts = np.stack([np.pad(part.prompts, ((0, most - len(part.prompts)), (0, 0))) for part in parts])
        within = np.stack([gaussian(one, one, gamma) for one in points])
        asked = interrogator if self.weighted else None
        squares = (points**2).sum(-1).astype(np.float32)
        return _Embeddings(points.astype(np.float32), squares, weights, prompts, within, gamma, asked)


@dataclass(frozen=True)
class _Embeddings(Ranking):
    points: NDArray[np.float32]  # [models, k, d]; models with fewer points are filled up with points of weight 0
    squares: NDArray[np.float32]  # [models, k], the points' squared lengths
    weights: Floats  # [models, k]
    prompts: Floats  # [models, k, t]
    within: Floats  # [models, k, k], the kernel among a model's points
    gamma: float
    interrogator: PromptGuesser | None

    def scores(self, queries: Queries) -> Floats:
        models, k, d = self.points.shape
        products = (queries.astype(np.float32) @ self.points.reshape(-1, d).T).reshape(-1, models, k)
        towards = np.exp(-self.gamma * (self.squares + 1 - 2 * products))  # queries are of length 1
        weights = self._weights(queries)  # [m, models, k]
        between = np.einsum("mck,mck->mc", weights, towards)
        within = np.einsum("mck,mck->mc", np.matmul(weights[:, :, None], self.within)[:, :, 0], weights)
        return -(within - 2 * between + 1)

    def _weights(self, queries: Queries) -> Floats:
        if self.interrogator is None:
            return np.broadcast_to(self.weights, (len(queries), *self.weights.shape))
        agreement = np.einsum("mt,ckt->mck", self.interrogator.pseudo_prompts(queries), self.prompts, optimize=True)
        weights = self.weights * np.maximum(agreement, 0)
        total = weights.sum(-1, keepdims=True)
        return np.where(total > 1e-9, weights / np.maximum(total, 1e-9), self.weights)


RANKERS: tuple[Ranker, ...] = (
    DEFAULT,
    ShrinkageLda(),
    KernelMean("weighted RKME", weighted=True),
    KernelMean("RKME", weighted=False),
    KernelMean("weighted RKME, 8 points", weighted=True, points=8),
    KernelMean("RKME, 8 points", weighted=False, points=8),
    NearestMean(),
    NearestPicture(),
)
