"""contrast: how far light and dark lie apart.

RMS contrast (Peli, "Contrast in complex images", 1990): the standard deviation of the luma.
"""

from __future__ import annotations

import numpy as np

from ...pictures.pixels import Pixels, luma
from .scorer import kind_of_pixels


def contrast(pixels: Pixels) -> float:
    """0 for one brightness … 127.5 for half black, half white; levels of 255."""
    return float(np.std(luma(pixels), dtype=np.float64))


KIND = kind_of_pixels("contrast", "light and dark lie further apart", contrast, "levels of 255")
