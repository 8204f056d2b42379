"""The values of every key, for one pair."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from ...checkpoints.layout import Layout
from ...errors import ModelsimError
from ...job import Job
from ...similarity.coverage import LEAST
from ...similarity.joining import main_component
from ...similarity.measures.registry import WeightMeasure, all_measures, find_measure, measure_named
from ...similarity.parts import Reading, Sums
from ..catalogue.index import Model
from .adapter_scores import adapter_measure, adapter_opener, are_adapters, require_reads_adapters
from .caching import Opened
from .compare import Comparison
from .weight_scores import joint_layout


@dataclass(frozen=True)
class Element:
    """One key's place and what the measure says of it; None where it is not comparable."""

    key: str
    component: str
    block: str | None
    value: float | None


def elements(comparison: Comparison, job: Job, device: str = "auto") -> list[Element]:
    """Per-key values of a comparison's two models (besides the base), in network order, keys of one model included;
    none of the UNet or transformer where they have too little of it in common.

    Raises ModelsimError where there are not two, or for the attention scores, which have no value per key.
    """
    measure, models = measure_named(comparison.matrix.measure), comparison.models
    pair = [i for i, model in enumerate(models) if model.name != comparison.base_model]
    if len(pair) != 2:
        raise ModelsimError(
            "--elements takes two models, not",
            len(pair),
            "choose two checkpoints (and the base, if the measure needs one)",
        )
    if not isinstance(measure, WeightMeasure):
        having = ", ".join(each.name for each in all_measures() if isinstance(each, WeightMeasure))
        raise ModelsimError("this measure has no values per key", measure.name, f"use one of {having}")
    if len({model.architecture for model in models}) > 1:
        return []
    adapters = are_adapters(models)
    if adapters:
        measure = find_measure(adapter_measure(measure.name))
        require_reads_adapters(measure)

    layout = joint_layout(models)
    found, base = {}, next((i for i in range(len(models)) if i not in pair), None)
    with ExitStack() as stack:
        opening = adapter_opener() if adapters else Model.open
        opened = [stack.enter_context(opening(model)) for model in models]
        for key, parts in _key_parts(opened, layout, job, device, None if adapters else measure.reading):
            found[key] = float(measure.of(parts, len(models), base)[pair[0], pair[1]])
        for checkpoint in opened:
            checkpoint.check()
    share = 1.0 if comparison.coverage is None else float(comparison.coverage[pair[0], pair[1]])
    unknown = main_component(comparison.matrix.components) if share < LEAST and not adapters else None
    return [
        Element(
            key,
            place.component,
            place.block,
            None if found[key] != found[key] or place.component == unknown else found[key],
        )
        for key, place in layout.places.items()
    ]


def _key_parts(
    opened: Sequence[Opened], layout: Layout, job: Job, device: str, reading: Reading | None
) -> Iterator[tuple[str, list[Sums]]]:
    """Per key: its sums; without a reading those of adapters."""
    if reading is None:
        from .adapter_pass import adapter_key_parts

        return adapter_key_parts(opened, layout, job, device)
    from .streaming import key_parts  # torch comes with it

    return key_parts(opened, layout, job, device, reading)
