"""Scripts that repeat a merge: what they do to numbers, and what is not written.

ComfyUI's graphs are run by a few lines that do to arrays what its nodes do (comfy_extras/nodes_model_merging.py:
ratio is the share of the first model, blocks are told by how their names begin, the first number is for the others).
"""

from __future__ import annotations

import ast
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lib_modelsim.lineage.recipe import (
    BakedLora,
    ComponentOrigin,
    FoundMethod,
    MissingParent,
    ParentShare,
    Recipe,
)
from lib_modelsim.lineage.scripts import checkpoint_merger, comfyui, sd_mecha
from lib_modelsim.lineage.scripts.program import CannotRepeat, MergeFiles
from lib_modelsim.lineage.scripts.registry import programs
from lib_modelsim.lineage.scripts.tables import beginnings

UNET, TEXT, VAE = "model.diffusion_model.", "cond_stage_model.transformer.text_model.", "first_stage_model."
BLOCKS = {
    f"{TEXT}encoder.layers.0.mlp.fc1.weight": "BASE",
    f"{UNET}time_embed.0.weight": "IN00",
    **{f"{UNET}input_blocks.{i}.0.weight": f"IN{i:02}" for i in range(12)},
    f"{UNET}middle_block.1.weight": "M00",
    **{f"{UNET}output_blocks.{i}.0.weight": f"OUT{i:02}" for i in range(12)},
    f"{UNET}out.2.weight": "OUT11",
    f"{VAE}decoder.conv_in.weight": "VAE",
}
COMPONENTS = {key: "unet" if key.startswith(UNET) else "te" if key.startswith(TEXT) else "vae" for key in BLOCKS}
FILES = MergeFiles({n: Path("models") / f"{n}.safetensors" for n in ("a", "b", "c")}, "F16", BLOCKS, COMPONENTS)
MERGED, OF_A = ComponentOrigin("merged"), ComponentOrigin("same", "a")


def recipe(kind, method=None, **shares):
    held = zip(shares.items(), "ABC", strict=False)
    parents = tuple(ParentShare(name, share, role=role) for (name, share), role in held)
    return Recipe("mix", "SD 1.x", kind, method, parents, sure=True)


SUM = recipe("weighted sum", a=0.6, b=0.4)
WITH_VAE = {"unet": MERGED, "te": MERGED, "vae": ComponentOrigin("same", "c")}
DIFFERENCE = recipe("add-difference", a=1.0, b=0.5, c=-0.5)


def by_block():
    """IN 0.8/0.2, M 0.5/0.5, OUT 0.4/0.6, text encoder and VAE of a."""
    share = {"BASE": 1.0, "IN": 0.8, "M0": 0.5, "OU": 0.4, "VA": 1.0}
    blocks = {block: share.get(block[:2], share.get(block, 0)) for block in dict.fromkeys(BLOCKS.values())}
    blocks = {block: {"a": s, "b": 1 - s} for block, s in blocks.items()}
    components = {"unet": MERGED, "te": OF_A, "vae": OF_A}
    return replace(recipe("block-weighted", a=0.6, b=0.4), blocks=blocks, components=components)


def fields(found, files=FILES):
    return dict(line.split(": ", 1) for line in checkpoint_merger.write(found, files).splitlines()[1:])


def test_the_checkpoint_mergers_fields():
    assert fields(SUM) == {
        "Primary model (A)": "a.safetensors",
        "Secondary model (B)": "b.safetensors",
        "Interpolation Method": "Weighted sum",
        "Multiplier (M)": "0.4",
        "Save as float16": "on",
    }
    assert fields(replace(SUM, components=WITH_VAE))["Bake in VAE"].startswith("the VAE of c")
    found = fields(DIFFERENCE, replace(FILES, dtype="F32"))
    assert found["Tertiary model (C)"] == "c.safetensors"
    assert (found["Interpolation Method"], found["Multiplier (M)"]) == ("Add difference", "0.5")
    assert found["Save as float16"] == "off"
    assert fields(recipe("cast", a=1.0))["Interpolation Method"] == "No interpolation"


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (recipe("triple sum", a=0.5, b=0.3, c=0.2), "it has no such method"),
        (recipe("weighted sum", a=1.5, b=-0.5), "a multiplier from 0 to 1, and this has -0.50"),
        (by_block(), "takes no text encoder from another model"),
        (replace(SUM, lora=(BakedLora(8, "style", 0.7),)), "bakes in no LoRA"),
    ],
)
def test_what_the_checkpoint_merger_cannot(found, why):
    with pytest.raises(CannotRepeat, match=why):
        checkpoint_merger.write(found, FILES)


