"""Stored bytes of floating-point numbers → NumPy's, with numpy alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def as_floats(raw: NDArray[np.uint8], dtype: str) -> NDArray[np.floating]:
    """Stored bytes → float16, float32 or float64, the narrowest that holds every value of the dtype."""
    if dtype == "BF16":  # the upper half of a float32
        return (raw.view("<u2").astype("<u4") << 16).view("<f4")
    if dtype == "F8_E5M2":  # the upper half of a float16
        return (raw.astype("<u2") << 8).view("<f2")
    if dtype == "F8_E4M3":
        return E4M3[raw]
    return raw.view({"F16": "<f2", "F32": "<f4", "F64": "<f8"}[dtype])


def _e4m3() -> NDArray[np.float16]:
    """The 256 values of FP8 E4M3FN as float16: exponent bias 7, no infinities, NaN where all other bits are set.

    Micikevicius et al., FP8 Formats for Deep Learning (arXiv 2209.05433), table 1.
    """
    code = np.arange(256)
    exponent, mantissa = code >> 3 & 15, (code & 7) / 8
    magnitude = np.where(exponent == 0, mantissa * 2.0**-6, (1 + mantissa) * 2.0 ** (exponent - 7))
    magnitude[code & 127 == 127] = np.nan
    return np.where(code < 128, magnitude, -magnitude).astype("<f2")


E4M3 = _e4m3()
"""Byte → value."""

E5M2 = as_floats(np.arange(256, dtype=np.uint8), "F8_E5M2")
"""Byte → value."""
