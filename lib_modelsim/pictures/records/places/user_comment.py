"""EXIF's UserComment as text: eight bytes that name an encoding, and what a program took that to mean."""

from __future__ import annotations

from collections.abc import Mapping

EXIF_IFD, USER_COMMENT = 0x8769, 0x9286
"""The IFD of EXIF's own tags, and the one of them that holds a free text."""

_WIDE = b"UNICODE\0"
_ENCODINGS: Mapping[bytes, str] = {b"ASCII\0\0\0": "utf-8", bytes(8): "utf-8", b"JIS\0\0\0\0\0": "iso2022_jp"}
"""ASCII is a part of UTF-8, in which programs write their names all the same."""


def user_comment(comment: bytes) -> str | None:
    """The text of a UserComment (EXIF 2.3 §4.6.5); None where the eight bytes name no encoding.

    "UNICODE" says nothing of the order of the bytes: piexif, which the WebUI uses, writes the high one first, other
    tools the low one, and some write UTF-8.
    """
    code, text = comment[:8], comment[8:]
    encoding = _wide(text) if code == _WIDE else _ENCODINGS.get(code)
    return text.decode(encoding, "replace").removeprefix("\ufeff").rstrip("\0") if encoding else None


def _wide(text: bytes) -> str:
    """The order in which more characters are Latin: prompts and JSON are made of those in every language."""
    if text[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    high_first, low_first = text[0::2].count(0), text[1::2].count(0)
    if not high_first and not low_first and _is_utf8(text):
        return "utf-8"
    return "utf-16-le" if low_first > high_first else "utf-16-be"


def _is_utf8(text: bytes) -> bool:
    """Whether the bytes are UTF-8 that begins as a text in Latin letters does."""
    try:
        return text.decode("utf-8")[:1].isascii()
    except UnicodeDecodeError:
        return False
