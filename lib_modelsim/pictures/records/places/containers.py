"""The parts of a picture file that hold texts, read without Pillow: where it cannot open the file, or not to its end.

PNG's chunks, JPEG's segments, WebP's RIFF chunks, the boxes of AVIF, HEIC and JPEG XL. What is cut off is left out.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

from PIL import Image

from ..texts import LONGEST
from .boxes import box_parts
from .iptc import resources

_MOST = 4 * LONGEST
"""Bytes of a part that is read, and of what one unpacks to."""

_PARTS = 100_000
"""Chunks and segments that are looked at."""

_XMP = b"http://ns.adobe.com/xap/1.0/\0"


class Container:
    """What `collecting` reads of an opened picture, as Pillow would have it: texts in `info`, JPEG's segments in
    `applist`, EXIF. There are no pixels."""

    mode = ""

    def __init__(self, format: str) -> None:
        self.format = format
        self.info: dict[str, Any] = {}
        self.applist: list[tuple[str, bytes]] = []
        self._exif = b""

    def getexif(self) -> Image.Exif:
        """Parsed anew; raises whatever Pillow does for hostile ones."""
        exif = Image.Exif()
        exif.load(self._exif)
        return exif

    def take(self, kind: str, data: bytes) -> None:
        """A part: "exif" or "xmp"."""
        if kind == "xmp":
            self.info["xmp"] = data
        else:
            self._exif = data[data.find(b"Exif\0\0") + 6 :] if b"Exif\0\0" in data[:10] else data


def container_of(file: BinaryIO) -> Container | None:
    """The parts of a file with texts; None where it is of no kind that is known."""
    start = file.read(16)
    file.seek(0)
    if start[:8] == b"\x89PNG\r\n\x1a\n":
        return _png(file)
    if start[:2] == b"\xff\xd8":
        return _jpeg(file)
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return _webp(file)
    if start[4:8] == b"ftyp" or start[4:12] == b"JXL \r\n\x87\n":
        found = Container("AVIF")
        for kind, data in box_parts(file, _MOST):
            found.take(kind, data[4:] if kind == "exif" else data)  # behind the offset of TIFF's header
        return found
    return None


def _png(file: BinaryIO) -> Container:
    found = Container("PNG")
    file.seek(8)
    for kind, data in _chunks(file, "big", (b"tEXt", b"zTXt", b"iTXt", b"eXIf"), behind=4):
        if kind == b"eXIf":
            found.take("exif", data)
            continue
        keyword, _, rest = data.partition(b"\0")
        text = _png_text(kind, rest)
        if text is not None:
            found.info[keyword.decode("latin-1")] = text
    return found


def _png_text(kind: bytes, rest: bytes) -> str | None:
    """A text chunk's text (PNG specification, 11.3.3); None where it is broken or unpacks to too much."""
    encoding, packed, data = "latin-1", kind == b"zTXt", rest[1:] if kind == b"zTXt" else rest
    if kind == b"iTXt":  # whether it is packed, how, language, translated keyword, text
        encoding, packed, data = "utf-8", rest[:1] == b"\1", rest[2:].split(b"\0", 2)[-1]
    if not packed:
        return data.decode(encoding, "replace")
    try:
        unpacking = zlib.decompressobj()
        text = unpacking.decompress(data, _MOST)
    except zlib.error:
        return None
    return None if unpacking.unconsumed_tail else text.decode(encoding, "replace")


def _webp(file: BinaryIO) -> Container:
    found = Container("WEBP")
    file.seek(12)
    for kind, data in _chunks(file, "little", (b"EXIF", b"XMP "), kind_first=True, even=True):
        found.take(kind.decode().strip().lower(), data)
    return found


def _chunks(
    file: BinaryIO, order: str, wanted: tuple[bytes, ...], behind: int = 0, kind_first: bool = False, even: bool = False
) -> Iterator[tuple[bytes, bytes]]:
    """Kind and data of these chunks: a length and a kind of four bytes each, the data, a checksum."""
    for _ in range(_PARTS):
        head = file.read(8)
        if len(head) < 8:
            return
        kind, size = (head[:4], head[4:]) if kind_first else (head[4:], head[:4])
        length = int.from_bytes(size, "little" if order == "little" else "big")
        end = file.tell() + length + behind + (length % 2 if even else 0)
        if kind in wanted and length <= _MOST:
            data = file.read(length)
            if len(data) == length:
                yield kind, data
        file.seek(end)


def _jpeg(file: BinaryIO) -> Container:
    """Segments up to the pixels (ITU T.81, B.1.1): 0xFF, a marker, a length that counts itself."""
    found = Container("JPEG")
    file.seek(2)
    for _ in range(_PARTS):
        head = file.read(4)
        if len(head) < 4 or head[0] != 0xFF or head[1] in (0xD9, 0xDA):
            break
        data = file.read(max(0, int.from_bytes(head[2:], "big") - 2))
        if head[1] == 0xFE:
            found.applist.append(("COM", data))
        elif head[1] == 0xE1 and data.startswith(b"Exif\0\0"):
            found.take("exif", data)
        elif head[1] == 0xE1 and data.startswith(_XMP):
            found.applist.append(("APP1", data))
        elif head[1] == 0xED:
            found.info["photoshop"] = dict(resources(data))
    return found
