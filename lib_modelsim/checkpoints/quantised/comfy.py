"""ComfyUI since 2025-11: `.weight_scale` beside the weight, and `.comfy_quant`, a JSON that says how (QUANTIZATION.md,
comfy/ops.py; the arithmetic is comfy-kitchen's, backends/eager/quantization.py).

`float8_e4m3fn`, `float8_e5m2` and `int8_tensorwise` have one scale or one a row. `nvfp4` packs two 4-bit floats into a
byte, the first in the upper half, with a scale for every 16 of a row and one for all. `mxfp8` has a power of two for
every 32 of a row. The scales of both lie in tiles of 128 rows by 4 columns, as cuBLAS wants them ("1D block scaling
factors layout"). `.comfy_quant` of a weight that is decoded stays a tensor of the file: it may say more than how to do
that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..floats import E4M3
from ..stored import FLOATS, StoredTensor
from .decoding import Coded, Decoded, Grid, Opaque, floats, nibbles, raw
from .registry import Scheme, Tensors
from .scaled import GRIDS, scaled

_HARMLESS = {"format", "full_precision_matrix_mult", "per_row", "orig_dtype", "orig_shape", "params", "group_size"}
"""What a JSON may say that does not change what the numbers are."""

_NAMES = {
    "float8_e4m3fn": "fp8 scaled",
    "float8_e5m2": "fp8 scaled",
    "int8_tensorwise": "int8",
    "nvfp4": "nvfp4",
    "mxfp8": "mxfp8",
}

_E2M1 = Grid(np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6]))

_TILE_ROWS, _TILE_COLUMNS = 128, 4


class _Tiled(Coded):
    """A weight of whole rows whose scales stand in tiles, one for every `block` numbers of a row."""

    block: int

    def __init__(
        self, precision: str, parts: Mapping[str, StoredTensor], shape: tuple[int, int], scales: StoredTensor
    ):
        super().__init__(precision, parts, shape)
        self._codes, self._tiles = next(iter(self.parts.values())), scales

    def _blocks(self, start: int, stop: int) -> NDArray[np.uint8]:
        """The byte of the scale of each number."""
        width = self.shape[1]
        columns = -(-(width // self.block) // _TILE_COLUMNS) * _TILE_COLUMNS
        size = _TILE_ROWS * columns
        first, last = start // width // _TILE_ROWS, (stop - 1) // width // _TILE_ROWS + 1
        tiles = raw(self._tiles, first * size, last * size)
        place = np.arange(start, stop)
        row, column = place // width - first * _TILE_ROWS, place % width // self.block
        tile = row // _TILE_ROWS * (columns // _TILE_COLUMNS) + column // _TILE_COLUMNS
        within = row % 32 * 16 + row % _TILE_ROWS // 32 * _TILE_COLUMNS + column % _TILE_COLUMNS
        return tiles[tile * _TILE_ROWS * _TILE_COLUMNS + within]


class _Nvfp4(_Tiled):
    block, grid = 16, _E2M1

    def codes(self, start: int, stop: int) -> NDArray[np.uint8]:
        return nibbles(self._codes, start, stop)

    def scales(self, start: int, stop: int) -> NDArray[np.float32]:
        one = floats(self.parts[".weight_scale_2"], 0, 1).astype(np.float32)
        return one * E4M3[self._blocks(start, stop)]


class _Mxfp8(_Tiled):
    block, grid = 32, GRIDS["F8_E4M3"]

    def codes(self, start: int, stop: int) -> NDArray[np.uint8]:
        return raw(self._codes, start, stop)

    def scales(self, start: int, stop: int) -> NDArray[np.float32]:
        return np.exp2(self._blocks(start, stop).astype(np.float32) - 127)


def _read(found: Tensors) -> Decoded | None:
    """Of a weight that cannot be decoded all that says how is a part: with another rotation it is another weight."""
    made = _told(found)
    if not isinstance(made, Opaque):
        return made
    parts = found.only(*made.parts, ".weight_zero_point", ".comfy_quant")
    return Opaque(made.precision, parts, made.shape, made.reason)


def _told(found: Tensors) -> Decoded | None:
    weight = found.parts.get(".weight")
    if weight is None:
        return None
    parts = found.only(".weight", ".weight_scale", ".weight_scale_2")
    said = found.json(".comfy_quant") if ".comfy_quant" in found.parts else {}
    if said is None:
        return Opaque(_guess(weight, found), parts, _shape(weight, found), "its comfy_quant is not readable")
    settings = {**said, **(said["params"] if isinstance(said.get("params"), dict) else {})}
    form = settings.get("format", "")
    name = _NAMES.get(form) if isinstance(form, str) and form else _guess(weight, found)
    if name is None:
        return Opaque(_other(form), parts, _shape(weight, found), "its format is not known here")
    if settings.get("convrot"):
        reason = f"its numbers are rotated in groups of {settings.get('convrot_groupsize', 256)!r} before rounding"
        return Opaque("int8 convrot", parts, weight.shape, reason)
    unknown = [key for key, value in settings.items() if key not in _HARMLESS and value not in (False, None)
               and key != "convrot_groupsize"]  # fmt: skip
    if unknown:
        reason = f"its comfy_quant says {unknown[0][:40]!r}, which is not known here"
        return Opaque(name, parts, _shape(weight, found), reason)
    if name in ("nvfp4", "mxfp8"):
        return _tiled(name, weight, parts, found, settings)
    if ".weight_scale_2" in parts or ".weight_zero_point" in found.parts:
        return Opaque(name, parts, weight.shape, "it has more than one scale")
    if weight.dtype != "I8" if name == "int8" else not weight.dtype.startswith("F8"):
        return Opaque(name, parts, _shape(weight, found), "its tensors are not of the kinds that its format has")
    return scaled(name, parts, parts.get(".weight_scale"))


def _tiled(
    name: str, weight: StoredTensor, parts: Mapping[str, StoredTensor], found: Tensors, settings: Mapping[str, Any]
) -> Decoded:
    shape, scales = _shape(weight, found), parts[".weight_scale"]
    if not settings:
        return Opaque(name, parts, shape, "nothing in the file says how its scales lie")
    kind, of_codes, of_scales = (
        (_Nvfp4, "U8", ("F8_E4M3",)) if name == "nvfp4" else (_Mxfp8, "F8_E4M3", ("F8_E8M0", "U8"))
    )
    if len(weight.shape) != 2 or weight.dtype != of_codes or scales.dtype not in of_scales:
        return Opaque(name, parts, shape, "its tensors are not of the kinds that its format has")
    blocks = shape[1] // kind.block
    tiles = (-(-weight.shape[0] // _TILE_ROWS) * _TILE_ROWS, -(-blocks // _TILE_COLUMNS) * _TILE_COLUMNS)
    if shape[1] % kind.block or scales.count != tiles[0] * tiles[1]:
        return Opaque(name, parts, shape, "its scales do not stand in tiles of 128 × 4")
    second = parts.get(".weight_scale_2")
    if name == "nvfp4" and (second is None or second.count != 1 or second.dtype not in FLOATS):
        return Opaque(name, parts, shape, "its second scale is missing")
    return kind(name, parts, shape, scales)


def _guess(weight: StoredTensor, found: Tensors) -> str:
    """What a weight is by its dtype alone."""
    if weight.dtype == "U8" and ".weight_scale_2" in found.parts:
        return "nvfp4"
    return "int8" if weight.dtype == "I8" else "fp8 scaled"


def _other(form: object) -> str:
    return form[:40] if isinstance(form, str) and form.isprintable() and form else "quantised"


def _shape(weight: StoredTensor, found: Tensors) -> tuple[int, ...]:
    """The weight's shape, where it is packed twice as wide; rows that pad it to a multiple of 16 are none."""
    if len(weight.shape) != 2:
        return weight.shape
    rows, width = weight.shape
    packed = 2 if weight.dtype == "U8" else 1
    own = found.rows if found.rows is not None and 0 <= rows - found.rows < 16 else rows
    return own, packed * width


SCHEMES = (
    Scheme(
        (".weight_scale",),
        (".weight", ".weight_scale", ".weight_scale_2", ".weight_zero_point", ".comfy_quant"),
        _read,
    ),
)
