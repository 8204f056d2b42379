"""GGUF's blocks of numbers (ggml-common.h), decoded by the package `gguf` of their makers, which is NumPy alone.

What a number was rounded from is told by the package, too: the block's bytes of codes are replaced by those of the code
above and below, and decoded. Where codes stand for several numbers at once (IQ1 to IQ3) nobody knows, and there is
nothing to tell for formats that have no codes of their own order.
"""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from ..source import Source
from ..stored import StoredTensor
from .decoding import CLIPPED, SLACK, Cells, Decoded, Opaque, raw

TYPES = {
    0: ("F32", 1, 4), 1: ("F16", 1, 2), 24: ("I8", 1, 1), 25: ("I16", 1, 2), 26: ("I32", 1, 4), 27: ("I64", 1, 8),
    28: ("F64", 1, 8), 30: ("BF16", 1, 2),
    2: ("Q4_0", 32, 18), 3: ("Q4_1", 32, 20), 6: ("Q5_0", 32, 22), 7: ("Q5_1", 32, 24), 8: ("Q8_0", 32, 34),
    9: ("Q8_1", 32, 40), 10: ("Q2_K", 256, 84), 11: ("Q3_K", 256, 110), 12: ("Q4_K", 256, 144), 13: ("Q5_K", 256, 176),
    14: ("Q6_K", 256, 210), 15: ("Q8_K", 256, 292), 16: ("IQ2_XXS", 256, 66), 17: ("IQ2_XS", 256, 74),
    18: ("IQ3_XXS", 256, 98), 19: ("IQ1_S", 256, 50), 20: ("IQ4_NL", 32, 18), 21: ("IQ3_S", 256, 110),
    22: ("IQ2_S", 256, 82), 23: ("IQ4_XS", 256, 136), 29: ("IQ1_M", 256, 56), 34: ("TQ1_0", 256, 54),
    35: ("TQ2_0", 256, 66), 39: ("MXFP4", 32, 17), 40: ("NVFP4", 64, 36), 41: ("Q1_0", 128, 18),
}  # fmt: skip
"""Number of a type → its name, and how many numbers stand in how many bytes (gguf.constants, GGML_QUANT_SIZES)."""

_PLAIN = ("F32", "F16", "I8", "I16", "I32", "I64", "F64", "BF16")

_CODES: dict[str, tuple[slice, ...]] = {
    "Q4_0": (slice(2, 18),),
    "Q4_1": (slice(4, 20),),
    "Q5_0": (slice(2, 22),),
    "Q5_1": (slice(4, 24),),
    "Q8_0": (slice(2, 34),),
    "Q2_K": (slice(16, 80),),
    "Q3_K": (slice(0, 96),),
    "Q4_K": (slice(16, 144),),
    "Q5_K": (slice(16, 176),),
    "Q6_K": (slice(0, 192),),
}
"""Types whose codes are steps of one length: which bytes of a block hold the codes, the rest are scales."""

_LOOSE = 2.0**-11
"""Of a number, by which the scale of its block was changed when that was stored as float16."""


class _Blocks(Decoded):
    """A tensor of blocks of one type."""

    def __init__(self, key: str, shape: tuple[int, ...], kind: int, source: Source, offset: int):
        self._name, self._numbers, self._bytes = TYPES[kind]
        size = int(np.prod(shape, dtype=np.int64)) // self._numbers * self._bytes
        super().__init__(f"{self._name} GGUF", {"": StoredTensor(key, "U8", (size,), source, offset)}, shape)
        self._kind = kind

    def values(self, start: int, stop: int) -> NDArray[np.float32]:
        return self._cut(self._decode(self._raw(start, stop)), start, stop)

    def cells(self, start: int, stop: int) -> Cells | None:
        """The grid of each block from its least code, the next, and the largest."""
        if self._name not in _CODES:
            return None
        blocks = self._raw(start, stop)
        own = self._cut(self._decode(blocks), start, stop).astype(np.float64)
        least, second, largest = (
            self._cut(self._decode(_with_codes(self._name, blocks, which)), start, stop).astype(np.float64)
            for which in ("least", "second", "largest")
        )
        step = np.abs(second - least)
        low, high = np.minimum(least, largest), np.maximum(least, largest)
        more = step * SLACK + np.maximum(np.abs(own), np.abs(low)) * _LOOSE
        down = np.where(own - low < step / 2, CLIPPED, 0.5) * step
        up = np.where(high - own < step / 2, CLIPPED, 0.5) * step
        return Cells(own - down - more, own + up + more)

    def _raw(self, start: int, stop: int) -> NDArray[np.uint8]:
        first, last = start // self._numbers, -(-stop // self._numbers)
        return raw(self.parts[""], first * self._bytes, last * self._bytes).reshape(-1, self._bytes)

    def _decode(self, blocks: NDArray[np.uint8]) -> NDArray[np.float32]:
        from gguf import GGMLQuantizationType  # with what it brings along 0.1 s
        from gguf.quants import dequantize

        with np.errstate(over="ignore", invalid="ignore"):  # scales of a damaged file
            return dequantize(blocks, GGMLQuantizationType(self._kind)).reshape(-1)

    def _cut(self, numbers: NDArray, start: int, stop: int) -> NDArray:
        first = start // self._numbers * self._numbers
        return numbers[start - first : stop - first]


def _with_codes(name: str, blocks: NDArray[np.uint8], which: str) -> NDArray[np.uint8]:
    """The blocks with all codes replaced by the least, the one above, or the largest."""
    found = blocks.copy()
    for part in _CODES[name]:
        found[:, part] = 0 if which != "largest" else 255
    if which == "second":
        _second(name, found)
    elif name == "Q8_0":  # signed: −128 is never written
        found[:, 2:] = 129 if which == "least" else 127
    return found


def _second(name: str, blocks: NDArray[np.uint8]) -> None:
    """The lowest bit of every code set, in place."""
    if name in ("Q4_0", "Q4_1", "Q4_K"):
        blocks[:, _CODES[name][0]] = 0x11
    elif name in ("Q5_0", "Q5_1"):
        blocks[:, _CODES[name][0].start + 4 : _CODES[name][0].stop] = 0x11  # behind 32 upper bits
    elif name == "Q5_K":
        blocks[:, 48:176] = 0x11  # behind 256 upper bits
    elif name == "Q6_K":
        blocks[:, :128] = 0x11  # before the upper bits
    elif name == "Q2_K":
        blocks[:, 16:80] = 0x55
    elif name == "Q3_K":
        blocks[:, 32:96] = 0x55  # behind the upper bits
    else:
        blocks[:, 2:34] = 130


def tensor_of(key: str, shape: tuple[int, ...], kind: int, source: Source, offset: int) -> StoredTensor:
    """The tensor that these bytes are: as it stands, or as float32 decoded from its blocks."""
    name = TYPES[kind][0]
    if name in _PLAIN:
        return StoredTensor(key, name, shape, source, offset)
    blocks = _Blocks(key, shape, kind, source, offset)
    if find_spec("gguf") is None:
        return Opaque(blocks.precision, blocks.parts, shape, NO_PACKAGE).stored(key)
    if name in ("Q8_1", "Q8_K", "Q1_0"):
        return Opaque(blocks.precision, blocks.parts, shape, "the package gguf does not decode this type").stored(key)
    return blocks.stored(key)


NO_PACKAGE = "the package gguf is not installed"
