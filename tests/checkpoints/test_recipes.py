"""What mergers and trainers write into a file: models and shares in words, always a claim, always small."""

from __future__ import annotations

import json

import pytest

from lib_modelsim.checkpoints.embedded import Parent, claims, origin
from lib_modelsim.checkpoints.recipes import comfyui, mecha
from lib_modelsim.checkpoints.recipes.steps import LONGEST, MOST
from lib_modelsim.lineage.claims.claimed import claimed_of


def names(found):
    return [parent.name for parent in found.parents]


# ---- sd-mecha; the texts as its serializers of 0.0.29 and 1.1.8 write them

OLD_MECHA = r"""model "E:\sd\models\ghostmix_v20Bakedvae.safetensors" "sd1" "base"
model "dreamshaper_332BakedVaeClipFix.safetensors" "sd1" "base"
dict default=0.5 in0=0.25 out11=1.0
merge "weighted_sum" &0 &1 alpha=&2
model "add detail.safetensors" "sd1" "lora"
merge "add_difference" &3 &4 alpha=0.75"""
NEW_MECHA = r"""version 0.1.0
model "animagineXLV3_v30.safetensors" model_config="sdxl-sgm" merge_space="weight"
model "C:\\models\\with \"quotes\" and = signs.safetensors" model_config="sdxl-sgm" merge_space="weight"
dict BASE=0.3 IN00=0.5
literal &2 model_config="sdxl-supermerger_blocks" merge_space="param"
merge "weighted_sum" &0 &1 alpha=&3
merge "fallback" &4 null"""


def test_sd_mechas_recipe_of_its_first_versions():
    found = origin({"mecha_recipe": OLD_MECHA})
    assert found.tool == "sd-mecha"
    assert names(found) == [
        "ghostmix_v20Bakedvae.safetensors",
        "dreamshaper_332BakedVaeClipFix.safetensors",
        "add detail.safetensors",
    ]
    assert found.steps == [
        "weighted_sum(ghostmix_v20Bakedvae.safetensors, dreamshaper_332BakedVaeClipFix.safetensors, "
        "alpha={default=0.5, in0=0.25, out11=1.0})",
        "add_difference(step 1, add detail.safetensors, alpha=0.75)",
    ]


def test_sd_mechas_recipe_of_today():
    found = origin({"mecha_recipe": NEW_MECHA})
    assert names(found) == ["animagineXLV3_v30.safetensors", 'with "quotes" and = signs.safetensors']
    assert found.steps[0] == (
        'weighted_sum(animagineXLV3_v30.safetensors, with "quotes" and = signs.safetensors, alpha={BASE=0.3, IN00=0.5})'
    )
    assert found.steps[1] == "fallback(step 1, null)"


def test_as_sd_mecha_itself_writes_it():
    pytest.importorskip("sd_mecha")
    import sd_mecha
    from sd_mecha.serialization import serialize

    recipe = sd_mecha.weighted_sum(
        sd_mecha.model("a.safetensors", model_config="sd1-ldm"),
        sd_mecha.model("b.safetensors", model_config="sd1-ldm"),
        alpha=0.3,
    )
    found = origin({"mecha_recipe": serialize(recipe, finalize=False)})
    assert names(found) == ["a.safetensors", "b.safetensors"]
    assert "weighted_sum" in found.steps[0]


# ---- ComfyUI


def node(kind, **inputs):
    return {"class_type": kind, "inputs": inputs}


MERGED = {
    "1": node("CheckpointLoaderSimple", ckpt_name="sd/anything v5.safetensors"),
    "2": node("CheckpointLoaderSimple", ckpt_name="dreamshaper_8.safetensors"),
    "3": node("ModelMergeBlocks", model1=["1", 0], model2=["2", 0], input=0.7, middle=0.5, out=0.2),
    "4": node("LoraLoader", model=["3", 0], clip=["1", 1], lora_name="detail.safetensors", strength_model=0.8,
              strength_clip=1),
    "5": node("CLIPMergeSimple", clip1=["4", 1], clip2=["2", 1], ratio=["9", 0]),
    "6": node("ModelSamplingDiscrete", model=["4", 0], sampling="v_prediction", zsnr=True),
    "7": node("CheckpointSave", model=["6", 0], clip=["5", 0], vae=["1", 2], filename_prefix="checkpoints/merge"),
    "9": node("PrimitiveFloat", value=0.25),
    "8": node("CheckpointLoaderSimple", ckpt_name="has nothing to do with it.safetensors"),
}  # fmt: skip


