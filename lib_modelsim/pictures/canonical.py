"""Any picture → the one size and colour space in which pictures are compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

AREA = 256 * 256
"""Pixels that every picture is brought to: what is finer hardly survives a recompressed upload."""

GRID = 32
"""Both sides become multiples of this, so that every scale of the filters fits without a remainder."""

_LONGEST = 1024
_BORDER_SHARE = 0.2
_BORDER_SPREAD, _BORDER_DRIFT = 24, 12  # of 255: what JPEG does to a plain border, and a little more

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class CanonicalPicture:
    """Oklab planes, float32, each [height, width]; `light` in 0 … 1, `green_red` and `blue_yellow` about ±0.3."""

    light: Floats
    green_red: Floats
    blue_yellow: Floats


def canonical(picture: Image.Image) -> CanonicalPicture:
    """The picture without plain borders, of about `AREA` pixels, in Oklab. An RGB picture of any size is good."""
    pixels = without_borders(np.asarray(picture.convert("RGB")))
    height, width = pixels.shape[:2]
    scale = (AREA / (height * width)) ** 0.5
    size = tuple(min(_LONGEST, max(2 * GRID, GRID * round(side * scale / GRID))) for side in (width, height))
    if size != (width, height):
        pixels = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))
    return CanonicalPicture(*_oklab(pixels))


def without_borders(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """[height, width, 3] without plain rows and columns at its edges (a viewer's frame in a screenshot).

    At each edge at most a fifth; an edge that is plain further in than that is part of the picture and stays.
    """
    left, top, right, bottom = content_box(pixels)
    return np.ascontiguousarray(pixels[top:bottom, left:right])


def content_box(pixels: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what `without_borders` leaves."""
    height, width = pixels.shape[:2]
    top = _border(lambda i: pixels[i], height)
    bottom = height - _border(lambda i: pixels[height - 1 - i], height)
    left = _border(lambda i: pixels[top:bottom, i], width)
    right = width - _border(lambda i: pixels[top:bottom, width - 1 - i], width)
    return left, top, right, bottom


def _border(line: Callable[[int], NDArray[np.uint8]], lines: int) -> int:
    colour = line(0).mean(0)
    for i in range(int(lines * _BORDER_SHARE)):
        pixels = line(i)
        if np.ptp(pixels, axis=0).max() > _BORDER_SPREAD or abs(pixels.mean(0) - colour).max() > _BORDER_DRIFT:
            return i
    return 0


# Björn Ottosson, "A perceptual color space for image processing" (2020): linear sRGB → cone responses → Oklab.
_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    np.float32,
)
_TO_OKLAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ],
    np.float32,
)


def _linear_light() -> Floats:
    value = np.arange(256) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4).astype(np.float32)


_LINEAR_LIGHT = _linear_light()


def _oklab(pixels: NDArray[np.uint8]) -> Floats:
    """sRGB [height, width, 3] → [3, height, width]."""
    planes = _LINEAR_LIGHT[pixels.reshape(-1, 3).T]
    return (_TO_OKLAB @ np.cbrt(_TO_CONES @ planes)).reshape(3, *pixels.shape[:2])
