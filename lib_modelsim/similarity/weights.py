"""All the weights of n models → sums per block from which every measure of all pairs follows; each file is read once.

Everything comes from Gram matrices: ‖a−b‖² = G_aa + G_bb − 2 G_ab. Checkpoints of one family differ by a percent of
their weights or less, where float32 sums of the weights themselves are too coarse and float64 arithmetic too slow.
So the models are strung on a minimum spanning tree of (sampled) distances, and each but the root is replaced by its
difference from its parent, which float32 holds exactly enough. The difference of any two models is the sum of the
differences along the path between them, none of which is longer than the one asked for: nothing cancels. The Gram
matrix of those differences is carried back by the tree's path matrix in float64.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import cycle

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, minimum_spanning_tree

from ..checkpoints.reader import Checkpoint, Weight
from ..checkpoints.values import ValueReader
from .device import Device
from .parts import KeySums

Array = NDArray[np.float64]

_SLICE_NUMBERS = 1 << 18
"""float32 numbers worked on at a time on the CPU, over all models together: they stay in the cache between steps."""

_SHORTEST_SLICE = 1 << 14
"""Numbers per model in a slice at least: below, calls cost more than arithmetic."""


@dataclass(frozen=True)
class NonFinite:
    """NaN or infinities that a model holds under one key; the key is then left out for this model."""

    model: int
    key: str
    nans: int
    infinities: int


def key_sums(
    models: Sequence[Checkpoint],
    keys: Iterable[str],
    tree: SpanningTree,
    device: Device,
    tick: Callable[[int], None],
    non_finite: Callable[[NonFinite], None],
) -> Iterator[KeySums]:
    """Sums of each key, one item per shape in which at least one model holds it.

    `tick(bytes)` is called for what was read and may raise to stop; `non_finite` is told of NaN and infinities.
    """
    tasks = (_Task(key, {i: models[i].weights[key] for i in members}) for key in keys for members in same_shape(models, key))
    yield from _finite_sums(tasks, tree, device, tick, non_finite)


def same_shape(models: Sequence[Checkpoint], key: str) -> list[tuple[int, ...]]:
    """Positions of the models that hold this key, grouped by its shape, the groups in order of appearance."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for i, model in enumerate(models):
        if key in model.weights:
            groups.setdefault(model.weights[key].shape, []).append(i)
    return [tuple(members) for members in groups.values()]


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


@dataclass(frozen=True)
class _Piece:
    """Elements [start:stop] of one key, in each model's own dtype."""

    task: _Task
    start: int
    stop: int
    values: list[torch.Tensor]


