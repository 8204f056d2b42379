"""'Same weights' is said only where everything that both files hold was hashed and agrees."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from lib_modelsim.checkpoints import blocks
from lib_modelsim.checkpoints.hashing import identify
from lib_modelsim.checkpoints.identity import Relation, relation
from lib_modelsim.checkpoints.reader import open_checkpoint
from lib_modelsim.cli import text
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.workspace.catalogue import scan as scanning
from lib_modelsim.workspace.catalogue.index import read_index
from lib_modelsim.workspace.catalogue.sameness import sameness_facts
from lib_modelsim.workspace.catalogue.scan import known_identity, scan
from lib_modelsim.workspace.catalogue.table import library_rows
from lib_modelsim.workspace.comparing.verdicts import NONE, verdict

VAE = {f"first_stage_model.decoder.{name}.weight": (8, 8) for name in ("conv_in", "mid.attn_1.q", "conv_out")}


def drawn(shapes: dict[str, tuple[int, ...]], seed: int) -> dict[str, torch.Tensor]:
    draw = torch.Generator().manual_seed(seed)
    return {key: torch.randn(shape, generator=draw).half() for key, shape in shapes.items()}


def related(folder: Path, one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> Relation:
    save_file(one, folder / "one.safetensors")
    save_file(other, folder / "other.safetensors")
    return relation(*(identify(open_checkpoint(folder / f"{name}.safetensors")) for name in ("one", "other")))


def facts_of(folder: Path) -> dict[str, list[str]]:
    with Library(None) as library:
        found = scan([folder], library, Job())
        return sameness_facts({model.name: identity for model, identity in found.found})


def case(shared: Path, name: str) -> Path:
    return shared / "cases" / "weights" / name


# the cases that people reported


@pytest.mark.parametrize("name", ["c01_ponyv7", "c02_ltxv", "c03_hydit"])
def test_two_transformers_with_one_vae_are_not_the_same(shared, name):
    folder = case(shared, name)
    assert facts_of(folder) == {}
    with Library(None) as library:
        assert "same" not in "\n".join(text.scan(scan([folder], library, Job()))).partition("same as")[2]
        assert [row.same for row in library_rows([folder], library)] == [(), ()]


def test_a_marker_of_v_prediction_is_told(shared):
    facts = facts_of(case(shared, "c06_vpred"))
    assert facts == {
        "noob-eps": ["same weights as noob-vpred-marked (v_pred, ztsnr only in the other)"],
        "noob-vpred-marked": ["same weights as noob-eps (v_pred, ztsnr only in this one)"],
    }


def test_damaged_position_ids_are_told_and_absent_ones_are_as_good_as_right_ones(shared):
    facts = facts_of(case(shared, "c08_position_ids"))
    assert facts["broken"] == ["same weights as good, none (damaged position_ids only in this one)"]
    assert facts["good"][0] == facts["none"][0].replace("good", "none") == "same weights as none"


def test_a_merge_that_changed_attention_alone_is_not_the_same(shared):
    facts = facts_of(case(shared, "c09_zimage"))
    assert "attention-lora-merged-comfy" not in facts
    assert not any("attention-lora-merged" in fact for told in facts.values() for fact in told)


def test_the_same_integers_and_scales_are_the_same_weights_in_two_formats(shared):
    assert facts_of(case(shared, "c34_integer")) == {
        f"{one}-int8-{model}": [f"same weights as {other}-int8-{model}"]
        for model in ("base", "attention-merge")
        for one, other in (("sdnq", "quanto"), ("quanto", "sdnq"))
    }


# whatever a recogniser makes of the names


@pytest.mark.parametrize("prefix", ["", "model.", "net.", "model.diffusion_model.", "transformer.", "vae_x."])
@pytest.mark.parametrize("wrong", ["SD 1.x", "SDXL", "SD3", "Flux", "VAE", "text encoder", "unknown"])
def test_a_shared_vae_beside_unrelated_transformers_is_told_apart_by_whatever_recogniser(
    tmp_path, monkeypatch, prefix, wrong
):
    monkeypatch.setattr("lib_modelsim.checkpoints.reader.kind_of", lambda shapes: wrong)
    transformer = {f"{prefix}layers.{i}.attention.{part}.weight": (8, 8) for i in range(3) for part in ("q", "k", "v")}
    vae = drawn(VAE, 1)
    found = related(tmp_path, vae | drawn(transformer, 2), vae | drawn(transformer, 3))
    assert not found.same_weights
    assert not found.all_weights_agree
    assert "same weights" not in found.text
    assert verdict("cosine", float("nan"), relation=found).text == NONE
    assert facts_of(tmp_path) == {}


def test_a_recogniser_that_places_a_few_scales_of_the_network_alone(tmp_path, monkeypatch):
    placed = "model.diffusion_model.out.0.weight"

    def place(architecture: str, key: str) -> tuple[str, str | None]:
        return ("unet", "OUT11") if key == placed else ("other", None)

    monkeypatch.setattr(blocks, "place", place)
    matrices = {f"model.diffusion_model.layers.{i}.weight": (8, 8) for i in range(3)}
    scale = {placed: torch.ones(8).half()}
    found = related(tmp_path, scale | drawn(matrices, 1), scale | drawn(matrices, 2))
    assert not found.network_known
    assert not found.all_weights_agree
    assert verdict("cosine", float("nan"), relation=found).text == NONE
    assert facts_of(tmp_path) == {}


# what is no weight


UNET = {
    "model.diffusion_model.input_blocks.0.0.weight": (4, 4, 3, 3),
    "model.diffusion_model.out.2.weight": (4, 4, 3, 3),
}

MARKERS = {
    "v_pred": torch.zeros(0),
    "ztsnr": torch.zeros(0),
    "edm_vpred.sigma_max": torch.tensor(120.0),
    "edm_vpred.sigma_min": torch.tensor(0.002),
    "alphas_cumprod": torch.linspace(1, 0, 1000),
    "model_ema.diffusion_modelout2weight": torch.ones(4, 4, 3, 3),
    "cond_stage_model.transformer.text_model.embeddings.position_ids": torch.arange(77).flip(0)[None],
    "swin.relative_position_index": torch.arange(9),
    "codes": torch.arange(16, dtype=torch.uint8),
    "mask": torch.ones(3, dtype=torch.bool),
    "waves": torch.ones(3, dtype=torch.complex64),
}

SHOWN = [
    "v_pred",
    "ztsnr",
    "sigma_max",
    "sigma_min",
    "noise schedule",
    "EMA copy",
    "damaged position_ids",
    "relative_position_index (I64)",
    "codes (U8)",
    "mask (BOOL)",
    "waves (C64)",
]


@pytest.mark.parametrize(("key", "shown"), list(zip(MARKERS, SHOWN, strict=True)))
def test_what_only_one_file_holds_besides_weights_is_named(tmp_path, key, shown):
    one = drawn(UNET, 1)
    found = related(tmp_path, one, one | {key: MARKERS[key]})
    assert not found.same_weights
    assert found.text == f"same weights; {shown} in one only"
    assert found.told("one", "other") == f"same weights; {shown} only in other"


@pytest.mark.parametrize(("key", "shown"), list(zip(MARKERS, SHOWN, strict=True)))
def test_what_differs_besides_weights_is_named(tmp_path, key, shown):
    one, value = drawn(UNET, 1), MARKERS[key]
    other = value.flip(-1) if value.numel() > 1 and value.flip(-1).ne(value).any() else torch.zeros_like(value)
    if not value.numel():
        other = torch.tensor([1.0])  # a marker with a value
    if key.endswith("position_ids"):
        other = value // 2
    found = related(tmp_path, one | {key: value}, one | {key: other})
    assert found.text == f"same weights; differs in: {shown}"
    assert not found.same_weights


@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.float16, torch.float32, torch.uint8])
def test_right_position_ids_are_right_in_every_dtype(tmp_path, dtype):
    one, key = drawn(UNET, 1), "cond_stage_model.transformer.text_model.embeddings.position_ids"
    found = related(tmp_path, one | {key: torch.arange(77)[None]}, one | {key: torch.arange(77)[None].to(dtype)})
    assert found.same_weights
    assert found.text in ("same weights", "same file")


def test_a_component_that_one_file_has_besides_is_named(tmp_path):
    found = related(tmp_path, drawn(UNET, 1), drawn(UNET, 1) | drawn(VAE, 2))
    assert found.told("one", "other") == "same UNet, VAE only in other"
    assert facts_of(tmp_path)["one"] == ["same UNet as other (VAE only in the other)"]


def test_what_folders_have_no_place_for_counts_where_both_have_it(tmp_path):
    one, key = drawn(UNET, 1), "cond_stage_model.model.transformer.resblocks.23.mlp.c_fc.weight"
    found = related(tmp_path, one | {key: torch.ones(4, 4)}, one | {key: torch.zeros(4, 4)})
    assert found.text == "same weights; differs in: unused text encoder weights"
    assert related(tmp_path, one | {key: torch.ones(4, 4)}, one).same_weights


def test_matrices_that_are_not_read_may_be_the_network(tmp_path):
    codes, one = torch.arange(4096, dtype=torch.int8).reshape(64, 64), drawn(UNET, 1)
    found = related(tmp_path, one | {"layers.0.weight": codes}, one | {"layers.0.weight": codes.flip(0)})
    assert found.text == "same UNet, other unplaced tensors"
    assert not found.network_known
    assert facts_of(tmp_path) == {}


def test_fused_matrices_of_integers_are_hashed_whole(tmp_path):
    key = "conditioner.embedders.1.model.transformer.resblocks.0.attn.in_proj_weight"
    codes, one = torch.arange(24, dtype=torch.uint8).reshape(6, 4), drawn(UNET, 1)
    changed = codes.clone()
    changed[-1, -1] += 1
    assert not related(tmp_path, one | {key: codes}, one | {key: changed}).same_weights


def test_many_names_stay_few_groups(tmp_path):
    many = {f"marker_{i}": torch.tensor(float(i)) for i in range(500)}
    save_file(drawn(UNET, 1) | many, tmp_path / "many.safetensors")
    found = identify(open_checkpoint(tmp_path / "many.safetensors"))
    assert len(found.extras) == 41
    assert len(json.dumps(found.to_dict())) < 20_000


NAMES = st.sampled_from(
    [
        *UNET,
        *VAE,
        "model.double_layers.0.attn.w1k.weight",
        "blocks.0.attn.q.weight",
        "something",
        "v_pred",
        "logvar",
        "ztsnr",
        "edm_vpred.sigma_max",
        "alphas_cumprod",
        "model_ema.diffusion_modelout2weight",
        "model_ema.decay",
        "text_encoders.t5xxl.transformer.shared.weight",
        "cond_stage_model.transformer.text_model.embeddings.position_ids",
    ]
)
DTYPES = st.sampled_from([torch.float16, torch.float32, torch.bfloat16, torch.int64, torch.uint8, torch.bool])


@given(
    st.dictionaries(NAMES, st.tuples(DTYPES, st.integers(0, 6)), min_size=1, max_size=6),
    st.data(),
)
def test_two_files_that_differ_anywhere_are_never_plainly_the_same(tmp_path_factory, tensors, data):
    folder = tmp_path_factory.mktemp("pair")
    one = {key: torch.arange(count).to(dtype) for key, (dtype, count) in tensors.items()}
    other = {key: tensor.clone() for key, tensor in one.items()}
    changed = data.draw(st.sampled_from(sorted(one)))
    if data.draw(st.booleans()) or not other[changed].numel():
        del other[changed]
        other["another"] = torch.ones(2)
    else:
        place = data.draw(st.integers(0, other[changed].numel() - 1))
        other[changed][place] = 1 if not other[changed][place] else 0
    there = related(folder, one, other)
    assert not there.same_weights
    assert there.text != "same weights"
    back = related(folder, other, one)
    assert (back.text, back.same_weights) == (there.text, there.same_weights)
    assert (
        not related(folder, one, one).text.startswith("different")
        or not identify(open_checkpoint(folder / "one.safetensors")).content
    )


# old libraries


def test_a_library_with_hashes_of_an_older_version_opens_and_is_hashed_again_on_demand(tmp_path, monkeypatch):
    save_file(drawn(UNET, 1), tmp_path / "one.safetensors")
    file = tmp_path / "library.sqlite"
    with monkeypatch.context() as patched, Library(file) as library:
        patched.setattr(scanning, "IDENTITY_VERSION", "1.1")
        found = scan([tmp_path / "one.safetensors"], library, Job())
        sha256 = found.found[0][1].sha256
    rows = sqlite3.connect(file).execute("SELECT identity FROM models").fetchall()
    assert [json.loads(row)["version"] for (row,) in rows if row] == ["1.1"]
    with Library(file) as library:
        (model,) = read_index([tmp_path / "one.safetensors"], library, Job()).models
        assert known_identity(model, library) is None
        assert [row.sha256 for row in library_rows([tmp_path / "one.safetensors"], library)] == [sha256]
        (again,) = scan([tmp_path / "one.safetensors"], library, Job()).found
        assert again[1].sha256 == sha256
        assert known_identity(again[0], library) == again[1]
