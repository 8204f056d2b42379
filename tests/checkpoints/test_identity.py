"""What a checkpoint is by its hashes, and what two are to each other."""

import hashlib
import json
import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from lib_modelsim.checkpoints import content_hash, hashing, networks
from lib_modelsim.checkpoints.content_hash import component_content, piece_digests
from lib_modelsim.checkpoints.embedded import Parent, origin
from lib_modelsim.checkpoints.floats import as_floats
from lib_modelsim.checkpoints.hashing import identify
from lib_modelsim.checkpoints.identity import Content, Identity, Sameness, known_name, relation
from lib_modelsim.checkpoints.reader import Weight, open_checkpoint
from lib_modelsim.checkpoints.stored import StoredTensor
from lib_modelsim.checkpoints.values import TORCH
from lib_modelsim.errors import CheckpointError

UNET = "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
VAE = "first_stage_model.decoder.conv_in.bias"


def literal_safetensors(path: Path) -> bytes:
    """A safetensors file in literal bytes: 1, −2 and 0.5 in float16."""
    header = b'{"first_stage_model.decoder.conv_in.bias":{"dtype":"F16","shape":[3],"data_offsets":[0,6]}}'
    raw = struct.pack("<Q", len(header)) + header + bytes.fromhex("003c00c00038")
    path.write_bytes(raw)
    return raw


def state(seed: int = 0, dtype: torch.dtype = torch.float16) -> dict[str, torch.Tensor]:
    """A UNet key, two text encoder keys and a VAE key, values of float16."""
    draw = torch.Generator().manual_seed(seed)
    shapes = {
        UNET: (320, 768),
        "model.diffusion_model.input_blocks.0.0.weight": (4, 4, 3, 3),
        "cond_stage_model.transformer.text_model.final_layer_norm.bias": (7,),
        VAE: (5,),
    }
    return {key: torch.randn(shape, generator=draw).half().to(dtype) for key, shape in shapes.items()}


def saved(path: Path, tensors: dict[str, torch.Tensor]) -> Identity:
    """Write with the format's own writer, told by the ending, and identify."""
    if path.suffix == ".safetensors":
        save_file(tensors, path)
    else:
        torch.save({"state_dict": tensors}, path)
    return identify(open_checkpoint(path))


# whole files


def test_hashes_of_literal_bytes(tmp_path: Path) -> None:
    raw = literal_safetensors(tmp_path / "vae.safetensors")
    found = identify(open_checkpoint(tmp_path / "vae.safetensors"))
    assert found.sha256 == hashlib.sha256(raw).hexdigest()
    assert found.short_hash == found.sha256[:10]
    assert found.legacy_hash == "e3b0c442"  # SHA-256 of nothing: the file ends before its offset
    assert found.autov3 == hashlib.sha256(bytes.fromhex("003c00c00038")).hexdigest()


def test_content_of_literal_bytes(tmp_path: Path) -> None:
    literal_safetensors(tmp_path / "vae.safetensors")
    piece = "16:" + hashlib.blake2b(bytes.fromhex("003c00c00038"), digest_size=32).hexdigest()
    line = f'["first_stage_model.decoder.conv_in.bias", [3], ["{piece}"]]\n'
    expected = hashlib.sha256(line.encode()).hexdigest()
    assert identify(open_checkpoint(tmp_path / "vae.safetensors")).content == {"vae": Content(expected, expected)}


