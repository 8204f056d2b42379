"""What files say of themselves, as each program writes it, beside a recipe that was found."""

from __future__ import annotations

import json

import pytest

from lib_modelsim.checkpoints.embedded import origin
from lib_modelsim.lineage.claims.claimed import claimed_of
from lib_modelsim.lineage.claims.claims import NamedModel, claim_of, plain
from lib_modelsim.lineage.recipe import ComponentOrigin, ParentShare, Recipe

A, B, C = ("a" * 64, "b" * 64, "c" * 64)
KNOWN = [NamedModel(name, frozenset({name}), sha) for name, sha in (("anna", A), ("bert", B), ("base", C))]


def found(kind, sure=True, over=None, **shares):
    parents = tuple(ParentShare(name, share) for name, share in shares.items())
    return Recipe("mix", "SD 1.x", kind, parents=parents, sure=sure, base=over)


MIX = found("weighted sum", anna=0.7, bert=0.3)


def webui(method="Weighted sum", multiplier=0.3, models=(A, B, None), **named):
    """As modules/extras.py of AUTOMATIC1111 1.10.1 writes it, with the grandparents in sd_merge_models."""
    recipe = dict(zip(("primary_model_hash", "secondary_model_hash", "tertiary_model_hash"), models, strict=True))
    recipe = {"type": "webui"} | recipe | {
        "interp_method": method, "multiplier": multiplier, "save_as_half": True, "custom_name": "mix",
        "config_source": 0, "bake_in_vae": "None", "discard_weights": "", "is_inpainting": False,
        "is_instruct_pix2pix": False,
    }  # fmt: skip
    names = named.get("names", {A: "anna.safetensors", B: "sub/bert.safetensors", C: "base.safetensors"})
    held = {sha: {"name": name, "legacy_hash": "1a2b3c4d", "sd_merge_recipe": None} for sha, name in names.items()}
    return origin({"sd_merge_recipe": json.dumps(recipe), "sd_merge_models": json.dumps(held), "format": "pt"})


def test_the_webuis_merger_agrees():
    claim = claim_of(webui(), MIX, KNOWN)
    assert claim.agrees is True
    assert claim.parents == ("anna", "bert")
    assert claim.text == "the WebUI's merger: weighted sum of anna.safetensors and sub/bert.safetensors at 0.3"
    assert claim.why == "the same models with the same shares"


def test_another_multiplier_is_something_else():
    claim = claim_of(webui(multiplier=0.5), MIX, KNOWN)
    assert (claim.agrees, claim.why) == (False, "it says anna 0.50, found 0.70; bert 0.50, found 0.30")


def test_another_parent_is_something_else():
    claim = claim_of(webui(models=(A, C, None)), MIX, KNOWN)
    assert (claim.agrees, claim.why) == (False, "base was not found in it")


def test_what_is_not_proven_contradicts_nothing():
    claim = claim_of(webui(multiplier=0.5), found("weighted sum", sure=False, anna=0.7, bert=0.3), KNOWN)
    assert claim.agrees is None
    assert claim.why.endswith("but what was found is not proven")


def test_a_parent_that_is_not_here_is_said():
    claim = claim_of(webui(models=(A, "d" * 64, None)), MIX, KNOWN)
    assert (claim.agrees, claim.why) == (None, "dddddddddd is not among the models here")


def test_a_file_of_that_name_with_another_hash_is_another():
    other = [NamedModel("anna", frozenset({"anna"}), "e" * 64), KNOWN[1]]
    assert claim_of(webui(), MIX, other).agrees is None
    unknown = [NamedModel("anna", frozenset({"anna"})), KNOWN[1]]
    assert claim_of(webui(), MIX, unknown).agrees is True


def test_a_renamed_file_is_told_by_its_hash():
    renamed = [NamedModel("my favourite", frozenset({"my favourite"}), A), KNOWN[1]]
    recipe = Recipe("mix", "SD 1.x", "weighted sum", sure=True,
                    parents=(ParentShare("my favourite", 0.7), ParentShare("bert", 0.3)))  # fmt: skip
    assert claim_of(webui(), recipe, renamed).agrees is True


def test_a_copy_of_a_parent_is_that_parent():
    recipe = Recipe("mix", "SD 1.x", "weighted sum", sure=True,
                    parents=(ParentShare("anna copy", 0.7, same_as=("anna",)), ParentShare("bert", 0.3)))  # fmt: skip
    assert claim_of(webui(), recipe, KNOWN).agrees is True


