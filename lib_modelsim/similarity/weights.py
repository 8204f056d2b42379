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
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse.csgraph import breadth_first_order, minimum_spanning_tree

from ..checkpoints.reader import Checkpoint, Weight
from ..checkpoints.values import ValueReader
from .device import Device
from .parts import KeySums

Array = NDArray[np.float64]

_SLICE_NUMBERS = 1 << 18
"""float32 numbers worked on at a time on the CPU, over all models together: they stay in the cache between steps."""


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
    readers = [ValueReader() for _ in models]
    for key in keys:
        for members in same_shape([model.weights.get(key) for model in models]):
            weights = {i: models[i].weights[key] for i in members}
            yield _finite_sums(key, weights, readers, tree, device, tick, non_finite)


def same_shape(weights: Sequence[Weight | None]) -> list[tuple[int, ...]]:
    """Positions of the weights that are there, grouped by shape, the groups in order of appearance."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for i, weight in enumerate(weights):
        if weight is not None:
            groups.setdefault(weight.shape, []).append(i)
    return [tuple(members) for members in groups.values()]


def _finite_sums(
    key: str,
    weights: dict[int, Weight],
    readers: Sequence[ValueReader],
    tree: SpanningTree,
    device: Device,
    tick: Callable[[int], None],
    non_finite: Callable[[NonFinite], None],
) -> KeySums:
    """The sums over those models whose numbers are all finite."""
    members = tuple(weights)
    path = tree.over(members)
    total = _Sums(len(members))
    for slices in _slices(weights, readers, device, tick):
        total.add(slices, path)
    broken = [i for i, norm in zip(members, total.largest, strict=True) if not np.isfinite(norm)]
    if not broken:
        return total.finish(key, members, path)
    infected = set()
    for i in broken:
        values = readers[i].flat(weights[i], 0, weights[i].stored.count)
        nans, infinities = int(values.isnan().sum()), int(values.isinf().sum())
        if nans or infinities:
            infected.add(i)
            non_finite(NonFinite(i, key, nans, infinities))
    if not infected:  # finite numbers, too large to be squared in float32: no trained weight, but no reason to stop
        infected = set(broken)
        for i in broken:
            non_finite(NonFinite(i, key, 0, 0))
    rest = {i: weight for i, weight in weights.items() if i not in infected}
    return _finite_sums(key, rest, readers, tree, device, lambda _: None, non_finite)


def _slices(
    weights: dict[int, Weight], readers: Sequence[ValueReader], device: Device, tick: Callable[[int], None]
) -> Iterator[torch.Tensor]:
    """The weights of one key as float32 on the device, [m, c] at a time: read in pieces as large as the budget
    allows, so that disks are not made to seek, and worked on in slices that fit the cache (or the GPU)."""
    count, m = next(iter(weights.values())).stored.count if weights else 0, len(weights)
    widest = max((weight.stored.item_bytes for weight in weights.values()), default=1)
    piece = max(1, device.budget // 2 // (m * widest or 1))
    step = (_SLICE_NUMBERS if device.torch.type == "cpu" else device.budget // 16) // (m or 1) or 1
    rows = torch.empty(m, min(step, piece, count), device=device.torch)
    for start in range(0, count, piece):
        stop = min(start + piece, count)
        values = []
        for i, weight in weights.items():
            values.append(readers[i].flat(weight, start, stop))
            tick((stop - start) * weight.stored.item_bytes)
        for first in range(0, stop - start, step):
            last = min(first + step, stop - start)
            for row, value in zip(rows, values, strict=True):
                row[: last - first].copy_(value[first:last])
            yield rows[:, : last - first]


class _Sums:
    """Over the slices of one key: the largest norm of each model, and the Gram matrix of the differences (float64)."""

    def __init__(self, m: int):
        self.largest = np.zeros(m)
        self.gram = np.zeros((m, m))

    def add(self, rows: torch.Tensor, path: RootedTree) -> None:
        """Take in a slice, [m, c]; it is overwritten."""
        self.largest = np.maximum(self.largest, torch.linalg.vector_norm(rows, dim=1).double().cpu().numpy())
        for child, parent in path.leaves_first:
            rows[child] -= rows[parent]
        self.gram += (rows @ rows.T).double().cpu().numpy()

    def finish(self, key: str, members: tuple[int, ...], path: RootedTree) -> KeySums:
        """‖a−b‖² and ‖a‖² of the models themselves."""
        whole = path.matrix @ self.gram @ path.matrix.T
        relative = path.differences @ self.gram @ path.differences.T
        own = relative.diagonal()
        squares = np.maximum(own[:, None] + own[None, :] - 2 * relative, 0)
        same = path.identical(self.gram.diagonal())
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
            return RootedTree(np.zeros((0, 0)), np.zeros((0, 0)), ())
        near = self._distances[np.ix_(members, members)] + 1e-30  # csgraph takes a zero for no edge
        spanning = minimum_spanning_tree(near)
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
    points = np.nan_to_num(sample.reshape(len(models), -1), posinf=0, neginf=0)
    return np.stack([np.linalg.norm(points - point, axis=1) for point in points])
