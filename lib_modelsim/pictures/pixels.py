"""Numbers that a picture's pixels give, taken when it is opened anyway, and all of them at one size.

A number that depends on how large a picture was saved says little about the picture: every picture is brought to the
same number of pixels first, larger ones by averaging, smaller ones by bicubic interpolation.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

AREA = 512 * 512
"""Pixels that a picture is brought to; its proportions stay."""

LEAST = 8
"""Pixels of the shorter side below which there is nothing to measure."""

TOO_SMALL = f"the picture is too small or too narrow to be measured (below {LEAST} pixels)"

Pixels = NDArray[np.uint8]
"""[height, width, 3], RGB, about AREA of them."""


class PixelScore(Protocol):
    """A number of one picture."""

    @property
    def identity(self) -> str:
        """The key under which its numbers are kept: it changes when they do."""

    def of(self, pixels: Pixels) -> float:
        """NaN where the picture has no such number."""


def pixels_of(picture: Image.Image) -> Pixels | None:
    """The picture at the common size; None where it is too small. `picture` as `opening.open_picture` gives it."""
    width, height = picture.size
    if min(width, height) < LEAST:
        return None
    factor = (AREA / (width * height)) ** 0.5
    size = max(1, round(width * factor)), max(1, round(height * factor))
    if size == picture.size:
        return np.asarray(picture)
    return np.asarray(picture.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0))


def luma(pixels: Pixels) -> NDArray[np.float32]:
    """How bright each pixel is, 0 … 255 [height, width] (ITU-R BT.601)."""
    return pixels @ np.array([0.299, 0.587, 0.114], np.float32)