def test_add_difference_and_no_interpolation():
    difference = found("add-difference", anna=1.0, bert=0.5, base=-0.5)
    assert claim_of(webui("Add difference", 0.5, (A, B, C)), difference, KNOWN).agrees is True
    components = {"unet": ComponentOrigin("same", "anna"), "vae": ComponentOrigin("same", "bert")}
    parents = (ParentShare("anna"), ParentShare("bert"))
    swapped = Recipe("mix", "SD 1.x", "component swap", sure=True, parents=parents, components=components)
    assert claim_of(webui("No interpolation", 0.3, (A, None, None)), swapped, KNOWN).agrees is True
    assert claim_of(webui("No interpolation", 0.3, (A, None, None)), MIX, KNOWN).agrees is False


def test_supermerger():
    """As scripts/mergers/mergers.py writes it; without a C it takes A for it."""
    recipe = {"type": "sd-webui-supermerger", "weights_alpha": None, "weights_beta": None, "weights_alpha_orig": None,
              "weights_beta_orig": None, "model_a": A, "model_b": B, "model_c": A, "base_alpha": 0.3,
              "base_beta": 0.25, "mode": "Weight sum", "mbw": False, "elemental_merge": "", "calcmode": "normal",
              "Off": [""]}  # fmt: skip
    held = {A: {"name": "anna.safetensors [aaaaaaaaaa]", "legacy_hash": ""}, B: {"name": "bert", "legacy_hash": ""}}
    said = origin({"sd_merge_recipe": json.dumps(recipe), "sd_merge_models": json.dumps(held)})
    claim = claim_of(said, MIX, KNOWN)
    assert (claim.agrees, claim.parents) == (True, ("anna", "bert"))
    assert claim.text.startswith("supermerger: weighted sum of")

    said = origin({"sd_merge_recipe": json.dumps(recipe | {"mode": "Add difference", "calcmode": "trainDifference",
                                                           "model_c": C})})  # fmt: skip
    assert claimed_of(said).method == "train-difference"
    assert claim_of(said, found("train-difference", anna=None, bert=None, base=None), KNOWN).agrees is True

    blocks = [0.1] * 25
    said = origin({"sd_merge_recipe": json.dumps(recipe | {"mbw": True, "weights_alpha": blocks})})
    assert claimed_of(said).method == "block-weighted"
    assert claim_of(said, found("block-weighted", anna=0.8, bert=0.2), KNOWN).agrees is True


def test_chattiori():
    """As merge.py writes it."""
    recipe = {"type": "merge-models-chattiori", "primary_model_hash": A, "secondary_model_hash": B,
              "tertiary_model_hash": None, "merge_method": "Weighted sum", "block_weights": False, "alpha_info": "0.3",
              "beta_info": None, "calculation": None, "fp": "fp16", "output_name": "mix", "bake_in_vae": False,
              "pruned": False}  # fmt: skip
    assert claim_of(origin({"sd_merge_recipe": json.dumps(recipe)}), MIX, KNOWN).agrees is True


MECHA = """version 0.1.0
model "anna.safetensors" model_config="sd1-ldm" merge_space="weight"
model "bert.safetensors" model_config="sd1-ldm" merge_space="weight"
dict key=0.3
literal &2 model_config="singleton-mecha" merge_space="param"
merge "convert_singleton" &3
merge "weighted_sum" &0 &1 &4"""
"""As sd_mecha.merge of 1.1.8 wrote it for weighted_sum(anna, bert, alpha=0.3)."""


def test_sd_mecha():
    claim = claim_of(origin({"mecha_recipe": MECHA}), MIX, KNOWN)
    assert claim.agrees is True
    assert claim.text == "sd-mecha: weighted_sum(anna.safetensors, bert.safetensors, 0.3)"


def test_sd_mecha_add_difference_in_several_steps():
    text = """version 0.1.0
model "anna.safetensors" model_config="sd1-ldm" merge_space="weight"
model "bert.safetensors" model_config="sd1-ldm" merge_space="weight"
model "base.safetensors" model_config="sd1-ldm" merge_space="weight"
merge "subtract" &1 &2
merge "add_difference" &0 &3 alpha=0.5
merge "fallback" &4 &0"""
    said = claimed_of(origin({"mecha_recipe": text}))
    assert dict(zip((p.name for p in said.parents), said.shares, strict=True)) == {
        "anna.safetensors": 1.0, "bert.safetensors": 0.5, "base.safetensors": -0.5,
    }  # fmt: skip


