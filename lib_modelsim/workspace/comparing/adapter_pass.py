"""One pass over adapters, block by block, with its progress."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ...adapters.products import gram, key_sums
from ...adapters.reading import Adapter, AdapterLayer, read_adapter
from ...checkpoints.layout import Layout
from ...checkpoints.reader import Checkpoint
from ...job import Job, Stage
from ...similarity.device import one_torch_thread
from ...similarity.parts import ChangePart, KeySums, add_up, to_arrays
from .caching import Arrays

_MOST_WORKERS = 4
"""Layers worked on at the same time at most."""


def adapter_pass(
    models: Sequence[Checkpoint], layout: Layout, blocks: Mapping[str, Sequence[str]], job: Job
) -> Iterator[tuple[str, Arrays]]:
    """Per block: the stored form of its sums, and what was not finite."""
    adapters = [read_adapter(model) or Adapter("", None) for model in models]
    stage = Stage(job, "comparing changes", sum(map(len, blocks.values())), "layers")
    workers = min(_MOST_WORKERS, os.cpu_count() or 1)
    with one_torch_thread(), ThreadPoolExecutor(workers, thread_name_prefix="modelsim") as pool:
        for block, keys in blocks.items():
            by_component: dict[str, list[ChangePart]] = {}
            told = []
            for key, found in zip(keys, pool.map(lambda key: list(_of_key(key, adapters)), keys), strict=True):
                component = layout.places[key].component
                for sums, broken in found:
                    by_component.setdefault(component, []).append(ChangePart.of_key(component, sums))
                    told += [(i, f"NaN or infinities in {key}: left out", key) for i in broken]
                stage.advance(1)
            added = [one for own in by_component.values() for one in add_up(own)]
            yield block, to_arrays(added) | {"non_finite": np.array(json.dumps(told))}


def _of_key(key: str, adapters: Sequence[Adapter]) -> Iterator[tuple[KeySums, list[int]]]:
    """The sums of one layer, for each shape in which somebody changes it; and who holds numbers that are not finite."""
    by_shape: dict[tuple[int, ...], list[tuple[int, AdapterLayer]]] = {}
    for i, adapter in enumerate(adapters):
        layer = adapter.layers.get(key)
        if layer is not None:
            by_shape.setdefault(layer.shape, []).append((i, layer))
    for layers in by_shape.values():
        loaded = [(i, layer.load()) for i, layer in layers]
        with np.errstate(over="ignore", invalid="ignore"):
            broken = [i for i, change in loaded if not change.finite]
            kept = [(i, change) for i, change in loaded if i not in broken]
            if kept:
                members = tuple(i for i, _ in kept)
                yield key_sums(key, members, gram([change for _, change in kept])), broken
