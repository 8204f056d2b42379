"""Published converters of diffusers that take small files: what tells a layout without this program's own names."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

VAE_LEVELS = {"down_block_types": [""] * 4, "up_block_types": [""] * 4}


def _converters() -> dict[str, tuple[str, Callable]]:
    """Beginning of a stem → prefix of the original names, and the converter of what stands behind it."""
    from diffusers.loaders import single_file_utils as published

    return {
        "auraflow": ("", published.convert_auraflow_transformer_checkpoint_to_diffusers),
        "ltxv": ("model.diffusion_model.", published.convert_ltx_transformer_checkpoint_to_diffusers),
        "wan21-vae": ("", published.convert_wan_vae_to_diffusers),
        "wan21-": ("", published.convert_wan_transformer_to_diffusers),
        "wan22-i2v": ("", published.convert_wan_transformer_to_diffusers),
        "wan22-ti2v": ("", published.convert_wan_transformer_to_diffusers),
        "cosmos": ("", published.convert_cosmos_transformer_checkpoint_to_diffusers),
        "cascade-stage-b": ("", published.convert_stable_cascade_unet_single_file_to_diffusers),
        "cascade-stage-c": ("", published.convert_stable_cascade_unet_single_file_to_diffusers),
        "hunyuanvideo-t2v": ("", published.convert_hunyuan_video_transformer_to_diffusers),
        "flux-ae": ("", lambda weights: published.convert_ldm_vae_checkpoint(weights, VAE_LEVELS)),
        "sd3": ("", published.convert_sd3_transformer_checkpoint_to_diffusers),
    }


def converted(stem: str, weights: dict[str, np.ndarray]) -> dict[str, np.ndarray] | None:
    """The file by diffusers' names; None where no converter takes it."""
    import torch

    found = next((how for start, how in _converters().items() if stem.startswith(start)), None)
    if found is None:
        return None
    prefix, convert = found
    original = {key.removeprefix(prefix): torch.from_numpy(value) for key, value in weights.items()}
    try:
        result = convert(dict(original))
    except (KeyError, ValueError, RuntimeError, IndexError, TypeError, AttributeError):
        return None  # it has the widths of one published model written into it
    if result.keys() == original.keys():
        return None  # it renamed nothing, and so tells nothing
    return {key: value.contiguous().numpy() for key, value in result.items()}
