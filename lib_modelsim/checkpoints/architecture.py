"""Which network a checkpoint holds, told by its key names and the width of its context."""

from __future__ import annotations

from collections.abc import Mapping

UNET = "model.diffusion_model."

_BY_CONTEXT = {768: "SD 1.x", 1024: "SD 2.x", 1280: "SDXL refiner", 2048: "SDXL"}
"""Columns of the first cross-attention's key matrix → architecture (CompVis v1-inference.yaml, Stability's
v2-inference.yaml, sd_xl_base.yaml and sd_xl_refiner.yaml: `context_dim`). Never from `model_channels`: tiny
models and pruned ones have the same names with other widths."""


def architecture_of(shapes: Mapping[str, tuple[int, ...]]) -> str:
    """The architecture of a model with these common key names → shapes; one of DESIGN's names or `unknown`."""
    if any(key.startswith(UNET + "joint_blocks.") for key in shapes):
        return "SD3"
    if any(key.startswith(UNET + "double_blocks.") for key in shapes):
        return "Flux"
    for key, shape in shapes.items():
        if key.startswith(UNET) and key.endswith("attn2.to_k.weight") and len(shape) >= 2:
            return _BY_CONTEXT.get(shape[1], "unknown")
    if any(_is_lora(key) for key in shapes):
        return "LoRA"
    if any(key.startswith(UNET) for key in shapes):
        return "unknown"
    if any(key.startswith("first_stage_model.") for key in shapes):
        return "VAE"
    if any(key.startswith(("cond_stage_model.", "conditioner.embedders.", "text_encoders.")) for key in shapes):
        return "text encoder"
    return "unknown"


def _is_lora(key: str) -> bool:
    return key.startswith(("lora_unet_", "lora_te", "lora_transformer_")) or ".lora_" in key or key.endswith((".alpha", ".dora_scale"))