def test_comfyuis_graph_in_a_saved_checkpoint():
    found = origin({"prompt": json.dumps(MERGED), "workflow": json.dumps({"nodes": []})})
    assert found.tool == "ComfyUI"
    assert names(found) == ["anything v5.safetensors", "dreamshaper_8.safetensors"]
    assert found.adapters == ["detail.safetensors"]
    assert found.steps == [
        "ModelMergeBlocks: anything v5.safetensors, dreamshaper_8.safetensors "
        "(share of the first: input 0.7, middle 0.5, out 0.2)",
        "LoraLoader: step 1, anything v5.safetensors, detail.safetensors (strength_model 0.8, strength_clip 1)",
        "CLIPMergeSimple: step 2, dreamshaper_8.safetensors (share of the first: ratio 0.25)",
    ]


def test_add_difference_of_comfyui():
    graph = {
        "1": node("CheckpointLoaderSimple", ckpt_name="inpainting.safetensors"),
        "2": node("CheckpointLoaderSimple", ckpt_name="base.safetensors"),
        "3": node("UNETLoader", unet_name="mine.sft", weight_dtype="default"),
        "4": node("ModelMergeSubtract", model1=["1", 0], model2=["2", 0], multiplier=1.0),
        "5": node("ModelMergeAdd", model1=["3", 0], model2=["4", 0]),
        "6": node("ModelSave", model=["5", 0], filename_prefix="x"),
    }
    found = origin({"prompt": json.dumps(graph)})
    assert names(found) == ["mine.sft", "inpainting.safetensors", "base.safetensors"]
    assert found.steps == [
        "ModelMergeSubtract: inpainting.safetensors, base.safetensors (multiplier 1.0)",
        "ModelMergeAdd: mine.sft, step 1",
    ]


def test_many_blocks_with_one_share_are_told_at_once():
    shares = {f"double_blocks.{i}.": 0.3 for i in range(19)}
    graph = {
        "1": node("UNETLoader", unet_name="a.safetensors"),
        "2": node("UNETLoader", unet_name="b.safetensors"),
        "3": node("ModelMergeFlux1", model1=["1", 0], model2=["2", 0], **shares),
        "4": node("ModelSave", model=["3", 0]),
    }
    (step,) = origin({"prompt": json.dumps(graph)}).steps
    assert step.endswith("(share of the first: all 19 at 0.3)")


def test_the_editors_graph_alone_names_the_models():
    shown = {
        "nodes": [
            {"type": "CheckpointLoaderSimple", "widgets_values": ["a.safetensors"]},
            {"type": "LoraLoader", "widgets_values": ["l.safetensors", 1, 1]},
            {"type": "CLIPTextEncode", "widgets_values": ["a cat"]},
            {"type": "Note", "widgets_values": None},
        ]
    }
    found = origin({"prompt": "", "workflow": json.dumps(shown)})
    assert (names(found), found.adapters, found.steps) == (["a.safetensors"], ["l.safetensors"], [])


# ---- the WebUI's merger, as its pull request 9312 shows it; supermerger, Forge Neo's nesting

PR_9312 = {
    "sd_merge_recipe": json.dumps(
        {
            "type": "webui",
            "primary_model_hash": "8a353e16bbabf224c30770e222d1d3c03b55604a472448d48d7f537ea9dc29ca",
            "secondary_model_hash": "c330a60ddcb49c61109dbd7c28cf326733dadb77984c6e8d162bdc200a05df9e",
            "tertiary_model_hash": None,
            "interp_method": "Weighted sum",
            "multiplier": 0.3,
            "save_as_half": False,
        }
    ),
    "sd_merge_models": json.dumps(
        {
            "8a353e16bbabf224c30770e222d1d3c03b55604a472448d48d7f537ea9dc29ca": {
                "name": "0.7(anything-v3-full) + 0.3(AOM3A1).safetensors",
                "legacy_hash": "43ce4604",
                "sd_merge_recipe": {"interp_method": "Weighted sum", "sd_merge_models": {"x": {"name": "y"}}},
            },
            "c330a60ddcb49c61109dbd7c28cf326733dadb77984c6e8d162bdc200a05df9e": {"name": "b.ckpt"},
        }
    ),
}


