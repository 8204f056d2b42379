"""What the diffusers library makes of a single file is, read by us, the single file again.

The networks are tiny, the conversion and the writing are diffusers' and transformers' own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from lib_modelsim import demo
from lib_modelsim.checkpoints.names import common_names
from lib_modelsim.checkpoints.stored import StoredTensor

from .real_keys import real_keys
from .same_weights import assert_same_weights

diffusers = pytest.importorskip("diffusers")
transformers = pytest.importorskip("transformers")
single_file = pytest.importorskip("diffusers.loaders.single_file_utils")

CHANNELS, TEXT_WIDTH, TEXT_LAYERS = 8, 16, 2

SHAPES = {
    "SD 1.x": demo.sd1_shapes(CHANNELS, TEXT_WIDTH, TEXT_LAYERS),
    "SD 2.x": demo.sd2_shapes(CHANNELS, TEXT_WIDTH, TEXT_LAYERS),
    "SDXL": demo.sdxl_shapes(CHANNELS, TEXT_WIDTH, (TEXT_LAYERS, TEXT_LAYERS), depths=(0, 1, 2)),
}
UNET = {
    "SD 1.x": {"cross_attention_dim": 768, "block_out_channels": (8, 16, 32, 32)},
    "SD 2.x": {"cross_attention_dim": 1024, "block_out_channels": (8, 16, 32, 32), "use_linear_projection": True},
    "SDXL": {
        "cross_attention_dim": 2048,
        "block_out_channels": (8, 16, 32),
        "use_linear_projection": True,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        "transformer_layers_per_block": (1, 1, 2),
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 8,
        "projection_class_embeddings_input_dim": 8 * CHANNELS,
    },
}
NOT_IN_FOLDERS = {
    "SD 1.x": frozenset(),
    "SD 2.x": frozenset({"cond_stage_model.model.logit_scale", "cond_stage_model.model.text_projection"}),
    "SDXL": frozenset({"conditioner.embedders.1.model.logit_scale"}),
}

SCALARS = {key for keys in NOT_IN_FOLDERS.values() for key in keys if key.endswith("logit_scale")}
"""These are no weights."""

Weights = dict[str, torch.Tensor]


def unet(architecture: str, weights: Weights) -> torch.nn.Module:
    model = diffusers.UNet2DConditionModel(attention_head_dim=4, norm_num_groups=4, **UNET[architecture])
    model.load_state_dict(single_file.convert_ldm_unet_checkpoint(dict(weights), model.config))
    return model


def vae(weights: Weights) -> torch.nn.Module:
    model = diffusers.AutoencoderKL(
        block_out_channels=(4, 8, 16, 16),
        layers_per_block=2,
        norm_num_groups=2,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
    )
    model.load_state_dict(single_file.convert_ldm_vae_checkpoint(dict(weights), model.config))
    return model


def text_encoders(architecture: str, weights: Weights) -> Iterator[torch.nn.Module]:
    config = transformers.CLIPTextConfig(
        vocab_size=512,
        hidden_size=TEXT_WIDTH,
        intermediate_size=4 * TEXT_WIDTH,
        projection_dim=TEXT_WIDTH,
        num_hidden_layers=TEXT_LAYERS,
        num_attention_heads=2,
    )
    if architecture != "SD 2.x":
        model = transformers.CLIPTextModel(config)
        model.load_state_dict(single_file.convert_ldm_clip_checkpoint(dict(weights)))
        yield model
    if architecture != "SD 1.x":
        kind, prefix = {
            "SD 2.x": (transformers.CLIPTextModel, "cond_stage_model.model."),
            "SDXL": (transformers.CLIPTextModelWithProjection, "conditioner.embedders.1.model."),
        }[architecture]
        model = kind(config)
        model.load_state_dict(single_file.convert_open_clip_checkpoint(model, dict(weights), prefix))
        yield model


def write_folder(folder: Path, architecture: str, weights: Weights, **how: object) -> None:
    """Save every component with its library's `save_pretrained`; `how` are that function's options."""
    unet(architecture, weights).save_pretrained(folder / "unet", **how)
    vae(weights).save_pretrained(folder / "vae", **how)
    for model, name in zip(text_encoders(architecture, weights), ("text_encoder", "text_encoder_2"), strict=False):
        model.save_pretrained(folder / name, **how)
    (folder / "model_index.json").write_text(json.dumps({"_class_name": "made by the test"}), encoding="utf-8")


@pytest.mark.parametrize("how", [{}, {"max_shard_size": "200KB"}, {"safe_serialization": False}, {"variant": "fp16"}])
@pytest.mark.parametrize("architecture", SHAPES)
def test_a_folder_that_diffusers_wrote_is_the_single_file(tmp_path, architecture, how):
    single = tmp_path / "single.safetensors"
    demo.save(single, demo.draw(SHAPES[architecture], seed=1), dtype="float32")
    write_folder(tmp_path / "folder", architecture, load_file(single), **how)
    assert ("max_shard_size" in how) == any(tmp_path.rglob("*-00002-of-*"))
    checkpoint = assert_same_weights(single, tmp_path / "folder", only_in_a=NOT_IN_FOLDERS[architecture] - SCALARS)
    assert checkpoint.architecture == architecture


@pytest.mark.parametrize("architecture", SHAPES)
def test_our_folders_have_the_names_and_shapes_that_diffusers_gives(tmp_path, architecture):
    weights = demo.draw(SHAPES[architecture], seed=1)
    demo.save(tmp_path / "single.safetensors", weights, dtype="float32")
    demo.save_diffusers_folder(tmp_path / "ours", weights, dtype="float32")
    write_folder(tmp_path / "theirs", architecture, load_file(tmp_path / "single.safetensors"))
    for theirs in (tmp_path / "theirs").rglob("*.safetensors"):
        wanted, ours = load_file(theirs), load_file(tmp_path / "ours" / theirs.relative_to(tmp_path / "theirs"))
        # SD 2.x has no use for OpenCLIP's projection, and its text encoder in diffusers no place for it
        assert ours.keys() - wanted.keys() <= {"text_projection.weight"}
        assert all(torch.equal(ours[key], values) for key, values in wanted.items())


def full_size(architecture: str) -> dict[str, torch.nn.Module]:
    """The components of SD 1.x or SDXL in their real size, without memory for their values."""
    levels = {"down_block_types": ("DownEncoderBlock2D",) * 4, "up_block_types": ("UpDecoderBlock2D",) * 4}
    config = transformers.CLIPTextConfig(hidden_size=768, num_hidden_layers=12)
    with torch.device("meta"):
        components = {
            "unet": diffusers.UNet2DConditionModel(cross_attention_dim=768),
            "vae": diffusers.AutoencoderKL(block_out_channels=(128, 256, 512, 512), layers_per_block=2, **levels),
            "text_encoder": transformers.CLIPTextModel(config),
        }
        if architecture == "SDXL":
            size = {"block_out_channels": (320, 640, 1280), "transformer_layers_per_block": (1, 2, 10)}
            labels = {"addition_time_embed_dim": 256, "projection_class_embeddings_input_dim": 2816}
            components["unet"] = diffusers.UNet2DConditionModel(**UNET["SDXL"] | size | labels)
            config = transformers.CLIPTextConfig(hidden_size=1280, num_hidden_layers=32, num_attention_heads=20)
            components["text_encoder_2"] = transformers.CLIPTextModelWithProjection(config)
    return components


@pytest.mark.parametrize(
    ("architecture", "file", "absent"),
    [("SD 1.x", "any3_any3_any4.json", set()), ("SDXL", "sdxl_m1_m3.json", NOT_IN_FOLDERS["SDXL"])],
)
def test_full_size_networks_have_the_names_of_real_files(architecture, file, absent):
    real = [StoredTensor(key, "F16", (6, 6), Path(file), 0) for key in real_keys(file, "l2")]
    expected = {key for key, _ in common_names(real) if not key.endswith("position_ids")}
    folder = [
        StoredTensor(f"{component}/{key}", "F16", tuple(values.shape), Path("folder"), 0)
        for component, model in full_size(architecture).items()
        for key, values in model.state_dict().items()
    ]
    assert {key for key, _ in common_names(folder)} == expected - absent