@pytest.mark.parametrize("size", [0x100000 - 1, 0x100000, 0x10FFFF, 0x110000, 0x120000, 0x900000])
def test_legacy_hash_is_the_webuis(tmp_path: Path, size: int) -> None:
    path = tmp_path / "model.safetensors"
    save_file({VAE: torch.arange(size // 2, dtype=torch.int32).to(torch.float16)}, path)
    with open(path, "r+b") as file:
        file.seek(0x100000)
        expected = hashlib.sha256(file.read(0x10000)).hexdigest()[:8]
    found = identify(open_checkpoint(path))
    assert found.legacy_hash == expected
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_pickle_has_no_autov3(tmp_path: Path) -> None:
    found = saved(tmp_path / "model.ckpt", state())
    assert found.autov3 is None
    assert found.sha256 == hashlib.sha256((tmp_path / "model.ckpt").read_bytes()).hexdigest()


def diffusers_folder(path: Path) -> Path:
    """The tensors of `state()` as a diffusers folder."""
    tensors = state()
    components = {
        "text_encoder/model": {
            "text_model.final_layer_norm.bias": tensors["cond_stage_model.transformer.text_model.final_layer_norm.bias"]
        },
        "unet/diffusion_pytorch_model": {
            "conv_in.weight": tensors["model.diffusion_model.input_blocks.0.0.weight"],
            "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight": tensors[UNET],
        },
        "vae/diffusion_pytorch_model": {"decoder.conv_in.bias": tensors[VAE]},
    }
    path.mkdir()
    (path / "model_index.json").write_text('{"_class_name": "StableDiffusionPipeline"}', encoding="utf-8")
    for name, weights in components.items():
        (path / name).parent.mkdir()
        save_file(weights, path / f"{name}.safetensors")
    return path


def test_diffusers_folder_is_hashed_as_sha256sum_would(tmp_path: Path) -> None:
    folder = diffusers_folder(tmp_path / "model")
    names = ["text_encoder/model", "unet/diffusion_pytorch_model", "vae/diffusion_pytorch_model"]
    lines = [
        f"{hashlib.sha256((folder / f'{name}.safetensors').read_bytes()).hexdigest()}  {name}.safetensors\n"
        for name in names
    ]
    found = identify(open_checkpoint(folder))
    assert found.sha256 == hashlib.sha256("".join(lines).encode()).hexdigest()
    assert (found.legacy_hash, found.autov3) == (None, None)


def test_a_diffusers_folder_has_the_weights_of_its_single_file(tmp_path: Path) -> None:
    folder = identify(open_checkpoint(diffusers_folder(tmp_path / "model")))
    assert relation(folder, saved(tmp_path / "model.safetensors", state())).text == "same weights"


def test_every_byte_is_read_once_and_told(tmp_path: Path) -> None:
    path, told = tmp_path / "model.safetensors", []
    save_file(state(), path)
    identify(open_checkpoint(path), told.append)
    assert sum(told) == path.stat().st_size


def test_a_scan_needs_no_torch() -> None:
    code = "import sys, lib_modelsim.checkpoints.hashing as h; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[2]).returncode == 0


# content: what it depends on and what not


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_wider_storage_has_the_same_content(tmp_path: Path, dtype: torch.dtype) -> None:
    half = saved(tmp_path / "half.safetensors", state())
    wide = saved(tmp_path / "wide.safetensors", state(dtype=dtype))
    assert half.content == wide.content
    assert relation(half, wide).text == "same weights"


KEYS = [
    f"{part}.{name}.weight" for part in ("model.diffusion_model.out", "first_stage_model.decoder") for name in "abc"
]


@settings(max_examples=50, deadline=None)
@given(
    shapes=st.lists(st.lists(st.integers(0, 5), max_size=3), min_size=len(KEYS), max_size=len(KEYS)),
    order=st.permutations(KEYS),
    dtypes=st.lists(
        st.sampled_from([torch.float16, torch.float32, torch.float64]), min_size=len(KEYS), max_size=len(KEYS)
    ),
    turned=st.sets(st.sampled_from(KEYS)),
    ending=st.sampled_from([".safetensors", ".ckpt"]),
    seed=st.integers(0, 1000),
)
def test_neither_format_nor_order_nor_dtypes_nor_memory_layout_matter(
    tmp_path_factory: pytest.TempPathFactory,
    shapes: list,
    order: list,
    dtypes: list,
    turned: set,
    ending: str,
    seed: int,
) -> None:
    folder, draw = tmp_path_factory.mktemp("pair"), torch.Generator().manual_seed(seed)
    plain = {key: torch.randn(shape, generator=draw).half() for key, shape in zip(KEYS, shapes, strict=True)}
    widened = {key: plain[key].to(dtype) for key, dtype in zip(KEYS, dtypes, strict=True)}
    if ending == ".ckpt":  # safetensors knows C order alone
        widened |= {key: widened[key].mT.contiguous().mT for key in turned if widened[key].ndim >= 2}
    a = saved(folder / "plain.safetensors", plain)
    b = saved(folder / f"other{ending}", {key: widened[key] for key in order})
    assert a.content == b.content


def test_views_and_tied_storages_are_read_as_their_values(tmp_path: Path) -> None:
    tensors = state()
    tensors["first_stage_model.encoder.conv_in.bias"] = tensors[VAE].clone()
    plain = saved(tmp_path / "plain.safetensors", tensors)
    tensors["first_stage_model.encoder.conv_in.bias"] = tensors[VAE]
    tensors[UNET] = tensors[UNET].t().contiguous().t()
    assert saved(tmp_path / "views.ckpt", tensors).content == plain.content


def test_a_1x1_convolution_and_a_linear_layer_agree(tmp_path: Path) -> None:
    key, tensors = "first_stage_model.encoder.mid.attn_1.q.weight", state()
    linear = saved(tmp_path / "linear.safetensors", {**tensors, key: torch.eye(8)})
    convolution = saved(tmp_path / "conv.safetensors", {**tensors, key: torch.eye(8)[:, :, None, None].contiguous()})
    assert linear.content == convolution.content


def test_novelais_key_names_do_not_matter(tmp_path: Path) -> None:
    tensors = state()
    renamed = {key.replace(".transformer.text_model.", ".transformer."): tensor for key, tensor in tensors.items()}
    assert saved(tmp_path / "a.safetensors", tensors).content == saved(tmp_path / "b.safetensors", renamed).content


def test_what_a_diffusers_folder_has_no_place_for_does_not_matter(tmp_path: Path) -> None:
    text = {"conditioner.embedders.1.model.ln_final.weight": torch.ones(4)}
    only_in_single_files = {"conditioner.embedders.1.model.logit_scale": torch.tensor([4.6])}
    a, b = (
        saved(tmp_path / "a.safetensors", state() | text),
        saved(tmp_path / "b.safetensors", state() | text | only_in_single_files),
    )
    assert relation(a, b).text == "same weights"


@pytest.mark.parametrize("change", ["value", "sign of zero", "shape", "key"])
def test_content_tells_differences(tmp_path: Path, change: str) -> None:
    key = "first_stage_model.decoder.conv_out.weight"
    before = {**state(), key: torch.tensor([[0.0, 1.0], [2.0, 3.0]])}
    after = dict(before)
    if change == "value":
        after[key] = before[key] + torch.tensor(2.0**-10)
    elif change == "sign of zero":
        after[key] = torch.tensor([[-0.0, 1.0], [2.0, 3.0]])
    elif change == "shape":
        after[key] = before[key].reshape(4)
    else:
        after["first_stage_model.encoder.conv_out.weight"] = after.pop(key)
    a, b = saved(tmp_path / "a.safetensors", before), saved(tmp_path / "b.safetensors", after)
    assert a.content["vae"] != b.content["vae"]
    assert a.content["unet"] == b.content["unet"]


# content: one piece of values


def digests(tensor: torch.Tensor, dtype: str) -> content_hash.PieceDigests:
    return piece_digests(memoryview(tensor.to(TORCH[dtype]).contiguous().view(torch.uint8).numpy()), dtype)


@pytest.mark.parametrize("dtype", ["BF16", "F8_E4M3", "F8_E5M2"])
def test_every_bit_pattern_of_the_small_dtypes_reads_as_torch_reads_it(dtype: str) -> None:
    bits = (
        torch.arange(1 << 16, dtype=torch.int32).to(torch.int16)
        if dtype == "BF16"
        else torch.arange(256, dtype=torch.int32).to(torch.uint8)
    )
    values = as_floats(bits.view(torch.uint8).numpy(), dtype)
    expected = bits.view(TORCH[dtype]).float().numpy()
    np.testing.assert_array_equal(values.astype(np.float32), expected)
    assert (np.signbit(values) == np.signbit(expected))[~np.isnan(expected)].all()


@settings(max_examples=300)
@given(st.lists(st.floats(width=16), min_size=1, max_size=20))
def test_a_float16_value_has_one_digest_in_every_wider_dtype(values: list[float]) -> None:
    half = torch.tensor(values, dtype=torch.float16)
    found = {digests(half, dtype) for dtype in ("F16", "F32", "F64")}
    assert len(found) == 1
    assert found.pop().exact.startswith("16:")


@settings(max_examples=300)
@given(st.lists(st.floats(width=32), min_size=1, max_size=20))
def test_float16_form_is_what_halving_gives(values: list[float]) -> None:
    single = torch.tensor(values, dtype=torch.float32)
    for dtype in ("F32", "F64"):
        found = digests(single, dtype)
        assert found.float16 == digests(single.half(), "F16").exact
        survives = bool(((single.half().float() == single) | single.isnan()).all())
        assert found.exact.startswith("16:" if survives else "32:")


@settings(max_examples=300)
@given(st.lists(st.floats(), min_size=1, max_size=20))
def test_float64_agrees_with_its_float32_copy_in_the_float16_form(values: list[float]) -> None:
    double = torch.tensor(values, dtype=torch.float64)
    assert digests(double, "F64").float16 == digests(double.float(), "F32").float16


def test_float64_is_rounded_through_float32() -> None:
    just_above_half_way = torch.tensor([1 + 2.0**-11 + 2.0**-40], dtype=torch.float64)
    assert digests(just_above_half_way, "F64").float16 == digests(torch.tensor([1.0]), "F16").exact
    assert digests(just_above_half_way, "F64").exact.startswith("64:")


def test_all_nans_are_one() -> None:
    payloads = [np.array([pattern], "<u4").view("<u1") for pattern in (0x7FC00000, 0xFFC00000, 0x7F800001, 0x7FFFFFFF)]
    assert {piece_digests(raw, "F32") for raw in payloads} == {digests(torch.tensor([torch.nan]), "F16")}


def test_pieces_are_cut_by_elements_not_by_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "PIECE", 1000)
    half = saved(tmp_path / "half.safetensors", state())
    wide_state = state(dtype=torch.float64)
    wide = saved(tmp_path / "wide.ckpt", {**wide_state, UNET: wide_state[UNET].t().contiguous().t()})
    assert half.content == wide.content


def test_a_weight_without_elements_counts() -> None:
    empty = Weight("a", "unet", None, StoredTensor("a", "F16", (0, 4), Path("x"), 0))
    line = hashlib.sha256(b'["a", [0, 4], []]\n').hexdigest()
    assert component_content([empty], {"a": []}) == Content(line, line)


# relations


def identity(sha256: str, **content: tuple[str, str]) -> Identity:
    return Identity(sha256, None, None, {name: Content(*hashes) for name, hashes in content.items()})


HALF, SINGLE, DOUBLE = ("h", "h"), ("s", "h"), ("d", "h")
"""A component in float16, and two of more precision that round to it: (exact, float16)."""
ELSE = ("e", "e")


@pytest.mark.parametrize(
    ("a", "b", "text"),
    [
        (dict(unet=HALF, vae=ELSE), dict(unet=HALF, vae=ELSE), "same weights"),
        (dict(unet=HALF, vae=ELSE), dict(unet=SINGLE, vae=ELSE), "same weights in another precision"),
        (dict(unet=DOUBLE, vae=HALF), dict(unet=SINGLE, vae=SINGLE), "same weights when rounded to float16"),
        (dict(unet=HALF, vae=HALF), dict(unet=HALF, vae=ELSE), "same UNet, other VAE"),
        (dict(unet=HALF, te=ELSE), dict(unet=SINGLE, te=HALF), "same UNet in another precision, other text encoder"),
        (
            dict(unet=HALF, te0=HALF, te1=ELSE),
            dict(unet=HALF),
            "same UNet, text encoder 0 in one only, text encoder 1 in one only",
        ),
        (dict(unet=HALF, other=HALF), dict(unet=HALF, other=ELSE), "same UNet, other unplaced tensors"),
        (dict(unet=HALF, other=HALF), dict(unet=HALF), "same UNet, unplaced tensors in one only"),
        (dict(vae=HALF, other=HALF), dict(vae=HALF, other=ELSE), "same VAE, other unplaced tensors"),
        (dict(other=HALF), dict(other=ELSE), "different weights"),
        (dict(unet=HALF, vae=HALF), dict(unet=ELSE), "different weights"),
        (dict(unet=HALF), dict(vae=HALF), "different weights"),
        ({}, {}, "different weights"),
    ],
)
def test_relation_in_words(a: dict, b: dict, text: str) -> None:
    there, back = relation(identity("1", **a), identity("2", **b)), relation(identity("2", **b), identity("1", **a))
    assert there.text == back.text == text
    assert there.same_weights == (text == "same weights")


def test_same_file() -> None:
    found = relation(identity("1", unet=HALF), identity("1", unet=HALF))
    assert (found.same_file, found.text, found.components) == (True, "same file", {"unet": Sameness.EXACT})


def test_a_float16_copy_is_the_same_in_another_precision(tmp_path: Path) -> None:
    single = {key: tensor.float() * 1.0001 for key, tensor in state().items()}
    a = saved(tmp_path / "single.safetensors", single)
    b = saved(tmp_path / "half.safetensors", {key: tensor.half() for key, tensor in single.items()})
    assert relation(a, b).text == "same weights in another precision"


def test_another_vae(tmp_path: Path) -> None:
    a = saved(tmp_path / "a.safetensors", state())
    b = saved(tmp_path / "b.safetensors", {**state(), VAE: torch.ones(5)})
    assert relation(a, b).text == "same UNet, same text encoder, other VAE"


def test_identity_survives_json() -> None:
    before = Identity("a" * 64, "0123abcd", None, {"unet": Content("b", "c")})
    row = json.loads(json.dumps(before.to_dict()))
    assert row["short_hash"] == "a" * 10
    assert Identity.from_dict(row) == before


# well-known bases


def test_known_models_have_a_source_and_a_whole_hash() -> None:
    rows = [
        row
        for file in networks.FOLDER.glob("*.json")
        for row in json.loads(file.read_text(encoding="utf-8")).get("known_models", [])
    ]
    assert all(re.fullmatch("[0-9a-f]{64}", row["sha256"]) and row["source"] and row["name"] for row in rows)
    assert len({row["sha256"] for row in rows}) == len({row["name"] for row in rows}) == len(rows) > 20


def test_known_name() -> None:
    base = identity("31e35c80fc4829d14f90153f4c74cd59c90b779f6afe05a74cd6120b893f7e5b")
    assert known_name(base) == "Stable Diffusion XL 1.0 base (sd_xl_base_1.0.safetensors)"
    assert known_name(identity("0" * 64)) is None


# bad input


def test_a_file_that_became_shorter(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_file(state(), path)
    checkpoint = open_checkpoint(path)
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(CheckpointError, match="the checkpoint changed while it was being read"):
        identify(checkpoint)


def test_a_file_that_changes_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_file(state(), path)

    def append(_: int) -> None:
        with open(path, "ab") as file:
            file.write(b"x")

    with pytest.raises(CheckpointError, match="the checkpoint changed while it was being read"):
        identify(open_checkpoint(path), append)


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_file(state(), path)
    checkpoint = open_checkpoint(path)
    path.unlink()
    with pytest.raises(CheckpointError, match="cannot open"):
        identify(checkpoint)


def test_progress_can_stop_the_reading(tmp_path: Path) -> None:
    path, told = tmp_path / "model.safetensors", []
    save_file({VAE: torch.zeros(20_000_000, dtype=torch.float16)}, path)

    def stop(read: int) -> None:
        told.append(read)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        identify(open_checkpoint(path), stop)
    assert len(told) == 1


# embedded metadata


def test_origin_of_a_merge() -> None:
    found = origin(
        {
            "modelspec.title": "Some merge",
            "sd_merge_recipe": '{"type": "webui", "interp_method": "Weighted sum", "multiplier": 0.3}',
            "sd_merge_models": '{"aa11": {"name": "one.safetensors", "legacy_hash": "x"}, "bb22": {"name": 5}}',
        }
    )
    assert found.title == "Some merge"
    assert found.recipe == {"type": "webui", "interp_method": "Weighted sum", "multiplier": "0.3"}
    assert found.parents == [Parent("aa11", "one.safetensors"), Parent("bb22", None)]


def test_origin_of_a_training() -> None:
    found = origin(
        {
            "ss_sd_model_name": "base.safetensors",
            "ss_learning_rate": "0.0001",
            "ss_tag_frequency": '{"10_a": {"1girl": 3, " hat": 2}, "5_b": {"hat": 4, "bad": "x"}}',
        }
    )
    assert found.base == "base.safetensors"
    assert found.training == {"sd_model_name": "base.safetensors", "learning_rate": "0.0001"}
    assert found.tags == {"hat": 6, "1girl": 3}


NESTED = ["[" * depth + "]" * depth for depth in (900, 960, 980, 990, 1000, 100_000)]
HOSTILE = [
    "",
    "{",
    "null",
    "[]",
    "5",
    "9" * 5000,
    "\x00\n",
    "x" * 10_000_000,
    *NESTED,
    *(f'{{"a": {deep}}}' for deep in NESTED),
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_metadata_stay_small(text: str) -> None:
    found = origin(
        dict.fromkeys(("modelspec.title", "sd_merge_recipe", "sd_merge_models", "ss_tag_frequency", "ss_x"), text)
    )
    assert len(repr(found)) < 2000
    assert "\n" not in repr(found)


def test_huge_mappings_are_cut() -> None:
    many = json.dumps({f"{i:04}" * 100: {"name": "n" * 1000} for i in range(1000)})
    found = origin({"sd_merge_recipe": many, "sd_merge_models": many, **{f"ss_{i}": "v" for i in range(1000)}})
    assert (len(found.recipe), len(found.parents), len(found.training)) == (50, 50, 50)
    assert max(len(parent.sha256) for parent in found.parents) == 300
