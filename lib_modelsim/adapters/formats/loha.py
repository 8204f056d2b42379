"""LoHa: ΔW = (w1_a · w1_b) ∘ (w2_a · w2_b), with a core t each for convolutions.

KohakuBlueleaf/LyCORIS loha.py; huggingface/peft."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from ..changes import Hadamard, LayerChange, LowRank
from .form import Array, LayerFormat, Tensors, flat, require

_WORDS = ("w1_a", "w1_b", "w2_a", "w2_b", "t1", "t2")


def _complete(roles: Collection[str]) -> bool:
    return {f"hada_{word}" for word in _WORDS[:4]} <= set(roles)


def _shape(tensors: Tensors) -> tuple[int, ...]:
    for n in "12":
        a, b = tensors[f"hada_w{n}_a"].shape, tensors[f"hada_w{n}_b"].shape
        require(len(a) == len(b) == 2, "a factor is no matrix")
        if f"hada_t{n}" in tensors:
            core = tensors[f"hada_t{n}"].shape
            require(len(core) > 2 and core[:2] == (a[0], b[0]), "a core does not fit its factors")
            shape = (a[1], b[1], *core[2:])
        else:
            require(a[1] == b[0], "two factors have different ranks")
            shape = (a[0], b[1])
    return shape


def _half(arrays: Mapping[str, Array], n: str) -> LowRank:
    a, b = arrays[f"hada_w{n}_a"], arrays[f"hada_w{n}_b"]
    if f"hada_t{n}" not in arrays:
        return LowRank(a, b)
    return LowRank(a.T, flat(np.einsum("ab...,bi->ai...", arrays[f"hada_t{n}"], b)))


def _load(arrays: Mapping[str, Array]) -> LayerChange:
    return Hadamard(_half(arrays, "1"), _half(arrays, "2"))


FORMATS = (
    LayerFormat(
        name="LoHa",
        endings=tuple((rf"\.hada_{word}(?:\.\w+)?", f"hada_{word}") for word in _WORDS),
        complete=_complete,
        shape=_shape,
        rank=lambda tensors: tensors["hada_w1_b"].shape[0],
        load=_load,
    ),
)
