"""An adapter against a checkpoint of its network: how much of its change is in (checkpoint − base)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..checkpoints.reader import Checkpoint
from ..checkpoints.values import ValueReader
from .formats.form import MAGNITUDE
from .reading import Adapter, AdapterLayer, matrix_shape, numbers

Array = NDArray[np.float64]

_PIECE = 1 << 20
"""Numbers that are summed at a time."""


@dataclass(frozen=True)
class Inside:
    """Sums over the layers of one block that adapter, checkpoint and base all hold: ⟨ΔW, T − A⟩, ‖ΔW‖², ‖T − A‖², and
    how many numbers that is."""

    block: str
    inner: float = 0.0
    own: float = 0.0
    difference: float = 0.0
    count: int = 0

    def __add__(self, other: Inside) -> Inside:
        return Inside(
            self.block,
            self.inner + other.inner,
            self.own + other.own,
            self.difference + other.difference,
            self.count + other.count,
        )

    @property
    def cosine(self) -> float:
        """Of ΔW and T − A; NaN where either is zero."""
        below = np.sqrt(self.own * self.difference)
        return self.inner / below if below > 0 else np.nan

    @property
    def strength(self) -> float:
        """How many times ΔW is in T − A: the least-squares estimate; NaN where ΔW is zero."""
        return self.inner / self.own if self.own > 0 else np.nan


def inside(
    adapter: Adapter, base: Checkpoint, models: Sequence[Checkpoint], tick: Callable[[], None]
) -> list[list[Inside]]:
    """Of each model its sums per block. A layer is read at a time; `tick` is called after each and may raise."""
    found: list[dict[str, Inside]] = [{} for _ in models]
    reader = ValueReader()
    for key, layer in adapter.layers.items():
        held = base.weights.get(key)
        if held is not None and matrix_shape(held.shape) == layer.shape:
            origin = _matrix(reader.matrix(held).numpy())
            change = effective(layer, origin)
            for model, blocks in zip(models, found, strict=True):
                weight = model.weights.get(key)
                if weight is not None and matrix_shape(weight.shape) == layer.shape:
                    block = layer.block or ""
                    sums = _sums(block, change, origin, _matrix(reader.matrix(weight).numpy()))
                    blocks[block] = blocks[block] + sums if block in blocks else sums
        tick()
    return [list(blocks.values()) for blocks in found]


def effective(layer: AdapterLayer, weight: NDArray[np.float32]) -> Array:
    """ΔW of one layer beside the base's weight, both [out, in].

    DoRA gives each row, or each column, of W + ΔW the length that it learned (Liu et al., arXiv 2402.09353). Of a part
    of a fused matrix the columns' lengths are not known, and the change is taken without them."""
    loaded = layer.load()
    change = loaded.rows(0, loaded.shape[0])
    stored = layer.module.tensors.get(MAGNITUDE)
    if stored is None:
        return change
    lengths = numbers(stored).astype(np.float64).reshape(-1)
    moved = weight + change
    if len(lengths) >= layer.place.last and (stored.shape[0] == len(lengths) or len(stored.shape) == 1):
        rows = lengths[layer.place.first : layer.place.last, None]
        return moved * (rows / np.linalg.norm(moved, axis=1, keepdims=True)) - weight
    if len(lengths) == moved.shape[1] and layer.place.first == 0:
        return moved * (lengths / np.linalg.norm(moved, axis=0)) - weight
    return change


def _matrix(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return values.reshape(len(values), -1)


def _sums(block: str, change: Array, origin: NDArray[np.float32], weight: NDArray[np.float32]) -> Inside:
    """Of one layer, each [out, in]; nothing where a number is not finite."""
    total, step = Inside(block), max(1, _PIECE // max(1, change.shape[1]))
    for first in range(0, len(change), step):
        rows = slice(first, first + step)
        own, difference = change[rows], weight[rows].astype(np.float64) - origin[rows]
        if not np.isfinite(difference).all():
            return Inside(block)
        inner, size, apart = (float((a * b).sum()) for a, b in ((own, difference), (own, own), (difference,) * 2))
        total += Inside(block, inner, size, apart, own.size)
    return total


def spread(blocks: Sequence[Inside]) -> float:
    """The standard error of the strength over all blocks, from how much those of the blocks differ."""
    own = np.array([block.own for block in blocks])
    if len(blocks) < 2 or own.sum() <= 0:
        return np.nan
    strengths = np.array([block.strength if block.own > 0 else 0.0 for block in blocks])
    mean = float((own * strengths).sum() / own.sum())
    return float(np.sqrt((own**2 * (strengths - mean) ** 2).sum()) / own.sum())


def whole(blocks: Sequence[Inside]) -> Inside:
    """The sums over all blocks."""
    total = Inside("")
    for block in blocks:
        total = total + block
    return total
