"""NF4 and FP4 of bitsandbytes (functional.py: `QuantState.as_dict(packed=True)`, `dequantize_4bit`).

Two 4-bit codes a byte, the first in the upper half, of the weight flattened; `.quant_map` has what each stands for,
`.absmax` the scale of every 64 (`blocksize`). Where that is 8-bit itself, `.nested_quant_map` and `.nested_absmax` say
what it stands for, and `nested_offset` is added. `.quant_state.bitsandbytes__nf4` is a JSON with the weight's shape.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..stored import FLOATS, StoredTensor, is_shape, is_whole
from .decoding import Coded, Decoded, Grid, Opaque, by_rows, floats, nibbles, raw
from .registry import Scheme, Tensors

_STATES = (".quant_state.bitsandbytes__nf4", ".quant_state.bitsandbytes__fp4")
_NESTED = (".nested_absmax", ".nested_quant_map")


class _FourBit(Coded):
    def __init__(
        self, precision: str, parts: Mapping[str, StoredTensor], shape: tuple[int, ...], state: Mapping[str, Any]
    ):
        super().__init__(precision, parts, shape)
        packed = self.parts[""]
        self._packed = replace(packed, dtype="U8", shape=(packed.bytes,))
        self._block, self._nested = state["blocksize"], ".nested_absmax" in self.parts
        self._outer, self._offset = state.get("nested_blocksize", 256), np.float32(state.get("nested_offset", 0))

    @cached_property
    def grid(self) -> Grid:
        return Grid(self._numbers(".quant_map"))

    def codes(self, start: int, stop: int) -> NDArray[np.uint8]:
        return nibbles(self._packed, start, stop)

    def scales(self, start: int, stop: int) -> NDArray[np.float32]:
        first, last = start // self._block, -(-stop // self._block)
        return by_rows(self._absmax(first, last), start, stop, self._block, first)

    def looseness(self, start: int, stop: int) -> NDArray[np.float64] | float:
        """The codes were chosen with scales that were then rounded to 8 bits."""
        if not self._nested:
            return 0.0
        first, last = start // self._block, -(-stop // self._block)
        codes, outer = raw(self.parts[".absmax"], first, last), self._outer_absmax(first, last).astype(np.float64)
        half = self._map.half[codes]
        absmax = np.abs(self._absmax(first, last)).astype(np.float64)
        share = np.divide(half * outer, absmax, out=np.zeros(len(codes)), where=absmax > 0)
        return by_rows(share, start, stop, self._block, first)

    @cached_property
    def _map(self) -> Grid:
        return Grid(self._numbers(".nested_quant_map"))

    def _absmax(self, first: int, last: int) -> NDArray[np.float32]:
        if not self._nested:
            return self._numbers(".absmax", first, last)
        codes = raw(self.parts[".absmax"], first, last)
        return self._map.levels[codes] * self._outer_absmax(first, last) + self._offset

    def _outer_absmax(self, first: int, last: int) -> NDArray[np.float32]:
        begin, end = first // self._outer, -(-last // self._outer)
        return by_rows(self._numbers(".nested_absmax", begin, end), first, last, self._outer, begin)

    def _numbers(self, ending: str, first: int = 0, last: int | None = None) -> NDArray[np.float32]:
        part = self.parts[ending]
        return floats(part, first, part.count if last is None else last).astype(np.float32)


def _read(found: Tensors) -> Decoded | None:
    if "" not in found.parts:
        return None
    state_key = next((key for key in _STATES if key in found.parts), "")
    parts = found.only("", ".absmax", ".quant_map", *_NESTED, *_STATES)
    precision = "FP4" if state_key.endswith("fp4") else "NF4"
    state = found.json(state_key)
    numbers = 2 * found.parts[""].bytes
    if state is None or not is_shape(state.get("shape")):
        rows = found.rows if found.rows and numbers % found.rows == 0 else 0
        return Opaque(precision, parts, (rows, numbers // rows) if rows else (numbers,), "its shape is missing")
    shape = tuple(state["shape"])
    state.setdefault("blocksize", 64)
    problem = _problem(parts, math.prod(shape), state)
    return Opaque(precision, parts, shape, problem) if problem else _FourBit(precision, parts, shape, state)


def _problem(parts: Mapping[str, StoredTensor], count: int, state: Mapping[str, Any]) -> str | None:
    """What keeps these tensors from being such a weight of `count` numbers."""
    blocks, nested = state["blocksize"], ".nested_absmax" in parts
    outer, offset = state.get("nested_blocksize", 256), state.get("nested_offset", 0)
    sizes = all(is_whole(size) and size > 0 for size in (blocks, outer))
    if not sizes or type(offset) not in (int, float) or not math.isfinite(offset):
        return "its block sizes are not readable"
    if not {".absmax", ".quant_map"} <= parts.keys() or (nested and ".nested_quant_map" not in parts):
        return "its scales are missing"
    absmax, levels = parts[".absmax"], parts[".quant_map"]
    lengths = levels.count == 16 and absmax.count == -(-count // blocks) and parts[""].bytes == -(-count // 2)
    kinds = levels.dtype in FLOATS and (absmax.dtype == "U8" if nested else absmax.dtype in FLOATS)
    if nested:
        lengths = lengths and parts[".nested_absmax"].count == -(-absmax.count // outer)
        lengths = lengths and parts[".nested_quant_map"].count == 256
        kinds = kinds and all(parts[key].dtype in FLOATS for key in _NESTED)
    return None if lengths and kinds else "its scales do not fit its shape"


SCHEMES = (Scheme((".absmax",), ("", ".absmax", ".quant_map", *_NESTED, *_STATES), _read, weight="", order=0),)
