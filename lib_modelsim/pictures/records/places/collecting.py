"""All texts that a picture file carries, wherever a program can put one: PNG texts, EXIF, XMP, IPTC, comments and the
pixels themselves."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from PIL import ExifTags, Image

from ...opening import PictureError, opened, regular_file
from ..texts import COMMENT, CREDENTIALS, EXIF, IPTC, LONGEST, PNG, XMP, Text, short
from .c2pa import credentials
from .containers import Container, container_of
from .iptc import decoded, iptc_texts, resources
from .stealth import stealth_texts
from .user_comment import EXIF_IFD, USER_COMMENT, user_comment
from .xmp import xmp_properties

_XMP_IN_PNG, _XMP_IN_JPEG = "XML:com.adobe.xmp", b"http://ns.adobe.com/xap/1.0/\0"
_JUMBF_HEADER, _BOX_HEADER = 8, 8
"""Bytes before the box's part in one of JPEG's APP11 segments, and those of the box that each segment repeats (ISO/IEC
19566-5, Annex D)."""

_RAW_PROFILE = "Raw profile type "
"""ImageMagick's texts in PNG: a name, a length, hexadecimal digits."""

_XMP_TAG, _IPTC_TAG, _PHOTOSHOP_TAG, _IPTC_RESOURCE = 700, 33723, 34377, 0x0404
_MICROSOFT = {0x9C9B: "XPTitle", 0x9C9C: "XPComment", 0x9C9D: "XPAuthor", 0x9C9E: "XPKeywords", 0x9C9F: "XPSubject"}
"""Tags that Windows writes, in UTF-16 with the low byte first."""

_NAMED_JSON = re.compile(r"(\w{1,40}):\s*(?=[{\[])")
"""ComfyUI's WebP and AVIF: "prompt:{…}" in Model, "workflow:{…}" in Make, others in the tags before these."""


_EXACT = ("PNG", "WEBP", None)
"""Formats that keep the lowest bits: WebP where it is lossless, or in its alpha. None: a picture from memory."""

Carrier = Image.Image | Container


def texts_of(source: Path | bytes | Image.Image) -> tuple[list[Text], list[str]]:
    """All texts of a picture, and remarks on what is damaged. Never fails."""
    if isinstance(source, Image.Image):
        return texts_in(source, pixels=True)
    try:
        with opened(source) as image:
            if image.format in _EXACT:
                image.load()  # PNG's texts may stand behind the pixels
            return texts_in(image, pixels=True)
    except PictureError as error:
        beside, more = texts_beside(source) or ([], [])
        why = f"the picture is damaged ({short(error)})" if beside else f"its texts cannot be read ({short(error)})"
        return beside, [why, *more]


def texts_beside(source: Path | bytes) -> tuple[list[Text], list[str]] | None:
    """The texts of a file that Pillow cannot open or decode, and remarks; None where its kind is unknown here, too.
    Never fails."""
    try:
        with io.BytesIO(source) if isinstance(source, bytes) else open(regular_file(source), "rb") as file:
            container = container_of(file)
    except (OSError, ValueError, OverflowError, MemoryError) as error:
        return [], [f"its texts cannot be read ({short(error)})"]
    return texts_in(container, pixels=False) if container is not None else None


def texts_in(image: Carrier, pixels: bool) -> tuple[list[Text], list[str]]:
    """The texts of each place of an opened picture, each once, without the zeros that end some; and remarks. Of a PNG
    those behind its pixels are known once it is decoded; `pixels`: whether these may be looked at."""
    found: dict[Text, None] = {}
    remarks = []
    for what, read in _PLACES.items():
        if read is _of_pixels and not pixels:
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of odd EXIF
                for text in read(image):
                    plain = text.text.rstrip("\0")
                    if plain:
                        found[Text(text.place, text.keyword, plain)] = None
        except Exception as error:  # noqa: BLE001 - whatever Pillow meets in a hostile file; the other places are read
            remarks.append(f"its {what} {'are' if what.endswith('s') else 'is'} damaged ({short(error)})")
    return list(found), remarks


def _of_info(image: Carrier) -> Iterator[Text]:
    for keyword, value in list(image.info.items()):
        if keyword == "comment" and isinstance(value, bytes):  # GIF; JPEG's last one
            yield Text(COMMENT, keyword, decoded(value))
        elif isinstance(keyword, str) and isinstance(value, str) and not _is_profile(keyword):
            yield Text(PNG, keyword, _mended(value))
    for marker, data in getattr(image, "applist", ()):
        if marker == "COM":
            yield Text(COMMENT, "comment", decoded(data))


def _is_profile(keyword: str) -> bool:
    return keyword == _XMP_IN_PNG or keyword.startswith(_RAW_PROFILE)


def _mended(text: str) -> str:
    """Text that was written as UTF-8 where the format says Latin-1, as Pillow then reads it."""
    try:
        return text if text.isascii() else text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return str(text)


