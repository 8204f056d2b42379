"""A folder of pictures, scored: each is opened once for all scores, and what is known of it is not asked again."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...curate.collection import Collection
from ...curate.scorers.registry import kind_named, kinds, scorer_named
from ...curate.scorers.scorer import Scored, Scorer, ScorerError, Tools, Values
from ...curate.weighing import weighted_mean
from ...job import Job
from ...pictures.encoders.encoder import Encoder
from ...pictures.features import FeatureStore, Wanted
from ...text import counted
from .collecting import collect
from .judging import GroupsRequest, Judged, judge

_BY_PIXELS = (
    "no score was named, and the usual ones look at the pixels alone: they say neither whether a picture fits its "
    "prompt nor whether anybody likes it"
)

_TOLD = 5
"""Pictures that cannot be read and are told one by one."""


@dataclass(frozen=True)
class CurateRequest:
    """What a person wants to know: the `scores` by their names, and how much each counts in the mean (1 where `weights`
    does not name it). `encoder` is the name of the one that looks at the pictures, None for the best that is here.

    `groups`: how pictures are grouped by what they show, and what of the groups; None where only scores are wanted."""

    scores: tuple[str, ...] = ()
    weights: tuple[tuple[str, float], ...] = ()
    encoder: str | None = None
    groups: GroupsRequest | None = None


@dataclass(frozen=True)
class Score:
    """One score of all pictures: float64 [pictures], NaN where a picture has none; `missing`: its place → why."""

    name: str
    says: str
    unit: str
    values: Values
    missing: Mapping[int, str]


@dataclass(frozen=True)
class Curated:
    """What a collection's pictures are worth, in its order. `overall` is the one score, or of several the mean, in
    spreads of the collection; NaN for a picture that lacks one of them. `judged` is by that score or mean; `encoder`
    is the one by which pictures are grouped, "" where they are not."""

    collection: Collection
    scores: Mapping[str, Score]
    overall: Values
    judged: Judged
    encoder: str = ""
    remarks: tuple[str, ...] = ()

    def ranked(self) -> list[int]:
        """Places of the pictures that have all scores that count, the best first."""
        order = np.argsort(-self.overall, kind="stable")
        return [int(i) for i in order if not math.isnan(self.overall[i])]


def default_scores() -> tuple[str, ...]:
    """Those that need nothing but the pictures."""
    return tuple(kind.name for kind in kinds() if kind.needs_nothing)


def needs_clip(request: CurateRequest) -> bool:
    """Whether one of the scores looks at pictures with CLIP. Raises ModelsimError for one that nobody knows."""
    return any(kind_named(name)[0].needs_clip for name in request.scores)


def needs_openai(request: CurateRequest) -> bool:
    """Whether one of them was trained on OpenAI's ViT-L/14. Raises as `needs_clip`."""
    return any(kind_named(name)[0].needs_openai for name in request.scores)


def require_right(request: CurateRequest) -> None:
    """Raises ModelsimError for what cannot be asked, before anything is read."""
    names = request.scores or default_scores()
    for name in names:
        kind_named(name)
    for name, weight in request.weights:
        if name not in names:
            raise ScorerError("a weight is given for a score that is not asked for", name, f"use {', '.join(names)}")
        if not math.isfinite(weight):
            raise ScorerError("this weight is no number", f"{name}={weight}", "give one, such as 0.5 or -1")
    weights = dict(request.weights)
    if not any(weights.get(name, 1.0) for name in names):
        raise ScorerError("all weights are 0", None, "give one of the scores another weight")
    if request.groups is not None:
        request.groups.require_right()


def curate(
    folder: Path,
    request: CurateRequest,
    store: FeatureStore,
    tools: Tools,
    job: Job,
    encoder: Encoder | None = None,
) -> Curated:
    """Score the pictures under a folder, and judge prompts and models by it; with `encoder` group them, too.

    Raises ModelsimError where there are none, or a score cannot be had; Cancelled within a few pictures: what was
    scored is kept.
    """
    require_right(request)
    names = tuple(dict.fromkeys(request.scores)) or default_scores()
    scorers = {name: scorer_named(name, tools) for name in names}
    collection = collect(folder, store, job)
    unreadable = _look(collection, list(scorers.values()), store, job)
    whole = len(collection.pictures)
    scores: dict[str, Score] = {}
    remarks = [] if request.scores else [_BY_PIXELS]
    remarks += _unreadable_told(list({**collection.unreadable, **unreadable}.values()))
    for name, scorer in scorers.items():
        scores[name], scored = _scored(name, scorer, collection, unreadable, store, job)
        remarks += scored.remarks
        for why, number in Counter(scored.missing.values()).items():
            remarks.append(f"{name}: {number:,} of {counted(whole, 'picture')} have none: {why}")
    overall = _overall(scores, dict(request.weights))
    lacking = int(np.isnan(overall).sum())
    if len(scores) > 1 and lacking > len(unreadable):
        remarks.append(f"{lacking:,} of {counted(whole, 'picture')} lack a score, so they have no mean")
    by = names[0] if len(names) == 1 else ""
    judged = judge(collection, overall, by, request.groups or GroupsRequest(), encoder, store, job)
    return Curated(collection, scores, overall, judged, encoder.name if encoder else "", tuple(remarks))


def _look(collection: Collection, scorers: Sequence[Scorer], store: FeatureStore, job: Job) -> dict[str, str]:
    """Have the store look at all pictures for what these scorers need; content → why a picture cannot be decoded."""
    pixels = list({score.identity: score for scorer in scorers for score in scorer.pixels}.values())
    encoders = {each.identity: each for scorer in scorers if (each := scorer.encoder) is not None}
    if not pixels and not encoders:
        return {}
    paths = [picture.path for picture in collection.pictures]
    wanted = Wanted(paths, list(encoders.values()), scores=pixels, fingerprints=False, keypoints=False)
    seen = store.look([wanted], job, "scoring pictures")
    content = {picture.path: picture.content for picture in collection.pictures}
    changed = {content[path]: _changed(path) for path, now in seen.contents.items() if now != content[path]}
    return {**changed, **{content[path]: why for path, why in seen.unreadable.items()}}


def _changed(path: Path) -> str:
    return f"{path.name} changed while it was read. Fix: start again when nothing writes it any more"


def _scored(
    name: str, scorer: Scorer, collection: Collection, unreadable: Mapping[str, str], store: FeatureStore, job: Job
) -> tuple[Score, Scored]:
    """A score of all pictures, and what the scorer said of those that could be decoded."""
    pictures = collection.pictures
    readable = [i for i, picture in enumerate(pictures) if picture.content not in unreadable]
    scored = scorer.score([pictures[i] for i in readable], store, job)
    values = np.full(len(pictures), np.nan)
    values[readable] = scored.values
    missing = {i: unreadable[picture.content] for i, picture in enumerate(pictures) if picture.content in unreadable}
    missing |= {readable[i]: why for i, why in scored.missing.items()}
    return Score(name, kind_named(name)[0].says, scorer.unit, values, missing), scored


def _overall(scores: Mapping[str, Score], weights: Mapping[str, float]) -> Values:
    if len(scores) == 1:
        (score,) = scores.values()
        if weights.get(score.name, 1.0) > 0:
            return score.values
    return weighted_mean({name: score.values for name, score in scores.items()}, weights)


def _unreadable_told(why: Sequence[str]) -> list[str]:
    more = len(why) - _TOLD
    return [*why[:_TOLD], *([f"and {counted(more, 'more picture')} cannot be read"] if more > 0 else [])]