def _finite_sums(
    tasks: Iterable[_Task],
    tree: SpanningTree,
    device: Device,
    tick: Callable[[int], None],
    non_finite: Callable[[NonFinite], None],
) -> Iterator[KeySums]:
    """The sums of every task over those models whose numbers are all finite."""
    total = _Sums(RootedTree.of_nobody(), device)
    for piece in _one_ahead(_pieces(tasks, device.budget // 4)):
        task = piece.task
        if piece.start == 0:
            total = _Sums(tree.over(tuple(task.weights)), device)
        total.add(piece.values)
        tick((piece.stop - piece.start) * task.row_bytes)
        if piece.stop == task.count:
            broken = [i for i, norm in zip(task.weights, total.largest, strict=True) if not np.isfinite(norm)]
            if broken:
                for i in broken:
                    non_finite(_count_non_finite(i, task))
                rest = _Task(task.key, {i: weight for i, weight in task.weights.items() if i not in broken})
                yield from _finite_sums([rest], tree, device, lambda again: None, non_finite)
            else:
                yield total.finish(task.key, tuple(task.weights))


def _count_non_finite(model: int, task: _Task) -> NonFinite:
    """What is not finite in one model. Nothing is where finite numbers are too large to be squared in float32."""
    values = ValueReader().flat(task.weights[model], 0, task.count)
    return NonFinite(model, task.key, int(values.isnan().sum()), int(values.isinf().sum()))


def _pieces(tasks: Iterable[_Task], budget: int) -> Iterator[_Piece]:
    """The keys in pieces of at most `budget` bytes over all models: as large as that, so that disks need not seek.

    A piece's values hold until the next but one is made: two sets of buffers take turns.
    """
    banks = cycle(([], []))
    for task in tasks:
        longest = max(1, budget // max(1, task.row_bytes))
        for start in range(0, max(1, task.count), longest):
            stop, readers = min(start + longest, task.count), next(banks)
            readers += [ValueReader() for _ in range(len(task.weights) - len(readers))]
            values = [reader.flat(weight, start, stop) for reader, weight in zip(readers, task.weights.values(), strict=False)]
            yield _Piece(task, start, stop, values)


def _one_ahead(pieces: Iterator[_Piece]) -> Iterator[_Piece]:
    """The same pieces, each read while the one before it is worked on."""
    with ThreadPoolExecutor(1, thread_name_prefix="modelsim-read") as reading:
        coming = reading.submit(next, pieces, None)
        while (piece := coming.result()) is not None:
            coming = reading.submit(next, pieces, None)
            yield piece


class _Sums:
    """Over the pieces of one key: the largest norm of each model, and the Gram matrix of the differences (float64)."""

    def __init__(self, tree: RootedTree, device: Device):
        m = len(tree.matrix)
        self.largest, self.gram = np.zeros(m), np.zeros((m, m))
        self._tree, self._device = tree, device

    def add(self, values: Sequence[torch.Tensor]) -> None:
        """Take in a piece of every model, in slices that stay in the cache (or fit the GPU) from step to step."""
        count, m = (len(values[0]) if values else 0), len(values)
        on_cpu = self._device.torch.type == "cpu"
        step = max(_SHORTEST_SLICE, (_SLICE_NUMBERS if on_cpu else self._device.budget // 16) // max(1, m))
        rows = torch.empty(m, min(step, count), device=self._device.torch)
        for first in range(0, count, step):
            last = min(first + step, count)
            for row, value in zip(rows, values, strict=True):
                row[: last - first].copy_(value[first:last])
            self._add_slice(rows[:, : last - first])

    def _add_slice(self, rows: torch.Tensor) -> None:
        """Take in float32 numbers, [m, c]; they are overwritten by their differences."""
        self.largest = np.maximum(self.largest, torch.linalg.vector_norm(rows, dim=1).cpu().numpy())
        for child, parent in self._tree.leaves_first:
            rows[child] -= rows[parent]
        self.gram += (rows @ rows.T).cpu().numpy()

    def finish(self, key: str, members: tuple[int, ...]) -> KeySums:
        """‖a−b‖² and ‖a‖² of the models themselves."""
        tree = self._tree
        whole = tree.matrix @ self.gram @ tree.matrix.T
        relative = tree.differences @ self.gram @ tree.differences.T
        own = relative.diagonal()
        squares = np.maximum(own[:, None] + own[None, :] - 2 * relative, 0)
        same = tree.identical(self.gram.diagonal())
        squares[same[:, None] == same[None, :]] = 0
        norms = np.where(self.largest == 0, 0, np.maximum(whole.diagonal(), 0))
        return KeySums(key, members, squares, norms[same])  # copies have one norm, to the last digit


@dataclass(frozen=True)
class RootedTree:
    """A rooted tree over m models as arithmetic: model = Σ of the differences on its way from the root.

    `matrix` [m, m] has a 1 where a node lies on a model's way, `differences` is the same without the root's column;
    `leaves_first` are (child, parent) pairs, every child before its parent's own turn.
    """

    matrix: Array
    differences: Array
    leaves_first: tuple[tuple[int, int], ...]

    @classmethod
    def of_nobody(cls) -> RootedTree:
        """The tree over no models."""
        return cls(np.zeros((0, 0)), np.zeros((0, 0)), ())

    def identical(self, edges: Array) -> NDArray[np.intp]:
        """Per model, the topmost model that it equals to the last bit; `edges` [m] are the squared differences."""
        first = np.arange(len(edges))
        for child, parent in reversed(self.leaves_first):
            if edges[child] == 0:
                first[child] = first[parent]
        return first


class SpanningTree:
    """Minimum spanning trees of one matrix of distances [n, n], for any subset of the models."""

    def __init__(self, distances: Array):
        self._distances = distances
        self.over = cache(self._over)

    def _over(self, members: tuple[int, ...]) -> RootedTree:
        m = len(members)
        if m == 0:
            return RootedTree.of_nobody()
        near = self._distances[np.ix_(members, members)] + 1e-30  # a zero would be no edge
        spanning = minimum_spanning_tree(csr_array(near))  # of a dense array it drops what is below 1e-8
        order, parents = breadth_first_order(spanning, 0, directed=False)
        matrix = np.zeros((m, m))
        for node in order:
            if parents[node] >= 0:
                matrix[node] = matrix[parents[node]]
            matrix[node, node] = 1
        differences = matrix.copy()
        differences[:, 0] = 0
        return RootedTree(matrix, differences, tuple((int(node), int(parents[node])) for node in order[:0:-1]))


def sampled_distances(models: Sequence[Checkpoint], keys: Sequence[str], numbers: int = 4096) -> Array:
    """Rough ‖a−b‖ of all pairs, [n, n], from the first `numbers` of each of these keys, in float64.

    Only the shape of the spanning tree depends on it: a poor sample costs digits, never correctness.
    """
    reader, sample = ValueReader(), np.zeros((len(models), len(keys), numbers))
    for i, model in enumerate(models):
        for j, key in enumerate(keys):
            weight = model.weights.get(key)
            if weight is not None:
                count = min(numbers, weight.stored.count)
                sample[i, j, :count] = reader.flat(weight, 0, count).to(torch.float64).numpy()
    points = np.nan_to_num(sample.reshape(len(models), -1), posinf=0, neginf=0).clip(-1e100, 1e100)  # squares stay finite
    return np.stack([np.linalg.norm(points - point, axis=1) for point in points])
