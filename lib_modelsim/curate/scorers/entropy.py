"""entropy: how evenly all brightnesses occur.

Shannon's entropy of the histogram of the luma in 256 levels.
"""

from __future__ import annotations

import numpy as np

from ...pictures.pixels import Pixels, luma
from .scorer import kind_of_pixels


def entropy(pixels: Pixels) -> float:
    """0 for one brightness … 8 where all levels occur equally often; bits."""
    counts = np.bincount(np.rint(luma(pixels)).astype(np.uint8).ravel(), minlength=256)
    shares = counts[counts > 0] / counts.sum()
    return float(max(0.0, -np.sum(shares * np.log2(shares))))


KIND = kind_of_pixels("entropy", "more brightnesses, and more evenly", entropy, "bits")
