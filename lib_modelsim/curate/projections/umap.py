"""UMAP: keeps neighbours together, where the package umap-learn is installed.

Source: McInnes, Healy & Melville, arXiv:1802.03426; begun at the principal components, as Kobak & Linderman, Nature
Biotechnology 39 (2021) advise.
"""

from __future__ import annotations

import warnings
from importlib.util import find_spec

from ...job import Job
from .pca import principal
from .projection import SEED, Points, ProjectionKind, Vectors

_NEIGHBOURS = 15


def _missing() -> tuple[str, ...]:
    return () if find_spec("umap") else ("umap-learn",)


def _place(vectors: Vectors, _job: Job) -> Points:
    from umap import UMAP

    start = principal(vectors)
    start = 10 * start / (abs(start).max() or 1)  # the size at which UMAP begins by itself
    method = UMAP(n_neighbors=min(_NEIGHBOURS, len(vectors) - 1), init=start, random_state=SEED, n_jobs=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of few vectors it says that it looks at all
        return method.fit_transform(vectors)


KIND = ProjectionKind(
    "umap",
    "UMAP",
    "umap 1",
    _place,
    "Neighbours are mostly right; how far groups lie apart, and how large they are, means nothing.",
    fewest=8,
    missing=_missing,
)