def test_the_webuis_merger():
    found = origin(PR_9312)
    assert found.tool == "the WebUI's merger"
    assert names(found) == ["0.7(anything-v3-full) + 0.3(AOM3A1).safetensors", "b.ckpt"]
    told = dict(claims(found))
    assert told["merged from"] == "0.7(anything-v3-full) + 0.3(AOM3A1).safetensors and b.ckpt"
    assert "multiplier 0.3" in told["recipe"]
    assert "tertiary" not in told["recipe"]
    assert told["merged before"] == "0.7(anything-v3-full) + 0.3(AOM3A1).safetensors is Weighted sum"


def test_a_merge_of_a_merge_by_forge_neo_says_what_was_merged_before():
    """As its modules/extras.py writes it, in three generations: what is nested is the last model's that has any."""
    a, b, c, d, ab, abc = (digit * 64 for digit in "abcdef")

    def merge(one, other, multiplier, **nested):
        recipe = {"type": "Neo", "interp_method": "Weighted sum", "multiplier": multiplier, "discard_weights": ""}
        recipe |= {"primary_model_hash": one[1], "secondary_model_hash": other[1]}
        models = {digits: {"name": name, "legacy_hash": "1"} for name, digits in (one, other)}
        return {"sd_merge_recipe": recipe, "sd_merge_models": models | nested}

    first = merge(("a.safetensors", a), ("b.safetensors", b), 0.5)
    second = merge(("ab.safetensors", ab), ("c.safetensors", c), 0.25, **first)
    third = merge(("abc.safetensors", abc), ("d.safetensors", d), 0.75, **second)
    found = origin({key: json.dumps(value) for key, value in third.items()})
    assert found.tool == "Forge Neo's merger"
    assert names(found) == ["abc.safetensors", "d.safetensors"]
    assert found.before == [
        "one of the models is Weighted sum of ab.safetensors and c.safetensors, multiplier 0.25",
        "one of the models is Weighted sum of a.safetensors and b.safetensors, multiplier 0.5",
    ]
    assert claimed_of(found).shares == (0.25, 0.75)


@pytest.mark.parametrize("models", [None, [], {"sd_merge_models": {"sd_merge_models": 5}}, {"x": 1}, '{"x": {}}'])
def test_models_of_a_merge_that_are_no_models_are_none(models):
    found = origin({"sd_merge_recipe": '{"type": "Neo"}', "sd_merge_models": json.dumps(models)})
    assert (found.parents, found.before) == ([], [])


@pytest.mark.parametrize(
    ("kind", "tool"), [("sd-webui-supermerger", "supermerger"), ("merge-models-chattiori", "merge-models-chattiori")]
)
def test_supermerger_and_its_kin(kind, tool):
    recipe = {"type": kind, "weights_alpha": "0,0.5,1", "model_a": "aa", "mode": "Weight", "calcmode": "normal"}
    found = origin({"sd_merge_recipe": json.dumps(recipe), "format": "pt"})
    assert found.tool == tool
    assert found.recipe["weights_alpha"] == "0,0.5,1"


# ---- trainers and ModelSpec


def test_modelspec():
    found = origin(
        {
            "modelspec.sai_model_spec": "1.0.0",
            "modelspec.architecture": "stable-diffusion-xl-v1-base",
            "modelspec.title": "mine",
            "modelspec.merged_from": "a, b",
            "modelspec.trigger_phrase": "ohwx",
            "modelspec.thumbnail": "data:image/png;base64," + "A" * 1_000_000,
        }
    )
    assert names(found) == ["a", "b"]
    assert found.spec == {
        "architecture": "stable-diffusion-xl-v1-base",
        "title": "mine",
        "merged_from": "a, b",
        "trigger_phrase": "ohwx",
    }
    assert ("trigger phrase", "ohwx") in claims(found)


