"""sharpness: how much fine detail there is.

The variance of the Laplacian of the luma (Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", 2000;
kernel 0 1 0 / 1 −4 1 / 0 1 0, as OpenCV's Laplacian), inside the picture's border. Noise counts as detail, and so does
what sharpening makes of edges; a background that is meant to be blurred lowers it.
"""

from __future__ import annotations

import numpy as np

from ...pictures.pixels import Pixels, luma
from .scorer import kind_of_pixels


def sharpness(pixels: Pixels) -> float:
    """0 for one colour, some 1,000 for a photograph in focus; squared levels of 255."""
    y = luma(pixels)
    if min(y.shape) < 3:
        return float("nan")
    around = y[:-2, 1:-1] + y[2:, 1:-1] + y[1:-1, :-2] + y[1:-1, 2:]
    return float(np.var(around - 4 * y[1:-1, 1:-1], dtype=np.float64))


KIND = kind_of_pixels(
    "sharpness", "more fine detail; noise counts, too, and a blurred background lowers it", sharpness, "levels²"
)
