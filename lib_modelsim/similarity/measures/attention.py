"""The attention scores that two programs publish: asimilarity, asimilarity8 (see `similarity/asimilarity.py`)."""

from __future__ import annotations

from ..attention import Variant
from .bounds import BASE, CLOSE, UNRELATED, Bound
from .registry import AttentionMeasure, Joined

_BOUNDS = (
    Bound("the same self-attention", 1 - 2e-6, 1),  # sums of float32
    Bound("nearly the same self-attention", 0.9995, 1 - 2e-6),
    Bound(CLOSE, 0.99, 0.999),
    Bound(BASE, 0.4, 0.985),
    Bound(UNRELATED, -0.1, 0.1),
)

MEASURES = (
    AttentionMeasure(
        name="asimilarity",
        label="attention score, 16 blocks",
        reads="4 % of a file",
        range=(-1, 1),
        joined=Joined.MEAN,
        variant=Variant(seed=2244096, linears=6, decoder_only=False),
        bounds=_BOUNDS,
        caveat="It reads one self-attention layer per block, 4 % of a file: the rest may differ.",
    ),
    AttentionMeasure(
        name="asimilarity8",
        label="attention score, 8 blocks",
        reads="2 % of a file",
        range=(-1, 1),
        joined=Joined.MEAN,
        variant=Variant(seed=114514, linears=3, decoder_only=True),
        bounds=_BOUNDS,
        caveat="It reads one self-attention layer in each of 8 blocks, 2 % of a file: the rest may differ.",
    ),
)
