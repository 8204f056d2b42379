"""Formats whose numbers no open definition gives, or which need more than the file to be undone: they are named, placed
and hashed, and never compared.

SVDQuant of nunchaku packs for its kernels, smooths by factors that its neighbours undo, and adds a product of two thin
matrices. GPTQ and AWQ pack eight numbers into an integer, each in an order of its own that the file does not tell.
"""

from __future__ import annotations

from ..stored import StoredTensor
from .decoding import Decoded, Opaque
from .registry import Scheme, Tensors

_SVDQUANT = (
    ".qweight", ".wscales", ".wzeros", ".smooth_factor", ".smooth_factor_orig", ".proj_down", ".proj_up",
    ".lora_down", ".lora_up", ".smooth", ".smooth_orig", ".wtscale", ".wcscales",
)  # fmt: skip
_GPTQ = (".qweight", ".qzeros", ".scales", ".g_idx")


def _svdquant(found: Tensors) -> Decoded | None:
    if ".wscales" not in found.parts:
        return None
    scales = found.parts[".wscales"]
    parts = found.only(*_SVDQUANT)
    return Opaque("SVDQuant", parts, _shape(parts[".qweight"], scales), "it is packed for nunchaku's kernels alone")


def _gptq(found: Tensors) -> Decoded | None:
    parts = found.only(*_GPTQ)
    reason = "the order of its packed numbers does not stand in the file"
    return Opaque("GPTQ/AWQ", parts, _shape(parts[".qweight"], parts.get(".scales")), reason)


def _shape(packed: StoredTensor, scales: StoredTensor | None) -> tuple[int, ...]:
    """The shape of the weight: two numbers a byte, one scale a row of it in each group."""
    count, rows = 2 * packed.bytes, scales.shape[-1] if scales is not None and scales.shape else 0
    return (rows, count // rows) if rows and count % rows == 0 else (count,)


SCHEMES = (
    Scheme((".qweight",), _SVDQUANT, _svdquant, order=1),
    Scheme((".qweight",), _GPTQ, _gptq, order=2),
)
