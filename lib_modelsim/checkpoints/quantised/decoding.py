"""Stored integers and their scales → float32, as if a file held that.

A quantised weight is one `StoredTensor` of dtype F32 whose source is a `Decoded`: whoever reads a stretch of it gets
float32 numbers, made from the bytes of that stretch alone. Nothing is ever decoded as a whole, and rows, parts of fused
matrices and transposed views work as they do in any file.

Each of its numbers stands for all that were rounded to it: its cell. A quantiser takes the nearest number that its
block's own grid has, so the weights that a file was made from lie in its cells, all of them (`workspace/comparing`'s
roundings). What a cell is wider than half a step to either side, `SLACK` says.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from types import TracebackType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import CheckpointError
from ..floats import as_floats
from ..source import FileKey, Source
from ..stored import StoredTensor

CHUNK = 1 << 18
"""Numbers decoded at a time: their float32 and what is needed beside stay below some MiB."""

SLACK = 1 / 256
"""By which share of a step a cell is wider on both sides: the arithmetic of quantisers, in float32."""

CLIPPED = 2.0
"""Steps beyond the least and the largest number of a grid that quantisers still round to it."""

OPEN_FIX = "use the checkpoint it was made from"


class Cells(NamedTuple):
    """The numbers that were rounded to each of some stored ones: between `low` and `high`, float64."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]


class Decoded(Source):
    """One quantised weight as the bytes of its numbers in float32, one after another in C order.

    `precision` is what a person calls the way it is stored, `parts` are the tensors that it is made of, by what their
    keys end with, `count` is the number of its numbers.
    """

    def __init__(self, precision: str, parts: Mapping[str, StoredTensor], shape: tuple[int, ...]):
        self.precision, self.parts, self.shape = precision, dict(parts), shape
        self.file = next(iter(self.parts.values())).source
        self.name, self.count = self.file.name, int(np.prod(shape, dtype=np.int64))
        self.size = 4 * self.count
        self.density = sum(part.bytes for part in self.parts.values()) / max(1, self.size)

    @abstractmethod
    def values(self, start: int, stop: int) -> NDArray[np.float32]:
        """Numbers [start:stop], flattened. Raises ReadError where they cannot be read."""

    def cells(self, start: int, stop: int) -> Cells | None:  # noqa: ARG002 - of no use where nothing is told
        """What numbers [start:stop] stand for; None where the format does not tell."""
        return None

    def stored(self, key: str) -> StoredTensor:
        """The weight under this key."""
        return StoredTensor(key, "F32", self.shape, self, 0)

    def read_into(self, offset: int, buffer: memoryview) -> None:
        """The bytes of whole numbers."""
        found = np.frombuffer(buffer, dtype="<f4")
        first = offset // 4
        for start in range(0, len(found), CHUNK):
            stop = min(start + CHUNK, len(found))
            found[start:stop] = self.values(first + start, first + stop)

    @property
    def root(self) -> Source:
        return self.file.root

    @property
    def identity(self) -> FileKey:
        return self.file.identity

    def check(self) -> None:
        self.file.check()

    def __str__(self) -> str:
        return str(self.file)

    def __enter__(self) -> Decoded:
        self.file.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.file.__exit__(kind, error, trace)


class Opaque(Decoded):
    """A weight whose numbers cannot be known from the file; `reason` says why, in a few words."""

    def __init__(self, precision: str, parts: Mapping[str, StoredTensor], shape: tuple[int, ...], reason: str):
        super().__init__(precision, parts, shape)
        self.reason = reason

    def values(self, start: int, stop: int) -> NDArray[np.float32]:  # noqa: ARG002 - there are none
        raise CheckpointError(f"{self.precision} cannot be compared: {self.reason}", self.name, OPEN_FIX)


