"""What one measure says of the adapters of one network: of the changes that they make, not of their factors."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ...adapters.opened import OpenAdapter, Shared
from ...checkpoints.layout import Layout
from ...errors import ModelsimError
from ...job import Job
from ...library import Library
from ...similarity.coverage import LEAST, Held, in_common, without_overall
from ...similarity.joining import mean_over_blocks, measure_parts
from ...similarity.matrix import SimilarityMatrix
from ...similarity.measures.cosine import COSINE_WHOLE
from ...similarity.measures.l2 import L2, RELATIVE_L2
from ...similarity.measures.of_adapters import CHANGE_COSINE
from ...similarity.measures.registry import Joined, Measure, WeightMeasure, find_measure
from ...similarity.parts import CHANGES, WEIGHTS, ChangePart, from_arrays, ratio
from ..catalogue.index import Model
from .adapter_facts import facts_of
from .caching import Arrays, cached_or_compute
from .scores import Reason, Scores
from .weight_scores import joint_layout, keys_by_block

_EXACT = {f"sampled-{measure.name}": measure.name for measure in (COSINE_WHOLE, L2, RELATIVE_L2)}
"""Adapters are small: nothing is sampled."""


def are_adapters(group: Sequence[Model]) -> bool:
    """Whether the models of one group, which is never mixed, are adapters."""
    return bool(group) and group[0].header.adapter is not None


def adapter_opener() -> Callable[[Model], OpenAdapter]:
    """What opens adapters' layers for reading; all that it opens share what they have in common. It raises
    CheckpointError where one cannot be read, or is another."""
    shared = Shared()
    return lambda model: OpenAdapter(model.open(), shared)


def adapter_measure(name: str | None) -> str:
    """The measure by which adapters are compared where this one is asked for: a measure of changes from a base is that
    of the changes themselves."""
    known = find_measure(name)
    if known is None or known.needs_base:
        return CHANGE_COSINE.name
    return _EXACT.get(known.name, known.name)


def require_reads_adapters(measure: Measure | None) -> None:
    """Raises ModelsimError where a measure cannot be told from what adapters change."""
    if not _reads_adapters(measure):
        name = measure.name if measure is not None else None
        raise ModelsimError("this measure does not read adapters", name, f"use {CHANGE_COSINE.name}")


def _reads_adapters(measure: Measure | None) -> bool:
    return isinstance(measure, WeightMeasure) and measure.reading in (CHANGES, WEIGHTS)


def adapter_scores(asked: Measure, group: Sequence[Model], library: Library, job: Job, device: str) -> Scores:
    """A measure of what adapters of one kind change."""
    measure = find_measure(adapter_measure(asked.name))
    facts = group[0].header.adapter
    if facts is not None and facts.why_not:
        return without_numbers(measure, group, f"not comparable: {facts.why_not}")
    if not _reads_adapters(measure):
        return without_numbers(measure, group, f"{asked.name} does not read adapters; use {CHANGE_COSINE.name}")
    layout = joint_layout(group)
    blocks = keys_by_block(layout)

    def run(models: Sequence[OpenAdapter], missing: list[str]) -> Iterator[tuple[str, Arrays]]:
        from .adapter_pass import adapter_pass

        return adapter_pass(models, layout, {block: blocks[block] for block in missing}, job, device)

    how = (run, library, True, adapter_opener())
    models, results, unreadable = cached_or_compute(CHANGES.method, group, list(blocks), *how)
    parts: dict[str, list[ChangePart]] = {}
    reasons = []
    broken: set[int] = set()
    for block, result in results.items():
        rows = [result.models.index(model.id) for model in models]
        parts[block] = [p for part in from_arrays(ChangePart, result.arrays) if (p := part.select(rows)) is not None]
        for i, text, _ in json.loads(str(result.arrays["non_finite"])):
            concerned = np.flatnonzero(np.equal(rows, i)).tolist()
            reasons += [Reason(models[row].name, models[row].name, text) for row in concerned]
            broken.update(concerned)
    parts = {block: parts[block] for block in blocks if block in parts}
    matrix = _matrix(measure, models, parts)
    reasons += facts_of(models, parts, broken)
    return Scores(models, matrix, reasons, unreadable)


def without_numbers(measure: Measure, group: Sequence[Model], why: str) -> Scores:
    """No number of any pair, and why."""
    n = len(group)
    nothing = np.full((n, n), np.nan)
    names = tuple(model.name for model in group)
    matrix = SimilarityMatrix(measure.name, names, (), np.full((n, n, 0), np.nan), nothing, {}, np.zeros((n, n)))
    return Scores(list(group), matrix, [Reason(name, name, why) for name in names])


def _matrix(
    measure: WeightMeasure, models: Sequence[Model], parts: Mapping[str, Sequence[ChangePart]]
) -> SimilarityMatrix:
    """The numbers; overall is of all that the adapters change, text encoders too, since there is no more to them."""
    n = len(models)
    matrix = measure_parts(measure, [model.name for model in models], parts)
    if measure.joined is Joined.MEAN:
        overall = mean_over_blocks(matrix.values)
    else:
        overall = measure.of([part for block in parts.values() for part in block], n, None)
    share = touched_by_both([model.header.layout for model in models])
    matrix = replace(matrix, overall=overall, coverage=share)
    return matrix if measure is CHANGE_COSINE else without_overall(matrix, share < LEAST)


def touched_by_both(layouts: Sequence[Layout]) -> NDArray[np.float64]:
    """The share of what either of two adapters changes that both change, by numbers of weights, [n, n]."""
    distinct = {layout.digest: layout for layout in layouts}
    index = {digest: i for i, digest in enumerate(distinct)}
    both = in_common([_sizes(layout) for layout in distinct.values()])
    share = ratio(both, both.diagonal()[:, None] + both.diagonal()[None, :] - both)
    rows = [index[layout.digest] for layout in layouts]
    return np.nan_to_num(share)[np.ix_(rows, rows)]


def _sizes(layout: Layout) -> Held:
    return {(key, place.shape): math.prod(place.shape) for key, place in layout.places.items()}
