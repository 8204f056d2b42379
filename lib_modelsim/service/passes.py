"""One pass over the files, block by block, with its progress. Imported only when something has to be read: torch."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from ..checkpoints.layout import Layout
from ..checkpoints.reader import Checkpoint
from ..similarity.asimilarity import probe_grams
from ..similarity.attention import Variant, projections
from ..similarity.device import CPU, Device, choose_device
from ..similarity.device import log as device_log
from ..similarity.parts import Part, add_up, to_arrays
from ..similarity.weights import NonFinite, SpanningTree, key_sums, sampled_distances
from .job import Job, Stage

Arrays = dict[str, NDArray]

_SAMPLED_KEYS = 24


def weight_pass(
    models: Sequence[Checkpoint], layout: Layout, blocks: Mapping[str, Sequence[str]], job: Job, device: str
) -> Iterator[tuple[str, Arrays]]:
    """Per block: the stored form of its parts, and what was not finite."""
    keys = [key for keys in blocks.values() for key in keys]
    stage, tree, place = _stage(models, keys, job), _tree(models, layout, keys), choose_device(device)
    for block, members in blocks.items():
        arrays, place = _with_fallback(lambda on, members=members: _weight_block(models, layout, members, tree, on, stage), place)
        yield block, arrays


def key_parts(models: Sequence[Checkpoint], layout: Layout, job: Job, device: str) -> Iterator[tuple[str, list[Part]]]:
    """Per key: its parts."""
    keys = list(layout.places)
    stage, tree, place = _stage(models, keys, job), _tree(models, layout, keys), choose_device(device)
    for key in keys:
        sums = key_sums(models, [key], tree, place, stage.advance, lambda broken: None)
        yield key, add_up(layout.places[key].component, sums)


def _stage(models: Sequence[Checkpoint], keys: Sequence[str], job: Job) -> Stage:
    total = sum(w.stored.count * w.stored.item_bytes for model in models for key in keys if (w := model.weights.get(key)))
    return Stage(job, "reading weights", total)


def _tree(models: Sequence[Checkpoint], layout: Layout, keys: Sequence[str]) -> SpanningTree:
    """A tree from samples of large keys, spread over the largest quarter of them."""
    large = sorted(keys, key=lambda key: -math.prod(layout.places[key].shape))
    step = max(1, len(large) // (4 * _SAMPLED_KEYS))
    return SpanningTree(sampled_distances(models, large[: step * _SAMPLED_KEYS : step]))


def _weight_block(
    models: Sequence[Checkpoint], layout: Layout, keys: Sequence[str], tree: SpanningTree, device: Device, stage: Stage
) -> Arrays:
    broken: list[NonFinite] = []
    parts = []
    by_component: dict[str, list[str]] = {}
    for key in keys:
        by_component.setdefault(layout.places[key].component, []).append(key)
    for component, own in by_component.items():
        parts += add_up(component, key_sums(models, own, tree, device, stage.advance, broken.append))
    told = [(found.model, _in_words(found)) for found in broken]
    return to_arrays(parts) | {"non_finite": np.array(json.dumps(told))}


def _in_words(found: NonFinite) -> str:
    if found.nans or found.infinities:
        return f"{found.nans} NaN and {found.infinities} infinities in {found.key}, left out"
    return f"numbers too large to square in {found.key}, left out"


def attention_pass(
    models: Sequence[Checkpoint], layers: Mapping[str, str], variant: Variant, blocks: Sequence[str], job: Job, device: str
) -> Iterator[tuple[str, Arrays]]:
    """Per block: the scores of all pairs."""
    total = sum(w.stored.count * w.stored.item_bytes for m in models for block in blocks for w in projections(m.weights, layers[block]))
    stage = Stage(job, "probing attention", total)
    place = choose_device(device)
    done: set[str] = set()
    while done != set(blocks):
        try:
            for block, scores in probe_grams(models, layers, variant, set(blocks) - done, place, stage.advance):
                done.add(block)
                yield block, {"scores": scores}
        except torch.cuda.OutOfMemoryError:
            place = _fall_back()


def _with_fallback(work: Callable[[Device], Arrays], place: Device) -> tuple[Arrays, Device]:
    """The work on this device, or on the CPU where the GPU has no room for it; and where to go on."""
    try:
        return work(place), place
    except torch.cuda.OutOfMemoryError:
        cpu = _fall_back()
        return work(cpu), cpu


def _fall_back() -> Device:
    device_log.warning("the GPU ran out of memory: going on with the CPU")
    torch.cuda.empty_cache()
    return CPU
