"""LoRA, LoCon: ΔW = up · down, of convolutions with a kernel in `down`, or in a core `mid` between the two (Tucker).

Names: kohya-ss/sd-scripts networks/lora.py (lora_down, lora_up), KohakuBlueleaf/LyCORIS lycoris/modules/locon.py
(lora_mid), huggingface/diffusers (….lora.down, …_lora.down, ….lora_linear_layer.down), huggingface/peft (lora_A and
lora_B).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from ..changes import LayerChange, LowRank
from .form import Array, LayerFormat, Tensors, flat, require


def _complete(roles: Collection[str]) -> bool:
    return {"up", "down"} <= set(roles)


def _shape(tensors: Tensors) -> tuple[int, ...]:
    up, down, mid = tensors["up"].shape, tensors["down"].shape, tensors["mid"].shape if "mid" in tensors else None
    require(len(up) > 1 and len(down) > 1, "a factor is no matrix")
    require(up[1] == (down[0] if mid is None else mid[0]), "up and down have different ranks")
    require(all(n == 1 for n in up[2:]), "up has a kernel")
    if mid is None:
        return (up[0], *down[1:])
    require(len(mid) > 2 and mid[1] == down[0] and all(n == 1 for n in down[2:]), "the core does not fit down")
    return (up[0], down[1], *mid[2:])


def _load(arrays: Mapping[str, Array]) -> LayerChange:
    up, down = flat(arrays["up"]), flat(arrays["down"])
    if "mid" in arrays:
        down = flat(np.einsum("ab...,bi->ai...", arrays["mid"], down))
    return LowRank(up, down)


FORMATS = (
    LayerFormat(
        name="LoRA",
        endings=(
            (r"\.lora_down(?:\.weight)?", "down"),
            (r"\.lora_up(?:\.weight)?", "up"),
            (r"\.lora_mid(?:\.weight)?", "mid"),
            (r"\.lora\.down\.weight", "down"),
            (r"\.lora\.up\.weight", "up"),
            (r"_lora\.down\.weight", "down"),
            (r"_lora\.up\.weight", "up"),
            (r"\.lora_linear_layer\.down\.weight", "down"),
            (r"\.lora_linear_layer\.up\.weight", "up"),
            (r"\.lora_A(?:\.(?!weight)\w+)?(?:\.weight)?", "down"),
            (r"\.lora_B(?:\.(?!weight)\w+)?(?:\.weight)?", "up"),
        ),
        complete=_complete,
        shape=_shape,
        rank=lambda tensors: tensors["down"].shape[0],
        load=_load,
    ),
)
