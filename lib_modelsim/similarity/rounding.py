"""Whether one model is another one rounded: told from the grid that its numbers stand on, never from a small distance.

Every stored number stands for all numbers that are rounded to it, its cell. For a quantised weight that is half a step
of its block's own grid to either side (`checkpoints/quantised/decoding.py`: `Decoded.cells`), for a floating-point one
half of its last digit. A model is another one in a coarser precision exactly if every number of the finer lies in the
cell of the coarser. Two things widen a cell: the finer model may have been rounded itself from what the quantiser had
(half a last digit of its own), and most quantisers are given bfloat16 (`GIVEN`).

An error of 5 % is what a 4-bit format makes and what a fine-tune makes, yet the two are told apart: a change d of a
weight leaves its cell with the probability |d| / step, so a fine-tune by 1 % of the weights' size, of which 4 bits make
a step of some 20 %, moves every twentieth number out of its cell. Not told is a change below a thousandth of a step in
every single number: the same file is then what both are rounded to.

Of two quantised models nothing is told: cells of coarse grids overlap for close relatives, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ..checkpoints.quantised.decoding import CHUNK, Cells, Decoded
from ..checkpoints.reader import Checkpoint, Weight
from ..checkpoints.values import ValueReader
from .sampling import Sample

GIVEN = 2.0**-9
"""Of a number, by which it may have been rounded before it was quantised: half the last digit of bfloat16."""

_DIGITS = {
    "F64": (53, -1074), "F32": (24, -149), "F16": (11, -24), "BF16": (8, -133), "F8_E4M3": (4, -9), "F8_E5M2": (3, -16),
}  # fmt: skip
"""dtype → binary digits of a number, and the exponent of the smallest one."""


@dataclass(frozen=True)
class RoundingSums:
    """Over the numbers of some keys of two models, a and b: Σ (a − b)² and Σ b², how many of b lie outside the cells of
    a, of how many it is not told, and how many there are."""

    apart: float = 0.0
    size: float = 0.0
    outside: int = 0
    untold: int = 0
    count: int = 0

    def __add__(self, other: RoundingSums) -> RoundingSums:
        return RoundingSums(*(x + y for x, y in zip(self.row, other.row, strict=True)))

    @property
    def row(self) -> tuple[float, float, int, int, int]:
        """The sums in order, to be stored."""
        return self.apart, self.size, self.outside, self.untold, self.count

    @property
    def proven(self) -> bool:
        """Whether every number of the finer lies in the cell of the coarser."""
        return self.count > 0 and self.outside == 0 and self.untold == 0

    @property
    def off(self) -> float:
        """How much rounding changed, relative to the size of the finer."""
        return (self.apart / self.size) ** 0.5 if self.size > 0 else 0.0


def rounding_sums(
    a: Checkpoint, b: Checkpoint, keys: Iterable[str], tick: Callable[[int], None], sample: Sample | None = None
) -> RoundingSums:
    """The sums of these keys, which both hold in one shape; of a `sample` of them where one is given. `tick` is called
    with the bytes read and may raise to stop."""
    readers, total = (ValueReader(), ValueReader()), RoundingSums()
    for key in keys:
        pair = a.weights[key], b.weights[key]
        count = pair[0].stored.count
        for first, last in sample.ranges(key, count) if sample else [(0, count)]:
            for start in range(first, last, CHUNK):
                stop = min(start + CHUNK, last)
                total += _sums(pair, readers, start, stop)
                tick((stop - start) * sum(weight.stored.item_bytes for weight in pair))
    return total


def _sums(pair: tuple[Weight, Weight], readers: tuple[ValueReader, ValueReader], start: int, stop: int) -> RoundingSums:
    a, b = (
        reader.flat(weight, start, stop).to(torch.float64).numpy() for reader, weight in zip(readers, pair, strict=True)
    )
    with np.errstate(invalid="ignore", over="ignore"):
        same = (a == b) | (np.isnan(a) & np.isnan(b))
        found = RoundingSums(float(np.nansum((a - b) ** 2)), float(np.nansum(b**2)), 0, 0, len(a))
        if same.all():
            return found
        quantised = [isinstance(weight.stored.source, Decoded) for weight in pair]
        if all(quantised):
            return found + RoundingSums(untold=len(a))
        if not any(quantised):
            loose = half_digit(a, pair[0].stored.dtype) + half_digit(b, pair[1].stored.dtype)
            inside = same | (np.abs(a - b) <= loose)
            return found + RoundingSums(outside=int((~inside).sum()))
        coarse, fine, values = (pair[0], pair[1], b) if quantised[0] else (pair[1], pair[0], a)
        cells = _cells(coarse, start, stop)
        if cells is None:
            return found + RoundingSums(untold=len(a))
        loose = np.maximum(half_digit(values, fine.stored.dtype), GIVEN * np.abs(values))
        inside = same | ((cells.low - loose <= values) & (values <= cells.high + loose))
    return found + RoundingSums(outside=int((~inside).sum()))


def half_digit(values: NDArray[np.float64], dtype: str) -> NDArray[np.float64]:
    """Half of the last digit that each number has in a dtype."""
    digits, least = _DIGITS[dtype]
    exponents = np.maximum(np.frexp(np.where(np.isfinite(values), values, 0))[1] - digits, least)
    return np.ldexp(0.5, exponents)


def _cells(weight: Weight, start: int, stop: int) -> Cells | None:
    """The cells of numbers [start:stop] of a quantised weight; None where the format or a transposed view does not
    tell."""
    stored = weight.stored
    if stored.strides is not None or not isinstance(stored.source, Decoded):
        return None
    first = stored.offset // stored.item_bytes
    return stored.source.cells(first + start, first + stop)
