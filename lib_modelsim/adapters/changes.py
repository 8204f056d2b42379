"""The effective change ΔW of one layer, in whatever form it is stored: read into memory, and made row by row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def product(a: Array, b: Array) -> Array:
    """a · b. By torch, on as many threads as it was told: NumPy's own wait for each other on a busy machine."""
    import torch  # headers are read without it

    return (torch.from_numpy(a) @ torch.from_numpy(b)).numpy()


class LayerChange:
    """A change in memory, as a matrix of `shape`: outputs × all that one output takes in (channels × kernel)."""

    shape: tuple[int, int]

    def rows(self, first: int, last: int) -> Array:
        """Rows [first:last] of ΔW, float64."""
        raise NotImplementedError

    def applied(self, vectors: Array) -> Array:
        """ΔW · vectors, for vectors [columns, k]: [rows, k]."""
        step = max(1, _PIECE // max(1, self.shape[1]))
        return np.concatenate(
            [product(self.rows(i, min(i + step, self.shape[0])), vectors) for i in range(0, self.shape[0], step)]
        )

    @property
    def finite(self) -> bool:
        """Whether all numbers that it is made of are finite."""
        raise NotImplementedError


_PIECE = 1 << 20
"""Numbers of a change that are made at a time."""


@dataclass(frozen=True)
class LowRank(LayerChange):
    """ΔW = up · down; up [out, r], down [r, in]."""

    up: Array
    down: Array

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.up), self.down.shape[1]

    def rows(self, first: int, last: int) -> Array:
        return product(self.up[first:last], self.down)

    def applied(self, vectors: Array) -> Array:
        return product(self.up, product(self.down, vectors))

    @property
    def finite(self) -> bool:
        return bool(np.isfinite(self.up).all() and np.isfinite(self.down).all())


@dataclass(frozen=True)
class Hadamard(LayerChange):
    """ΔW = (a₁ b₁) ∘ (a₂ b₂), entry by entry: LoHa."""

    first: LowRank
    second: LowRank

    @property
    def shape(self) -> tuple[int, int]:
        return self.first.shape

    def rows(self, first: int, last: int) -> Array:
        return self.first.rows(first, last) * self.second.rows(first, last)

    @property
    def finite(self) -> bool:
        return self.first.finite and self.second.finite


@dataclass(frozen=True)
class Kronecker(LayerChange):
    """ΔW = left ⊗ right; of a convolution the kernel belongs to `right`, so that its rows are [in × kernel]: LoKr."""

    left: Array
    right: Array

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.left) * len(self.right), self.left.shape[1] * self.right.shape[1]

    def rows(self, first: int, last: int) -> Array:
        index = np.arange(first, last)
        left, right = self.left[index // len(self.right)], self.right[index % len(self.right)]
        return (left[:, :, None] * right[:, None, :]).reshape(last - first, -1)

    def applied(self, vectors: Array) -> Array:
        """(left ⊗ right) · v = left · V · rightᵀ, with v as the matrix V."""
        (p, m), (q, n), k = self.left.shape, self.right.shape, vectors.shape[1]
        inner = product(self.left, np.ascontiguousarray(vectors).reshape(m, n * k)).reshape(p, n, k)
        return np.stack([product(self.right, part) for part in inner]).reshape(p * q, k)

    @property
    def finite(self) -> bool:
        return bool(np.isfinite(self.left).all() and np.isfinite(self.right).all())


@dataclass(frozen=True)
class Full(LayerChange):
    """ΔW as it is."""

    matrix: Array

    @property
    def shape(self) -> tuple[int, int]:
        return self.matrix.shape

    def rows(self, first: int, last: int) -> Array:
        return self.matrix[first:last]

    @property
    def finite(self) -> bool:
        return bool(np.isfinite(self.matrix).all())
