"""GGUF files: their header, checked, with numpy alone; `quantised/gguf_blocks.py` decodes what stands behind it.

Read here and not through the package `gguf`, because that maps the file. Format: ggml-org/ggml docs/gguf.md. Numbers
are little-endian; a shape stands in reverse; the bytes of tensors begin at a multiple of `general.alignment`.
"""

from __future__ import annotations

import math
import struct
from typing import Any

from ..errors import CheckpointError
from .quantised.gguf_blocks import TYPES, tensor_of
from .source import Source
from .stored import DAMAGED, StoredTensor, check_key, is_shape, refuse_many

MAGIC = b"GGUF"

_MOST_ENTRIES = 10_000
_MOST_ITEMS = 2_000_000
"""Words of a tokenizer, and of all lists together: Gemma has 262,144, and as many scores and kinds."""
_LONGEST_TEXT = 1 << 24
"""Bytes; a chat template or a license has some ten thousand."""
_KEPT_TEXT = 1 << 16
"""Characters of a text that is kept as metadata."""

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
"""Type of a value → how it is packed (gguf.constants, GGUFValueType)."""
_STRING, _ARRAY = 8, 9

_SHAPE_BEFORE = "comfy.gguf.orig_shape."
"""The key under which city96/ComfyUI-GGUF keeps the shape of a tensor that has more axes than blocks allow."""


def read_header(source: Source) -> tuple[list[StoredTensor], dict[str, str]]:
    """The tensors of a GGUF file in file order, and its metadata that are text or one number.

    Raises CheckpointError for what the format forbids, and for versions and byte orders that nobody writes.
    """
    reader = _Reader(source, len(MAGIC))
    version = reader.number("I")
    if version not in (2, 3):
        raise CheckpointError("this version of GGUF is not known", version, "convert it to safetensors")
    count, entries = reader.number("Q"), reader.number("Q")
    refuse_many(count)
    if entries > _MOST_ENTRIES:
        raise CheckpointError("the GGUF header has too many entries", entries, DAMAGED)
    values = dict(reader.entry() for _ in range(entries))
    infos = [reader.tensor() for _ in range(count)]
    alignment = values.get("general.alignment", 32)
    if type(alignment) is not int or not 0 < alignment <= 1 << 20:
        raise CheckpointError("the GGUF alignment is impossible", alignment, DAMAGED)
    start = -(-reader.position // alignment) * alignment
    if len({key for key, *_ in infos}) < len(infos):
        raise CheckpointError("two tensors of the GGUF file have the same name", None, DAMAGED)
    tensors = [_stored(source, start, info, values) for info in sorted(infos, key=lambda info: info[3])]
    metadata = {key: str(value)[:_KEPT_TEXT] for key, value in values.items() if isinstance(value, (str, int, float))}
    return tensors, metadata


def _stored(
    source: Source, start: int, info: tuple[str, tuple[int, ...], int, int], values: dict[str, Any]
) -> StoredTensor:
    key, shape, kind, offset = info
    if kind not in TYPES:
        raise CheckpointError("a GGUF tensor has an unknown type", f"{key}: {kind}", "update modelsim")
    before = values.get(_SHAPE_BEFORE + key)
    if isinstance(before, tuple) and is_shape(before) and math.prod(before) == math.prod(shape):
        shape = before
    _, numbers, size = TYPES[kind]
    count = math.prod(shape)
    if count % numbers or offset % 8:
        raise CheckpointError("a GGUF tensor has an impossible shape or place", key, DAMAGED)
    if start + offset + count // numbers * size > source.size:
        raise CheckpointError("a GGUF tensor reaches beyond the end of the file", key, DAMAGED)
    return tensor_of(key, shape, kind, source, start + offset)


class _Reader:
    """Reads a header from its beginning on, some kilobytes at a time."""

    def __init__(self, source: Source, position: int):
        self._source, self.position = source, position
        self._piece, self._first, self._items = b"", position, 0

    def take(self, size: int) -> bytes:
        """The next bytes."""
        begin = self.position - self._first
        if begin + size > len(self._piece):
            length = min(max(size, 1 << 16), self._source.size - self.position)
            if length < size:
                raise CheckpointError("the GGUF header is longer than the file", None, DAMAGED)
            piece = bytearray(length)
            self._source.read_into(self.position, memoryview(piece))
            self._piece, self._first, begin = bytes(piece), self.position, 0
        self.position += size
        return self._piece[begin : begin + size]

    def number(self, form: str) -> Any:  # noqa: ANN401 - what the form says
        """One number of this form of `struct`, lowest byte first."""
        return struct.unpack(f"<{form}", self.take(struct.calcsize(f"<{form}")))[0]

    def text(self) -> str:
        length = self.number("Q")
        if length > _LONGEST_TEXT:
            raise CheckpointError("a text in the GGUF header is too long", f"{length} bytes", DAMAGED)
        return self.take(length).decode("utf-8", "replace")

    def entry(self) -> tuple[str, Any]:
        """One piece of metadata: its key, and its value; of lists, those of a few numbers alone."""
        return self.text(), self._value(self.number("I"))

    def tensor(self) -> tuple[str, tuple[int, ...], int, int]:
        """Name, shape, type and place of one tensor."""
        key = self.text()
        check_key(key)
        axes = self.number("I")
        if axes > 32:
            raise CheckpointError("a GGUF tensor has an impossible shape", key, DAMAGED)
        shape = tuple(self.number("Q") for _ in range(axes))[::-1]
        if not is_shape(shape):
            raise CheckpointError("a GGUF tensor has an impossible shape", key, DAMAGED)
        return key, shape, self.number("I"), self.number("Q")

    def _value(self, kind: int, depth: int = 0) -> Any:  # noqa: ANN401 - of any type
        if kind in _SCALARS:
            return self.number(_SCALARS[kind])
        if kind == _STRING:
            return self.text()
        if kind != _ARRAY or depth > 4:
            raise CheckpointError("the GGUF metadata hold an unknown type", kind, DAMAGED)
        inner, count = self.number("I"), self.number("Q")
        self._items += count
        if self._items > _MOST_ITEMS:
            raise CheckpointError("the GGUF metadata hold too many items", f"more than {_MOST_ITEMS}", DAMAGED)
        if inner in _SCALARS and count > 32:
            self.take(count * struct.calcsize(f"<{_SCALARS[inner]}"))
            return None
        items = tuple(self._value(inner, depth + 1) for _ in range(count))
        return items if len(items) <= 32 else None
