"""Coverage in sentences: beside every pair that is not compared over the whole network."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from ...similarity.coverage import LEAST, share_in_words
from ...similarity.matrix import SimilarityMatrix
from ...similarity.measures.of_adapters import CHANGE_COSINE
from ...similarity.measures.registry import AttentionMeasure, measure_named
from .scores import Reason


def covers(measure: str, share: float) -> str:
    """How much a number speaks of: "covers 96.2 % of the network"."""
    what = "self-attention layers that it reads" if _of_attention(measure) else "network"
    found = f"covers {share_in_words(share)} of the {what}"
    if measure_named(measure) is CHANGE_COSINE:
        return f"covers {share_in_words(share)} of the changed weights, those in layers that both change"
    return found if share >= LEAST else f"{found}, too little to compare ({share_in_words(LEAST)} is needed)"


def _of_attention(measure: str) -> bool:
    return isinstance(measure_named(measure), AttentionMeasure)


def with_coverage(
    reasons: Sequence[Reason], matrix: SimilarityMatrix, told_why: Collection[str] = ()
) -> list[Reason]:
    """The reasons with the coverage before those of pairs, and reasons of their own where there is too little, but for
    models of which it is told why."""
    coverage = matrix.coverage
    if coverage is None:
        return list(reasons)
    place = {name: i for i, name in enumerate(matrix.models)}
    told, found = set(), []
    for reason in reasons:
        a, b = place.get(reason.a), place.get(reason.b)
        if a is None or b is None or a == b or not 0 < coverage[a, b] < 1:
            found.append(reason)
            continue
        told.add(frozenset((a, b)))
        found.append(replace(reason, reason=f"{covers(matrix.measure, coverage[a, b])}: {reason.reason}"))
    if measure_named(matrix.measure) is CHANGE_COSINE:
        return found
    low = (coverage > 0) & (coverage < LEAST)
    own = low.diagonal()
    alone = [i for i in np.flatnonzero(own) if matrix.models[i] not in told_why]
    found += [_reason(matrix, i, i, coverage[i, i]) for i in alone]
    for a, b in np.argwhere(np.triu(low & ~own[:, None] & ~own[None, :], 1)):
        if frozenset((a, b)) not in told:
            found.append(_reason(matrix, a, b, coverage[a, b]))
    return found


def _reason(matrix: SimilarityMatrix, a: int, b: int, share: float) -> Reason:
    text = covers(matrix.measure, share)
    if a == b and not _of_attention(matrix.measure):
        text = f"what can be compared of it {text}"
    return Reason(matrix.models[a], matrix.models[b], text)
