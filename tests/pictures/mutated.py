"""Small pictures of every format with the record of every program, and endless ways to damage either, all from one
seeded generator."""

from __future__ import annotations

import gzip
import io
import json
import struct
import zlib
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from .exif import exif_block
from .record_samples import RECORDS, written


def _picture(random: Random, mode: str = "RGB", size: tuple[int, int] | None = None) -> Image.Image:
    width, height = size or (random.randrange(1, 80), random.randrange(1, 60))
    pixels = np.add.outer(np.arange(height) * 3, np.arange(width) * 2)[..., None] + np.arange(3) * 40
    return Image.fromarray((pixels % 256).astype(np.uint8)).convert(mode)


def _saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _joined(texts: dict[str, str]) -> str:
    return next(iter(texts.values())) if len(texts) == 1 else json.dumps(texts)


def exif_with(random: Random, texts: dict[str, str]) -> bytes:
    """EXIF byte by byte, in either order: the texts in tags of IFD0, one as UserComment in either IFD."""
    order = random.choice("<>")
    tags = [0x010E, 0x010F, 0x0110, 0x0131, 0x013B, 0x9C9C]
    entries = []
    for (keyword, text), tag in zip(texts.items(), random.sample(tags, len(tags)), strict=False):
        data = (
            text.encode("utf-16-le", "replace")
            if tag == 0x9C9C
            else _bytes(f"{keyword}:{text}" if tag < 0x0131 else text)
        )
        entries.append((tag, 1 if tag == 0x9C9C else 2, data + b"\0"))
    code, encoding = random.choice(
        [(b"UNICODE\0", "utf-16-be"), (b"UNICODE\0", "utf-16-le"), (b"ASCII\0\0\0", "utf-8"), (bytes(8), "utf-8")]
    )
    comment = code + _joined(texts).encode(encoding, "replace")
    if random.random() < 0.5:
        entries.append((0x9286, 7, comment))
        return exif_block(entries, None, order)
    return exif_block(entries, comment, order)


def xmp_with(texts: dict[str, str]) -> bytes:
    """XMP, not escaped: a text may break it."""
    lines = "".join(
        f"<e:UserComment><rdf:Alt><rdf:li>{text}</rdf:li></rdf:Alt></e:UserComment>" for text in texts.values()
    )
    return _bytes(
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description xmlns:e="http://ns.adobe.com/exif/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
        f'xmp:CreatorTool="Draw Things">{lines}</rdf:Description></rdf:RDF></x:xmpmeta>'
    )


def iptc_with(texts: dict[str, str]) -> bytes:
    """Photoshop's resource with IPTC's captions."""
    sets = b"".join(
        b"\x1c\x02\x78" + struct.pack(">H", len(value)) + value
        for value in (_bytes(text)[:30000] for text in texts.values())
    )
    return b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0" + struct.pack(">I", len(sets)) + sets + bytes(len(sets) % 2)


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(random: Random, texts: dict[str, str]) -> bytes:
    """PNG texts of each kind, before the pixels or behind them; pixels of every kind, moving or not."""
    mode = random.choice(["RGB", "RGBA", "L", "LA", "P", "1", "I;16"])
    picture = _picture(random, "L" if mode == "I;16" else mode)
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(picture).astype(np.uint16) * 257)
    options: dict[str, Any] = {"transparency": 3} if mode in ("P", "L") and random.random() < 0.3 else {}
    if random.random() < 0.2 and mode in ("RGB", "RGBA"):
        options |= {"save_all": True, "append_images": [_picture(random, mode, picture.size)]}
    if random.random() < 0.3:
        options["exif"] = exif_with(random, texts)
    plain = _saved(picture, "png", **options)
    parts = []
    for keyword, text in texts.items():
        key, data = keyword.encode("latin-1"), _bytes(text)
        parts.append(
            random.choice(
                [
                    chunk(b"tEXt", key + b"\0" + data),
                    chunk(b"zTXt", key + b"\0\0" + zlib.compress(data)),
                    chunk(b"iTXt", key + b"\0\0\0\0\0" + data),
                    chunk(b"iTXt", key + b"\0\1\0en\0key\0" + zlib.compress(data)),
                ]
            )
        )
    if random.random() < 0.2:
        parts.append(chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp_with(texts)))
    if random.random() < 0.1:
        block = iptc_with(texts)[14:]
        parts.append(
            chunk(
                b"zTXt", b"Raw profile type iptc\0\0" + zlib.compress(f"\niptc\n{len(block)}\n{block.hex()}\n".encode())
            )
        )
    at = 33 if random.random() < 0.7 else len(plain) - 12
    return plain[:at] + b"".join(parts) + plain[at:]


