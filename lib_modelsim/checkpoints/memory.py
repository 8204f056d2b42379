"""The model in a program's memory, as if it were a file: key → tensor."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Mapping
from functools import cached_property
from itertools import accumulate
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ..errors import CheckpointError
from ..text import readable
from .reader import Checkpoint, checkpoint_of
from .source import FileKey, Source, changed
from .stored import StoredTensor
from .values import ValueReader

_DTYPES = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.float8_e4m3fn: "F8_E4M3",
    torch.float8_e5m2: "F8_E5M2",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.int16: "I16",
    torch.int8: "I8",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}

_SAMPLE = 64
"""Numbers of each tensor that its digest looks at."""


class MemorySource(Source):
    """Tensors in memory, on whatever device, as if they stood in a file one after another.

    `starts` are their places in it, in bytes. Nothing is copied before it is read, and then slice by slice.
    """

    def __init__(self, title: str, tensors: Mapping[str, torch.Tensor]):
        self.name = title
        self._tensors = {key: tensor.detach() for key, tensor in tensors.items()}
        *self.starts, self.size = accumulate((t.numel() * t.element_size() for t in tensors.values()), initial=0)
        self._flat = list(self._tensors.values())
        self._read = self._versions()

    def __str__(self) -> str:
        return str(memory_path(self.name))

    @cached_property
    def identity(self) -> FileKey:
        """Its `mtime_ns` is a digest of 63 bits of the keys, shapes and dtypes, and of 64 evenly spaced numbers of each
        tensor, which a merge, a LoRA or a step of training changes. A change of single numbers elsewhere goes
        unseen."""
        digest = hashlib.sha256()
        for key, tensor in self._tensors.items():
            digest.update(f"{key} {_DTYPES[tensor.dtype]} {tuple(tensor.shape)}\n".encode())
            digest.update(_sample(tensor).tobytes())
        return FileKey(readable(str(self)), self.size, int.from_bytes(digest.digest()[:8], "big") >> 1)

    def read_into(self, offset: int, buffer: memoryview) -> None:
        """The bytes must be those of one tensor."""
        if not len(buffer):
            return
        place = bisect_right(self.starts, offset) - 1
        start = offset - self.starts[place]
        raw = self._flat[place].reshape(-1).view(torch.uint8)[start : start + len(buffer)]
        torch.frombuffer(buffer, dtype=torch.uint8).copy_(raw)

    def check(self) -> None:
        if self._versions() != self._read:
            raise changed(self)

    def _versions(self) -> list[int]:
        """How often each tensor was written to; tensors of the inference mode do not count that."""
        return [0 if tensor.is_inference() else tensor._version for tensor in self._flat]


def memory_checkpoint(title: str, tensors: Mapping[str, torch.Tensor]) -> Checkpoint:
    """The tensors, on whatever device, as a checkpoint that everything reads as it reads a file's.

    The checkpoint holds the tensors: who keeps it keeps them in memory. Raises CheckpointError where a tensor has no
    numbers here, or a file would be refused.
    """
    for key, tensor in tensors.items():
        _require_numbers(key, tensor)
    source = MemorySource(title, tensors)
    stored = [
        StoredTensor(key, _DTYPES[tensor.dtype], tuple(tensor.shape), source, start)
        for (key, tensor), start in zip(tensors.items(), source.starts, strict=True)
    ]
    return checkpoint_of(memory_path(title), "memory", stored, {}, source.identity)


def memory_path(title: str) -> Path:
    """What stands in the place of a file's path; no file has it, as those are known by absolute ones."""
    return Path(f"(in memory) {title}")


def changed_components(memory: Checkpoint, file: Checkpoint) -> frozenset[str]:
    """The components whose weights in memory are not those of the file, rounded to the precision that memory has.

    Judged by up to 64 numbers from the middle of each weight that both hold, so little of the file is read. Raises
    ReadError where the file cannot be read.
    """
    our_reader, their_reader, differing = ValueReader(), ValueReader(), set()
    for key, weight in memory.weights.items():
        stored = file.weights.get(key)
        if stored is None or weight.component in differing:
            continue
        start = min(weight.stored.count, stored.stored.count) // 2
        ours = our_reader.flat(weight, start, min(weight.stored.count, start + _SAMPLE))
        theirs = their_reader.flat(stored, start, min(stored.stored.count, start + _SAMPLE))
        if weight.shape != stored.shape or not _rounds_to(theirs, ours):
            differing.add(weight.component)
    return frozenset(differing)


def _rounds_to(values: torch.Tensor, rounded: torch.Tensor) -> bool:
    if rounded.dtype.itemsize == 1:
        values = values.to(torch.float16)  # hosts halve first
    same = values.to(rounded.dtype).to(torch.float64)
    return torch.equal(same.nan_to_num(), rounded.to(torch.float64).nan_to_num())


def _sample(tensor: torch.Tensor) -> NDArray[np.float64]:
    flat = tensor.reshape(-1)
    return flat[:: max(1, len(flat) // _SAMPLE)].to(torch.float64).cpu().numpy()


def _require_numbers(key: str, tensor: torch.Tensor) -> None:
    if tensor.dtype not in _DTYPES or tensor.is_meta or tensor.layout != torch.strided:
        state = "no values" if tensor.is_meta else f"{tensor.dtype} values"
        raise CheckpointError(f"the model in memory has {state} under the key", key, "load an unquantised checkpoint")
