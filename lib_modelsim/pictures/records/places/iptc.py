"""IPTC: captions and the like, as newspapers' programs and Apple's libraries write them into JPEG and TIFF."""

from __future__ import annotations

from collections.abc import Iterator

_NAMES = {
    5: "title",
    25: "keyword",
    40: "instructions",
    65: "program",
    80: "author",
    105: "headline",
    116: "copyright",
    120: "caption",
}
"""Data sets of record 2 that hold words."""


def iptc_texts(data: bytes) -> Iterator[tuple[str, str]]:
    """Name and text of each data set with words. What is cut off, or has another length than it says, ends it.

    Source: IPTC-NAA Information Interchange Model 4.2, section 1.5: 0x1C, record, data set, length (2 bytes), data.
    """
    position = 0
    while data[position : position + 1] == b"\x1c" and position + 5 <= len(data):
        record, name = data[position + 1 : position + 3]
        length = int.from_bytes(data[position + 3 : position + 5], "big")
        end = position + 5 + length
        if length & 0x8000 or end > len(data):  # a length of more than 32 KB is written otherwise; nobody does
            return
        if record == 2 and name in _NAMES:
            yield _NAMES[name], decoded(data[position + 5 : end])
        position = end


def resources(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and content of each of Photoshop's image resources ("8BIM"), one of which is IPTC (0x0404).

    Source: Adobe Photoshop File Formats Specification, "Image Resource Blocks".
    """
    position = data.find(b"8BIM")
    while position >= 0 and data[position : position + 4] == b"8BIM" and position + 12 <= len(data):
        number = int.from_bytes(data[position + 4 : position + 6], "big")
        start = position + 6 + (data[position + 6] + 2) // 2 * 2  # a name with its length, of even size
        length = int.from_bytes(data[start : start + 4], "big")
        yield number, data[start + 4 : start + 4 + length]
        position = start + 4 + (length + 1) // 2 * 2


def decoded(data: bytes) -> str:
    """Bytes that say nothing of their encoding: UTF-8 where they are, else Latin-1."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")
