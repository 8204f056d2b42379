"""8-bit numbers with one scale, one a row, or one a group of a row: the arithmetic of several schemes.

ComfyUI until 2025-10 (comfy/ops.py, scaled_fp8_ops): `.scale_weight`, and `.scale_input` and a marker `scaled_fp8`,
which say nothing of the weights. bitsandbytes' LLM.int8 (functional.py, int8_vectorwise_dequant): `.SCB`, the largest
magnitude of each row. optimum-quanto (tensor/weights/qbytes.py): `weight._data`, `weight._scale`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..floats import E4M3, E5M2
from ..stored import FLOATS, StoredTensor, without_trailing_ones
from .decoding import Coded, Decoded, Grid, Opaque, by_rows, floats, raw
from .registry import Scheme, Tensors

GRIDS = {
    "F8_E4M3": Grid(E4M3),
    "F8_E5M2": Grid(np.where(np.isinf(E5M2), np.nan, E5M2)),
    "I8": Grid(np.concatenate([np.arange(128), np.arange(-128, 0)])),
    "U8": Grid(np.arange(256)),
}
"""dtype of one byte → what its bytes stand for."""

_COARSE = {"BF16": 2.0**-8, "F16": 2.0**-11}
"""dtype of a scale → how far, of a number, it and the quotient by it may have been rounded."""


class Scaled(Coded):
    """Bytes of one dtype, in C order, with the scale of each group of `run` of them one after another; `factor` on all
    scales, `zeros` added to each number of a group."""

    def __init__(
        self,
        precision: str,
        parts: Mapping[str, StoredTensor],
        shape: tuple[int, ...],
        scale: StoredTensor,
        factor: float = 1.0,
        zeros: StoredTensor | None = None,
    ):
        super().__init__(precision, parts, shape)
        self._codes, self._scale, self._zeros = next(iter(self.parts.values())), scale, zeros
        self._factor, self._run = np.float32(factor), max(1, self.count // max(1, scale.count))
        self.grid = GRIDS[self._codes.dtype]

    def codes(self, start: int, stop: int) -> NDArray[np.uint8]:
        return raw(self._codes, start, stop)

    def scales(self, start: int, stop: int) -> NDArray[np.float32]:
        return self._spread(self._scale, start, stop) * self._factor

    def offsets(self, start: int, stop: int) -> NDArray[np.float32] | None:
        return None if self._zeros is None else self._spread(self._zeros, start, stop)

    def looseness(self, start: int, stop: int) -> float:  # noqa: ARG002 - the same for all
        return _COARSE.get(self._scale.dtype, 0.0)

    def _spread(self, numbers: StoredTensor, start: int, stop: int) -> NDArray[np.float32]:
        first, last = start // self._run, -(-stop // self._run)
        found = floats(numbers, first, last).astype(np.float32)
        return found if len(found) == 1 else by_rows(found, start, stop, self._run, first)


def is_scale(scale: StoredTensor, shape: tuple[int, ...]) -> bool:
    """Whether this is one scale for all, one for each row, or one for each group of each row: 1 or rows · groups
    numbers, in this order."""
    if scale.dtype not in FLOATS or scale.count < 1:
        return False
    whole = without_trailing_ones(scale.shape)
    return whole == shape[: len(whole)] or (len(whole) == 2 and _grouped(whole, shape))


def _grouped(scales: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    return len(shape) == 2 and scales[0] == shape[0] and scales[1] > 0 and shape[1] % scales[1] == 0


def scaled(
    precision: str,
    parts: Mapping[str, StoredTensor],
    scale: StoredTensor | None,
    factor: float = 1.0,
    zeros: StoredTensor | None = None,
) -> Decoded:
    """The weight that the first of these tensors is with this scale, or why that is not known."""
    weight = next(iter(parts.values()))
    if weight.dtype not in GRIDS:
        return Opaque(precision, parts, weight.shape, f"scaled numbers of {weight.dtype} are not known")
    if scale is None:
        return Opaque(precision, parts, weight.shape, "its scale is missing")
    if not is_scale(scale, weight.shape) or (zeros is not None and (not is_scale(zeros, weight.shape) or
                                                                    zeros.count != scale.count)):  # fmt: skip
        return Opaque(precision, parts, weight.shape, "its scale does not fit its shape")
    shape = weight.shape
    if len(scale.shape) == 3 and len(shape) == 3:  # rows, groups, numbers of a group
        shape = (shape[0], math.prod(shape[1:]))
    return Scaled(precision, parts, shape, scale, factor, zeros)


def _old_fp8(found: Tensors) -> Decoded | None:
    if ".weight" not in found.parts:
        return None
    return scaled("fp8 scaled", found.only(".weight", ".scale_weight"), found.parts[".scale_weight"])


def _llm_int8(found: Tensors) -> Decoded | None:
    if ".weight" not in found.parts or found.parts[".weight"].dtype != "I8":
        return None
    return scaled("int8 bitsandbytes", found.only(".weight", ".SCB"), found.parts[".SCB"], 1 / 127)


def _quanto(found: Tensors) -> Decoded:
    data = found.parts["._data"]
    name = "fp8 quanto" if data.dtype.startswith("F8") else "int8 quanto"
    if "._shift" in found.parts or data.dtype == "U8":
        parts = found.only("._data", "._scale", "._shift")
        return Opaque("int4 quanto", parts, data.shape, "how its numbers are packed does not stand in the file")
    return scaled(name, found.only("._data", "._scale"), found.parts.get("._scale"))


SCHEMES = (
    Scheme((".scale_weight",), (".weight", ".scale_weight"), _old_fp8),
    Scheme((".SCB",), (".weight", ".SCB"), _llm_int8),
    Scheme(("._data",), ("._data", "._scale", "._shift"), _quanto, weight=""),
)
