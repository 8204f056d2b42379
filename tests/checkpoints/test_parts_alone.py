"""Text encoders and VAEs alone in a file: named for what they are, the same under the names of every tool."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from lib_modelsim.checkpoints.architecture import kind_of
from lib_modelsim.checkpoints.hashing import identify
from lib_modelsim.checkpoints.names import common_names, inside_text_encoder
from lib_modelsim.checkpoints.reader import open_checkpoint

from .key_lists import key_list

KINDS = {
    "clip-l.transformers": "text encoder CLIP-L",
    "clip-bigg.transformers": "text encoder CLIP-bigG",
    "openclip-h-23.transformers": "text encoder OpenCLIP-H",
    "t5xxl.transformers": "text encoder T5-XXL",
    "t5xxl-shared.transformers": "text encoder T5-XXL",
    "pile-t5xl.transformers": "text encoder Pile-T5-XL",
    "umt5xxl.original": "text encoder UMT5-XXL",
    "umt5xxl.transformers": "text encoder UMT5-XXL",
    "qwen3-0.6b.transformers": "text encoder Qwen3 0.6B",
    "qwen3-4b.transformers": "text encoder Qwen3 4B",
    "qwen3-8b.transformers": "text encoder Qwen3 8B",
    "qwen25vl-7b.transformers-old": "text encoder Qwen2.5-VL 7B",
    "gemma2-2b.transformers": "text encoder Gemma 2 2B",
    "sd-vae.original-bare": "VAE of SD or SDXL",
    "sd-vae.diffusers": "VAE of SD or SDXL",
    "flux-ae.original": "VAE of Flux.1 or SD3",
    "flux-ae.diffusers": "VAE of Flux.1 or SD3",
    "flux2-vae.original": "VAE of Flux.2",
    "flux2-vae.diffusers": "VAE of Flux.2",
    "qwen-image-vae.diffusers": "VAE of Wan 2.1 or Qwen-Image",
    "wan21-vae.original": "VAE of Wan 2.1 or Qwen-Image",
    "wan22-vae.original": "VAE of Wan 2.2 5B",
    "cascade-stage-a.original": "VAE of Stable Cascade",
    "qwen-image-2.1-vae.published": "VAE of Qwen-Image 2.1",
}


@pytest.mark.parametrize("name", KINDS)
def test_each_is_named_for_what_it_is(shared, name):
    named = common_names(key_list(name).tensors)
    assert kind_of({key: tensor.shape for key, tensor in named}) == KINDS[name]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("umt5xxl.original", "umt5xxl.transformers"),
        ("flux-ae.original", "flux-ae.diffusers"),
        ("flux2-vae.original", "flux2-vae.diffusers"),
        ("wan21-vae.original", "qwen-image-vae.diffusers"),
        ("sd-vae.original-bare", "sd-vae.diffusers"),
    ],
)
def test_two_layouts_have_the_same_names_and_shapes(shared, first, second):
    def shapes(name: str) -> dict[str, tuple[int, ...]]:
        named = common_names(key_list(name).tensors)
        return {key: shape for key, t in named for shape in [t.shape[:2] if t.shape[2:] in ((1, 1), ()) else t.shape]}

    assert shapes(first) == shapes(second)


def test_a_width_that_no_published_one_has_is_not_named_for_it():
    t5 = {f"text_encoders.t5xxl.transformer.{name}": (64,) for name in ("encoder.final_layer_norm.weight",)}
    assert kind_of(t5) == "text encoder T5"
    clip = {"cond_stage_model.transformer.text_model.final_layer_norm.weight": (64,)}
    assert kind_of(clip) == "text encoder"


def test_two_text_encoders_in_one_file_are_both_named():
    clip = {"cond_stage_model.transformer.text_model.final_layer_norm.weight": (768,)}
    t5 = {"text_encoders.t5xxl.transformer.encoder.final_layer_norm.weight": (4096,)}
    assert kind_of(clip | t5) == "text encoder CLIP-L + T5-XXL"


@pytest.mark.parametrize(
    ("key", "inside"),
    [
        ("cond_stage_model.transformer.text_model.final_layer_norm.bias", "text_model.final_layer_norm.bias"),
        ("conditioner.embedders.0.transformer.text_model.a.bias", "text_model.a.bias"),
        ("conditioner.embedders.1.model.transformer.resblocks.3.ln_1.bias", "transformer.resblocks.3.ln_1.bias"),
        ("text_encoders.clip_g.transformer.transformer.resblocks.3.a", "transformer.resblocks.3.a"),
        ("text_encoders.qwen3.transformer.model.layers.0.a", "model.layers.0.a"),
        ("text_encoder_2/shared.weight", "shared.weight"),
        ("first_stage_model.encoder.a", "first_stage_model.encoder.a"),
        ("model.diffusion_model.text_encoder.a", "model.diffusion_model.text_encoder.a"),
    ],
)
def test_a_text_encoders_names_count_from_its_module_on(key, inside):
    assert inside_text_encoder(key) == inside


def saved(path: Path, weights: dict[str, np.ndarray]) -> Path:
    save_file({key: np.ascontiguousarray(values) for key, values in weights.items()}, path)
    return path


def clip(seed: int, width: int = 16) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(seed)
    names = ["text_model.embeddings.token_embedding.weight"]
    names += [f"text_model.encoder.layers.{n}.self_attn.{part}_proj.weight" for n in range(2) for part in "qkv"]
    names += ["text_model.final_layer_norm.weight"]
    shape = {name: (width,) if "norm" in name else (width, width) for name in names}
    return {name: draw.standard_normal(shape[name]).astype(np.float16) for name in names}


@pytest.mark.parametrize(
    "prefix",
    [
        "cond_stage_model.transformer.",
        "conditioner.embedders.0.transformer.",
        "text_encoders.clip_l.transformer.",
        "text_encoder/",
    ],
)
def test_a_text_encoder_is_the_same_at_every_place(tmp_path, prefix):
    alone = saved(tmp_path / "alone.safetensors", clip(1))
    inside = saved(tmp_path / "inside.safetensors", {prefix + name: values for name, values in clip(1).items()})
    other = saved(tmp_path / "other.safetensors", {prefix + name: values for name, values in clip(2).items()})
    one, two, three = (identify(open_checkpoint(path)).content["te"] for path in (alone, inside, other))
    assert one == two != three
