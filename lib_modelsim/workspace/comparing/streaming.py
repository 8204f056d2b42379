"""One pass over the files, block by block, with its progress. Imported only when something has to be read: torch."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from itertools import groupby

import numpy as np
import torch
from numpy.typing import NDArray

from ...checkpoints.layout import Layout
from ...checkpoints.reader import Checkpoint
from ...job import Job, Stage
from ...similarity.asimilarity import probe_grams
from ...similarity.attention import Variant, projections
from ...similarity.device import Device, choose_device
from ...similarity.device import log as device_log
from ...similarity.measures.sampled import SAMPLED
from ...similarity.parts import WEIGHTS, Part, Sums, add_up, to_arrays
from ...similarity.sampling import Sample, numbers
from ...similarity.weights import KeySummer, NonFinite

Arrays = dict[str, NDArray]


def weight_pass(
    models: Sequence[Checkpoint],
    layout: Layout,
    blocks: Mapping[str, Sequence[str]],
    job: Job,
    device: str,
    memory: int | None = None,
    sample: Sample | None = None,
) -> Iterator[tuple[str, Arrays]]:
    """Per block: the stored form of its parts, and what was not finite. With a `sample` only that is read."""
    keys = [key for keys in blocks.values() for key in keys]
    stage = _stage(models, keys, job, sample)
    broken: list[NonFinite] = []
    summer = KeySummer(models, choose_device(device, memory), stage.advance, broken.append, sample)
    for block, members in blocks.items():
        broken.clear()
        try:
            parts = _parts(summer, layout, members)
        except torch.cuda.OutOfMemoryError:
            broken.clear()
            summer = KeySummer(models, _fall_back(memory), stage.advance, broken.append, sample)
            parts = _parts(summer, layout, members)
        told = [(found.model, _in_words(found)) for found in broken]
        yield block, to_arrays(parts) | {"non_finite": np.array(json.dumps(told))}


def key_parts(
    models: Sequence[Checkpoint], layout: Layout, job: Job, device: str, sample: Sample | None = None
) -> Iterator[tuple[str, list[Part]]]:
    """Per key: its parts. With a `sample` only that is read."""
    keys = list(layout.places)
    stage = _stage(models, keys, job, sample)
    summer = KeySummer(models, choose_device(device), stage.advance, lambda broken: None, sample)
    for key, sums in groupby(summer.sums(keys), lambda one: one.key):
        component = layout.places[key].component
        yield key, add_up(Part.of_key(component, one) for one in sums)


def key_pass(
    models: Sequence[Checkpoint],
    blocks: Mapping[str, Sequence[str]],
    job: Job,
    device: str,
    memory: int | None = None,
) -> Iterator[tuple[str, Arrays]]:
    """Per block: its `keys` [k], and of each the `squares` ‖a−b‖² [k, n, n] and `norms` ‖a‖² [k, n] of the models, NaN
    where numbers are not finite. The models hold these keys in one shape."""
    keys = [key for keys in blocks.values() for key in keys]
    stage, n = _stage(models, keys, job), len(models)
    summer = KeySummer(models, choose_device(device, memory), stage.advance, lambda broken: None)
    for block, members in blocks.items():
        try:
            sums = list(summer.sums(members))
        except torch.cuda.OutOfMemoryError:
            summer = KeySummer(models, _fall_back(memory), stage.advance, lambda broken: None)
            sums = list(summer.sums(members))
        squares, norms = np.full((len(sums), n, n), np.nan), np.full((len(sums), n), np.nan)
        for row, one in enumerate(sums):
            squares[(row, *np.ix_(one.members, one.members))] = one.squares
            norms[row, list(one.members)] = one.norms
        yield block, {"keys": np.array([one.key for one in sums], dtype=str), "squares": squares, "norms": norms}


PASSES: dict[str, Callable[..., Iterator[tuple[str, Arrays]]]] = {
    WEIGHTS.method: weight_pass,
    SAMPLED.method: partial(weight_pass, sample=SAMPLED.sample),
}
"""A reading's method → the pass that makes its sums."""


def _parts(summer: KeySummer, layout: Layout, keys: Sequence[str]) -> list[Sums]:
    by_component: dict[str, list[str]] = {}
    for key in keys:
        by_component.setdefault(layout.places[key].component, []).append(key)
    return [
        part
        for component, own in by_component.items()
        for part in add_up(Part.of_key(component, sums) for sums in summer.sums(own))
    ]


def _stage(models: Sequence[Checkpoint], keys: Sequence[str], job: Job, sample: Sample | None = None) -> Stage:
    @cache
    def read(key: str, count: int) -> int:
        return numbers(sample.ranges(key, count)) if sample else count

    total = sum(
        read(key, w.stored.count) * w.stored.item_bytes
        for model in models
        for key in keys
        if (w := model.weights.get(key))
    )
    return Stage(job, "reading weights", total)


def _in_words(found: NonFinite) -> str:
    if found.nans or found.infinities:
        return f"{found.nans} NaN and {found.infinities} infinities in {found.key}, left out"
    return f"numbers too large to square in {found.key}, left out"


def attention_pass(
    models: Sequence[Checkpoint],
    layers: Mapping[str, str],
    variant: Variant,
    blocks: Sequence[str],
    job: Job,
    device: str,
    memory: int | None = None,
) -> Iterator[tuple[str, Arrays]]:
    """Per block: the scores of all pairs."""
    total = sum(
        w.stored.count * w.stored.item_bytes
        for m in models
        for block in blocks
        for w in projections(m.weights, layers[block])
    )
    stage = Stage(job, "probing attention", total)
    place = choose_device(device, memory)
    done: set[str] = set()
    while done != set(blocks):
        try:
            for block, scores in probe_grams(models, layers, variant, set(blocks) - done, place, stage.advance):
                done.add(block)
                yield block, {"scores": scores}
        except torch.cuda.OutOfMemoryError:
            place = _fall_back(memory)


def _fall_back(memory: int | None) -> Device:
    device_log.warning("the GPU ran out of memory: going on with the CPU")
    torch.cuda.empty_cache()
    return choose_device("cpu", memory)
