"""The measures of weights, of the models of one architecture."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain

import numpy as np

from ...checkpoints.identity import component_label
from ...checkpoints.layout import Layout
from ...checkpoints.reader import Checkpoint
from ...errors import ModelsimError
from ...job import Job
from ...library import BlockResult, Library
from ...similarity.base import ANOTHER_BASE, MEAN, Base
from ...similarity.coverage import covered
from ...similarity.joining import main_component, measure_parts, sizes_apart
from ...similarity.matrix import SimilarityMatrix
from ...similarity.measures.l2 import relative_l2
from ...similarity.measures.registry import WeightMeasure
from ...similarity.parts import Part, Sums, from_arrays
from ..catalogue.index import Model
from .caching import Arrays, cached_or_compute
from .merges import merges_among
from .scores import Reason, Scores
from .verdicts import same_main

OTHER = ""
"""The name under which the keys without a block are summed."""

ROUNDING = {"F64": 2**-53, "F32": 2**-24, "F16": 2**-11, "BF16": 2**-8, "F8_E4M3": 2**-4, "F8_E5M2": 2**-3}
"""dtype → the largest relative error u of rounding one number to it; errors spread evenly come to u/√3 in all."""


def weight_scores(
    measure: WeightMeasure,
    group: Sequence[Model],
    base: Base | None,
    library: Library,
    job: Job,
    device: str,
    memory: int | None = None,
) -> Scores:
    """A measure of weights; `base` is for one that needs it: one of the group, the mean, or None for no base."""
    layout = joint_layout(group)
    blocks = {
        block: [key for key, place in layout.places.items() if (place.block or OTHER) == block]
        for block in (*layout.blocks, OTHER)
    }

    def run(models: Sequence[Checkpoint], missing: list[str]) -> Iterator[tuple[str, Arrays]]:
        from .streaming import weight_pass  # torch comes with it

        wanted = {block: blocks[block] for block in missing}
        return weight_pass(models, layout, wanted, job, device, memory, measure.reading)

    wanted = [block for block, keys in blocks.items() if keys]
    models, results, unreadable = cached_or_compute(measure.reading.method, group, wanted, run, library)
    parts: dict[str, list[Sums]] = {}
    reasons = []
    left_out: dict[int, frozenset[str]] = {}
    for block in wanted:
        parts[block], told = _restore(measure, results[block], models) if block in results else ([], [])
        for i, text, key in told:
            reasons.append(Reason(models[i].name, models[i].name, text))
            left_out[i] = left_out.get(i, frozenset()) | {key}
    names, layouts = [model.name for model in models], [model.header.layout for model in models]
    unread = [model.header.uncompared for model in models]
    main = main_component({place.component: place for place in layout.places.values()})
    apart = sizes_apart(parts, len(models))
    if not measure.needs_base or base is None:
        used = dict.fromkeys(parts, ()) if measure.needs_base else parts
        matrix = replace(measure_parts(measure, names, used), apart=apart)
        matrix = covered(matrix, layouts, main, left_out, None, unread)
        return Scores(models, matrix, reasons, unreadable, merges_among(parts, matrix))
    if base != MEAN and base.model not in names:
        raise ModelsimError("the base cannot be read to its end", base.model, ANOTHER_BASE)
    matrix, origin = replace(measure_parts(measure, names, parts, base), apart=apart), base.position(names)
    rounded = [] if origin is None else rounded_copies(models, parts, origin)
    reasons += [
        Reason(names[i], names[i], f"{base.model} in another precision: it differs only by rounding") for i in rounded
    ]
    reasons += [Reason(names[i], names[i], text) for i, text in _equal_to(matrix, origin)]
    of_base = None if origin is None else layouts[origin]
    matrix = covered(matrix.without(rounded), layouts, main, left_out, of_base, unread)
    return Scores(models, matrix, reasons, unreadable, merges_among(parts, matrix, origin))


def _equal_to(matrix: SimilarityMatrix, base: int | None) -> Iterator[tuple[int, str]]:
    """The models that have no direction from the base, as they are the same where it counts."""
    main = main_component(matrix.apart)
    if base is None or main is None:
        return
    for i in np.flatnonzero(matrix.apart[main][base] == 0).tolist():
        if i != base:
            told = same_main(matrix, base, i) or f"same {component_label(main)}"
            yield i, f"{told} as {matrix.models[base]}, the base: there is no change to compare"


def _restore(
    measure: WeightMeasure, result: BlockResult, models: Sequence[Model]
) -> tuple[list[Sums], list[tuple[int, str, str]]]:
    """The sums of a stored block among the models asked for, and what it says of non-finite keys: the model's
    position, the words, the key."""
    rows = [result.models.index(model.id) for model in models]
    parts = [part.select(rows) for part in from_arrays(measure.reading.form, result.arrays)]
    told = [(rows.index(i), text, key) for i, text, key in json.loads(str(result.arrays["non_finite"])) if i in rows]
    return [part for part in parts if part is not None], told


def rounded_copies(models: Sequence[Model], parts: Mapping[str, Sequence[Part]], base: int) -> list[int]:
    """Positions of the models that are the base stored in another precision: what parts them is rounding alone."""
    everything = [part for block in parts.values() for part in block]
    main = main_component({part.component: part for part in everything})
    apart = relative_l2([part for part in everything if part.component == main], len(models))[base]
    dtypes = [component.dtype if (component := model.header.components.get(main)) else "" for model in models]
    return [
        i
        for i, dtype in enumerate(dtypes)
        if dtype != dtypes[base] and 0 < apart[i] < max(ROUNDING.get(dtype, 0), ROUNDING.get(dtypes[base], 0)) / 3**0.5
    ]


def joint_layout(group: Sequence[Model]) -> Layout:
    """All keys that any of the models has; where shapes differ, the first one's."""
    distinct = {model.header.layout.digest: model.header.layout for model in group}
    layouts = list(distinct.values())
    if len(layouts) == 1:
        return layouts[0]
    places = dict(chain.from_iterable(layout.places.items() for layout in reversed(layouts)))
    return Layout.of(layouts[0].architecture, places)
