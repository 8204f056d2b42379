"""Checkpoints with the real names of their weights, small enough to draw 64 × 64 pixels in a second on a CPU.

Their text encoders know the 512 tokens that stand for bytes, begin and end: so no vocabulary is needed.
"""

from __future__ import annotations

from pathlib import Path

from lib_modelsim import demo
from lib_modelsim.demo.shapes import Shapes, UnetLayout, clip_shapes, openclip_shapes, unet_shapes, vae_shapes
from lib_modelsim.probes.engine import EngineCheckpoint

TOKENS = 514


def sd1(tokens: int = TOKENS) -> Shapes:
    unet = UnetLayout(32, 768, multipliers=(1, 1), depths=(1, 0))
    return unet_shapes(unet) | vae_shapes(32) | clip_shapes("cond_stage_model.transformer.", 768, 2, tokens)


def sd2() -> Shapes:
    unet = UnetLayout(32, 1024, multipliers=(1, 1), depths=(1, 0), linear_projections=True)
    return unet_shapes(unet) | vae_shapes(32) | openclip_shapes("cond_stage_model.model.", 1024, 1, TOKENS)


def sdxl() -> Shapes:
    """Both text encoders' vectors together are 2,048 wide; the label holds a pooled one and six numbers of 16."""
    first, second = 1024, 1024
    unet = UnetLayout(32, 2048, multipliers=(1, 1), depths=(0, 1), linear_projections=True, label_width=second + 6 * 16)
    return (
        unet_shapes(unet)
        | vae_shapes(32)
        | clip_shapes("conditioner.embedders.0.transformer.", first, 1, TOKENS)
        | openclip_shapes("conditioner.embedders.1.model.", second, 1, TOKENS)
    )


def write(folder: Path, name: str, shapes: Shapes, seed: int = 1, **changed: float) -> EngineCheckpoint:
    """A checkpoint of random weights; those `changed` are all of the one value."""
    weights = demo.draw(shapes, seed)
    for key, value in changed.items():
        weights[key][...] = value
    path = folder / f"{name}.safetensors"
    demo.save(path, weights)
    return EngineCheckpoint(name, name, path)
