"""safetensors files: the header alone, checked as strictly as the format's own reader does.

Read here and not through the safetensors package because that maps the file: mapped pages count as memory,
and a mapped file that shrinks kills the process. Format: https://huggingface.co/docs/safetensors
"""

from __future__ import annotations

import json
import math
from functools import lru_cache
from typing import Any

from ..errors import CheckpointError
from .source import Source
from .stored import (
    DAMAGED,
    ITEM_BITS,
    LONGEST_KEY,
    StoredTensor,
    bytes_after,
    check_key,
    is_shape,
    is_whole,
    refuse_many,
)

LARGEST_HEADER = 100_000_000
"""Bytes; the format's own limit."""

MOST_JSON_PARTS = 1_000_000
"""Brackets and commas in a header; each may cost some hundred bytes of memory. 20,000 for SD 1.x."""

LARGEST_UNICODE_HEADER = 16_000_000
"""Bytes of a header that is not plain ASCII: one rare letter makes Python take four bytes for each letter of a text."""

LONGEST_REMEMBERED = 4_000_000
"""Bytes of a header whose tensors are kept in memory: ten times those of SDXL."""

_FIRST = b'{"__metadata__":'


def read_header(source: Source) -> tuple[list[StoredTensor], dict[str, str], tuple[str, ...]]:
    """The tensors of a safetensors file in file order, its `__metadata__`, and a remark on bytes behind the last one.

    Raises CheckpointError for everything else that the format forbids: a header too long or no JSON, duplicate keys,
    unknown dtypes, shapes that do not fit their bytes, holes, overlaps, bytes missing. Bytes left over belong to no
    tensor, so all tensors are whole: programs that map the file read it, and a download again brings them again.
    """
    if source.size < 8:
        raise CheckpointError("the file is too short for safetensors", f"{source.size} bytes", DAMAGED)
    prefix = bytearray(8)
    source.read_into(0, memoryview(prefix))
    length = int.from_bytes(prefix, "little")
    if length > LARGEST_HEADER or length > source.size - 8:
        raise CheckpointError(
            "the safetensors header is longer than the file or the format allows", f"{length} bytes", DAMAGED
        )
    raw = bytearray(length)
    source.read_into(8, memoryview(raw))
    refuse_many(raw.count(b'"data_offsets"'))  # before each takes memory
    if len(raw) > LONGEST_REMEMBERED:
        metadata, entries, end = _entries(bytes(raw))
    else:
        before, rest = _metadata_before(bytes(raw))
        metadata, entries, end = _remembered_entries(rest)
        metadata = metadata if before is None else before
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise CheckpointError("the safetensors metadata is not text", None, DAMAGED)
    start = 8 + length
    tensors = [StoredTensor(key, dtype, shape, source, start + first) for key, dtype, shape, first in entries]
    if start + end > source.size:
        place = f"{source.size:,} of {start + end:,} bytes"
        raise CheckpointError("the file ends before its last tensor does", place, DAMAGED)
    return tensors, dict(metadata), bytes_after(source.size - start - end)


def _entries(raw: bytes) -> tuple[object, tuple[tuple[str, str, tuple[int, ...], int], ...], int]:
    """The metadata of a header; key, dtype, shape and first byte of every tensor, in file order; where the data end."""
    header = _parse(raw)
    refuse_many(len(header))
    metadata = header.pop("__metadata__", None) or {}
    ranges = {key: _range(key, info) for key, info in header.items()}
    end, entries = 0, []
    for key in sorted(ranges, key=ranges.__getitem__):
        first, last = ranges[key]
        if first != end:
            raise CheckpointError("the safetensors data has a gap or an overlap before", key, DAMAGED)
        end = last
        entries.append((key, header[key]["dtype"], tuple(header[key]["shape"]), first))
    return metadata, tuple(entries), end


_remembered_entries = lru_cache(maxsize=16)(_entries)
"""Most files of a library have the tensors of another one, and the same file is opened several times."""


def _metadata_before(raw: bytes) -> tuple[object, bytes]:
    """The metadata that a header begins with, as programs write it, and the header without; else None and all of it."""
    if not raw.startswith(_FIRST) or raw.count(b"__metadata__") != 1 or b"\\u" in raw:  # it may be there twice
        return None, raw
    try:
        text = raw.decode("utf-8")
        metadata, end = _DECODER.raw_decode(text, len(_FIRST))
    except (ValueError, RecursionError):
        return None, raw  # what is wrong is told of all of it
    return (metadata, b"{" + text[end + 1 :].encode()) if text[end : end + 2] == ',"' else (None, raw)


def _parse(raw: bytes) -> dict[str, Any]:
    if sum(map(raw.count, (b"[", b"{", b","))) > MOST_JSON_PARTS:
        raise CheckpointError("the safetensors header has too many entries", f"more than {MOST_JSON_PARTS}", DAMAGED)
    if len(raw) > LARGEST_UNICODE_HEADER and (b"\\u" in raw or not raw.isascii()):
        raise CheckpointError(
            "the safetensors header is too long for one that is not ASCII", f"{len(raw)} bytes", DAMAGED
        )
    try:
        header = json.loads(raw.decode("utf-8"), **_CAREFUL)
    except (ValueError, RecursionError) as error:
        raise CheckpointError("the safetensors header is not valid JSON", error, DAMAGED) from None
    if not isinstance(header, dict):
        raise CheckpointError("the safetensors header is not a JSON object", type(header).__name__, DAMAGED)
    return header


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("the same key twice")
    for text in (part for pair in pairs for part in pair if isinstance(part, str) and not part.isascii()):
        text.encode("utf-8")  # JSON can spell half of a UTF-16 pair: a UnicodeEncodeError, which is a ValueError
    return found


def _whole(digits: str) -> int:
    if len(digits) > 20:
        raise ValueError("a number of more than 64 bits")
    return int(digits)


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _range(key: str, info: object) -> tuple[int, int]:
    """First and last byte of one tensor, relative to the data's start, after every check that needs no neighbour."""
    check_key(key)
    if not isinstance(info, dict) or not {"dtype", "shape", "data_offsets"} <= info.keys():
        raise CheckpointError("a safetensors entry has no dtype, shape or offsets", key, DAMAGED)
    dtype, shape, offsets = info["dtype"], info["shape"], info["data_offsets"]
    if not isinstance(dtype, str) or dtype not in ITEM_BITS:
        fix = "update modelsim, or convert the file to float16"
        raise CheckpointError("a safetensors entry has an unknown dtype", f"{key}: {dtype}"[: 2 * LONGEST_KEY], fix)
    if not is_shape(shape):
        raise CheckpointError("a safetensors entry has an impossible shape", key, DAMAGED)
    if not (isinstance(offsets, list) and len(offsets) == 2 and all(map(is_whole, offsets))) or offsets[0] > offsets[1]:
        raise CheckpointError("a safetensors entry has impossible offsets", key, DAMAGED)
    if math.prod(shape) * ITEM_BITS[dtype] != 8 * (offsets[1] - offsets[0]):
        raise CheckpointError("a safetensors shape does not match its bytes", f"{key}: {dtype} {shape}", DAMAGED)
    return offsets[0], offsets[1]


_CAREFUL = {"object_pairs_hook": _without_duplicates, "parse_int": _whole, "parse_constant": _no_number}
_DECODER = json.JSONDecoder(**_CAREFUL)
