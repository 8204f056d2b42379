"""colourfulness: how many strong and different colours there are.

M̂⁽³⁾ of Hasler and Süsstrunk, "Measuring colourfulness in natural images", 2003: with rg = R − G and
yb = (R + G) / 2 − B, √(σ²rg + σ²yb) + 0.3 · √(μ²rg + μ²yb). People call pictures of 0 not colourful, 15 slightly, 33
moderately, 45 averagely, 59 quite, 82 highly and 109 extremely colourful.
"""

from __future__ import annotations

import numpy as np

from ...pictures.pixels import Pixels
from .scorer import kind_of_pixels


def colourfulness(pixels: Pixels) -> float:
    """0 for grey … about 110 and more."""
    red, green, blue = (pixels[..., channel].astype(np.float32) for channel in range(3))
    red_green, yellow_blue = red - green, (red + green) / 2 - blue
    spreads = [np.var(each, dtype=np.float64) for each in (red_green, yellow_blue)]
    means = [np.mean(each, dtype=np.float64) for each in (red_green, yellow_blue)]
    return float(np.sqrt(sum(spreads)) + 0.3 * np.hypot(*means))


KIND = kind_of_pixels(
    "colourfulness", "stronger and more different colours; 15 is slightly, 45 averagely, 82 highly", colourfulness
)
