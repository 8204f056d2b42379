"""EXIF blocks, byte by byte, as no library of ours writes them."""

from __future__ import annotations

import struct
from collections.abc import Sequence


def exif_block(entries: Sequence[tuple[int, int, bytes]], comment: bytes | None, order: str) -> bytes:
    """IFD0 with these entries (tag, kind, value), and a UserComment in the Exif IFD; `order` is that of the bytes, "<"
    or ">"."""
    count = len(entries) + (comment is not None)
    behind, table, data = 8 + 2 + 12 * count + 4, b"", b""
    for tag, kind, value in sorted(entries):
        stored = value.ljust(5, b"\0")  # four bytes would stand in the table itself
        table += struct.pack(f"{order}HHII", tag, kind, len(stored), behind + len(data))
        data += stored
    if comment is not None:
        start = behind + len(data)
        table += struct.pack(f"{order}HHII", 0x8769, 4, 1, start)
        data += struct.pack(f"{order}HHHIII", 1, 0x9286, 7, len(comment), start + 18, 0) + comment
    mark = b"II*\0" if order == "<" else b"MM\0*"
    return b"Exif\0\0" + mark + struct.pack(f"{order}IH", 8, count) + table + bytes(4) + data
