"""safetensors files: the header alone, checked as strictly as the format's own reader does.

Read here and not through the safetensors package because that maps the file: mapped pages count as memory,
and a mapped file that shrinks kills the process. Format: https://huggingface.co/docs/safetensors
"""

from __future__ import annotations

import json
import math
from pathlib import Path

from ..errors import CheckpointError
from .stored import ITEM_BITS, StoredTensor, read_into

LARGEST_HEADER = 100_000_000
"""Bytes; the format's own limit."""

_BROKEN = "the file is damaged or its download incomplete: fetch it again"


def read_header(path: Path) -> tuple[list[StoredTensor], dict[str, str]]:
    """The tensors of a safetensors file in file order, and its `__metadata__`.

    Raises CheckpointError for everything that the format forbids: a header too long or no JSON, duplicate keys,
    unknown dtypes, shapes that do not fit their bytes, holes, overlaps, bytes missing or left over.
    """
    size = path.stat().st_size
    if size < 8:
        raise CheckpointError("too short for a safetensors file", f"{size} bytes", _BROKEN)
    prefix = bytearray(8)
    read_into(path, 0, memoryview(prefix))
    length = int.from_bytes(prefix, "little")
    if length > LARGEST_HEADER or length > size - 8:
        raise CheckpointError("safetensors header longer than the file or the format allows", f"{length} bytes", _BROKEN)
    raw = bytearray(length)
    read_into(path, 8, memoryview(raw))
    header = _parse(raw)

    metadata = header.pop("__metadata__", None) or {}
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise CheckpointError("safetensors metadata that is not text", metadata, _BROKEN)

    start, tensors = 8 + length, []
    for key, info in header.items():
        tensors.append((_range(key, info), StoredTensor(key, info["dtype"], tuple(info["shape"]), path, start + info["data_offsets"][0])))
    tensors.sort(key=lambda item: item[0])
    end = 0
    for (first, last), tensor in tensors:
        if first != end:
            raise CheckpointError("safetensors data with a hole or an overlap before", tensor.key, _BROKEN)
        end = last
    if start + end != size:
        raise CheckpointError("safetensors data does not end where the file does", f"{start + end} of {size} bytes", _BROKEN)
    return [tensor for _, tensor in tensors], metadata


def _parse(raw: bytearray) -> dict:
    def no_duplicates(pairs: list[tuple[str, object]]) -> dict:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise CheckpointError("safetensors header with a key that stands twice", None, _BROKEN)
        return found

    try:
        header = json.loads(raw.decode("utf-8"), object_pairs_hook=no_duplicates)
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise CheckpointError("safetensors header is not valid JSON", error, _BROKEN) from None
    if not isinstance(header, dict):
        raise CheckpointError("safetensors header is not a JSON object", type(header).__name__, _BROKEN)
    return header


def _range(key: str, info: object) -> tuple[int, int]:
    """First and last byte of one tensor, relative to the data's start, after every check that needs no neighbour."""
    def whole(value: object) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63

    if not isinstance(info, dict) or not {"dtype", "shape", "data_offsets"} <= info.keys():
        raise CheckpointError("safetensors entry without dtype, shape or offsets", key, _BROKEN)
    dtype, shape, offsets = info["dtype"], info["shape"], info["data_offsets"]
    if not isinstance(dtype, str) or dtype not in ITEM_BITS:
        raise CheckpointError(f"unknown dtype of {key}", dtype, "update modelsim, or convert the file to float16")
    if not (isinstance(shape, list) and len(shape) <= 32 and all(map(whole, shape))):
        raise CheckpointError(f"safetensors shape of {key}", shape, _BROKEN)
    if not (isinstance(offsets, list) and len(offsets) == 2 and all(map(whole, offsets)) and offsets[0] <= offsets[1]):
        raise CheckpointError(f"safetensors offsets of {key}", offsets, _BROKEN)
    if math.prod(shape) * ITEM_BITS[dtype] != 8 * (offsets[1] - offsets[0]):
        raise CheckpointError(f"safetensors shape of {key} does not fit its bytes", f"{dtype} {shape}", _BROKEN)
    return offsets[0], offsets[1]
