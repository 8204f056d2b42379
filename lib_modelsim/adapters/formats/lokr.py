"""LoKr: ΔW = w1 ⊗ w2, each whole or as two factors, w2 of a convolution with a core.

KohakuBlueleaf/LyCORIS lokr.py; huggingface/peft."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from ..changes import Kronecker, LayerChange
from .form import Array, LayerFormat, Tensors, flat, require

_WORDS = ("w1", "w1_a", "w1_b", "w2", "w2_a", "w2_b", "t2")


def _complete(roles: Collection[str]) -> bool:
    return all(f"lokr_w{n}" in roles or {f"lokr_w{n}_a", f"lokr_w{n}_b"} <= set(roles) for n in "12")


def _side(tensors: Tensors, n: str) -> tuple[int, ...]:
    if f"lokr_w{n}" in tensors:
        return tensors[f"lokr_w{n}"].shape
    a, b = tensors[f"lokr_w{n}_a"].shape, tensors[f"lokr_w{n}_b"].shape
    require(len(a) > 1 and len(b) > 1, "a factor is no matrix")
    if n == "2" and "lokr_t2" in tensors:
        core = tensors["lokr_t2"].shape
        require(len(core) > 2 and core[:2] == (a[0], b[0]), "the core does not fit its factors")
        return (a[1], b[1], *core[2:])
    require(a[1] == b[0], "two factors have different ranks")
    return (a[0], *b[1:])


def _shape(tensors: Tensors) -> tuple[int, ...]:
    left, right = _side(tensors, "1"), _side(tensors, "2")
    require(len(left) > 1 and len(right) > 1 and all(n == 1 for n in left[2:]), "w1 has a kernel, or is no matrix")
    return (left[0] * right[0], left[1] * right[1], *right[2:])


def _rank(tensors: Tensors) -> int | None:
    return next((tensors[role].shape[0] for role in ("lokr_w1_b", "lokr_w2_b") if role in tensors), None)


def _load(arrays: Mapping[str, Array]) -> LayerChange:
    def whole(n: str) -> Array:
        if f"lokr_w{n}" in arrays:
            return flat(arrays[f"lokr_w{n}"])
        a, b = arrays[f"lokr_w{n}_a"], arrays[f"lokr_w{n}_b"]
        if n == "2" and "lokr_t2" in arrays:
            return flat(np.einsum("ab...,ao,bi->oi...", arrays["lokr_t2"], a, b))
        return flat(a) @ flat(b)

    return Kronecker(whole("1"), whole("2"))


FORMATS = (
    LayerFormat(
        name="LoKr",
        endings=tuple((rf"\.lokr_{word}(?:\.\w+)?", f"lokr_{word}") for word in _WORDS),
        complete=_complete,
        shape=_shape,
        rank=_rank,
        load=_load,
    ),
)
