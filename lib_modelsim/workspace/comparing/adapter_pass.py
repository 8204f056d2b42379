"""One pass over adapters, layer by layer, with its progress."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import numpy as np

from ...adapters.opened import OpenAdapter, OpenLayer
from ...adapters.products import gram, key_sums
from ...checkpoints.layout import Layout
from ...job import Job, Stage
from ...similarity.device import Device, choose_device, one_torch_thread
from ...similarity.parts import ChangePart, KeySums, add_up, to_arrays
from .caching import Arrays

_MOST_WORKERS = 4
"""Layers worked on at the same time at most."""

_FEW = 32
"""Adapters up to which several layers are worked on at the same time."""

OfLayer = list[tuple[KeySums, list[int]]]
"""The sums of one layer, for each shape in which somebody changes it, and who holds numbers that are not finite."""


def adapter_pass(
    models: Sequence[OpenAdapter], layout: Layout, blocks: Mapping[str, Sequence[str]], job: Job, device: str
) -> Iterator[tuple[str, Arrays]]:
    """Per block: the stored form of its sums, and what was not finite."""
    layers = _layers(models, [key for keys in blocks.values() for key in keys], job, device)
    for block, keys in blocks.items():
        parts: dict[str, list[ChangePart]] = {}
        told = []
        for key, found in islice(layers, len(keys)):
            component = layout.places[key].component
            for sums, broken in found:
                parts.setdefault(component, []).append(ChangePart.of_key(component, sums))
                told += [(i, f"NaN or infinities in {key}: left out", key) for i in broken]
        added = [one for own in parts.values() for one in add_up(own)]
        yield block, to_arrays(added) | {"non_finite": np.array(json.dumps(told))}


def adapter_key_pass(
    models: Sequence[OpenAdapter], blocks: Mapping[str, Sequence[str]], job: Job, device: str
) -> Iterator[tuple[str, Arrays]]:
    """As `streaming.key_pass`, of layers that the adapters change in one shape."""
    n, layers = len(models), _layers(models, [key for keys in blocks.values() for key in keys], job, device)
    for block, keys in blocks.items():
        squares, norms = np.full((len(keys), n, n), np.nan), np.full((len(keys), n), np.nan)
        for row, (_, found) in enumerate(islice(layers, len(keys))):
            for sums, _ in found:
                squares[(row, *np.ix_(sums.members, sums.members))] = sums.squares
                norms[row, list(sums.members)] = sums.norms
        yield block, {"keys": np.array(keys, dtype=str), "squares": squares, "norms": norms}


def adapter_key_parts(
    models: Sequence[OpenAdapter], layout: Layout, job: Job, device: str
) -> Iterator[tuple[str, list[ChangePart]]]:
    """Per key: its sums."""
    for key, found in _layers(models, list(layout.places), job, device):
        component = layout.places[key].component
        yield key, [ChangePart.of_key(component, sums) for sums, _ in found]


def _layers(models: Sequence[OpenAdapter], keys: Sequence[str], job: Job, device: str) -> Iterator[tuple[str, OfLayer]]:
    """The sums of each layer in turn, several worked on at a time."""
    stage = Stage(job, "comparing changes", len(keys), "layers")
    place = choose_device(device)
    if len(models) > _FEW:  # large products: torch's own threads, and the memory of one layer
        for key in keys:
            yield key, _of_layer(key, models, place)
            stage.advance(1)
        return
    workers = min(_MOST_WORKERS, os.cpu_count() or 1)
    with one_torch_thread(), ThreadPoolExecutor(workers, thread_name_prefix="modelsim") as pool:
        for batch in _batches(keys, 2 * workers):  # so that a job is stopped within a few layers
            yield from zip(batch, pool.map(lambda key: _of_layer(key, models, place), batch), strict=True)
            stage.advance(len(batch))


def _batches(keys: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    return (keys[first : first + size] for first in range(0, len(keys), size))


def _of_layer(key: str, adapters: Sequence[OpenAdapter], place: Device) -> OfLayer:
    by_shape: dict[tuple[int, ...], list[tuple[int, OpenLayer]]] = {}
    for i, adapter in enumerate(adapters):
        layer = adapter.layers.get(key)
        if layer is not None:
            by_shape.setdefault(layer.shape, []).append((i, layer))
    found = []
    for layers in by_shape.values():
        loaded = [(i, layer.load()) for i, layer in layers]
        broken = [i for i, change in loaded if not change.finite]
        kept = [(i, change) for i, change in loaded if i not in broken]
        if kept:
            members = tuple(i for i, _ in kept)
            found.append((key_sums(key, members, gram([change for _, change in kept], place.torch)), broken))
    return found