def test_onetrainer_and_ai_toolkit():
    one = origin({"ot_branch": "master", "ot_config": json.dumps({"model_type": "FLUX_DEV_1", "resolution": "1024"})})
    assert (one.tool, one.training["model_type"]) == ("OneTrainer", "FLUX_DEV_1")
    toolkit = origin(
        {
            "software": json.dumps({"name": "ai-toolkit", "repo": "https://example.org", "version": "0.1.0"}),
            "training_info": json.dumps({"step": 2000, "epoch": 24}),
            "ss_base_model_version": "flux1",
            "name": "my_lora",
        }
    )  # fmt: skip
    assert (toolkit.tool, toolkit.base, toolkit.training["step"]) == ("ai-toolkit 0.1.0", "flux1", "2000")


def test_a_file_that_says_nothing():
    assert claims(origin({"format": "pt"})) == []


# ---- hostile

DEEP = {
    str(i): node("ModelMergeSimple", model1=[str(i + 1), 0], model2=[str(i + 1), 0], ratio=0.5) for i in range(4000)
}
HOSTILE_GRAPHS = {
    "a chain of 4,000 doubled merges": DEEP | {"s": node("CheckpointSave", model=["0", 0])},
    "a circle": {"1": node("ModelMergeSimple", model1=["2", 0], model2=["1", 0]), "2": node("X", model=["1", 0]),
                 "3": node("CheckpointSave", model=["1", 0])},
    "a million letters": {"1": node("L" * 10**6, ckpt_name="x" * 10**6 + ".ckpt"),
                          "2": node("ModelSave", model=["1", 0])},
    "no graph": {"1": {"class_type": 5}, "2": [], "3": node("CheckpointSave", model=[[], {}])},
    "many loaders": {**{str(i): node("L", ckpt_name=f"{i}.ckpt") for i in range(3000)},
                     "s": node("CheckpointSave", **{f"model{i}": [str(i), 0] for i in range(10)}, model=["1", 0])},
    "control characters": {"1": node("L\x1b[2J", ckpt_name="\u202egnp\n.ckpt"), "2": node("M\x1b", model=["1", 0], a=1),
                           "3": node("ModelSave", model=["2", 0])},
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE_GRAPHS)
def test_hostile_graphs_stay_small(case):
    found = origin({"prompt": json.dumps(HOSTILE_GRAPHS[case])})
    assert len(found.steps) <= MOST + 1
    assert len(found.parents) <= MOST
    for label, text in claims(found):
        assert (label + text).isprintable()
        assert len(text) <= 12 * LONGEST
    assert "\n" not in repr(found)


HOSTILE_RECIPES = {
    "no recipe": "hello\nthere",
    "references to nothing": 'merge "x" &5 &999999999999999999999 a=&-1 &x',
    "a dict that doubles 60 times": "dict a=1\n"
    + "\n".join(f"dict a=&{i} b=&{i}" for i in range(60))
    + '\nmerge "m" &60',
    "a million lines": 'model "a" "sd1" "base"\n' * 1_000_000,
    "quotes without end": 'version 0.1.0\nmodel "' + '\\"' * 100_000,
    "control characters": 'model "\x1b[2J\u202e.ckpt"\nmerge "\x07" &0',
    "empty": "",
    "version alone": "version 0.1.0",
}


@pytest.mark.parametrize("case", HOSTILE_RECIPES)
def test_hostile_recipes_stay_small(case):
    found = origin({"mecha_recipe": HOSTILE_RECIPES[case]})
    assert len(found.steps) <= MOST + 1
    assert len(found.parents) <= MOST
    assert all(step.isprintable() and len(step) <= LONGEST for step in found.steps)
    assert all(Parent(None, parent.name) == parent and parent.name.isprintable() for parent in found.parents)


@pytest.mark.parametrize(
    "text", ["null", "[]", "5", "[" * 100_000, '{"1": null}', '{"nodes": [null, 5, {"type": 3}]}', "x"]
)
def test_what_is_no_graph(text):
    assert comfyui.read(text, text) is None
    assert mecha.read(text) is None
