"""All the weights of n models → sums per block from which every measure of all pairs follows; each file is read once.

Everything comes from Gram matrices: ‖a−b‖² = G_aa + G_bb − 2 G_ab. Checkpoints of one family differ by a percent of
their weights or less, where float32 sums of the weights themselves are too coarse and float64 arithmetic too slow.
So for each key the models are strung on a minimum spanning tree of distances (of a sample), and each but the root is
replaced by its difference from its parent, which float32 holds exactly enough. The difference of any two models is the
sum of the differences along the path between them, none of which is longer than the one asked for: nothing cancels.
The Gram matrix of those differences is carried back by the tree's path matrix in float64.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Event
from typing import Generic, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from ..checkpoints.reader import Checkpoint, Weight
from ..checkpoints.values import ValueReader
from .device import Device, one_torch_thread
from .parts import KeySums
from .sampling import Range, Sample, batches, numbers

Array = NDArray[np.float64]

OfKey = TypeVar("OfKey")

_SLICE_NUMBERS = 1 << 20
"""float32 numbers worked on at a time on the CPU, over all models together: they stay in the cache between steps."""

_MOST_WORKERS = 4
"""Keys worked on at the same time at most: more make a disk seek."""

_BAND = 64
"""Models multiplied with all after them at a time: of a symmetric matrix only one half is needed."""

_RESOLUTION = 1e-6
"""Of a square relative to the squares that it was summed up from in float32."""

_SHORTEST_SLICE = 1 << 14
"""Numbers per model in a slice at least: below, calls cost more than arithmetic."""


@dataclass(frozen=True)
class NonFinite:
    """NaN or infinities that a model holds under one key; the key is then left out for this model."""

    model: int
    key: str
    nans: int
    infinities: int


class Summed(Protocol[OfKey]):
    """What `KeySummer` adds up over the pieces of one key of m models; made from m and the device.

    A model whose `largest` [m] is not finite is left out, and the key is summed anew over the others. What `finish`
    gives can be `scaled` up where only a sample was read.
    """

    largest: Array

    def add(self, values: Sequence[torch.Tensor]) -> None:
        """Take in the same elements of each model, in its own dtype."""

    def finish(self, key: str, members: tuple[int, ...]) -> OfKey:
        """The sums of the whole key; `members` are the models' positions."""