@pytest.mark.parametrize("program", programs(), ids=lambda program: program.short)
@pytest.mark.parametrize(
    ("found", "why"),
    [
        (replace(SUM, missing=MissingParent(0.3, "")), "a parent that is not here"),
        (replace(SUM, trained_after=0.02), "was trained"),
        (recipe("unknown"), "is not known"),
        (recipe("unrelated", a=1.0), "is not known"),
        (recipe("dare", a=0.5, b=0.5), "by chance"),
        (recipe("copy", a=1.0), "a copy of a"),
        (replace(recipe("adjust", a=1.0), keys=("out.0.weight",)), "changed apart"),
        (replace(SUM, components={"vae": ComponentOrigin("unknown")}), "where the VAE of mix is from is not known"),
        (recipe("smooth-add", a=None, b=None, c=None), "no such method"),
    ],
)
def test_what_no_script_repeats(program, found, why):
    with pytest.raises(CannotRepeat, match=why):
        program.write(found, FILES)


@pytest.mark.parametrize("program", programs(), ids=lambda program: program.short)
def test_a_doubt_is_said_first(program):
    text = program.write(replace(SUM, sure=False, components={"vae": OF_A}), FILES)
    assert "NOT PROVEN" in "\n".join(text.splitlines()[:9])
    assert "NOT PROVEN" not in program.write(replace(SUM, components={"vae": OF_A}), FILES)


@pytest.mark.parametrize("name", ['b" + (1)', "b\\", "b'\n#", "ｂ\u202e", "b\udcff"])
def test_file_names_are_escaped(name, tmp_path):
    files = replace(FILES, paths={"a": Path("a.safetensors"), name: Path("models") / f"{name}.safetensors"})
    found = replace(SUM, target=name, parents=(ParentShare("a", 0.6), ParentShare(name, 0.4)))
    text = sd_mecha.write(found, files)
    assert text.isascii() or all(line.startswith("# ") for line in text.splitlines() if not line.isascii())
    strings = {node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)}
    assert str(files.paths[name]) in strings
    compile(text, "script", "exec")
    assert len(checkpoint_merger.write(found, files).splitlines()) == 6
    nodes = json.loads(comfyui.write(replace(found, components={"vae": OF_A}), files))
    assert nodes["1"]["inputs"]["ckpt_name"] == "a.safetensors"
    assert not {"/", "\\", '"'} & set(programs()[0].file_name(name))


# ComfyUI's graphs, run on arrays


def run(graph, models):
    """What the graph saves, and what its nodes are called."""
    made = {}
    for key, node in graph.items():
        given = node["inputs"]
        value = {name: made[v[0]][v[1]] for name, v in given.items() if isinstance(v, list)}
        match node["class_type"]:
            case "CheckpointLoaderSimple":
                weights = models[given["ckpt_name"].removesuffix(".safetensors")]
                made[key] = [{k: v for k, v in weights.items() if k.startswith(part)} for part in (UNET, TEXT, VAE)]
            case "ModelMergeSimple" | "CLIPMergeSimple" as kind:
                first, second = (value[f"{'model' if kind.startswith('Model') else 'clip'}{i}"] for i in (1, 2))
                made[key] = [{k: given["ratio"] * v + (1 - given["ratio"]) * second[k] for k, v in first.items()}]
            case "ModelMergeSD1":
                ratios = {name: v for name, v in given.items() if not isinstance(v, list)}
                made[key] = [{k: blended(k, v, value["model2"][k], ratios) for k, v in value["model1"].items()}]
            case "ModelMergeSubtract" | "CLIPSubtract" as kind:
                first, second = (value[f"{'model' if kind.startswith('Model') else 'clip'}{i}"] for i in (1, 2))
                made[key] = [{k: given["multiplier"] * (v - second[k]) for k, v in first.items()}]
            case "ModelMergeAdd" | "CLIPAdd" as kind:
                first, second = (value[f"{'model' if kind.startswith('Model') else 'clip'}{i}"] for i in (1, 2))
                made[key] = [{k: v + second[k] for k, v in first.items()}]
            case "CheckpointSave":
                return value["model"] | value["clip"] | value["vae"]
            case other:
                raise AssertionError(other)
    return None


