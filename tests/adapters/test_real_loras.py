"""Thirteen real LoRAs of three trainers, whose true cosines were worked out elsewhere (shared/data/loras/README.md)."""

from __future__ import annotations

import numpy as np
import pytest

from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.workspace.catalogue.index import read_index
from lib_modelsim.workspace.comparing.by_choice import compare_by_choice
from lib_modelsim.workspace.families.classify import families_of, told_of
from lib_modelsim.workspace.families.family import TreeOptions

TRUE = {
    ("lora_illust", "lora_pop"): 0.01438,
    ("lora_disney.pt", "lora_illust"): 0.00478,
    ("lora_disney.pt", "lora_pop"): 0.00155,
    ("analog_svd_rank4", "lora_disney.safetensors"): -0.00022,
    ("catundchat.bin", "catundchat.safetensors"): 0.00016,
    ("catundchat.bin", "pokemon_fork"): -0.00009,
    ("catundchat.safetensors", "pokemon_fork"): -0.00003,
}


@pytest.fixture(scope="module")
def compared(shared):
    library = Library(None)
    index = read_index([shared / "data" / "loras"], library, Job())
    return compare_by_choice(index, None, None, library, Job())


def value(comparison, a, b):
    models = comparison.matrix.models
    return comparison.matrix.overall[models.index(a), models.index(b)]


def test_unrelated_ones_are_strangers_each_alone(compared):
    families = {family.architecture: family for family in families_of(compared, TreeOptions())}
    found = families["SD 1.x LoRA"]
    assert found.strangers == found.features.models
    assert len(set(found.classes.tolist())) == len(found.classes) == 8
    assert found.title == "SD 1.x LoRA: 8 models, 8 strangers"
    alone = "none of these 8 adapters is a close relative of another: the changes of any two have a cosine of at most"
    assert f"{alone} 0.0002" in told_of(compared, found)


@pytest.mark.parametrize("pair", TRUE, ids=" and ".join)
def test_the_cosine_of_two_changes_is_the_true_one(compared, pair):
    assert value(compared, *pair) == pytest.approx(TRUE[pair], abs=1e-5)


def test_three_lokrs_of_other_ranks_have_nothing_in_common(compared):
    for a, b in ((4, 8), (8, 16), (4, 16)):
        assert abs(value(compared, f"smart_falcon_{a}_lokr", f"smart_falcon_{b}_lokr")) < 6e-5


def test_unrelated_ones_are_called_unrelated_and_every_one_the_same_as_itself(compared):
    overall = compared.matrix.overall
    off = overall[~np.eye(len(overall), dtype=bool)]
    assert np.nanmax(np.abs(off)) < 0.02
    assert np.allclose(overall.diagonal(), 1)


def test_networks_are_told_by_the_width_of_the_prompt(compared):
    kinds = {model.name: model.header.architecture for model in compared.models}
    assert kinds["lora_pop"] == kinds["lora_disney.pt"] == "SD 2.x LoRA"
    assert kinds["lora_disney.safetensors"] == kinds["smart_falcon_8_lokr"] == kinds["catundchat.bin"] == "SD 1.x LoRA"


def test_what_two_do_not_both_change_is_said(compared):
    told = {(r.a, r.b): r.reason for r in compared.reasons}
    assert told["lora_kiriko.text_encoder", "lora_pop"].startswith("they change different layers: text encoders alone")
    said = "covers 42.3 % of the changed weights, those in layers that both change: 128 layers in both, 64 only in"
    assert said in told["analog_svd_rank4", "catundchat.bin"]
    assert np.isnan(value(compared, "lora_kiriko.text_encoder", "lora_pop"))


def test_the_kinds_and_ranks_are_in_the_header(compared):
    facts = {model.name: model.header.adapter for model in compared.models}
    assert facts["smart_falcon_16_lokr"].kind == "LoKr"
    assert facts["smart_falcon_16_lokr"].ranks == (16,)
    assert facts["smart_falcon_16_lokr"].alphas == (16.0,)
    assert facts["lora_pop"].kind == "LoRA"
    assert facts["lora_pop"].ranks == (4,)
    assert facts["lora_pop"].blocks[0] == "IN01"
