"""SDNQ (dequantizer.py): `.scale` beside a weight of integers, `.zero_point` for unsigned ones, and with `svd_up` and
`svd_down` the product of those two added, which it calls SVDQuant.

Types of fewer than 8 bits are packed in ways that only its configuration tells, and so are scales that are quantised.
Its rotation (`use_hadamard`) is in the configuration alone, too.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..stored import FLOATS, StoredTensor
from .decoding import Cells, Decoded, Opaque, floats
from .registry import Scheme, Tensors
from .scaled import GRIDS, scaled

_FURTHER = (".scale_2", ".scale_zero_point", ".zero_point_scale", ".zero_point_2")


class _WithProduct(Decoded):
    """A scaled weight, and a product of two thin matrices added to it."""

    def __init__(self, parts: Mapping[str, StoredTensor], inner: Decoded):
        super().__init__(inner.precision, parts, inner.shape)
        self._inner, self._up, self._down = inner, parts[".svd_up"], parts[".svd_down"]

    def values(self, start: int, stop: int) -> NDArray[np.float32]:
        return (self._inner.values(start, stop) + self._product(start, stop)).astype(np.float32)

    def cells(self, start: int, stop: int) -> Cells | None:
        cells, product = self._inner.cells(start, stop), self._product(start, stop)
        more = np.abs(product) * 2.0**-8 if self._up.dtype == "BF16" else 0.0
        return None if cells is None else Cells(cells.low + product - more, cells.high + product + more)

    def _product(self, start: int, stop: int) -> NDArray[np.float64]:
        """In float64, where sums of some hundred products of 16-bit floats are exact in any order."""
        width, rank = self.shape[1], self._down.shape[0]
        first, last = start // width, -(-stop // width)
        up = floats(self._up, first * rank, last * rank).astype(np.float64)
        down = floats(self._down, 0, self._down.count).astype(np.float64)
        return (up.reshape(-1, rank) @ down.reshape(rank, -1)).reshape(-1)[start - first * width : stop - first * width]


def _read(found: Tensors) -> Decoded | None:
    weight, scale = found.parts.get(".weight"), found.parts[".scale"]
    if weight is None or weight.dtype not in GRIDS:
        return None
    parts = found.only(".weight", ".scale", ".zero_point", ".svd_up", ".svd_down", *_FURTHER)
    precision = "int8 SDNQ" if weight.dtype in ("I8", "U8") else "fp8 SDNQ"
    if any(ending in parts for ending in _FURTHER):
        return Opaque(precision, parts, weight.shape, "how its scales are packed does not stand in the file")
    zeros = parts.get(".zero_point")
    rows = scale.shape[0] if scale.shape else 0
    if (weight.dtype == "U8") != (zeros is not None) or (weight.dtype == "U8" and _packed(weight, scale)):
        shape = (rows, weight.count // rows) if rows and weight.count % rows == 0 else weight.shape
        return Opaque("SDNQ", parts, shape, "how its numbers are packed does not stand in the file")
    made = scaled(precision, parts, scale, zeros=zeros)
    up, down = parts.get(".svd_up"), parts.get(".svd_down")
    if isinstance(made, Opaque) or (up is None and down is None):
        return made
    fits = up is not None and down is not None and len(made.shape) == len(up.shape) == len(down.shape) == 2
    if not fits or (up.shape[0], down.shape[1]) != made.shape or up.shape[1] != down.shape[0]:
        return Opaque(precision, parts, made.shape, "its svd_up and svd_down do not fit its shape")
    if not {up.dtype, down.dtype} <= FLOATS:
        return Opaque(precision, parts, made.shape, "its svd_up and svd_down are no numbers")
    return _WithProduct(parts, made)


def _packed(weight: StoredTensor, scale: StoredTensor) -> bool:
    """Whether a byte may hold several numbers: packed weights keep no shape of their own."""
    return len(weight.shape) != len(scale.shape) or weight.shape[:-1] != scale.shape[:-1] or scale.shape[-1] != 1


SCHEMES = (
    Scheme((".scale",), (".weight", ".scale", ".zero_point", ".svd_up", ".svd_down", *_FURTHER), _read, order=20),
)
