"""One pass over the files, block by block, with its progress. Imported only when something has to be read: torch."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple
from functools import cache
from itertools import groupby

import numpy as np
import torch
from numpy.typing import NDArray

from ...checkpoints.layout import Layout
from ...checkpoints.reader import Checkpoint
from ...job import Job, Stage
from ...similarity.asimilarity import attention_grams
from ...similarity.attention import Variant, projections
from ...similarity.device import Device, choose_device, fallen_back
from ...similarity.grams import GramSums
from ...similarity.histogram import Histogram, histogram
from ...similarity.pairs import PairSums
from ...similarity.parts import WEIGHTS, Lengths, NonFinite, PairPart, Part, Reading, Sums, add_up, to_arrays
from ...similarity.sampling import Sample, numbers
from ...similarity.weights import KeySummer

Arrays = dict[str, NDArray]

SUMMED = {Lengths: GramSums, Part: GramSums, PairPart: PairSums}
"""The form of a block's sums → what is summed key by key."""


def weight_pass(
    models: Sequence[Checkpoint],
    layout: Layout,
    blocks: Mapping[str, Sequence[str]],
    job: Job,
    device: str,
    memory: int | None = None,
    reading: Reading = WEIGHTS,
) -> Iterator[tuple[str, Arrays]]:
    """Per block: the stored form of its sums, and what was not finite."""
    keys, form = [key for keys in blocks.values() for key in keys], reading.form
    stage = _stage(models, keys, job, reading.sample)
    broken: list[NonFinite] = []

    def summer_on(place: Device) -> KeySummer:
        joined = form is Lengths  # whose sums add up, whatever key they are of
        return KeySummer(models, place, stage.advance, broken.append, reading.sample, SUMMED[form], joined)

    summer = summer_on(choose_device(device, memory))
    for block, members in blocks.items():
        broken.clear()
        try:
            parts = _parts(summer, form, layout, members)
        except torch.cuda.OutOfMemoryError:
            broken.clear()
            summer = summer_on(fallen_back(memory))
            parts = _parts(summer, form, layout, members)
        told = [astuple(found) for found in broken]
        yield block, to_arrays(parts) | {"non_finite": np.array(json.dumps(told))}


def key_parts(
    models: Sequence[Checkpoint], layout: Layout, job: Job, device: str, reading: Reading = WEIGHTS
) -> Iterator[tuple[str, list[Sums]]]:
    """Per key: its sums."""
    keys, form = list(layout.places), reading.form
    stage = _stage(models, keys, job, reading.sample)
    place, told = choose_device(device), lambda broken: None
    summer = KeySummer(models, place, stage.advance, told, reading.sample, SUMMED[form])
    for key, sums in groupby(summer.sums(keys), lambda one: one.key):
        component = layout.places[key].component
        yield key, add_up(form.of_key(component, one) for one in sums)


def key_pass(
    models: Sequence[Checkpoint],
    blocks: Mapping[str, Sequence[str]],
    job: Job,
    device: str,
    memory: int | None = None,
) -> Iterator[tuple[str, Arrays]]:
    """Per block: its `keys` [k], and of each the `squares` ‖a−b‖² and `products` ⟨a, b⟩ [k, n, n] and `norms` ‖a‖²
    [k, n] of the models, NaN where numbers are not finite. The models hold these keys in one shape."""
    keys = [key for keys in blocks.values() for key in keys]
    stage, n = _stage(models, keys, job), len(models)
    summer = KeySummer(models, choose_device(device, memory), stage.advance, lambda broken: None)
    for block, members in blocks.items():
        try:
            sums = list(summer.sums(members))
        except torch.cuda.OutOfMemoryError:
            summer = KeySummer(models, fallen_back(memory), stage.advance, lambda broken: None)
            sums = list(summer.sums(members))
        squares, products, norms = (np.full((len(sums), *shape), np.nan) for shape in ((n, n), (n, n), (n,)))
        for row, one in enumerate(sums):
            pick = np.ix_(one.members, one.members)
            squares[(row, *pick)], products[(row, *pick)] = one.squares, one.products
            norms[row, list(one.members)] = one.norms
        keys_of_block = np.array([one.key for one in sums], dtype=str)
        yield block, {"keys": keys_of_block, "squares": squares, "products": products, "norms": norms}


def histogram_pass(
    pair: Sequence[Checkpoint],
    components: Mapping[str, Sequence[str]],
    job: Job,
    device: str,
    memory: int | None = None,
) -> Iterator[Histogram]:
    """Per component: the histogram of the differences of two models, who hold these keys in one shape."""
    keys = [key for keys in components.values() for key in keys]
    stage = _stage(pair, keys * 2, job)  # once for the scale, once for the bins
    place = choose_device(device, memory)
    for component, own in components.items():
        try:
            yield histogram(pair, component, own, place, stage.advance)
        except torch.cuda.OutOfMemoryError:
            place = fallen_back(memory)
            yield histogram(pair, component, own, place, stage.advance)


def _parts(summer: KeySummer, form: type[Sums], layout: Layout, keys: Sequence[str]) -> list[Sums]:
    by_component: dict[str, list[str]] = {}
    for key in keys:
        by_component.setdefault(layout.places[key].component, []).append(key)
    return [
        part
        for component, own in by_component.items()
        for part in add_up(form.of_key(component, sums) for sums in summer.sums(own))
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
    stage = Stage(job, "reading attention layers", total)
    place = choose_device(device, memory)
    done: set[str] = set()
    while done != set(blocks):
        try:
            for block, scores in attention_grams(models, layers, variant, set(blocks) - done, place, stage.advance):
                done.add(block)
                yield block, {"scores": scores}
        except torch.cuda.OutOfMemoryError:
            place = fallen_back(memory)
