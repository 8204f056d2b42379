"""t-SNE: keeps neighbours together; by openTSNE, or by scikit-learn, whichever is installed.

Source: van der Maaten & Hinton, JMLR 9 (2008); begun at the principal components and with a learning rate of n / 12,
as Kobak & Berens, Nature Communications 10 (2019) advise.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np

from ...job import Job, Stage
from .pca import principal
from .projection import SEED, Points, ProjectionKind, Vectors

_DIMENSIONS = 50
"""Principal components that neighbours are looked for in."""

_PERPLEXITY = 30
_ROUNDS = 750
_TOLD_EACH = 25


def _missing() -> tuple[str, ...]:
    return () if find_spec("openTSNE") or find_spec("sklearn") else ("openTSNE",)


def _place(vectors: Vectors, job: Job) -> Points:
    rows = principal(vectors, min(_DIMENSIONS, *vectors.shape))
    start = rows[:, :2] / (rows[:, 0].std() or 1) * 1e-4
    perplexity = min(_PERPLEXITY, (len(rows) - 1) / 3)
    if find_spec("openTSNE"):
        return _by_opentsne(rows, start, perplexity, job)
    return _by_scikit_learn(rows, start, perplexity)


def _by_opentsne(rows: Vectors, start: Points, perplexity: float, job: Job) -> Points:
    from openTSNE import TSNE

    stage = Stage(job, "computing a map by t-SNE", _ROUNDS, "rounds")

    def told(_round: int, _error: float, _points: Any) -> None:  # noqa: ANN401 - openTSNE's
        stage.advance(_TOLD_EACH)

    method = TSNE(
        perplexity=perplexity, initialization=start.astype(np.float64), random_state=SEED, n_jobs=1,
        early_exaggeration_iter=250, n_iter=_ROUNDS - 250, callbacks=told, callbacks_every_iters=_TOLD_EACH,
    )  # fmt: skip
    return np.asarray(method.fit(rows.astype(np.float64)), np.float32)


def _by_scikit_learn(rows: Vectors, start: Points, perplexity: float) -> Points:
    from sklearn.manifold import TSNE

    method = TSNE(perplexity=perplexity, init=start, learning_rate="auto", random_state=SEED, n_jobs=1)
    return method.fit_transform(rows)


KIND = ProjectionKind(
    "tsne",
    "t-SNE",
    "t-sne 1",
    _place,
    "Neighbours are mostly right; how far groups lie apart, and how large they are, means nothing.",
    fewest=8,
    missing=_missing,
)