class Grid:
    """The numbers that a code stands for, before scale and offset: `levels` by code, in any order; a level that is NaN
    is never the nearest. What is rounded to each is between `low` and `high`, at most `half` a step away."""

    def __init__(self, levels: NDArray):
        with np.errstate(invalid="ignore"):  # a NaN of FP8 is one that signals
            self.levels = np.asarray(levels, dtype=np.float32)
            exact = self.levels.astype(np.float64)
        distinct = np.unique(exact[np.isfinite(exact)] + 0.0)
        if len(distinct) < 2:  # of a damaged file: nothing is rounded to it
            distinct = np.array([0.0, 1.0])
        between = (distinct[1:] + distinct[:-1]) / 2
        ends = distinct[[0, -1]] + CLIPPED * np.array([-1, 1]) * (distinct[[1, -1]] - distinct[[0, -2]])
        edges = np.concatenate([ends[:1], between, ends[1:]])
        own = np.searchsorted(distinct, np.nan_to_num(exact) + 0.0)
        own = own.clip(0, len(distinct) - 1)
        self.low, self.high = edges[own], edges[own + 1]
        self.low[np.isnan(exact)] = self.high[np.isnan(exact)] = np.nan
        self.half = np.maximum(exact - self.low, self.high - exact)


class Coded(Decoded):
    """A weight of which each number is level · scale + offset."""

    grid: Grid

    @abstractmethod
    def codes(self, start: int, stop: int) -> NDArray[np.integer]:
        """Which of the grid's levels each number has."""

    @abstractmethod
    def scales(self, start: int, stop: int) -> NDArray[np.float32]:
        """The scale of each number, or one for all of them."""

    def offsets(self, start: int, stop: int) -> NDArray[np.float32] | None:  # noqa: ARG002 - most have none
        """What is added to each number."""
        return None

    def looseness(self, start: int, stop: int) -> NDArray[np.float64] | float:  # noqa: ARG002 - most have none
        """Up to which share of a number its scale was changed after rounding, for each number or all."""
        return 0.0

    def values(self, start: int, stop: int) -> NDArray[np.float32]:
        found = self.grid.levels[self.codes(start, stop)] * self.scales(start, stop)
        offsets = self.offsets(start, stop)
        return found if offsets is None else found + offsets

    def cells(self, start: int, stop: int) -> Cells:
        codes, scales = self.codes(start, stop), self.scales(start, stop).astype(np.float64)
        ends = self.grid.low[codes] * scales, self.grid.high[codes] * scales
        loose = np.abs(self.grid.levels[codes] * scales) * self.looseness(start, stop)
        offsets = self.offsets(start, stop)
        shift = 0.0 if offsets is None else offsets.astype(np.float64)
        low, high = np.minimum(*ends), np.maximum(*ends)
        more = (high - low) * SLACK + loose
        return Cells(low - more + shift, high + more + shift)


def raw(part: StoredTensor, start: int, stop: int) -> NDArray[np.uint8]:
    """The bytes of elements [start:stop] of a tensor without gaps, whose elements are whole bytes."""
    found = np.empty((stop - start) * part.item_bytes, np.uint8)
    part.source.read_into(part.offset + start * part.item_bytes, found.data)
    return found


def floats(part: StoredTensor, start: int, stop: int) -> NDArray[np.floating]:
    """Elements [start:stop] of a tensor of a dtype in `FLOATS`, in the narrowest float that holds them."""
    return as_floats(raw(part, start, stop), part.dtype)


def nibbles(packed: StoredTensor, start: int, stop: int) -> NDArray[np.uint8]:
    """4-bit numbers [start:stop], two a byte, the first in its upper half."""
    both = raw(packed, start // 2, -(-stop // 2))
    return np.stack([both >> 4, both & 15], axis=1).reshape(-1)[start % 2 :][: stop - start]


def by_rows(numbers: NDArray, start: int, stop: int, width: int, first: int) -> NDArray:
    """One number a row of `width` → one for each element [start:stop]; `numbers` begin with row `first`."""
    rows = np.arange(start, stop) // width - first
    return numbers[rows]