def _of_exif(image: Carrier) -> Iterator[Text]:
    exif = image.getexif()
    if not exif and (profile := _profile(image, "APP1") or b"").startswith(b"Exif\0\0"):
        exif.load(profile)
    for tag, value in [*sorted(exif.items()), *exif.get_ifd(EXIF_IFD).items()]:
        keyword = _MICROSOFT.get(tag) or ExifTags.TAGS.get(tag, f"0x{tag:04X}")
        text = _of_tag(tag, value)
        named = _NAMED_JSON.match(text) if text else None
        if named:
            yield Text(EXIF, named[1].lower(), text[named.end() :])
        elif text:
            yield Text(EXIF, keyword, text)


def _of_tag(tag: int, value: object) -> str | None:
    """The text of an EXIF tag; None for one that holds none."""
    if tag in (_XMP_TAG, _IPTC_TAG, _PHOTOSHOP_TAG) or not isinstance(value, (str, bytes)):
        return None
    if isinstance(value, bytes) and len(value) > 4 * LONGEST:
        return None
    if isinstance(value, str):
        text = _mended(value)
        coded = user_comment(text.encode("utf-8")) if tag == USER_COMMENT and "\0" in text[:9] else None
        return coded or text
    if tag in _MICROSOFT:
        return value.decode("utf-16-le", "replace")
    text = user_comment(value) if tag == USER_COMMENT else None
    return text if text is not None else _words(value)


def _words(data: bytes) -> str | None:
    """Bytes that are plain text all the same; None for any others."""
    try:
        text = data.rstrip(b"\0").decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text if all(each.isprintable() or each.isspace() for each in text) else None


def _of_xmp(image: Carrier) -> Iterator[Text]:
    for packet in _packets(image):
        for name, text in xmp_properties(packet):
            yield Text(XMP, name, text)


def _packets(image: Carrier) -> Iterator[str]:
    """Each XMP that the file holds, once: JPEG's in a segment of its own, the others' where Pillow puts them."""
    found = [image.info.get(key) for key in ("xmp", _XMP_IN_PNG)]
    found += [data[len(_XMP_IN_JPEG) :] for _, data in getattr(image, "applist", ()) if data.startswith(_XMP_IN_JPEG)]
    found += [_of_tiff(image, _XMP_TAG), _profile(image, "xmp")]
    texts = [each.decode("utf-8", "replace") if isinstance(each, bytes) else each for each in found]
    yield from dict.fromkeys(text for text in texts if isinstance(text, str) and text.strip("\0 "))


def _of_iptc(image: Carrier) -> Iterator[Text]:
    photoshop = image.info.get("photoshop")
    found = [photoshop.get(_IPTC_RESOURCE)] if isinstance(photoshop, dict) else []
    found += [_of_tiff(image, _IPTC_TAG), _profile(image, "iptc")]
    for blocks in (_of_tiff(image, _PHOTOSHOP_TAG), _profile(image, "iptc"), _profile(image, "8bim")):
        found += [data for number, data in resources(blocks or b"") if number == _IPTC_RESOURCE]
    for data in found:
        for name, text in iptc_texts(data) if isinstance(data, bytes) else ():
            yield Text(IPTC, name, text)


def _of_tiff(image: Carrier, tag: int) -> bytes | None:
    value = getattr(image, "tag_v2", {}).get(tag) if image.format == "TIFF" else None
    return value if isinstance(value, bytes) else None


def _profile(image: Carrier, name: str) -> bytes | None:
    """What ImageMagick kept of another format in a PNG."""
    text = image.info.get(_RAW_PROFILE + name)
    digits = text.split(maxsplit=2)[2:] if isinstance(text, str) else []
    return bytes.fromhex("".join(digits[0].split())) if digits else None


def _of_credentials(image: Carrier) -> Iterator[Text]:
    found = [data for kind, data, *_ in getattr(image, "private_chunks", ()) if kind == b"caBX"]
    parts = [data[_JUMBF_HEADER:] for marker, data in getattr(image, "applist", ()) if marker == "APP11"]
    found += [b"".join([*parts[:1], *(part[_BOX_HEADER:] for part in parts[1:])])]
    for data in found:
        for keyword, text in credentials(data):
            yield Text(CREDENTIALS, keyword, text)


def _of_pixels(image: Carrier) -> Iterator[Text]:
    """Only of what keeps its pixels as they are."""
    if isinstance(image, Image.Image) and image.format in _EXACT:
        yield from stealth_texts(image)


_PLACES: Mapping[str, Callable[[Carrier], Iterator[Text]]] = {
    "texts": _of_info,
    "EXIF": _of_exif,
    "XMP": _of_xmp,
    "IPTC": _of_iptc,
    CREDENTIALS: _of_credentials,
    "hidden text": _of_pixels,
}
