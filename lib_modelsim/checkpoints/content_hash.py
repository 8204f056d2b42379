"""Values → digests that tell equal values whatever the dtype they are stored in.

Definition (version 3). A weight is flattened in C order and cut into pieces of 2²⁰ elements. Each piece has two
digests: `exact`, of the narrowest of float16, float32 and float64 that holds every value of the piece, and `float16`,
of the values rounded to float32 and from there to float16 (what PyTorch's `.half()` does, so that a float64 file and
its float32 copy agree), to nearest, ties to even. A digest is BLAKE2b-256 of the little-endian values, behind the
width ("16:…"). Every NaN counts as one and the same; −0 and 0 differ. A component's hash is the SHA-256 of one JSON
line per weight, sorted by common key: key, shape without trailing ones, digests of the pieces. A text encoder's keys
count from its own module on (`names.inside_text_encoder`): alone in a file and inside any checkpoint it is the same.

What is no weight is hashed the same way in groups of its own (`extras`): the EMA copy, the noise schedule, scalars,
integers and other dtypes. A tensor whose dtype is not in `stored.FLOATS` is cut into pieces of 8 · 2²⁰ bytes, whose
digests stand behind the dtype ("I64:…").

With numpy alone, so that a scan needs no torch.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from .floats import as_floats
from .identity import Content
from .names import inside_text_encoder
from .reader import Weight

VERSION = 3
"""Of the definition above; two content hashes compare only within one version."""

PIECE = 1 << 20
"""Elements; 2 to 8 MiB of any dtype: small enough for a processor's cache, large enough to let other threads run."""

_INFINITY = {16: 0x7C00, 32: 0x7F80_0000, 64: 0x7FF0_0000_0000_0000}
"""Bits of a float → bit pattern of its infinity; a larger magnitude is NaN."""


class PieceDigests(NamedTuple):
    """The digests of a piece, and how many of its values are NaN or infinite."""

    exact: str
    float16: str
    nans: int = 0
    infinities: int = 0


def piece_digests(raw: memoryview | np.ndarray, dtype: str) -> PieceDigests:
    """The digests of at most PIECE elements, given as stored bytes, of a dtype in `stored.FLOATS`."""
    values = as_floats(np.frombuffer(raw, np.uint8), dtype)
    if values.itemsize == 2:
        broken = not_finite(values)
        digest = _digest(values, broken)
        return PieceDigests(digest, digest, *broken)
    with np.errstate(over="ignore", invalid="ignore"):
        single = values.astype("<f4", copy=False)
        half = single.astype("<f2")
    broken = not_finite(values) if any(not_finite(half)) else (0, 0)  # rounding keeps what is not finite
    rounded = _digest(half, broken)
    if _holds(half, values):
        return PieceDigests(rounded, rounded, *broken)
    return PieceDigests(_digest(single if _holds(single, values) else values, broken), rounded, *broken)


def not_finite(values: np.ndarray) -> tuple[int, int]:
    """How many of floating-point values are NaN, and how many infinite."""
    width = 8 * values.itemsize
    magnitude = values.view(f"<u{values.itemsize}") & ((1 << (width - 1)) - 1)
    if magnitude.max(initial=0) < _INFINITY[width]:  # three times as fast as isnan in float16
        return 0, 0
    infinities = int((magnitude == _INFINITY[width]).sum())
    return int((magnitude > _INFINITY[width]).sum()), infinities


def raw_digests(raw: memoryview | np.ndarray, dtype: str) -> PieceDigests:
    """The digests of bytes that are no floating-point numbers: they agree where dtype and bytes do."""
    digest = f"{dtype}:{hashlib.blake2b(raw, digest_size=32).hexdigest()}"
    return PieceDigests(digest, digest)


def component_content(
    weights: Iterable[Weight],
    digests: Mapping[str, Sequence[PieceDigests]],
    called: Callable[[str], str] = lambda key: key,
) -> Content:
    """The content hashes of one component, from the digests of its weights' pieces by common key; `called` gives the
    name that a weight of this key counts under."""
    exact, float16 = hashlib.sha256(), hashlib.sha256()
    named = ((called(weight.key), weight) for weight in weights)
    for name, _, weight in sorted(
        ((inside_text_encoder(name), name, weight) for name, weight in named), key=lambda found: found[:2]
    ):
        pieces, start = digests[weight.key], _start_of_line(name, weight.shape)
        exact.update(_line(start, [piece.exact for piece in pieces]))
        float16.update(_line(start, [piece.float16 for piece in pieces]))
    return Content(exact.hexdigest(), float16.hexdigest())


@lru_cache(maxsize=1 << 14)
def _start_of_line(name: str, shape: tuple[int, ...]) -> str:
    """What files of one network have in common of a line of JSON."""
    return json.dumps([name, shape]).removesuffix("]")


def _line(start: str, digests: Iterable[str]) -> bytes:
    told = ", ".join(f'"{digest}"' for digest in digests)
    return f"{start}, [{told}]]\n".encode()


def _holds(narrow: np.ndarray, values: np.ndarray) -> bool:
    """Whether narrowing changed no value. Where it changed any, most often one among the first is."""
    return narrow is values or all(_agree(narrow[part], values[part]) for part in (slice(4096), slice(4096, None)))


def _agree(narrow: np.ndarray, values: np.ndarray) -> bool:
    return bool(((narrow.astype(values.dtype) == values) | np.isnan(values)).all())


def _digest(values: np.ndarray, broken: tuple[int, int]) -> str:
    """Of values of which so many are NaN, and infinite."""
    if broken[0]:
        values = np.where(np.isnan(values), values.dtype.type(np.nan), values)
    return f"{8 * values.itemsize}:{hashlib.blake2b(values, digest_size=32).hexdigest()}"
