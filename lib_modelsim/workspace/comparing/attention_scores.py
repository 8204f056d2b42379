"""The attention score, of the models of one network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ...checkpoints.layout import Layout
from ...checkpoints.reader import Checkpoint
from ...job import Job
from ...library import BlockResult, Library
from ...similarity.attention import Variant, attention_keys
from ...similarity.coverage import LEAST, without_overall
from ...similarity.joining import mean_over_blocks
from ...similarity.matrix import SimilarityMatrix
from ...similarity.measures.registry import AttentionMeasure
from ..catalogue.index import Model, Unreadable
from .caching import Arrays, cached_or_compute
from .scores import Reason, Scores


def attention_scores(
    measure: AttentionMeasure,
    group: Sequence[Model],
    library: Library,
    job: Job,
    device: str,
    memory: int | None = None,
) -> Scores:
    """The attention score, among those models whose self-attention layers have the same names and shapes."""
    variant = measure.variant
    alike: dict[tuple, list[Model]] = {}
    layouts = {model.header.layout.digest: model.header.layout for model in group}
    signatures = {digest: _signature(layout, variant) for digest, layout in layouts.items()}
    for model in group:
        alike.setdefault(signatures[model.header.layout.digest], []).append(model)
    kept: list[Model] = []
    unreadable: list[Unreadable] = []
    found: list[tuple[list[Model], dict[str, NDArray]]] = []
    for signature, members in alike.items():
        layers = {block: key for block, key, _ in signature}

        def run(
            models: Sequence[Checkpoint], missing: list[str], layers: dict[str, str] = layers
        ) -> Iterator[tuple[str, Arrays]]:
            from .streaming import attention_pass  # torch comes with it

            return attention_pass(models, layers, variant, missing, job, device, memory)

        models, results, failed = cached_or_compute(measure.name, members, list(layers), run, library)
        kept += models
        unreadable += failed
        found.append((models, {block: _scores_of(result, models) for block, result in results.items()}))
    read = {model.path for model in kept}
    kept = [model for model in group if model.path in read]
    reasons = _other_widths(list(alike.items())) + [
        reason for models, scores in found for reason in _without_score(models, scores)
    ]
    return Scores(kept, _attention_matrix(measure.name, kept, found), reasons, unreadable)


def _signature(layout: Layout, variant: Variant) -> tuple[tuple[str, str, tuple[int, ...]], ...]:
    """Block, key and shape of the layers that are read."""
    return tuple((block, key, layout.places[key].shape) for block, key in attention_keys(layout, variant).items())


def _scores_of(result: BlockResult, models: Sequence[Model]) -> NDArray[np.float64]:
    rows = [result.models.index(model.id) for model in models]
    return result.arrays["scores"][np.ix_(rows, rows)]


def _other_widths(alike: Sequence[tuple[tuple, list[Model]]]) -> list[Reason]:
    reasons = []
    for i, (signature, members) in enumerate(alike):
        if not signature:
            reasons += [Reason(m.name, m.name, "no self-attention layers that this measure reads") for m in members]
        for other, others in alike[:i]:
            if signature and other:
                reasons += [
                    Reason(a.name, b.name, "their self-attention layers differ in names or shapes")
                    for a in others
                    for b in members
                ]
    return reasons


def _without_score(models: Sequence[Model], scores: Mapping[str, NDArray[np.float64]]) -> Iterator[Reason]:
    """A reason for each model that has no score even with itself."""
    for i, model in enumerate(models):
        blocks = [block for block, numbers in scores.items() if np.isnan(numbers[i, i])]
        if blocks:
            yield Reason(
                model.name,
                model.name,
                f"no score in {', '.join(blocks)}: the layers read hold NaN, infinities, huge numbers or only zeros",
            )


def _attention_matrix(
    measure: str, models: Sequence[Model], found: Sequence[tuple[list[Model], dict[str, NDArray]]]
) -> SimilarityMatrix:
    position = {model.path: i for i, model in enumerate(models)}
    n, blocks = len(models), tuple(dict.fromkeys(block for _, scores in found for block in scores))
    values = np.full((n, n, len(blocks)), np.nan)
    for members, scores in found:
        rows = [position[model.path] for model in members]
        for block, numbers in scores.items():
            values[(*np.ix_(rows, rows), blocks.index(block))] = numbers
    overall = mean_over_blocks(values)
    matrix = SimilarityMatrix(measure, tuple(m.name for m in models), blocks, values, overall, {"unet": overall})
    coverage = np.zeros((n, n))
    for members, scores in found:
        pick = np.ix_(*2 * [[position[model.path] for model in members]])
        read = (~np.isnan(values[pick])).sum(-1) / max(len(scores), 1)
        coverage[pick] = read
    return without_overall(replace(matrix, coverage=coverage), coverage < LEAST)
