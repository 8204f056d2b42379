"""Where one tensor lies in its source: the common ground of every format."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace

from ..errors import CheckpointError
from ..text import counted
from .source import Source

ITEM_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "U16": 16, "I16": 16, "U32": 32, "I32": 32, "U64": 64, "I64": 64,
    "F64": 64, "F32": 32, "F16": 16, "BF16": 16, "F8_E4M3": 8, "F8_E5M2": 8,
    "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "F8_E8M0": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "C64": 64, "C128": 128,
}  # fmt: skip
"""dtype, spelled as safetensors spells it → bits per element (safetensors/src/tensor.rs, `Dtype::bitsize`)."""

FLOATS = frozenset({"F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2"})
"""The dtypes that hold weights we can compare."""

DAMAGED = "download it again, it is damaged or incomplete"
"""The fix for everything that its format forbids."""

MOST_TENSORS = 50_000
"""In one checkpoint. The most that are published have below 10,000."""

_HALF_PAIR = re.compile("[\ud800-\udfff]")

LONGEST_KEY = 1000
"""Characters. Real keys stay under 200; the limit keeps joined and sorted hostile ones cheap."""


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """One tensor of a checkpoint.

    `key` is the name in the file; in a diffusers folder the sub-folder stands before it ("unet/conv_in.bias").
    `offset` is the position in `source` of the element [0, 0, …], in bytes; `strides` are in elements, None where
    the elements stand in C order without gaps.
    """

    key: str
    dtype: str
    shape: tuple[int, ...]
    source: Source
    offset: int
    strides: tuple[int, ...] | None = None

    @property
    def count(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def item_bytes(self) -> int:
        """Bytes per element; only for dtypes of whole bytes."""
        return ITEM_BITS[self.dtype] // 8

    @property
    def span(self) -> int:
        """Number of elements from the first to the last in the file, gaps included."""
        if self.strides is None or self.count == 0:
            return self.count
        return 1 + sum((n - 1) * step for n, step in zip(self.shape, self.strides, strict=True))

    @property
    def bytes(self) -> int:
        """Bytes of all its elements."""
        return -(-self.count * ITEM_BITS[self.dtype] // 8)

    @property
    def precision(self) -> str:
        """What its numbers are stored as: its dtype, or what a person calls a quantised format."""
        return self.source.precision or self.dtype

    @property
    def bytes_in_file(self) -> int:
        """Bytes that it takes in the file, of a quantised weight those of all that it is made of."""
        return round(self.bytes * self.source.density)

    def raw(self) -> bytearray:
        """The bytes as they stand in the source, from the first element to the last (gaps included)."""
        found = bytearray(self.span * self.item_bytes)
        self.source.read_into(self.offset, memoryview(found))
        return found

    def rows(self, first: int, last: int) -> StoredTensor:
        """The tensor [first:last] along axis 0, still unread."""
        strides = self.strides or contiguous_strides(self.shape)
        offset = self.offset + first * strides[0] * self.item_bytes
        return replace(self, shape=(last - first, *self.shape[1:]), offset=offset)

    def flattened(self) -> StoredTensor:
        """The same elements as one row, still unread; itself where they do not stand in C order."""
        return replace(self, shape=(self.count,)) if self.strides is None else self

    def transposed(self) -> StoredTensor:
        """The matrix with its two axes exchanged, still unread."""
        strides = self.strides or contiguous_strides(self.shape)
        return replace(self, shape=self.shape[::-1], strides=strides[::-1])


def without_trailing_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of a linear layer, also where it is stored as a 1×1 convolution."""
    while shape and shape[-1] == 1:
        shape = shape[:-1]
    return shape


def contiguous_strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Strides in elements of a C-ordered array of this shape."""
    strides, step = [], 1
    for n in reversed(shape):
        strides.append(step)
        step *= n
    return tuple(reversed(strides))


def is_shape(value: object) -> bool:
    """Whether this is a shape: at most 32 whole numbers, and no product of them beyond 63 bits."""
    if not (isinstance(value, (list, tuple)) and len(value) <= 32 and all(map(is_whole, value))):
        return False
    return math.prod(n or 1 for n in value) < 1 << 63


def is_whole(value: object) -> bool:
    """Whether this is a whole number from 0 on that fits 63 bits (True is none)."""
    return type(value) is int and 0 <= value < 1 << 63


def refuse_many(count: int) -> None:
    """Raise CheckpointError for more tensors than any network has."""
    if count > MOST_TENSORS:
        raise CheckpointError(
            "the checkpoint has too many tensors", f"more than {MOST_TENSORS:,}", "use another copy of it"
        )


def bytes_after(count: int) -> tuple[str, ...]:
    """The remark on bytes behind the last tensor of a file, none where there are none."""
    return (f"{counted(count, 'byte')} after the last tensor, not part of the weights",) if count else ()


def check_key(key: str) -> None:
    """Raise CheckpointError for a key that is too long, or no valid text (half of a UTF-16 pair in it)."""
    if len(key) > LONGEST_KEY or _HALF_PAIR.search(key):
        raise CheckpointError("the key of a tensor is too long or not valid text", key[:LONGEST_KEY], DAMAGED)
