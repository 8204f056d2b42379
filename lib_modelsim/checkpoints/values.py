"""The bytes of a weight → numbers. The only room before the measures that imports torch."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import torch

from .reader import Weight
from .stored import StoredTensor, read_into

TORCH = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
}
"""dtype as safetensors spells it → torch's."""


@dataclass(frozen=True)
class MemoryTensor(StoredTensor):
    """A tensor that is in memory already, on whatever device; it has no bytes at `path`."""

    tensor: torch.Tensor = field(kw_only=True, compare=False)

    def raw(self) -> bytearray:
        return bytearray(self.tensor.reshape(-1).cpu().view(torch.uint8).numpy())

    def rows(self, first: int, last: int) -> MemoryTensor:
        tensor = self.tensor[first:last]
        return replace(self, shape=tuple(tensor.shape), tensor=tensor)

    def transposed(self) -> MemoryTensor:
        return replace(self, shape=self.shape[::-1], tensor=self.tensor.T)

    def values(self, start: int, stop: int) -> torch.Tensor:
        """Elements [start:stop] in C order, on the CPU; those that lie there already are not copied."""
        return self.tensor.reshape(-1)[start:stop].cpu()


class ValueReader:
    """Reads weights through one byte buffer that grows to the largest piece asked for and is used again and again."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def flat(self, weight: Weight, start: int, stop: int) -> torch.Tensor:
        """Elements [start:stop] of the flattened weight, in its own dtype, shape [stop − start].

        The result lies in the reader's buffer, where it holds until the next call, or in a model in memory: it is not
        to be changed.
        """
        stored = weight.stored
        if isinstance(stored, MemoryTensor):
            return stored.values(start, stop)
        if stored.strides is None:
            return self._read(weight, stored.offset + start * stored.item_bytes, stop - start)
        span = self._read(weight, stored.offset, stored.span)
        return span.as_strided(stored.shape, stored.strides).reshape(-1)[start:stop]

    def matrix(self, weight: Weight) -> torch.Tensor:
        """The whole weight as float32, shape `weight.shape`, in memory of its own."""
        return self.flat(weight, 0, weight.stored.count).to(torch.float32, copy=True).reshape(weight.shape)

    def _read(self, weight: Weight, offset: int, count: int) -> torch.Tensor:
        stored = weight.stored
        if count == 0:
            return torch.empty(0, dtype=TORCH[stored.dtype])
        size = count * stored.item_bytes
        if len(self._buffer) < size:
            self._buffer = bytearray(size)
        read_into(stored.path, offset, memoryview(self._buffer)[:size])
        return torch.frombuffer(self._buffer, dtype=TORCH[stored.dtype], count=count)
