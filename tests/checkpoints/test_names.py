"""One name for one weight, and a place in the network for every key that real checkpoints have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from lib_modelsim import demo
from lib_modelsim.checkpoints import blocks
from lib_modelsim.checkpoints.architecture import architecture_of
from lib_modelsim.checkpoints.diffusers_names import diffusers_names, original_names
from lib_modelsim.checkpoints.names import common_names, in_every_layout
from lib_modelsim.checkpoints.reader import open_checkpoint
from lib_modelsim.checkpoints.stored import StoredTensor

from .real_keys import real_keys
from .same_weights import assert_same_weights

SD1_UNET = dict(zip(
    [*(f"IN{i:02}" for i in range(12)), "M00", *(f"OUT{i:02}" for i in range(12))],
    [6, 36, 36, 2, 38, 36, 2, 38, 36, 2, 10, 10, 46, 12, 12, 14, 38, 38, 40, 38, 38, 40, 38, 38, 42],
    strict=True,
))  # fmt: skip
SDXL_UNET = dict(zip(
    [*(f"IN{i:02}" for i in range(9)), "M00", *(f"OUT{i:02}" for i in range(9))],
    [10, 10, 10, 2, 58, 56, 2, 218, 216, 226, 218, 218, 220, 58, 58, 60, 12, 12, 16],
    strict=True,
))  # fmt: skip
SCHEDULE = 12
"""The noise schedule's buffers (`betas`, `alphas_cumprod`, …) that CompVis' files keep."""


def stored(keys: Iterable[str], width: int = 768) -> list[StoredTensor]:
    return [StoredTensor(key, "F16", (6, width), Path("model.safetensors"), 0) for key in keys]


def places(keys: Iterable[str], width: int = 768) -> tuple[str, Counter]:
    named = common_names(stored(keys, width))
    architecture = architecture_of({key: tensor.shape for key, tensor in named})
    return architecture, Counter(blocks.place(architecture, key) for key, _ in named)


def of(unet: dict[str, int], **others: int) -> dict:
    """Expected number of keys per (component, block)."""
    names = {"te": "BASE", "te0": "BASE", "te1": "BASE", "vae": "VAE"}
    counts = {("unet", block): n for block, n in unet.items()}
    counts.update({(component, names.get(component)): n for component, n in others.items() if component != "ema"})
    return counts | ({(None, None): others["ema"]} if "ema" in others else {})


@pytest.mark.parametrize(
    ("file", "parts", "expected"),
    [
        ("sd1_sd12_sd14.json", ["l2"], of(SD1_UNET, te=197, vae=248, ema=688, other=SCHEDULE)),
        ("any3_any3_any4.json", ["l2", "only_in_a"], of(SD1_UNET, te=197, vae=248, ema=2)),
        ("bp_mk3_mk5.json", ["l2"], of(SD1_UNET)),
        # the text encoder stands in `l2` with the mark `nai.`, in the other lists as either file has it;
        # `state_dict` is a leftover of NovelAI's file
        ("nai_sd144g_nai4g.json", ["l2"], of(SD1_UNET, te=197, vae=248, ema=2, other=SCHEDULE)),
        (
            "nai_sd144g_nai4g.json",
            ["l2", "only_in_a", "only_in_b"],
            of(SD1_UNET, te=591, vae=248, ema=2, other=SCHEDULE + 1),
        ),
    ],
)
def test_every_key_of_real_sd1_files_has_its_place(file, parts, expected):
    assert places(real_keys(file, *parts)) == ("SD 1.x", expected)


def test_every_key_of_real_sdxl_files_has_its_place():
    keys = real_keys("sdxl_m1_m3.json", "l2", "only_in_a")
    fused = 2 * 32  # weight and bias of 32 layers, each of which becomes three
    assert places(keys, width=2048) == ("SDXL", of(SDXL_UNET, te0=197, te1=390 + 2 * fused, vae=248))


def test_novelais_text_encoder_has_the_common_names():
    theirs = real_keys("nai_sd144g_nai4g.json", "only_in_b")
    ours = set(real_keys("nai_sd144g_nai4g.json", "only_in_a"))
    text = [key for key in theirs if key.startswith("cond_stage_model.")]
    assert {key for key, _ in common_names(stored(text))} == ours


def test_the_demonstrations_keys_are_those_of_real_files():
    sd1 = set(real_keys("any3_any3_any4.json", "l2"))
    assert set(demo.sd1_shapes(8, text_layers=12)) == {key for key in sd1 if not key.endswith("position_ids")}
    sdxl = set(real_keys("sdxl_m1_m3.json", "l2"))
    assert set(demo.sdxl_shapes(8, text_layers=(12, 32), depths=(0, 2, 10))) == sdxl


def test_a_file_that_holds_a_weight_under_two_names_loses_neither():
    keys = [
        "cond_stage_model.transformer.encoder.layers.0.mlp.fc1.bias",
        "cond_stage_model.transformer.text_model.encoder.layers.0.mlp.fc1.bias",
    ]
    for order in (keys, keys[::-1]):
        named = common_names(stored(order))
        assert {tensor.key for _, tensor in named} == set(keys)
        assert dict(named)[keys[1]].key == keys[1]
        assert all(blocks.place("SD 1.x", key) == ("te", "BASE") for key, _ in named)


SHAPES = {
    "SD 1.x": demo.sd1_shapes(8, text_width=16),
    "SD 2.x": demo.sd2_shapes(8, text_width=16),
    "SDXL": demo.sdxl_shapes(8, text_width=16),
}


@pytest.mark.parametrize("architecture", SHAPES)
def test_a_diffusers_folder_equals_the_single_file(tmp_path, architecture):
    weights = demo.draw(SHAPES[architecture], seed=1)
    demo.save(tmp_path / "single.safetensors", weights)
    demo.save_diffusers_folder(tmp_path / "folder", weights)
    checkpoint = assert_same_weights(tmp_path / "single.safetensors", tmp_path / "folder")
    assert checkpoint.architecture == architecture
    assert checkpoint.weights.keys() == open_checkpoint(tmp_path / "single.safetensors").weights.keys()


@pytest.mark.parametrize("kind", ["unet", "vae"])
@pytest.mark.parametrize("architecture", SHAPES)
def test_the_names_of_diffusers_lead_there_and_back(architecture, kind):
    prefix = {"unet": "model.diffusion_model.", "vae": "first_stage_model."}[kind]
    names = {key.removeprefix(prefix) for key in SHAPES[architecture] if key.startswith(prefix)}
    there = diffusers_names(kind, names)
    assert len(set(there.values())) == len(names)
    back = original_names(kind, set(there.values()))
    assert {back[new] for new in there.values()} == names
    assert original_names(kind, names) == {name: name for name in names}


@pytest.mark.parametrize("architecture", SHAPES)
def test_text_encoders_without_their_head_are_the_same(tmp_path, architecture):
    weights = demo.draw(SHAPES[architecture], seed=1)
    for name in ("folder", "headless"):
        demo.save_diffusers_folder(tmp_path / name, weights)
    for path in (tmp_path / "headless").glob("text_encoder*/*.safetensors"):
        renamed = {key.removeprefix("text_model."): values for key, values in load_file(path).items()}
        save_file(renamed, path)
    assert_same_weights(tmp_path / "folder", tmp_path / "headless")


@pytest.mark.parametrize("head", ["text_model.", "transformer.text_model."])
def test_openclip_with_the_names_of_transformers_has_the_common_ones(head):
    prefix = "conditioner.embedders.1.model."
    keys = [
        "encoder.layers.3.mlp.fc1.weight",
        "encoder.layers.3.self_attn.q_proj.bias",
        "embeddings.position_embedding.weight",
    ]
    assert [key for key, _ in common_names(stored(prefix + head + key for key in keys))] == [
        prefix + "transformer.resblocks.3.mlp.c_fc.weight",
        prefix + "transformer.resblocks.3.attn.q_proj.bias",
        prefix + "positional_embedding",
    ]


def test_what_diffusers_has_no_place_for_is_known():
    for architecture, shapes in SHAPES.items():
        absent = [key.rpartition(".")[2] for key in shapes if not in_every_layout(key)]
        assert (
            absent
            == {"SD 1.x": [], "SD 2.x": ["text_projection", "logit_scale"], "SDXL": ["logit_scale"]}[architecture]
        )


def test_fused_attention_is_three_weights(tmp_path):
    prefix = "conditioner.embedders.1.model.transformer.resblocks.1.attn."
    weights = demo.draw(SHAPES["SDXL"], seed=2)
    demo.save(tmp_path / "xl.safetensors", weights, dtype="float32")
    checkpoint = open_checkpoint(tmp_path / "xl.safetensors")
    for kind in ("weight", "bias"):
        parts = [np.frombuffer(checkpoint.read(f"{prefix}{name}_proj.{kind}"), "float32") for name in "qkv"]
        assert np.array_equal(np.concatenate(parts), weights[f"{prefix}in_proj_{kind}"].ravel())


def test_the_refiners_only_text_encoder_is_its_first():
    named = common_names(stored(["text_encoder_2/text_model.final_layer_norm.bias"]))
    assert [key for key, _ in named] == ["conditioner.embedders.0.model.ln_final.bias"]
    assert blocks.place("SDXL refiner", named[0][0]) == ("te", "BASE")


def test_vaes_of_older_diffusers_have_the_common_names():
    old = ["group_norm.weight", "query.weight", "key.weight", "value.bias", "proj_attn.weight"]
    named = common_names(stored([f"vae/decoder.mid_block.attentions.0.{name}" for name in old]))
    attention = "first_stage_model.decoder.mid.attn_1."
    assert [key for key, _ in named] == [
        attention + name for name in ("norm.weight", "q.weight", "k.weight", "v.bias", "proj_out.weight")
    ]


@pytest.mark.parametrize("prefix", ["model.diffusion_model.", "first_stage_model."])
@pytest.mark.parametrize("architecture", SHAPES)
def test_a_part_alone_has_the_names_of_the_whole(architecture, prefix):
    whole = [key for key in SHAPES[architecture] if key.startswith(prefix)]
    bare = [key.removeprefix(prefix) for key in whole]
    kind = "unet" if "diffusion" in prefix else "vae"
    assert [key for key, _ in common_names(stored(bare))] == whole
    assert [key for key, _ in common_names(stored(diffusers_names(kind, bare).values()))] == whole


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (768, "cond_stage_model.transformer.text_model.final_layer_norm.weight"),
        (1024, "cond_stage_model.model.ln_final.weight"),
        (1280, "conditioner.embedders.1.model.ln_final.weight"),
    ],
)
@pytest.mark.parametrize("head", ["text_model.", ""])
def test_a_text_encoder_alone_is_told_by_its_width(width, expected, head):
    tensor = StoredTensor(head + "final_layer_norm.weight", "F16", (width,), Path("clip.safetensors"), 0)
    named = common_names([tensor])
    assert [key for key, _ in named] == [expected]
    architecture = architecture_of({key: tensor.shape for key, tensor in named})
    assert (architecture, blocks.place(architecture, expected)) == ("text encoder", ("te", "BASE"))


@pytest.mark.parametrize(
    ("key", "architecture", "component", "block"),
    [
        ("joint_blocks.23.x_block.attn.qkv.weight", "SD3", "unet", "D23"),
        ("model.diffusion_model.joint_blocks.0.context_block.attn.qkv.weight", "SD3", "unet", "D00"),
        ("model.diffusion_model.pos_embed", "SD3", "unet", "IN"),
        ("model.diffusion_model.final_layer.linear.weight", "SD3", "unet", "OUT"),
        ("text_encoders.clip_g.transformer.text_model.final_layer_norm.bias", "SD3", "te1", "BASE"),
        ("text_encoders.t5xxl.transformer.shared.weight", "SD3", "te2", "BASE"),
        ("double_blocks.18.img_mod.lin.weight", "Flux", "unet", "D18"),
        ("model.diffusion_model.single_blocks.37.linear1.weight", "Flux", "unet", "S37"),
        ("model.diffusion_model.guidance_in.in_layer.weight", "Flux", "unet", "IN"),
        ("model.diffusion_model.final_layer.adaLN_modulation.1.bias", "Flux", "unet", "OUT"),
        ("text_encoders.clip_l.transformer.text_model.final_layer_norm.bias", "Flux", "te0", "BASE"),
        ("text_encoders.t5xxl.transformer.encoder.block.0.layer.0.SelfAttention.q.weight", "Flux", "te1", "BASE"),
        ("vae.decoder.conv_in.weight", "Flux", "vae", "VAE"),
    ],
)
def test_transformers_have_their_places(key, architecture, component, block):
    signature = {"SD3": "joint_blocks.0.x_block.mlp.fc1.weight", "Flux": "double_blocks.0.img_mlp.0.weight"}[
        architecture
    ]
    bare = key.startswith(("joint_blocks", "double_blocks"))
    named = common_names(stored([key, signature if bare else "model.diffusion_model." + signature]))
    assert architecture_of({name: tensor.shape for name, tensor in named}) == architecture
    assert blocks.place(architecture, named[0][0]) == (component, block)


@pytest.mark.parametrize(
    ("key", "component", "block"),
    [
        ("lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight", "unet", "lora_unet_down_blocks_0"),
        ("lora_te1_text_model_encoder_layers_0_mlp_fc1.alpha", "te", "lora_te1"),
        ("unet.down_blocks.0.attentions.0.proj_in.lora_A.weight", "unet", "unet.down_blocks.0"),
        ("double_blocks.0.processor.qkv_lora1.down.weight", "unet", "double_blocks.0"),
        ("transformer.transformer_blocks.3.attn.to_q.lora_B.weight", "unet", "transformer.transformer_blocks.3"),
    ],
)
def test_a_lora_is_divided_by_key_groups(key, component, block):
    named = common_names(stored([key, "lora_unet_mid_block_proj.lora_up.weight"]))
    assert named[0][0] == key
    assert architecture_of({name: tensor.shape for name, tensor in named}) == "LoRA"
    assert blocks.place("LoRA", key) == (component, block)


def test_an_unknown_network_is_divided_by_key_groups():
    keys = ["blocks.0.attn.weight", "blocks.11.attn.weight", "head.weight", "first_stage_model.decoder.conv_in.weight"]
    assert architecture_of(dict.fromkeys(keys[:3], (2, 2))) == "unknown"
    found = {blocks.place("unknown", key) for key in keys}
    assert found == {("unet", "blocks.0"), ("unet", "blocks.11"), ("unet", "head"), ("vae", "VAE")}
    assert blocks.order({"blocks.11", "blocks.2", "head"}) == ["blocks.2", "blocks.11", "head"]


def test_a_controlnet_is_no_unet():
    shapes = SHAPES["SD 1.x"]
    bare = {key.removeprefix("model.diffusion_model.") for key in shapes if "output_blocks" not in key}
    half = [name for name in diffusers_names("unet", bare).values() if name.startswith(("conv_in", "down_", "mid_"))]
    named = common_names(stored([*half, "controlnet_down_blocks.0.weight"]))
    assert architecture_of({key: tensor.shape for key, tensor in named}) == "unknown"


@pytest.mark.parametrize("number", ["9" * 5000, "²", "٣" * 30])
def test_numbers_that_python_cannot_read_do_no_harm(number):
    key = f"model.diffusion_model.input_blocks.{number}.0.weight"
    named = common_names(stored([key, f"unet/down_blocks.{number}.resnets.{number}.conv1.weight", f"blocks{number}"]))
    for architecture in ("SD 1.x", "unknown", "LoRA"):
        found = {blocks.place(architecture, name)[1] or "" for name, _ in named}
        assert len(blocks.order(found)) == len(found)


@pytest.mark.parametrize("shape", [(), (0,), (5, 4), (6,)])
def test_odd_shapes_of_fused_attention_stay_readable(shape):
    key = "cond_stage_model.model.transformer.resblocks.0.attn.in_proj_weight"
    named = common_names([StoredTensor(key, "F16", shape, Path("model.safetensors"), 0)])
    assert sum(tensor.count for _, tensor in named) == StoredTensor(key, "F16", shape, Path(), 0).count
