"""What AUTOMATIC1111's WebUI needs beside a checkpoint of unusual widths: a `.yaml`, and a folder with a tokenizer.

The configuration is v1-inference.yaml of CompVis/stable-diffusion in the widths of the file. The vocabulary is that of
the bytes, in CLIP's order, so that a text encoder of 514 tokens needs no list of merges and nothing is downloaded.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..engines.tokenizer import byte_letters

CONTEXT = 768
"""The width of the text encoder, which makes an SD 1.x of a UNet."""


@dataclass(frozen=True)
class Widths:
    """The widths of an SD 1.x that its `.yaml` names; `multipliers` are one for each of the four levels."""

    unet: int
    unet_multipliers: Sequence[int]
    vae: int
    vae_multipliers: Sequence[int]
    vae_resnets: int


def write_configuration(checkpoint: Path, widths: Widths, tokenizer: Path) -> None:
    """Write `checkpoint` with the ending `.yaml`; JSON is YAML, too. The path of the tokenizer stands in it in full."""
    unet = {
        "image_size": 32,
        "in_channels": 4,
        "out_channels": 4,
        "model_channels": widths.unet,
        "attention_resolutions": [4, 2, 1],
        "num_res_blocks": 2,
        "channel_mult": list(widths.unet_multipliers),
        "num_heads": 8,
        "use_spatial_transformer": True,
        "transformer_depth": 1,
        "context_dim": CONTEXT,
        "use_checkpoint": False,
        "legacy": False,
    }
    vae = {
        "double_z": True,
        "z_channels": 4,
        "resolution": 256,
        "in_channels": 3,
        "out_ch": 3,
        "ch": widths.vae,
        "ch_mult": list(widths.vae_multipliers),
        "num_res_blocks": widths.vae_resnets,
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
            "params": {"version": str(tokenizer.resolve())},
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
    model = {"target": "ldm.models.diffusion.ddpm.LatentDiffusion", "params": diffusion | parts}
    checkpoint.with_suffix(".yaml").write_text(json.dumps({"model": model}, indent=1), encoding="utf-8")


def write_tokenizer(folder: Path, intermediate_size: int) -> None:
    """The new folder that transformers' `CLIPTokenizer` and `CLIPTextModel` read: one layer, a vocabulary of bytes."""
    folder.mkdir()
    begin, end = "<|startoftext|>", "<|endoftext|>"
    letters = byte_letters()
    words = [*letters, *(letter + "</w>" for letter in letters), begin, end]
    vocabulary = {word: number for number, word in enumerate(words)}
    configuration = {
        "model_type": "clip_text_model",
        "vocab_size": len(words),
        "hidden_size": CONTEXT,
        "intermediate_size": intermediate_size,
        "num_attention_heads": 12,
        "num_hidden_layers": 1,
        "max_position_embeddings": 77,
        "hidden_act": "quick_gelu",
        "bos_token_id": vocabulary[begin],
        "eos_token_id": vocabulary[end],
    }
    tokenizer = {"bos_token": begin, "eos_token": end, "unk_token": end, "pad_token": end, "model_max_length": 77}
    documents = {"vocab.json": vocabulary, "config.json": configuration, "tokenizer_config.json": tokenizer}
    for name, document in documents.items():
        (folder / name).write_text(json.dumps(document), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
