"""Value by value: Σ |a−b| and how many values are equal, for all pairs of n models; each file is read once.

No matrix product gives these: every pair costs a pass over the numbers, about 0.6 ns a number and pair on one core.
So they are summed only where a measure asks for them, and remembered by themselves.
"""

from __future__ import annotations

import numpy as np
import torch

from .device import Device
from .parts import Array, KeyPairs
from .pieces import Piece, cut, exact_dtype, filled

_SLICE_NUMBERS = 1 << 18
"""Numbers worked on at a time on the CPU, over all models together: they and their differences stay in the cache."""

_SLICE = (1 << 13, 1 << 16)
"""Numbers per model in a slice at least and at most: float32 adds up so many within 1e-7."""


class PairSums:
    """Over the pieces of one key of m models: Σ |a−b| and how many values differ (upper halves, float64).

    Numbers are compared as numbers, whatever their dtypes: each is exact in float32, or in float64 where one of the
    models has such numbers. `largest` is infinite for a model with numbers that are not finite, or too large to add up.
    """

    def __init__(self, m: int, device: Device):
        self.largest, self._absolute, self._differing = np.zeros(m), np.zeros((m, m)), np.zeros((m, m))
        self._count = 0
        self._device = device

    def add(self, values: Piece) -> None:
        """Take in a piece of every model, in slices that stay in the cache (or fit the GPU) from step to step."""
        count, m = len(values[0]), len(values)
        least, most = _SLICE
        on_cpu = self._device.torch.type == "cpu"
        step = min(max(least, (_SLICE_NUMBERS if on_cpu else self._device.budget // 16) // m), most)
        rows = torch.empty(m, min(step, count), dtype=exact_dtype(values), device=self._device.torch)
        apart = torch.empty_like(rows)
        for first in range(0, count, step):
            pieces = cut(values, first, first + step)
            part = filled(rows, pieces)
            if not self._add_slice(part, apart[:, : part.shape[1]]):
                wide = torch.empty(part.shape, dtype=torch.float64, device=self._device.torch)
                self._add_slice(filled(wide, pieces), torch.empty_like(wide))
        self._count += count

    def _add_slice(self, rows: torch.Tensor, apart: torch.Tensor) -> bool:
        """Take in numbers [m, c]; `apart` [m, c] is overwritten. False where float32 does not hold their sums, and then
        nothing was taken in."""
        twice = 2 * rows.abs().sum(dim=1)  # no pair has a larger sum
        if rows.dtype == torch.float32 and not bool(twice.isfinite().all()):
            return False
        self.largest = np.maximum(self.largest, twice.cpu().numpy())
        for i in range(len(rows) - 1):
            differences = torch.sub(rows[i + 1 :], rows[i], out=apart[i + 1 :]).abs_()
            self._absolute[i, i + 1 :] += differences.sum(dim=1).cpu().numpy()
            self._differing[i, i + 1 :] += differences.sign_().sum(dim=1).cpu().numpy()
        return True

    def better(self) -> None:
        """One pass is enough."""

    def finish(self, key: str, members: tuple[int, ...]) -> KeyPairs:
        """The sums of all pairs; of a model with itself nothing differs."""
        equal = self._count - _mirrored(self._differing)
        return KeyPairs(key, members, _mirrored(self._absolute), equal, np.array(float(self._count)))


def _mirrored(upper: Array) -> Array:
    return upper + upper.T
