"""Content Credentials (C2PA): which program and which model a picture is said to come from, and by which kind of work.

They lie in a PNG's `caBX` chunk or in JPEG's APP11 segments, as boxes with CBOR in them. Only the texts that name
somebody are looked for, and no signature is checked: this is what is written there. Source: C2PA Technical
Specification 2.1, sections 10 (claims), 11 (embedding), 18.15 (actions); IPTC Digital Source Type.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

MADE_BY_AI = ("trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia")
"""Kinds of source that are generative AI, alone or with other work."""

MAKERS = ("claim generator", "software agent")
"""Keywords of the texts that name a program or a model."""

_LOOKED_AT = 4 << 20
"""Bytes; what is longer is thumbnails."""

_KEYS = dict(zip(MAKERS, (rb"claim_generator(?:_info)?", rb"softwareAgent"), strict=True))
_SOURCE = re.compile(rb"https?://cv\.iptc\.org/newscodes/digitalsourcetype/(\w{1,60})")
_NAME, _WITHIN = b"dname", 120
"""The CBOR key of a name inside a map, and how many bytes behind the map's own key it is looked for."""


def credentials(data: bytes) -> Iterator[tuple[str, str]]:
    """Keyword and text of what is named, each once."""
    data = data[:_LOOKED_AT]
    for keyword, key in _KEYS.items():
        names = (_named(data, found.end()) for found in re.finditer(key, data))
        yield from ((keyword, name) for name in dict.fromkeys(filter(None, names)))
    for kind in dict.fromkeys(_SOURCE.findall(data)):
        yield "digital source type", kind.decode()


def _named(data: bytes, place: int) -> str:
    """The text here, or the name in the map or the list of maps that begins here."""
    if data[place : place + 1] > b"\x7f":
        inner = data.find(_NAME, place, place + _WITHIN)
        return _text(data, inner + len(_NAME)) if inner >= 0 else ""
    return _text(data, place)


def _text(data: bytes, place: int) -> str:
    """The CBOR text that begins here (RFC 8949, 3.1: major type 3, of up to 255 bytes); empty where none does."""
    kind = data[place] if place < len(data) else 0
    if not 0x60 <= kind <= 0x78:
        return ""
    start, length = (place + 2, data[place + 1 : place + 2]) if kind == 0x78 else (place + 1, bytes([kind - 0x60]))
    text = data[start : start + int.from_bytes(length, "big")].decode("utf-8", "replace")
    return text if text.isprintable() else ""