class KeySummer(Generic[OfKey]):
    """Sums key after key of some models, several keys at a time.

    Each worker takes a whole key, with torch on one thread: the steps are too short to be shared among threads, which
    then wait for each other on a busy machine. `tick(bytes)` is called by the workers for what they read and may
    raise to stop; `non_finite` is told of NaN and infinities. With a `sample` only that is read, and the sums are
    scaled up to the whole keys. `form` says what is summed; by default Gram matrices.
    """

    def __init__(
        self,
        models: Sequence[Checkpoint],
        device: Device,
        tick: Callable[[int], None],
        non_finite: Callable[[NonFinite], None],
        sample: Sample | None = None,
        form: Callable[[int, Device], Summed[OfKey]] | None = None,
    ):
        self._models, self._device, self._tick, self._non_finite = models, device, tick, non_finite
        self._sample, self._form = sample, form or GramSums
        self._workers = min(_MOST_WORKERS, os.cpu_count() or 1)
        self._readers: SimpleQueue[list[ValueReader]] = SimpleQueue()
        for _ in range(self._workers):
            self._readers.put([ValueReader() for _ in models])
        self._stop = Event()

    def sums(self, keys: Iterable[str]) -> Iterator[OfKey]:
        """Sums of each key in turn, one item per shape in which at least one model holds it."""
        tasks = [
            _Task(key, {i: self._models[i].weights[key] for i in members})
            for key in keys
            for members in same_shape(self._models, key)
        ]
        self._stop.clear()
        with one_torch_thread(), ThreadPoolExecutor(self._workers, thread_name_prefix="modelsim") as pool:
            try:
                yield from pool.map(self._finite_sums, tasks)
            finally:
                self._stop.set()  # after an error, or when nobody listens any more: the workers end with their piece

    def _finite_sums(self, task: _Task) -> OfKey:
        """The sums over those models whose numbers are all finite."""
        total = self._form(len(task.weights), self._device)
        for piece in self._pieces(task):
            total.add(piece)
        broken = [i for i, norm in zip(task.weights, total.largest, strict=True) if not np.isfinite(norm)]
        if not broken:
            found = total.finish(task.key, tuple(task.weights))
            return found.scaled(task.count, numbers(self._ranges(task))) if self._sample else found
        for i in broken:
            self._non_finite(_count_non_finite(i, task))
        return self._finite_sums(_Task(task.key, {i: weight for i, weight in task.weights.items() if i not in broken}))

    def _ranges(self, task: _Task) -> list[Range]:
        return self._sample.ranges(task.key, task.count) if self._sample else [(0, task.count)]

    def _pieces(self, task: _Task) -> Iterator[list[torch.Tensor]]:
        """The same elements of each model, in its own dtype, as many at a time as the budget allows: the longer the
        reads, the less a disk has to seek. A piece holds until the next is made."""
        longest = max(1, self._device.budget // 2 // self._workers // max(1, task.row_bytes))
        readers = self._readers.get()
        try:
            for ranges in batches(self._ranges(task), longest):
                if self._stop.is_set():
                    raise CancelledError
                yield [_gathered(readers[i], weight, ranges) for i, weight in task.weights.items()]
                self._tick(numbers(ranges) * task.row_bytes)
        finally:
            self._readers.put(readers)


def same_shape(models: Sequence[Checkpoint], key: str) -> list[tuple[int, ...]]:
    """Positions of the models that hold this key, grouped by its shape, the groups in order of appearance."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for i, model in enumerate(models):
        if key in model.weights:
            groups.setdefault(model.weights[key].shape, []).append(i)
    return [tuple(members) for members in groups.values()]


def _gathered(reader: ValueReader, weight: Weight, ranges: Sequence[Range]) -> torch.Tensor:
    """The elements in these ranges, in the weight's own dtype, in one row."""
    if len(ranges) == 1:
        return reader.flat(weight, *ranges[0])
    if weight.stored.strides is not None:  # its order is not the file's: one read of it all, not one a range
        everything = reader.flat(weight, 0, weight.stored.count)
        return torch.cat([everything[start:stop] for start, stop in ranges])
    return torch.cat([reader.flat(weight, start, stop).clone() for start, stop in ranges])


@dataclass(frozen=True)
class _Task:
    """One key of the models that hold it in one shape, by their positions."""

    key: str
    weights: dict[int, Weight]

    @property
    def count(self) -> int:
        """Elements of the key in each of the models."""
        return next((weight.stored.count for weight in self.weights.values()), 0)

    @property
    def row_bytes(self) -> int:
        """Bytes of one element in all of the models."""
        return sum(weight.stored.item_bytes for weight in self.weights.values())


def _count_non_finite(model: int, task: _Task) -> NonFinite:
    """What is not finite in one model. Nothing is where finite numbers are too large to be squared in float32."""
    reader, nans, infinities = ValueReader(), 0, 0
    for start in range(0, task.count, _SLICE_NUMBERS):
        stored = reader.flat(task.weights[model], start, min(start + _SLICE_NUMBERS, task.count))
        values = stored.to(torch.float64)  # torch does not look for infinities in every dtype
        nans += int(values.isnan().sum())
        infinities += int(values.isinf().sum())
    return NonFinite(model, task.key, nans, infinities)


class GramSums:
    """Over the pieces of one key of m models: the largest norm of each, and the Gram matrix of the differences (its
    upper half, float64). The first piece's sample tells the tree."""

    def __init__(self, m: int, device: Device):
        self.largest, self._gram = np.zeros(m), np.zeros((m, m))
        self._tree: RootedTree | None = None
        self._device = device

    def add(self, values: Sequence[torch.Tensor]) -> None:
        """Take in a piece of every model, in slices that stay in the cache (or fit the GPU) from step to step."""
        if self._tree is None:
            self._tree = RootedTree.over(sampled_distances(values))
        count, m = len(values[0]), len(values)
        on_cpu = self._device.torch.type == "cpu"
        step = max(_SHORTEST_SLICE, (_SLICE_NUMBERS if on_cpu else self._device.budget // 16) // m)
        rows = torch.empty(m, min(step, count), device=self._device.torch)
        for first in range(0, count, step):
            last = min(first + step, count)
            for row, value in zip(rows, values, strict=True):
                row[: last - first].copy_(value[first:last])
            self._add_slice(rows[:, : last - first], self._tree)

    def _add_slice(self, rows: torch.Tensor, tree: RootedTree) -> None:
        """Take in float32 numbers, [m, c]; they are overwritten by their differences."""
        self.largest = np.maximum(self.largest, torch.linalg.vector_norm(rows, dim=1).cpu().numpy())
        for child, parent in tree.leaves_first:
            rows[child] -= rows[parent]
        for first in range(0, len(rows), _BAND):
            band = rows[first : first + _BAND] @ rows[first:].T
            self._gram[first : first + _BAND, first:] += band.cpu().numpy()

    def finish(self, key: str, members: tuple[int, ...]) -> KeySums:
        """‖a−b‖² and ‖a‖² of the models themselves."""
        gram = np.triu(self._gram) + np.triu(self._gram, 1).T
        tree = self._tree or RootedTree.over(gram)  # of a key without numbers
        norms = (tree.paths @ gram @ tree.paths.T).diagonal()
        return KeySums(key, members, tree.squares(gram), np.where(self.largest == 0, 0, np.maximum(norms, 0)))


@dataclass(frozen=True)
class RootedTree:
    """A tree over m models as arithmetic: each model is the sum of the differences on its way from the root.

    `paths` [m, m] has a 1 where a node lies on a model's way; the root, node 0, stands for itself. `leaves_first` are
    (child, parent) pairs, every child before its parent's own turn.
    """

    paths: Array
    leaves_first: tuple[tuple[int, int], ...]

    @classmethod
    def over(cls, distances: Array) -> RootedTree:
        """The minimum spanning tree over distances [m, m] (Prim's algorithm).

        Not scipy's, which takes a zero for no edge: equal models are just those that belong side by side.
        """
        m = len(distances)
        paths, parents, order = np.eye(m), np.zeros(m, dtype=int), []
        nearest = distances[0].copy() if m else np.zeros(0)
        nearest[:1] = np.inf
        for _ in range(m - 1):
            node = int(nearest.argmin())
            order.append((node, int(parents[node])))
            paths[node] += paths[parents[node]]
            nearest[node] = np.inf
            closer = (distances[node] < nearest) & np.isfinite(nearest)
            nearest[closer], parents[closer] = distances[node][closer], node
        return cls(paths, tuple(reversed(order)))

    def squares(self, gram: Array) -> Array:
        """‖a−b‖² of all pairs, [m, m], from the Gram matrix of the differences.

        What is below float32's resolution along the path between two models counts as no difference at all.
        """
        differences = self.paths.copy()
        differences[:, :1] = 0
        relative = differences @ gram @ differences.T
        along = (differences * gram.diagonal()) @ differences.T
        own, way = relative.diagonal(), along.diagonal()
        squares = own[:, None] + own[None, :] - 2 * relative
        longest = way[:, None] + way[None, :] - 2 * along  # Σ of the squares on the path from a to b
        return np.where(squares > _RESOLUTION * longest, squares, 0)


def sampled_distances(values: Sequence[torch.Tensor], numbers: int = 256) -> Array:
    """Rough squared distances of all pairs, [m, m], from evenly spaced elements of each model's [c].

    Only the shape of the tree depends on it: a poor sample costs digits, never correctness.
    """
    step = max(1, len(values[0]) // numbers)
    points = np.stack([value[::step].to(torch.float64).numpy() for value in values])
    points = np.nan_to_num(points, posinf=0, neginf=0).clip(-1e100, 1e100)  # squares stay finite
    points -= points[0]
    gram = points @ points.T
    own = gram.diagonal()
    return np.maximum(own[:, None] + own[None, :] - 2 * gram, 0)
