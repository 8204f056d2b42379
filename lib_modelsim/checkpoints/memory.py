"""The model in a program's memory, as if it were a file: key → tensor."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ..errors import CheckpointError
from .reader import Checkpoint, checkpoint_of
from .values import MemoryTensor, ValueReader

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
"""Numbers of each tensor that the fingerprint looks at."""


def memory_checkpoint(title: str, tensors: Mapping[str, torch.Tensor]) -> Checkpoint:
    """The tensors, on whatever device, as a checkpoint that everything reads as it reads a file's.

    Nothing is copied before it is read, and then slice by slice. The checkpoint holds the tensors: who keeps it
    keeps them in memory. Raises CheckpointError where a tensor has no numbers here, or a file would be refused.
    """
    path = memory_path(title)
    return checkpoint_of(path, "memory", [_stored(key, tensor, path) for key, tensor in tensors.items()], {})


def memory_path(title: str) -> Path:
    """What stands in the place of a file's path; no file has it, as those are known by absolute ones."""
    return Path(f"(in memory) {title}")


def fingerprint(checkpoint: Checkpoint) -> tuple[int, int]:
    """Bytes of a model in memory, and a digest of 63 bits that changes with its weights.

    The digest is over the keys, shapes and dtypes, and 64 evenly spaced numbers of each tensor, which a merge, a
    LoRA or a step of training changes. A change of single numbers elsewhere goes unseen.
    """
    digest = hashlib.sha256()
    for stored in checkpoint.tensors:
        digest.update(f"{stored.key} {stored.dtype} {stored.shape}\n".encode())
        digest.update(_sample(stored.tensor).tobytes())
    size = sum(stored.count * stored.item_bytes for stored in checkpoint.tensors)
    return size, int.from_bytes(digest.digest()[:8], "big") >> 1


def changed_components(memory: Checkpoint, file: Checkpoint) -> frozenset[str]:
    """The components whose weights in memory are not those of the file, rounded to the precision that memory has.

    Judged by up to 64 numbers from the middle of each weight that both hold, so little of the file is read. Raises
    ReadError where the file cannot be read.
    """
    reader, changed = ValueReader(), set()
    for key, weight in memory.weights.items():
        stored = file.weights.get(key)
        if stored is None or weight.component in changed:
            continue
        start = min(weight.stored.count, stored.stored.count) // 2
        ours = reader.flat(weight, start, start + _SAMPLE)
        theirs = reader.flat(stored, start, min(stored.stored.count, start + _SAMPLE))
        if weight.shape != stored.shape or not _rounds_to(theirs, ours):
            changed.add(weight.component)
    return frozenset(changed)


def _rounds_to(values: torch.Tensor, rounded: torch.Tensor) -> bool:
    if rounded.dtype.itemsize == 1:
        values = values.to(torch.float16)  # hosts halve first
    same = values.to(rounded.dtype).to(torch.float64)
    return torch.equal(same.nan_to_num(), rounded.to(torch.float64).nan_to_num())


def _sample(tensor: torch.Tensor) -> NDArray[np.float64]:
    flat = tensor.reshape(-1)
    return flat[:: max(1, len(flat) // _SAMPLE)].to(torch.float64).cpu().numpy()


def _stored(key: str, tensor: torch.Tensor, path: Path) -> MemoryTensor:
    if tensor.dtype not in _DTYPES or tensor.is_meta or tensor.layout != torch.strided:
        state = "no numbers" if tensor.is_meta else f"{tensor.dtype} numbers"
        raise CheckpointError(f"the model in memory has {state} under the key", key, "load an unquantised checkpoint")
    return MemoryTensor(key, _DTYPES[tensor.dtype], tuple(tensor.shape), path, 0, tensor=tensor.detach())
