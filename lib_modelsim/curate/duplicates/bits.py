"""How many bits are set, with NumPy before 2.0 too."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_ALL = np.arange(1 << 16, dtype=np.uint16).view(np.uint8).reshape(-1, 2)
_OF_SIXTEEN = np.unpackbits(_ALL, axis=1).sum(1, dtype=np.uint8)


def counted_bits(values: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Of each 64-bit number [..., n], as uint8 of the same shape."""
    if hasattr(np, "bitwise_count"):
        return np.bitwise_count(values)
    return _OF_SIXTEEN[np.ascontiguousarray(values).view(np.uint16).reshape(*values.shape, 4)].sum(-1, dtype=np.uint8)
