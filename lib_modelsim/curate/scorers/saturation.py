"""saturation: how pure the colours are.

The mean of HSV's saturation, (max − min) / max of a pixel's red, green and blue (Smith, "Color gamut transform pairs",
1978). What is nearly black counts as grey: there a level of noise is the purest colour.
"""

from __future__ import annotations

import numpy as np

from ...pictures.pixels import Pixels
from .scorer import kind_of_pixels

_DARK = 16
"""Levels of 255 of the largest channel below which a pixel has no colour that anybody sees."""


def saturation(pixels: Pixels) -> float:
    """0 for grey … 100 for pure colours; %."""
    red, green, blue = (pixels[..., channel] for channel in range(3))
    most = np.maximum(np.maximum(red, green), blue)
    least = np.minimum(np.minimum(red, green), blue)
    share = (most - least) / np.maximum(most, 1).astype(np.float32)
    return float(100 * np.mean(np.where(most < _DARK, 0, share), dtype=np.float64))


KIND = kind_of_pixels("saturation", "purer colours", saturation, "%")
