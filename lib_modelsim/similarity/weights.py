"""All the weights of n models → sums per block from which every measure of all pairs follows; each file is read once.

What is summed for a key, `grams` and `pairs` say; here is which bytes are read for it, and by whom.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from queue import SimpleQueue
from threading import Event
from typing import Generic, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from ..checkpoints.reader import Checkpoint, Weight
from ..checkpoints.values import ValueReader
from .device import Device, one_torch_thread
from .grams import GramSums
from .lots import FEW, LOT_BYTES, read_together
from .parts import NonFinite
from .pieces import Piece, joined
from .sampling import Range, Sample, batches, numbers

OfKey = TypeVar("OfKey")

_PIECE = 1 << 20
"""Numbers looked at at a time for NaN and infinities."""

_MOST_WORKERS = 4
"""Keys worked on at the same time at most: more make a disk seek."""


class Summed(Protocol[OfKey]):
    """What `KeySummer` adds up over the pieces of one key of m models; made from m and the device.

    A model whose `largest` [m] is not finite is left out, and the key is summed anew over the others. What `finish`
    gives can be `scaled` up where only a sample was read.
    """

    largest: NDArray[np.float64]

    def add(self, values: Piece) -> None:
        """Take in the same elements of each model, in its own dtype."""

    def better(self) -> Summed[OfKey] | None:
        """What sums the key anew where that is needed to be right; None where it is not."""

    def finish(self, key: str, members: tuple[int, ...]) -> OfKey:
        """The sums of the whole key; `members` are the models' positions."""


class KeySummer(Generic[OfKey]):
    """Sums key after key of some models, several keys at a time.

    Each worker takes a whole key, or several short ones, with torch on one thread: the steps are too short to be shared
    among threads, which then wait for each other on a busy machine. `tick(bytes)` is called by workers for what they
    read and may raise to stop; `non_finite` is told of NaN and infinities. With a `sample` only that is read, and the
    sums are scaled up to the whole keys. `form` says what is summed; by default Gram matrices. With `join` short keys
    that the same models hold may have one sum together, under the name of the first.
    """

    def __init__(
        self,
        models: Sequence[Checkpoint],
        device: Device,
        tick: Callable[[int], None],
        non_finite: Callable[[NonFinite], None],
        sample: Sample | None = None,
        form: Callable[[int, Device], Summed[OfKey]] | None = None,
        join: bool = False,
    ):
        self._models, self._device, self._tick, self._non_finite = models, device, tick, non_finite
        self._sample, self._form, self._join = sample, form or GramSums, join
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
                for found in pool.map(self._sums_of_lot, self._lots(tasks)):
                    yield from found
            finally:
                self._stop.set()  # after an error, or when nobody listens any more: the workers end with their piece

    def _lots(self, tasks: Iterable[_Task]) -> Iterator[list[_Task]]:
        """The tasks in order; those of the same models that are read whole and are short, several together."""
        lot, room, most = list[_Task](), 0, min(LOT_BYTES, self._budget)
        for task in tasks:
            size = task.count * task.row_bytes
            whole = task.can_join and self._ranges(task) == [(0, task.count)]
            if lot and (not whole or size > room or task.weights.keys() != lot[0].weights.keys()):
                yield lot
                lot = []
            room = (room if lot else most if whole else 0) - size
            lot.append(task)
        if lot:
            yield lot

    def _sums_of_lot(self, lot: Sequence[_Task]) -> list[OfKey]:
        if len(lot) == 1:
            return [self._finite_sums(lot[0])]
        self._go_on()
        read = read_together([list(task.weights.values()) for task in lot])
        self._tick(sum(task.count * task.row_bytes for task in lot))
        together = self._sums_together(lot, joined(read)) if self._join else None
        if together is not None:
            return [together]
        return [self._finite_sums(task, piece) for task, piece in zip(lot, read, strict=True)]

    def _sums_together(self, lot: Sequence[_Task], read: Piece) -> OfKey | None:
        """The sums of all that was read of a lot as of one key; None where numbers are not finite, which is told of
        each key."""
        total = better = self._form(len(lot[0].weights), self._device)
        while better is not None:
            self._go_on()
            total = better
            total.add(read)
            if not np.isfinite(total.largest).all():
                return None
            better = total.better()
        return total.finish(lot[0].key, tuple(lot[0].weights))

    def _finite_sums(self, task: _Task, read: Piece | None = None, form: Summed[OfKey] | None = None) -> OfKey:
        """The sums over those models whose numbers are all finite; `read` is all of the key, where it was read."""
        self._go_on()
        total = form or self._form(len(task.weights), self._device)
        for piece in self._pieces(task) if read is None else [read]:
            total.add(piece)
        broken = [i for i, norm in zip(task.weights, total.largest, strict=True) if not np.isfinite(norm)]
        if not broken:
            better = total.better()
            if better is not None:
                return self._finite_sums(task, read, better)
            found = total.finish(task.key, tuple(task.weights))
            return found.scaled(task.count, numbers(self._ranges(task))) if self._sample else found
        for i in broken:
            self._non_finite(_count_non_finite(i, task))
        return self._finite_sums(_Task(task.key, {i: weight for i, weight in task.weights.items() if i not in broken}))

    def _go_on(self) -> None:
        """Raises CancelledError where it is to stop."""
        if self._stop.is_set():
            raise CancelledError

    @property
    def _budget(self) -> int:
        """Bytes that a worker may hold of what it reads."""
        return self._device.budget // 2 // self._workers

    def _ranges(self, task: _Task) -> list[Range]:
        return self._sample.ranges(task.key, task.count) if self._sample else [(0, task.count)]

    def _pieces(self, task: _Task) -> Iterator[list[torch.Tensor]]:
        """The same elements of each model, in its own dtype, as many at a time as the budget allows: the longer the
        reads, the less a disk has to seek. A piece holds until the next is made."""
        longest = max(1, self._budget // max(1, task.row_bytes))
        readers = self._readers.get()
        try:
            for ranges in batches(self._ranges(task), longest):
                self._go_on()
                yield [_gathered(readers[i], weight, ranges) for i, weight in task.weights.items()]
                self._tick(numbers(ranges) * task.row_bytes)
        finally:
            self._readers.put(readers)


def same_shape(models: Sequence[Checkpoint], key: str) -> list[tuple[int, ...]]:
    """Positions of the models that hold this key, grouped by its shape, the groups in order of appearance."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for i, model in enumerate(models):
        place = model.layout.places.get(key)
        if place is not None:
            groups.setdefault(place.shape, []).append(i)
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
    def can_join(self) -> bool:
        """Whether it may be read with others: it is of many models, in C order without gaps."""
        return len(self.weights) > FEW and all(weight.stored.strides is None for weight in self.weights.values())

    @cached_property
    def row_bytes(self) -> int:
        """Bytes of one element in all of the models."""
        return sum(weight.stored.item_bytes for weight in self.weights.values())


def _count_non_finite(model: int, task: _Task) -> NonFinite:
    """What is not finite in one model. Nothing is where finite numbers are too large or too small to be squared."""
    reader, nans, infinities = ValueReader(), 0, 0
    for start in range(0, task.count, _PIECE):
        stored = reader.flat(task.weights[model], start, min(start + _PIECE, task.count))
        values = stored.to(torch.float64)  # torch does not look for infinities in every dtype
        nans += int(values.isnan().sum())
        infinities += int(values.isinf().sum())
    return NonFinite(model, task.key, nans, infinities)
