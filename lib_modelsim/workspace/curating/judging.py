"""What scores say of models, prompts and groups of pictures that are alike."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...curate.best_prompts import PromptScores, best_prompts
from ...curate.by_model import ModelScores, compare_models
from ...curate.categories import categories_of
from ...curate.choosing import Best, best_of
from ...curate.clusters import MIN_SUPPORT, Clusters, default_drop, find_clusters
from ...curate.collection import Collection
from ...curate.scored_pictures import ScoredPictures
from ...errors import ModelsimError
from ...job import Job
from ...pictures.encoders.efficientnet import EfficientNetEncoder, LastLayer
from ...pictures.encoders.encoder import Encoder, parts_of
from ...pictures.features import FeatureStore, Wanted
from ...text import counted

BEST = 10
"""Best pictures, where nobody says how many."""


@dataclass(frozen=True)
class GroupsRequest:
    """What a person wants to know of groups: how many of the `best` pictures; clusters of at least `min_support`
    pictures whose mean score is at least `min_drop` from the whole, None for what is usual for the score."""

    best: int = BEST
    min_support: int = MIN_SUPPORT
    min_drop: float | None = None

    def require_right(self) -> None:
        """Raises ModelsimError for what cannot be asked."""
        if self.best < 1:
            raise ModelsimError("the number of best pictures is out of range", self.best, "use 1 or more")
        if self.min_support < 2:
            raise ModelsimError("the least number of pictures in a cluster is out of range", self.min_support, "use 2")
        if self.min_drop is not None and not (math.isfinite(self.min_drop) and self.min_drop > 0):
            raise ModelsimError("the least drop of a cluster is out of range", self.min_drop, "use a number above 0")


@dataclass(frozen=True)
class Judged:
    """`category` of each picture of the collection, by name, "" where it is in none; `categories`: their names, the
    largest first, with their pictures and mean score. Without an encoder there are neither these nor best pictures nor
    clusters, and models are compared over all pictures alone."""

    models: ModelScores
    prompts: PromptScores
    category: tuple[str, ...] = ()
    categories: tuple[tuple[str, int, float], ...] = ()
    best: Best | None = None
    clusters: Clusters | None = None
    remarks: tuple[str, ...] = ()


def judge(
    collection: Collection,
    scores: NDArray[np.float64],
    score: str,
    request: GroupsRequest,
    encoder: Encoder | None,
    store: FeatureStore,
    job: Job,
) -> Judged:
    """Judge a collection's pictures by `scores` [pictures]; `score` is their name, "" of the mean of several. With an
    encoder they are grouped by what it sees; those that it has not seen yet are encoded.

    Raises Cancelled within a few pictures; what was encoded is kept.
    """
    if encoder is None:
        nothing = np.zeros((len(collection.pictures), 1), np.float32)
        sample = ScoredPictures.of(collection.pictures, scores, [nothing])
        return Judged(compare_models(sample, []), best_prompts(sample))
    views = [_shown_by(encoder), encoder] if _shown_by(encoder) is not encoder else [encoder]
    wanted = Wanted([each.path for each in collection.pictures], views, keypoints=False)
    seen = store.look([wanted], job)
    here = [i for i, each in enumerate(collection.pictures) if seen.contents.get(each.path) == each.content]
    pictures = [collection.pictures[i] for i in here]
    contents = [each.content for each in pictures]
    vectors = [store.vectors(view, contents) for view in views] if pictures else []
    sample = ScoredPictures.of(pictures, scores[here], vectors, store.fingerprints(contents))
    job.check()
    categories = categories_of(sample)
    min_drop = default_drop(score, sample.scores) if request.min_drop is None else request.min_drop
    name_of = {sample.pictures[row].path: each.name for each in categories for row in each.members}
    lost = len(collection.pictures) - len(here)
    return Judged(
        compare_models(sample, categories),
        best_prompts(sample),
        tuple(name_of.get(each.path, "") for each in collection.pictures),
        tuple((each.name, len(each.members), each.mean) for each in categories),
        best_of(sample, categories, request.best),
        find_clusters(sample, min_drop, request.min_support),
        (f"in no group, as they cannot be opened or have changed: {counted(lost, 'picture')}",) if lost else (),
    )


def _shown_by(encoder: Encoder) -> Encoder:
    """What sees what pictures show, where the encoder sees how they are made: measured in docs/curate.md."""
    parts = [part for part in parts_of(encoder) if isinstance(part, EfficientNetEncoder)]
    return LastLayer(parts[0]) if parts else encoder
