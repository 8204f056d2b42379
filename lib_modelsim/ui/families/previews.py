"""A small copy of the picture beside a checkpoint, inside the page: no file of the disk is served for it."""

from __future__ import annotations

import base64
import io
from functools import lru_cache
from pathlib import Path

from PIL import Image

from ...pictures.opening import PictureError, open_picture
from ...templates import render

_SIDE, _ALONE = 192, 640
"""Pixels; of a picture that has no other copy for the larger view."""


def thumbnail(path: Path, large: str = "") -> str:
    """A picture that opens large, from the address `large`, or nothing where the file is none that can be opened."""
    try:
        found = path.stat()
        return _thumbnail(path, large, found.st_size, found.st_mtime_ns)
    except OSError:
        return ""


@lru_cache(maxsize=64)
def _thumbnail(path: Path, large: str, _size: int, _mtime_ns: int) -> str:
    try:
        return inline(open_picture(path), path.name, _SIDE if large else _ALONE, large)
    except PictureError:
        return ""


def inline(picture: Image.Image, alt: str, side: int, large: str = "") -> str:
    """A small copy of an opened picture, no side longer than `side` pixels, that opens large: from the address `large`,
    or as it is."""
    small, packed = picture.copy(), io.BytesIO()
    small.thumbnail((side, side))
    small.convert("RGB").save(packed, "JPEG", quality=85)
    data = base64.b64encode(packed.getvalue()).decode()
    return render("ui/templates/preview.html", alt=alt, data=data, large=large)