def _stealth(random: Random, texts: dict[str, str]) -> bytes:
    """A text in the lowest bits, of alpha or of the colours, packed or not."""
    alpha, packed = random.random() < 0.5, random.random() < 0.7
    data = _bytes(_joined(texts))[:6000]
    data = gzip.compress(data) if packed else data
    signature = f"stealth_{'png' if alpha else 'rgb'}{'comp' if packed else 'info'}".encode()
    length = 8 * len(data) if random.random() < 0.8 else random.choice([0, 7, 2**31, 2**32 - 1, 8 * len(data) + 9])
    bits = np.unpackbits(np.frombuffer(signature + struct.pack(">I", length) + data, np.uint8))
    if random.random() < 0.3:
        bits[random.randrange(len(bits))] ^= 1
    channels = (3,) if alpha else (0, 1, 2)
    height = random.randrange(20, 90)
    width = -(-len(bits) // len(channels) // height) + random.choice([0, 1, 9])
    pixels = np.array(_picture(random, "RGBA", (width, height))).transpose(1, 0, 2).copy()
    flat = pixels[..., channels].reshape(-1)
    fitting = bits[: len(flat)]
    flat[: len(fitting)] = (flat[: len(fitting)] & 0xFE) | fitting
    pixels[..., channels] = flat.reshape(pixels[..., channels].shape)
    picture = Image.fromarray(np.ascontiguousarray(pixels.transpose(1, 0, 2)))
    kind = {"lossless": True, "exact": True} if random.random() < 0.3 else {}
    return _saved(picture if alpha else picture.convert("RGB"), "webp" if kind else "png", **kind)


def _jpeg(random: Random, texts: dict[str, str]) -> bytes:
    mode = random.choice(["RGB", "L", "CMYK"])
    options = {"exif": exif_with(random, texts)} if random.random() < 0.6 else {}
    if len(options.get("exif", b"")) > 65000:
        options = {}
    plain = _saved(_picture(random, mode), "jpeg", progressive=random.random() < 0.3, **options)
    segments = [
        (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp_with(texts)),
        (0xED, iptc_with(texts)),
        (0xFE, _bytes(_joined(texts))),
    ]
    for marker, data in random.sample(segments, random.randrange(4)):
        if len(data) < 65000:
            plain = plain[:2] + b"\xff" + bytes([marker]) + struct.pack(">H", len(data) + 2) + data + plain[2:]
    return plain


def _webp(random: Random, texts: dict[str, str]) -> bytes:
    picture = _picture(random, random.choice(["RGB", "RGBA"]))
    options: dict[str, Any] = {"lossless": random.random() < 0.4, "exif": exif_with(random, texts)[6:]}
    if random.random() < 0.3:
        options["xmp"] = xmp_with(texts)
    if random.random() < 0.3:
        options |= {"save_all": True, "append_images": [_picture(random, picture.mode, picture.size)]}
    return _saved(picture, "webp", **options)


def _gif(random: Random, texts: dict[str, str]) -> bytes:
    picture = _picture(random, "P")
    options: dict[str, Any] = {"comment": _bytes(_joined(texts))}
    if random.random() < 0.5:
        options |= {"save_all": True, "append_images": [_picture(random, "P", picture.size)]}
    return _saved(picture, "gif", **options)


def _tiff_file(random: Random, texts: dict[str, str]) -> bytes:
    picture = _picture(random, random.choice(["RGB", "RGBA", "L", "CMYK", "1"]))
    info = {0x010E: _bytes(_joined(texts)), 700: xmp_with(texts), 33723: iptc_with(texts)[26:]}
    options: dict[str, Any] = {"compression": random.choice([None, "raw", "tiff_lzw", "tiff_deflate", "packbits"])}
    if random.random() < 0.3:
        options |= {"save_all": True, "append_images": [_picture(random, picture.mode, picture.size)]}
    return _saved(picture, "tiff", tiffinfo=info, **options)


def _bmp(random: Random, _texts: dict[str, str]) -> bytes:
    return _saved(_picture(random, random.choice(["RGB", "L", "1", "P"])), "bmp")


def _box(kind: bytes, *content: bytes) -> bytes:
    data = b"".join(content)
    return struct.pack(">I", len(data) + 8) + kind + data


def _boxes(random: Random, texts: dict[str, str]) -> bytes:
    """AVIF without pixels, with EXIF and XMP as items; AVIF with pixels where this Pillow writes it."""
    if "AVIF" in Image.SAVE and random.random() < 0.7:
        return _saved(_picture(random), "avif", exif=exif_with(random, texts), xmp=xmp_with(texts))
    exif, xmp = struct.pack(">I", 6) + exif_with(random, texts), xmp_with(texts)
    start = _box(b"ftyp", random.choice([b"avif", b"heic"]), bytes(4), b"mif1")
    entries = [
        _box(b"infe", b"\2\0\0\0", struct.pack(">HH", 1, 0), b"Exif", b"\0"),
        _box(b"infe", b"\2\0\0\0", struct.pack(">HH", 2, 0), b"mime", b"\0application/rdf+xml\0"),
    ]
    iinf = _box(b"iinf", bytes(4), struct.pack(">H", 2), *entries)
    behind = len(start) + 8 + 4 + len(iinf) + 44 + 8
    rows = struct.pack(">HHHII", 1, 0, 1, behind, len(exif)) + struct.pack(
        ">HHHII", 2, 0, 1, behind + len(exif), len(xmp)
    )
    iloc = _box(b"iloc", bytes(4), b"\x44\0", struct.pack(">H", 2), rows)
    return start + _box(b"meta", bytes(4), iinf, iloc) + _box(b"mdat", exif, xmp)


FORMATS: dict[str, Callable[[Random, dict[str, str]], bytes]] = {
    "PNG": _png,
    "JPEG": _jpeg,
    "WebP": _webp,
    "PNG, hidden": _stealth,
    "GIF": _gif,
    "TIFF": _tiff_file,
    "AVIF": _boxes,
    "BMP": _bmp,
}

_EXTREME = [0, 1, 2, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFF0]


def mutated_bytes(random: Random, data: bytes) -> bytes:
    """A file with one to four places changed, cut short, or put together anew; PNG's checksums mended in half of the
    cases, so that what is changed is looked at."""
    changed = bytearray(data)
    for _ in range(random.choice([1, 1, 1, 2, 4])):
        at = random.randrange(min(len(changed), random.choice([64, 512, 10**9]))) if changed else 0
        length = random.choice([1, 2, 4, 16, 200])
        what = random.randrange(8)
        if what == 0:
            changed[at : at + 1] = bytes([(changed[at] if changed else 0) ^ 1 << random.randrange(8)])
        elif what == 1:
            changed[at : at + length] = random.randbytes(length)
        elif what == 2:
            changed[at : at + 4] = struct.pack(random.choice("<>") + "I", random.choice(_EXTREME))
        elif what == 3:
            changed[at : at + 2] = struct.pack(random.choice("<>") + "H", random.choice(_EXTREME) & 0xFFFF)
        elif what == 4:
            del changed[at : at + length]
        elif what == 5:
            other = random.randrange(len(changed) + 1)
            changed[at:at] = changed[other : other + length * 4]
        elif what == 6:
            changed[at : at + length] = bytes(length)
        else:
            del changed[at:]
    mended = bytes(changed)
    return _with_checksums(mended) if data[:4] == b"\x89PNG" and random.random() < 0.5 else mended


def _with_checksums(data: bytes) -> bytes:
    parts, at = [data[:8]], 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        if at + 12 + length > len(data):
            break
        parts.append(chunk(data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    return b"".join(parts) + data[at:]


def mutated_pictures(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """(what it is, content) of so many: formats and records in turn, a quarter with a whole file around the record."""
    for i in range(count):
        random = Random(f"{seed} {i}")
        kind = list(FORMATS)[i % len(FORMATS)]
        record = RECORDS[(i // len(FORMATS)) % len(RECORDS)]
        data = FORMATS[kind](random, written(random, record))
        yield f"{i} {kind}", data if random.random() < 0.25 else mutated_bytes(random, data)


def whole_pictures() -> Iterator[bytes]:
    """Each record once, as its program writes it, in PNG's texts."""
    for texts in RECORDS:
        info = PngInfo()
        for keyword, value in texts:
            info.add_text(keyword, value if isinstance(value, str) else json.dumps(value))
        yield _saved(_picture(Random(1)), "png", pnginfo=info)