def blended(key, first, second, ratios):
    ratio, inner = next(iter(ratios.values())), key.removeprefix(UNET)
    for begin, number in ratios.items():
        ratio = number if inner.startswith(begin) else ratio
    return ratio * first + (1 - ratio) * second


@pytest.fixture(scope="module")
def models():
    random = np.random.default_rng(1)
    return {name: {key: random.normal(size=4) for key in BLOCKS} for name in "abc"}


def wanted(models, found, whole=None):
    """The numbers of a linear recipe; `whole`: component → model."""
    made = {}
    for key, block in BLOCKS.items():
        held = found.blocks.get(block) or {parent.model: parent.share for parent in found.parents}
        held = {(whole or {})[COMPONENTS[key]]: 1.0} if COMPONENTS[key] in (whole or {}) else held
        made[key] = sum(share * models[name][key] for name, share in held.items())
    return made


@pytest.mark.parametrize(
    ("found", "whole"),
    [
        (replace(SUM, components={"unet": MERGED, "te": MERGED, "vae": OF_A}), {"vae": "a"}),
        (replace(SUM, components=WITH_VAE), {"vae": "c"}),
        (replace(recipe("triple sum", a=0.5, b=0.3, c=0.2), components={"vae": OF_A}), {"vae": "a"}),
        (replace(DIFFERENCE, components={"vae": OF_A}), {"vae": "a"}),
        (by_block(), {"vae": "a", "te": "a"}),
    ],
    ids=["sum", "another VAE", "three", "difference", "by block"],
)
def test_comfyui_makes_these_numbers(found, whole, models):
    graph = json.loads(comfyui.write(found, FILES))
    made, right = run(graph, models), wanted(models, found, whole)
    assert made.keys() == right.keys()
    for key, value in right.items():
        np.testing.assert_allclose(made[key], value, rtol=1e-3, err_msg=key)


def test_comfyui_bakes_in_a_lora():
    found = replace(recipe("lora", a=1.0), lora=(BakedLora(8, "style", 0.7),))
    files = replace(FILES, paths={**FILES.paths, "style": Path("loras/style.safetensors")})
    (node,) = [n for n in json.loads(comfyui.write(found, files)).values() if n["class_type"] == "LoraLoader"]
    assert (node["inputs"]["lora_name"], node["inputs"]["strength_model"]) == ("style.safetensors", 0.7)
    unknown = replace(found, lora=(BakedLora(8),))
    with pytest.raises(CannotRepeat, match="none of those here"):
        comfyui.write(unknown, files)


def test_what_comfyui_cannot():
    for found, why in (
        (replace(SUM, components={"unet": MERGED, "vae": MERGED}), "merge no VAE"),
        (recipe("slerp", FoundMethod("slerp", {"alpha": 0.3}), a=0.7, b=0.3), "no such method"),
        (recipe("weighted sum", a=1.5, b=-0.5), "a ratio from 0 to 1"),
    ):
        with pytest.raises(CannotRepeat, match=why):
            comfyui.write(found, FILES)


# sd-mecha's scripts; tests/lineage/scripts/test_sd_mecha.py runs them


def test_sd_mechas_calls():
    assert "recipe = sd_mecha.weighted_sum(m1, m2, alpha=0.4000)" in sd_mecha.write(SUM, FILES)
    assert "recipe = sd_mecha.add_difference(m1, m2, m3, alpha=0.5000)" in sd_mecha.write(DIFFERENCE, FILES)
    slerp = recipe("slerp", FoundMethod("slerp", {"alpha": 0.3}), a=None, b=None)
    assert "recipe = sd_mecha.slerp(m1, m2, alpha=0.3000)" in sd_mecha.write(slerp, FILES)
    assert "by_name(m1, m2)" in sd_mecha.write(by_block(), FILES)
    with pytest.raises(CannotRepeat, match=r"reads \.safetensors files alone"):
        sd_mecha.write(SUM, replace(FILES, paths={"a": Path("a.ckpt"), "b": Path("b.safetensors")}))


def test_a_table_of_beginnings_says_the_same_as_all_names():
    rows = {key: (0.8, 0.2) if block.startswith("IN") else (0.4, 0.6) for key, block in BLOCKS.items()}
    rows |= {"x.1.w": (1.0, 0.0), "x.10.w": (0.5, 0.5), "x.1": (0.5, 0.5), "x.1.w.y": (0.0, 1.0)}
    table = beginnings(rows)
    assert len(table) < 30
    for key, row in rows.items():
        assert table[max((begin for begin in table if key.startswith(begin)), key=len)] == row
