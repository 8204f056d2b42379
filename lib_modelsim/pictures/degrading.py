"""Degrading a picture as the web does: it is cut, scaled and saved again with loss.

A search that has learned from untouched pictures alone takes a file's history for a model's style.
"""

from __future__ import annotations

import io
import zlib

import numpy as np
from PIL import Image

from .opening import opened

VERSION = 1
"""Grows when `degraded` makes other pictures: vectors of degraded pictures are kept under it."""

_QUALITY = (50, 95)  # JPEG
_SCALE = (0.5, 1.2)
_CUT = 0.1  # of each side at most


def degraded(picture: Image.Image, generator: np.random.Generator | None = None) -> Image.Image:
    """The picture after it has been around, RGB.

    Without a generator drawn from its own content: the same picture, the same result.
    """
    picture = picture.convert("RGB")
    generator = generator or np.random.default_rng(zlib.crc32(picture.tobytes()))
    width, height = picture.size
    kept = 1 - generator.uniform(0, _CUT)
    left, top = ((1 - kept) * generator.uniform() * side for side in (width, height))
    scale = kept * np.exp(generator.uniform(*np.log(_SCALE)))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    way = (Image.Resampling.LANCZOS, Image.Resampling.BICUBIC, Image.Resampling.BILINEAR)[generator.integers(3)]
    part = picture.resize(size, way, (left, top, left + kept * width, top + kept * height))
    return as_jpeg(part, int(generator.integers(*_QUALITY, endpoint=True)))


def as_jpeg(picture: Image.Image, quality: int) -> Image.Image:
    """The picture as it comes out of a JPEG file of this quality (1 … 95)."""
    file = io.BytesIO()
    picture.save(file, "jpeg", quality=quality)
    with opened(file.getvalue()) as again:
        again.load()
        return again
