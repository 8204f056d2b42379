"""The bytes of a weight → numbers. The only room before the measures that imports torch."""

from __future__ import annotations

import torch

from .reader import Weight
from .stored import StoredTensor

TORCH = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
}
"""dtype as safetensors spells it → torch's."""


class ValueReader:
    """Reads weights through one byte buffer that grows to the largest piece asked for and is used again and again."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def flat(self, weight: Weight, start: int, stop: int) -> torch.Tensor:
        """Elements [start:stop] of the flattened weight, in its own dtype, shape [stop − start].

        The result lies in the reader's buffer, where it holds until the next call.
        """
        stored = weight.stored
        if stored.strides is None:
            return self._read(stored, stored.offset + start * stored.item_bytes, stop - start)
        span = self._read(stored, stored.offset, stored.span)
        return span.as_strided(stored.shape, stored.strides).reshape(-1)[start:stop]

    def matrix(self, weight: Weight) -> torch.Tensor:
        """The whole weight as float32, shape `weight.shape`, in memory of its own."""
        return self.flat(weight, 0, weight.stored.count).to(torch.float32, copy=True).reshape(weight.shape)

    def _read(self, stored: StoredTensor, offset: int, count: int) -> torch.Tensor:
        if count < 1:
            return torch.empty(0, dtype=TORCH[stored.dtype])
        size = count * stored.item_bytes
        if len(self._buffer) < size:
            self._buffer = bytearray(size)
        stored.source.read_into(offset, memoryview(self._buffer)[:size])
        return torch.frombuffer(self._buffer, dtype=TORCH[stored.dtype], count=count)
