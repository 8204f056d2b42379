"""Whole differences: `.diff` of a weight, `.diff_b` of a bias, `.w_norm` and `.b_norm` of a norm.

KohakuBlueleaf/LyCORIS full.py and norms.py; ComfyUI comfy/lora.py."""

from __future__ import annotations

from collections.abc import Mapping

from ..changes import Full, LayerChange
from .form import Array, LayerFormat, flat


def _kind(name: str, ending: str, suffix: str) -> LayerFormat:
    def load(arrays: Mapping[str, Array]) -> LayerChange:
        return Full(flat(arrays[ending]))

    return LayerFormat(
        name=name,
        endings=((rf"\.{ending}", ending),),
        complete=lambda roles: ending in roles,
        shape=lambda tensors: tensors[ending].shape,
        load=load,
        suffix=suffix,
    )


FORMATS = (
    _kind("whole difference", "diff", "weight"),
    _kind("difference of biases", "diff_b", "bias"),
    _kind("difference of norms", "w_norm", "weight"),
    _kind("difference of norms", "b_norm", "bias"),
    _kind("difference of biases", "lora_B.bias", "bias"),
)
