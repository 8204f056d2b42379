"""Means around each pixel of a plane: by OpenCV where it is there, which takes a tenth of the time, else by SciPy.

Both mirror the plane at its edges and give the same to a millionth.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, uniform_filter

from .keypoints import available

Plane = NDArray[np.float32]

_RADII = 2  # of its spread, as far as a Gaussian reaches


def blurred(plane: Plane, spread: float) -> Plane:
    """float32 [height, width]: by a Gaussian of so many pixels."""
    if not available():
        return gaussian_filter(plane, spread, truncate=_RADII)
    import cv2

    side = 2 * int(_RADII * spread + 0.5) + 1
    return cv2.GaussianBlur(plane, (side, side), spread, borderType=cv2.BORDER_REFLECT)


def averaged(plane: Plane, side: int) -> Plane:
    """float32 [height, width]: over a square of `side` pixels, an odd number."""
    if not available():
        return uniform_filter(plane, side)
    import cv2

    return cv2.blur(plane, (side, side), borderType=cv2.BORDER_REFLECT)
