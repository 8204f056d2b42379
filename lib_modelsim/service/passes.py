"""One pass over the files, block by block, with its progress. Imported only when something has to be read: torch."""

from __future__ import annotations

import json
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
from ..similarity.parts import add_up, to_arrays
from ..similarity.weights import NonFinite, SpanningTree, key_sums, sampled_distances
from .job import Job, Stage

Arrays = dict[str, NDArray]

_SAMPLED_KEYS = 24


def weight_pass(
    models: Sequence[Checkpoint], layout: Layout, blocks: Mapping[str, Sequence[str]], job: Job, device: str
) -> Iterator[tuple[str, Arrays]]:
    """Per block: the stored form of its parts, and what was not finite."""
    keys = [key for keys in blocks.values() for key in keys]
    total = sum(w.stored.count * w.stored.item_bytes for m in models for key in keys if (w := m.weights.get(key)))
    stage = Stage(job, "reading weights", total)
    large = sorted(keys, key=lambda key: -np.prod(layout.places[key].shape))[: 4 * _SAMPLED_KEYS : 4]
    tree = SpanningTree(sampled_distances(models, large))
    place = choose_device(device)
    for block, members in blocks.items():
        arrays, place = _with_fallback(lambda on, members=members: _weight_block(models, layout, members, tree, on, stage), place)
        yield block, arrays


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
