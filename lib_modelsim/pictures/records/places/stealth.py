"""Texts in the lowest bits of a picture's pixels ("stealth PNG info"): hosts that strip a file's metadata keep them.

Column by column, from the top left: 15 characters that say where and how, 32 bits with the number of bits that follow,
then the text, plain or compressed by gzip. Each pixel gives the lowest bit of its alpha, or those of red, green, blue.
Source: sd-webui-stealth-pnginfo, scripts/stealth_pnginfo.py (`prepare_data`, `add_data`); NovelAI's own
novelai-image-metadata, nai_meta.py, writes the same into alpha.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..texts import LONGEST, STEALTH_ALPHA, STEALTH_RGB, Text

_SIGNATURE, _LENGTH = 15, 4  # bytes
_ALPHA = {b"stealth_pnginfo": False, b"stealth_pngcomp": True}
_RGB = {b"stealth_rgbinfo": False, b"stealth_rgbcomp": True}
"""Signature → whether the text is compressed."""

KEYWORD = "parameters"
_OF_NOVELAI, _OF_COMFYUI = ("Software", "Comment"), ("prompt", "workflow")
_BYTES = LONGEST
"""Bytes that are looked at in the pixels, and that they may unpack to."""


def stealth_texts(image: Image.Image) -> Iterator[Text]:
    """The texts in the pixels of a picture that is decoded, RGB or RGBA.

    A JSON object that stands for a PNG's texts (NovelAI's, ComfyUI's) gives one text for each of its keys. Raises
    ValueError where a signature is there and its text is not.
    """
    if image.mode == "RGBA":
        yield from _of_channels(image, (3,), _ALPHA, STEALTH_ALPHA)
    if image.mode in ("RGB", "RGBA"):
        yield from _of_channels(image, (0, 1, 2), _RGB, STEALTH_RGB)


def _of_channels(
    image: Image.Image, channels: tuple[int, ...], signatures: Mapping[bytes, bool], place: str
) -> Iterator[Text]:
    signature = _bytes(image, channels, 0, _SIGNATURE)
    if signature not in signatures:
        return
    length = int.from_bytes(_bytes(image, channels, _SIGNATURE, _LENGTH), "big") // 8
    start = _SIGNATURE + _LENGTH
    if not 0 < length <= min(_BYTES, image.width * image.height * len(channels) // 8 - start):
        raise ValueError(f"{place}: a text of {length:,} bytes is said to be there, more than there can be")
    data = _bytes(image, channels, start, length)
    yield from _texts(place, (_unpacked(data, place) if signatures[signature] else data).decode("utf-8", "replace"))


def _bytes(image: Image.Image, channels: tuple[int, ...], start: int, count: int) -> bytes:
    """The bytes from `start` on that the lowest bits of these channels hold; only their columns are looked at."""
    column = image.height * len(channels)  # bits
    first, last = start * 8 // column, -(-(start + count) * 8 // column)
    columns: NDArray[np.uint8] = np.asarray(image.crop((first, 0, min(last, image.width), image.height)))
    bits = columns.transpose(1, 0, 2)[..., channels].reshape(-1) & 1
    return np.packbits(bits[start * 8 - first * column :][: count * 8]).tobytes()


def _unpacked(data: bytes, place: str) -> bytes:
    """gzip, unpacked up to a limit."""
    stream = zlib.decompressobj(wbits=31)
    try:
        text = stream.decompress(data, _BYTES)
    except zlib.error as error:
        raise ValueError(f"{place}: the text cannot be unpacked ({error})") from error
    if not stream.eof and stream.unconsumed_tail:
        raise ValueError(f"{place}: the text is longer than {_BYTES >> 20} MB")
    return text


def _texts(place: str, text: str) -> Iterator[Text]:
    try:
        document = json.loads(text) if text.startswith("{") else None
    except (ValueError, RecursionError):
        document = None  # a prompt may begin so
    if isinstance(document, dict) and _stands_for_png_texts(document):
        for keyword, value in document.items():
            yield Text(place, keyword, value if isinstance(value, str) else json.dumps(value))
    else:
        yield Text(place, KEYWORD, text)


def _stands_for_png_texts(document: Mapping[str, object]) -> bool:
    graphs = (document.get(key) for key in _OF_COMFYUI)
    return any(key in document for key in _OF_NOVELAI) or any(isinstance(graph, dict) for graph in graphs)