def test_sd_mecha_ties_over_the_base():
    text = """version 0.1.0
model "base.safetensors"
model "anna.safetensors"
model "bert.safetensors"
merge "subtract" &1 &0
merge "subtract" &2 &0
merge "ties_sum" &3 &4 k=0.5
merge "add_difference" &0 &5 alpha=1.0"""
    said = origin({"mecha_recipe": text})
    assert claimed_of(said).method == "ties"
    assert claim_of(said, found("ties", over="base", anna=None, bert=None), KNOWN).agrees is True
    assert claim_of(said, MIX, KNOWN).agrees is False


def test_what_was_copied_from_a_model_counts_less_than_the_mergers_own():
    """The WebUI's merger copies the metadata of its models."""
    both = origin(
        {
            "mecha_recipe": MECHA,
            "sd_merge_recipe": json.dumps({"type": "webui", "primary_model_hash": A, "secondary_model_hash": C,
                                           "interp_method": "Weighted sum", "multiplier": 0.5}),
        }
    )  # fmt: skip
    assert both.tool == "the WebUI's merger"
    assert claim_of(both, found("weighted sum", anna=0.5, base=0.5), KNOWN).agrees is True


def node(kind, **inputs):
    return {"class_type": kind, "inputs": inputs}


def graph(*merge, result):
    loaders = {
        str(i): node("CheckpointLoaderSimple", ckpt_name=f"{name}.safetensors")
        for i, name in enumerate(("anna", "bert", "base"), 1)
    }
    steps = {str(i): step for i, step in enumerate(merge, 4)}
    save = {"9": node("CheckpointSave", model=[result, 0], clip=["1", 1], vae=["1", 2], filename_prefix="mix")}
    return origin({"prompt": json.dumps(loaders | steps | save)})


def test_comfyui():
    simple = graph(node("ModelMergeSimple", model1=["1", 0], model2=["2", 0], ratio=0.7), result="4")
    assert claim_of(simple, MIX, KNOWN).agrees is True
    difference = graph(
        node("ModelMergeSubtract", model1=["2", 0], model2=["3", 0], multiplier=0.5),
        node("ModelMergeAdd", model1=["1", 0], model2=["4", 0]),
        result="5",
    )
    assert claim_of(difference, found("add-difference", anna=1.0, bert=0.5, base=-0.5), KNOWN).agrees is True
    blocks = graph(node("ModelMergeBlocks", model1=["1", 0], model2=["2", 0], input=1, middle=0, out=0), result="4")
    assert claimed_of(blocks).method == "block-weighted"


def test_modelspec_and_trainers():
    merged = origin({"modelspec.merged_from": "anna, bert", "modelspec.title": "mix"})
    assert claim_of(merged, MIX, KNOWN).agrees is True
    trained = origin({"ss_sd_model_name": "anna.safetensors", "ss_learning_rate": "1e-5", "ss_new_sd_model_hash": A})
    assert claim_of(trained, found("fine-tune", anna=1.0), KNOWN).agrees is True
    assert claim_of(trained, found("fine-tune", bert=1.0), KNOWN).agrees is False


@pytest.mark.parametrize("metadata", [{}, {"format": "pt"}, {"modelspec.title": "mix"}, {"ss_network_dim": "16"}])
def test_what_claims_nothing(metadata):
    assert claim_of(origin(metadata), MIX, KNOWN) is None


@pytest.mark.parametrize("text", ["[]", "{}", "null", '{"type": 5}', "{" * 2000, '{"alpha": "NaN", "mode": []}'])
def test_hostile_recipes_claim_little(text):
    claim = claim_of(origin({"sd_merge_recipe": text, "mecha_recipe": text, "prompt": text}), MIX, KNOWN)
    assert claim is None or claim.agrees is None


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("anna.safetensors", "anna"), ("sd\\Anna.ckpt [0123456789]", "anna"), ("/models/anna v1.5", "anna v1.5"),
        ("anna.safetensors [aaaa]", "anna"), ("", ""),
    ],
)  # fmt: skip
def test_names_as_programs_write_them(written, name):
    assert plain(written) == name
