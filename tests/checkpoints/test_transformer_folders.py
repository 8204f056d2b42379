"""diffusers folders of transformers: named, every weight in its component, the same as the single file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from safetensors.torch import save_file

from lib_modelsim.checkpoints.hashing import identify
from lib_modelsim.checkpoints.reader import open_checkpoint

from .converters import Weights, drawn

CLIP_L, CLIP_G, T5 = "clip-l.transformers", "clip-bigg.transformers", "t5xxl-shared.transformers"

FOLDERS = {
    "FluxPipeline": ("Flux", {"transformer": "flux-dev.diffusers", "text_encoder": CLIP_L, "text_encoder_2": T5}),
    "StableDiffusion3Pipeline": (
        "SD3",
        {
            "transformer": "sd35-medium.diffusers",
            "text_encoder": CLIP_L,
            "text_encoder_2": CLIP_G,
            "text_encoder_3": T5,
        },
    ),
    "ChromaPipeline": ("Chroma", {"transformer": "chroma.diffusers", "text_encoder": T5}),
    "PixArtSigmaPipeline": ("PixArt-Σ", {"transformer": "pixart-sigma-1024.diffusers", "text_encoder": T5}),
    "AuraFlowPipeline": (
        "AuraFlow",
        {"transformer": "auraflow-v03.diffusers", "text_encoder": "pile-t5xl.transformers"},
    ),
    "ZImagePipeline": ("Z-Image", {"transformer": "zimage.diffusers", "text_encoder": "qwen3-4b.transformers"}),
    "Lumina2Pipeline": ("Lumina 2", {"transformer": "lumina2.diffusers", "text_encoder": "gemma2-2b.transformers"}),
    "QwenImagePipeline": (
        "Qwen-Image",
        {"transformer": "qwen-image.diffusers", "text_encoder": "qwen25vl-7b.transformers-old"},
    ),
    "WanPipeline": (
        "Wan",
        {
            "transformer": "wan21-t2v-14b.diffusers",
            "transformer_2": "wan21-t2v-14b.diffusers",
            "text_encoder": "umt5xxl.transformers",
        },
    ),
    "HiDreamImagePipeline": (
        "HiDream-I1",
        {
            "transformer": "hidream-i1.diffusers",
            "text_encoder": CLIP_L,
            "text_encoder_2": CLIP_G,
            "text_encoder_3": T5,
            "text_encoder_4": "qwen3-0.6b.transformers",
        },
    ),
    "HunyuanDiTPipeline": ("HunyuanDiT", {"transformer": "hunyuandit12.diffusers", "text_encoder_2": T5}),
    "StableCascadePriorPipeline": (
        "Stable Cascade",
        {"prior": "cascade-stage-c-lite.diffusers", "text_encoder": CLIP_G},
    ),
    "StableCascadeDecoderPipeline": (
        "Stable Cascade",
        {"decoder": "cascade-stage-b.diffusers", "vqgan": "cascade-stage-a.original", "text_encoder": CLIP_G},
    ),
    "Flux2Pipeline": (
        "Flux.2",
        {
            "transformer": "flux2-klein-4b.diffusers",
            "text_encoder": "qwen3-4b.transformers",
            "vae": "flux2-vae.diffusers",
        },
    ),
}
"""Pipeline → the network, and the key list of each of its sub-folders."""


def folder_of(folder: Path, pipeline: str, lists: dict[str, str]) -> Path:
    for seed, (part, name) in enumerate(lists.items()):
        (folder / part).mkdir(parents=True)
        file = "model" if part.startswith("text") else "diffusion_pytorch_model"
        save_file(drawn(name, seed), folder / part / f"{file}.safetensors")
    (folder / "model_index.json").write_text(json.dumps({"_class_name": pipeline}), encoding="utf-8")
    return folder


@pytest.mark.parametrize("pipeline", FOLDERS)
def test_a_folder_is_named_and_every_weight_has_its_component(shared, tmp_path, pipeline):
    architecture, lists = FOLDERS[pipeline]
    checkpoint = open_checkpoint(folder_of(tmp_path / "folder", pipeline, lists))
    assert checkpoint.architecture == architecture
    components = {weight.component for weight in checkpoint.weights.values()}
    encoders = {name for name in components if name.startswith("te")}
    assert len(encoders) == sum(part.startswith("text") for part in lists)
    assert ("unet" in components, "other" in components) == (True, False)
    count = sum(len(drawn(name)) for name in lists.values())
    assert len(checkpoint.weights) + len(checkpoint.extras) + len(checkpoint.unread) >= count


def test_the_second_transformer_of_wan_has_blocks_of_its_own(shared, tmp_path):
    checkpoint = open_checkpoint(folder_of(tmp_path / "wan", "WanPipeline", FOLDERS["WanPipeline"][1]))
    blocks = {weight.block for weight in checkpoint.weights.values()}
    assert {"blocks.07", "low_noise.blocks.07", "low_noise.OUT"} <= blocks


def test_flux_in_one_file_is_the_folder(shared, tmp_path):
    parts: dict[str, Weights] = {
        "model.diffusion_model.": drawn("flux-dev.diffusers", 0),
        "text_encoders.clip_l.transformer.": drawn(CLIP_L, 1),
        "text_encoders.t5xxl.transformer.": drawn(T5, 2),
    }
    whole = {prefix + key: value for prefix, weights in parts.items() for key, value in weights.items()}
    save_file(whole, tmp_path / "whole.safetensors")
    folder = open_checkpoint(folder_of(tmp_path / "folder", "FluxPipeline", FOLDERS["FluxPipeline"][1]))
    single = open_checkpoint(tmp_path / "whole.safetensors")
    assert set(identify(folder).content) == {"unet", "te0", "te1"}
    assert identify(folder).content == identify(single).content
