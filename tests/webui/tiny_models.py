"""A family of checkpoints small enough to be written in seconds, and whole enough for a real WebUI to draw with.

    harbor-base        the base
    ├─ lantern-tune    fine-tune of the base
    ├─ velvet-tune     another one
    └─ tide-merge      0.7 lantern-tune + 0.3 velvet-tune
    granite-stranger   trained from scratch

A1111 takes the network's widths from a `.yaml` beside the file: 32 channels, one layer of text encoder, 30 MB. Forge
has no such files; the smallest that it recognises as SD 1.x has 320 channels at each level and the real text encoder
and VAE: 0.6 GB. Both draw 64 × 64 noise in a second. Nothing is downloaded: the tokenizer is one of 514 bytes that is
written beside the checkpoints; Forge has its own.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from lib_modelsim import demo
from lib_modelsim.demo_shapes import Shapes, UnetLayout, clip_shapes, unet_shapes, vae_shapes

NAMES = ("harbor-base", "lantern-tune", "velvet-tune", "tide-merge", "granite-stranger")

_UNET = "model.diffusion_model."
_TEXT = "cond_stage_model.transformer."
_CONTEXT = 768  # what makes an SD 1.x of it
_BYTES = 2 * 256 + 2  # a token for each byte, inside a word and at its end; begin and end of the text


def write_for_a1111(folder: Path) -> None:
    """The family, with a configuration beside each file; `folder` exists."""
    shapes = unet_shapes(UnetLayout(32, _CONTEXT)) | vae_shapes(32) | clip_shapes(_TEXT, _CONTEXT, 1, _BYTES)
    tokenizer = folder.parent / "tiny-clip"
    _write_text_encoder(tokenizer)
    _write_family(folder, shapes)
    for name in NAMES:
        (folder / f"{name}.yaml").write_text(json.dumps(_configuration(tokenizer), indent=1), encoding="utf-8")


def write_for_forge(folder: Path) -> None:
    """The family in the smallest shape that Forge recognises; `folder` exists."""
    layout = UnetLayout(320, _CONTEXT, multipliers=(1, 1, 1, 1))
    _write_family(folder, unet_shapes(layout) | vae_shapes(128) | clip_shapes(_TEXT, _CONTEXT, 12, 49408))


def _write_family(folder: Path, shapes: Shapes) -> None:
    base = demo.draw(shapes, seed=1)
    lantern, velvet = _tune(base, seed=2), _tune(base, seed=3)
    merge = {key: np.float32(0.7) * lantern[key] + np.float32(0.3) * velvet[key] for key in lantern}
    stranger = demo.draw({key: shapes[key] for key in base if key.startswith(_UNET)}, seed=4)
    for name, changed in zip(NAMES, ({}, lantern, velvet, merge, stranger), strict=True):
        demo.save(folder / f"{name}.safetensors", base | changed)


def _tune(base: demo.Weights, seed: int) -> demo.Weights:
    return demo.train({key: values for key, values in base.items() if key.startswith(_UNET)}, seed, size=0.15)


def _configuration(text_encoder: Path) -> dict:
    """v1-inference.yaml of CompVis/stable-diffusion in the widths of our files. JSON is YAML, too."""
    unet = {
        "image_size": 32,
        "in_channels": 4,
        "out_channels": 4,
        "model_channels": 32,
        "attention_resolutions": [4, 2, 1],
        "num_res_blocks": 2,
        "channel_mult": [1, 2, 4, 4],
        "num_heads": 8,
        "use_spatial_transformer": True,
        "transformer_depth": 1,
        "context_dim": _CONTEXT,
        "use_checkpoint": False,
        "legacy": False,
    }
    vae = {
        "double_z": True,
        "z_channels": 4,
        "resolution": 256,
        "in_channels": 3,
        "out_ch": 3,
        "ch": 32,
        "ch_mult": [1, 2, 4, 4],
        "num_res_blocks": 2,
        "attn_resolutions": [],
        "dropout": 0.0,
    }
    parts = {
        "unet_config": {"target": "ldm.modules.diffusionmodules.openaimodel.UNetModel", "params": unet},
        "first_stage_config": {
            "target": "ldm.models.autoencoder.AutoencoderKL",
            "params": {"embed_dim": 4, "ddconfig": vae, "lossconfig": {"target": "torch.nn.Identity"}},
        },
        "cond_stage_config": {
            "target": "ldm.modules.encoders.modules.FrozenCLIPEmbedder",
            "params": {"version": str(text_encoder)},
        },
    }
    diffusion = {
        "linear_start": 0.00085,
        "linear_end": 0.012,
        "num_timesteps_cond": 1,
        "timesteps": 1000,
        "first_stage_key": "jpg",
        "cond_stage_key": "txt",
        "image_size": 64,
        "channels": 4,
        "cond_stage_trainable": False,
        "conditioning_key": "crossattn",
        "scale_factor": 0.18215,
        "use_ema": False,
    }
    return {"model": {"target": "ldm.models.diffusion.ddpm.LatentDiffusion", "params": diffusion | parts}}


def _write_text_encoder(folder: Path) -> None:
    """The folder that transformers' `CLIPTokenizer` and `CLIPTextModel` read: a vocabulary of bytes, no merges."""
    folder.mkdir()
    begin, end = "<|startoftext|>", "<|endoftext|>"
    inside = [_letter(byte) for byte in range(256)]
    words = [*inside, *(letter + "</w>" for letter in inside), begin, end]
    vocabulary = {word: number for number, word in enumerate(words)}
    configuration = {
        "model_type": "clip_text_model",
        "vocab_size": len(words),
        "hidden_size": _CONTEXT,
        "intermediate_size": 4 * _CONTEXT,
        "num_attention_heads": 12,
        "num_hidden_layers": 1,
        "max_position_embeddings": 77,
        "hidden_act": "quick_gelu",
        "bos_token_id": vocabulary[begin],
        "eos_token_id": vocabulary[end],
    }
    tokenizer = {"bos_token": begin, "eos_token": end, "unk_token": end, "pad_token": end, "model_max_length": 77}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
    (folder / "config.json").write_text(json.dumps(configuration), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer), encoding="utf-8")


def _letter(byte: int) -> str:
    """The character by which byte-level vocabularies write a byte (GPT-2's `bytes_to_unicode`)."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    if byte in printable:
        return chr(byte)
    return chr(256 + [other for other in range(256) if other not in printable].index(byte))
