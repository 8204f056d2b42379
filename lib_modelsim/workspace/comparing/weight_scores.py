"""The measures of weights, of the models of one architecture."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain

import numpy as np

from ...checkpoints.layout import Layout
from ...checkpoints.reader import Checkpoint
from ...errors import ModelsimError
from ...job import Job
from ...library import BlockResult, Library
from ...similarity.base import ANOTHER_BASE, MEAN, Base
from ...similarity.coverage import LEAST, covered
from ...similarity.joining import main_component, measure_parts, sizes_apart
from ...similarity.matrix import SimilarityMatrix
from ...similarity.measures.l2 import relative_l2
from ...similarity.measures.registry import WeightMeasure
from ...similarity.parts import Lengths, NonFinite, Sums, from_arrays
from ..catalogue.index import Model
from .caching import Arrays, cached_or_compute
from .left_out import left_out_in_words
from .merges import merges_among
from .roundings import find_roundings
from .scores import Reason, Scores
from .verdicts import equal_main, same_main

OTHER = ""
"""The name under which the keys without a block are summed."""

_NONE = "there is no change to compare"

ROUNDING = {"F64": 2**-53, "F32": 2**-24, "F16": 2**-11, "BF16": 2**-8}
"""dtype → the largest relative error u of rounding one number to it; errors spread evenly come to u/√3 in all. Coarser
ones change as much as training does: `roundings` tells them."""


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
    blocks = keys_by_block(layout)

    def run(models: Sequence[Checkpoint], missing: list[str]) -> Iterator[tuple[str, Arrays]]:
        from .streaming import weight_pass  # torch comes with it

        wanted = {block: blocks[block] for block in missing}
        return weight_pass(models, layout, wanted, job, device, memory, measure.reading)

    models, results, unreadable = cached_or_compute(measure.reading.method, group, list(blocks), run, library)
    parts: dict[str, list[Sums]] = {}
    left_out: dict[int, list[NonFinite]] = {}
    for block in blocks:
        parts[block], told = _restore(measure, results[block], models) if block in results else ([], [])
        for one in told:
            left_out.setdefault(one.model, []).append(one)
    reasons = [
        Reason(models[i].name, models[i].name, text)
        for i, found in sorted(left_out.items())
        for text in left_out_in_words(models[i].header, found)
    ]
    names, layouts = [model.name for model in models], [model.header.layout for model in models]
    missing = {i: frozenset(one.key for one in found) for i, found in left_out.items()}
    unread = [model.header.uncompared for model in models]
    main = main_component({place.component: place for place in layout.places.values()})
    apart = sizes_apart(parts, len(models))
    base_place = names.index(base.model) if base is not None and base.model in names else None
    roundings = find_roundings(models, apart[main], base_place, library, job) if main in apart else []
    if not measure.needs_base or base is None:
        used = dict.fromkeys(parts, ()) if measure.needs_base else parts
        matrix = replace(measure_parts(measure, names, used), apart=apart)
        matrix = covered(matrix, layouts, main, missing, None, unread)
        return Scores(models, matrix, reasons, unreadable, merges_among(parts, matrix), roundings)
    if base != MEAN and base.model not in names:
        raise ModelsimError("the base cannot be read to its end", base.model, ANOTHER_BASE)
    matrix, origin = replace(measure_parts(measure, names, parts, base), apart=apart), base.position(names)
    rounded = [] if origin is None else rounded_copies(models, parts, origin)
    reasons += [
        Reason(names[i], names[i], f"no farther from {base.model} than rounding to another precision puts it: {_NONE}")
        for i in rounded
    ]
    proven = {names.index(found.coarse): found.fact for found in roundings if found.fine == base.model}
    reasons += [Reason(names[i], names[i], f"{fact}, as {base.model}: {_NONE}") for i, fact in proven.items()]
    rounded += proven
    of_base = None if origin is None else layouts[origin]
    matrix = covered(matrix.without(rounded), layouts, main, missing, of_base, unread)
    reasons += [Reason(names[i], names[i], text) for i, text in _equal_to(matrix, origin) if i not in rounded]
    return Scores(models, matrix, reasons, unreadable, merges_among(parts, matrix, origin), roundings)


def _equal_to(matrix: SimilarityMatrix, base: int | None) -> Iterator[tuple[int, str]]:
    """The models that have no direction from the base, as they are the same where it counts."""
    main = main_component(matrix.apart)
    if main is None:
        return
    if base is None:
        alone = np.isnan(matrix.overall.diagonal()) & (matrix.coverage.diagonal() >= LEAST)
        yield from ((i, f"no different from the mean of the models: {_NONE}") for i in np.flatnonzero(alone).tolist())
        return
    for i in np.flatnonzero(matrix.apart[main][base] == 0).tolist():
        if i == base or matrix.coverage[base, i] < LEAST:  # that too little was compared is told elsewhere
            continue
        name = matrix.models[base]
        if matrix.coverage[base, i] < 1:
            yield i, f"no difference from {name}, the base, in what both hold: {_NONE}"
            continue
        told = same_main(matrix, base, i) or equal_main(matrix.measure, main)
        joint = "as" if told.startswith("same") else "beside"
        yield i, f"{told} {joint} {name}, the base: {_NONE}"


def _restore(
    measure: WeightMeasure, result: BlockResult, models: Sequence[Model]
) -> tuple[list[Sums], list[NonFinite]]:
    """The sums of a stored block among the models asked for, and which keys are left out for which of them."""
    rows = [result.models.index(model.id) for model in models]
    parts = [part.select(rows) for part in from_arrays(measure.reading.form, result.arrays)]
    told = [
        NonFinite(row, *about)
        for i, *about in json.loads(str(result.arrays["non_finite"]))
        for row, k in enumerate(rows)
        if k == i
    ]
    return [part for part in parts if part is not None], told


def rounded_copies(models: Sequence[Model], parts: Mapping[str, Sequence[Lengths]], base: int) -> list[int]:
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


def keys_by_block(layout: Layout) -> dict[str, list[str]]:
    """Block → its keys, in the order of the layout; those without a block under `OTHER`, the last."""
    found: dict[str, list[str]] = {}
    for key, place in layout.places.items():
        found.setdefault(place.block or OTHER, []).append(key)
    return found
