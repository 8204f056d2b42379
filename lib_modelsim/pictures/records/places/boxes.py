"""EXIF and XMP of files made of ISO boxes: AVIF, HEIC, JPEG XL.

Source: ISO/IEC 14496-12 (boxes, `meta`, `iinf`, `iloc`), 23008-12 annex A (EXIF and XMP as items), 18181-2 (JPEG XL has
both as boxes of their own).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

_MOST = 10_000
"""Boxes and items that are looked at."""


@dataclass(frozen=True)
class _Box:
    kind: bytes
    start: int
    end: int


def box_parts(file: BinaryIO, longest: int) -> Iterator[tuple[str, bytes]]:
    """("exif" or "xmp", data) of each, at most `longest` bytes of one; what is cut off or broken is left out."""
    size = file.seek(0, io.SEEK_END)
    for box in _boxes(file, 0, size):
        if box.kind in (b"Exif", b"xml ") and box.end - box.start <= longest:
            yield ("exif" if box.kind == b"Exif" else "xmp"), _read(file, box.start, box.end)
        elif box.kind == b"meta" and box.end - box.start <= longest:
            meta = io.BytesIO(_read(file, box.start, box.end))
            yield from _items(file, meta, longest)


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[_Box]:
    """The boxes that lie between, one after the other: a length, a kind, and the length again where it is long."""
    for _ in range(_MOST):
        head = _read(file, start, start + 16) if start + 8 <= end else b""
        if len(head) < 8:
            return
        length, behind = int.from_bytes(head[:4], "big"), 8
        if length == 1:
            length, behind = int.from_bytes(head[8:16], "big"), 16
        stop = end if length == 0 else start + length
        if stop < start + behind:
            return
        yield _Box(head[4:8], start + behind, min(stop, end))
        start = stop


def _items(file: BinaryIO, meta: BinaryIO, longest: int) -> Iterator[tuple[str, bytes]]:
    size = meta.seek(0, io.SEEK_END)
    found = {box.kind: _read(meta, box.start, box.end) for box in _boxes(meta, 4, size)}
    kinds = dict(_kinds(found.get(b"iinf", b"")))
    for item, in_meta, extents in _places(_Fields(found.get(b"iloc", b""))):
        if item not in kinds or sum(length for _, length in extents) > longest:
            continue
        source = io.BytesIO(found.get(b"idat", b"")) if in_meta else file
        yield kinds[item], b"".join(_read(source, start, start + length) for start, length in extents)


def _kinds(data: bytes) -> Iterator[tuple[int, str]]:
    """Item → "exif" or "xmp", of those that are one of these (`iinf`)."""
    file = io.BytesIO(data)
    for box in _boxes(file, 6 if data[:1] == b"\0" else 8, len(data)):
        entry = _read(file, box.start, box.end)
        wide = 4 if entry[:1] == b"\3" else 2
        item, kind = int.from_bytes(entry[4 : 4 + wide], "big"), entry[6 + wide : 10 + wide]
        if kind == b"Exif":
            yield item, "exif"
        elif kind == b"mime" and b"application/rdf+xml" in entry:
            yield item, "xmp"


class _Fields:
    """Numbers that stand one after the other."""

    def __init__(self, data: bytes) -> None:
        self.file = io.BytesIO(data)

    def number(self, size: int) -> int:
        """0 behind the end."""
        return int.from_bytes(self.file.read(size), "big")


def _places(fields: _Fields) -> Iterator[tuple[int, bool, list[tuple[int, int]]]]:
    """Item, whether it lies in `meta` itself, and start and length of each of its parts (`iloc`)."""
    version = fields.number(4) >> 24
    sizes = fields.number(2)
    offset, length, base, index = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15, sizes & 15
    left = _MOST
    for _ in range(min(_MOST, fields.number(4 if version == 2 else 2))):
        item = fields.number(4 if version == 2 else 2)
        method = fields.number(2) & 15 if version else 0
        fields.number(2)
        first = fields.number(base)
        extents = []
        count = min(left, fields.number(2))
        left -= count
        for _ in range(count):
            if version:
                fields.number(index)
            extents.append((first + fields.number(offset), fields.number(length)))
        if method in (0, 1):
            yield item, method == 1, extents


def _read(file: BinaryIO, start: int, end: int) -> bytes:
    file.seek(start)
    return file.read(end - start)
