"""Which network a checkpoint holds, told by its key names and the width of its context."""

from __future__ import annotations

from collections.abc import Mapping

UNET = "model.diffusion_model."

_BY_CONTEXT = {768: "SD 1.x", 1024: "SD 2.x", 1280: "SDXL refiner", 2048: "SDXL"}
"""Columns of the first cross-attention's key matrix → architecture (CompVis v1-inference.yaml, Stability's
v2-inference.yaml, sd_xl_base.yaml and sd_xl_refiner.yaml: `context_dim`). Never from `model_channels`: tiny
models and pruned ones have the same names with other widths."""

_LORA = ("lora_", "_lora", ".lora", "lycoris_", ".hada_w", ".lokr_w", ".dora_scale")
"""The words of low-rank files: kohya's `lora_unet_…`, PEFT's `….lora_A.weight`, diffusers' older `…_lora.down.…`
and `….lora.down.…`, XLabs' `…qkv_lora1.…`, LyCORIS' `lycoris_…`, `….hada_w1_a` and `….lokr_w1`."""

_TEXT_ENCODERS = ("cond_stage_model.", "conditioner.embedders.", "text_encoders.")


def architecture_of(shapes: Mapping[str, tuple[int, ...]]) -> str:
    """The architecture of a model with these common key names → shapes.

    One of the names that `blocks` has a table for, or `LoRA`.
    """
    if any(map(is_lora, shapes)):
        return "LoRA"
    network = [key for key in shapes if key.startswith((UNET, "transformer/"))]
    if network:
        return _by_network(network, shapes)
    if any(key.startswith("first_stage_model.") for key in shapes):
        return "VAE"
    if any(key.startswith(_TEXT_ENCODERS) for key in shapes):
        return "text encoder"
    return "unknown"


def is_lora(key: str) -> bool:
    """Whether a key names one of the factors of a low-rank change rather than a weight."""
    return any(word in key for word in _LORA)


def _by_network(keys: list[str], shapes: Mapping[str, tuple[int, ...]]) -> str:
    if any(key.startswith(UNET + "joint_blocks.") for key in keys):
        return "SD3"
    if any(key.startswith(UNET + "double_blocks.") for key in keys):
        return "Flux"
    contexts = (shapes[key][1] for key in keys if key.endswith("attn2.to_k.weight") and len(shapes[key]) > 1)
    return _BY_CONTEXT.get(next(contexts, 0), "unknown")
