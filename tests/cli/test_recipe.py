"""`recipe` on the command line: what is asked of what, and what is said where that cannot be."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from lib_modelsim import demo
from tests.command import run

KEYS = {
    *("target", "network", "kind", "method", "parents", "blocks", "components", "residual", "missing"),
    *("trained_after", "lora", "claimed", "agrees", "coverage", "parameters", "sure", "base", "keys", "remarks"),
}


@pytest.fixture(scope="module")
def family(tmp_path_factory):
    """`base`, its fine-tunes `anna` and `bert`, `mix` = 0.7 anna + 0.3 bert."""
    folder = tmp_path_factory.mktemp("a family") / "models"
    folder.mkdir()
    base = demo.draw(demo.sd1_shapes(8, 16, 1), seed=1)
    anna, bert = (demo.train(base, seed=seed, size=0.1) for seed in (2, 3))
    mix = {key: np.float32(0.7) * anna[key] + np.float32(0.3) * bert[key] for key in anna}
    for name, weights in {"base": base, "anna": anna, "bert": bert, "mix": mix}.items():
        demo.save(folder / f"{name}.safetensors", weights)
    return folder


@pytest.fixture
def library(tmp_path):
    return tmp_path / "library.sqlite"


def shares(document):
    return {parent["model"]: round(parent["share"], 2) for parent in document["parents"]}


def test_a_merge_and_the_folder_of_its_parents(family, library):
    told = run("recipe", family / "mix.safetensors", family, "--json", "--library", library)
    assert told.code == 0, told.err
    document = told.document
    assert document.keys() >= KEYS
    assert shares(document) == {"anna": 0.7, "bert": 0.3}
    assert document["kind"] == "weighted sum"
    assert document["errors"] == []


def test_the_sentence_comes_first(family, library):
    told = run("recipe", family / "mix.safetensors", family, "--library", library)
    assert told.out.startswith("mix = 0.70 anna + 0.30 bert")


def test_parents_and_base_as_files(family, library):
    at = {name: family / f"{name}.safetensors" for name in ("mix", "anna", "bert", "base")}
    told = run("recipe", at["mix"], "--parents", at["anna"], at["bert"], "--base", at["base"], "--json",
               "--library", library)  # fmt: skip
    assert told.code == 0, told.err
    assert shares(told.document) == {"anna": 0.7, "bert": 0.3}
    assert told.document["base"] == "base"


def test_target_parents_and_base_by_name_from_what_the_library_knows(family, library):
    assert run("scan", family, "--quick", "--library", library).code == 0
    told = run("recipe", "mix", "--parents", "anna", "bert", "--base", "base", "--json", "--library", library)
    assert told.code == 0, told.err
    assert shares(told.document) == {"anna": 0.7, "bert": 0.3}


def test_a_target_by_name_among_the_paths(family, library):
    assert shares(run("recipe", "MIX", family, "--json", "--library", library).document) == {"anna": 0.7, "bert": 0.3}


def test_library_alone_is_all_that_it_knows_and_that_is_still_there(family, tmp_path, library):
    folder = shutil.copytree(family, tmp_path / "models")
    assert run("scan", folder, "--quick", "--library", library).code == 0
    told = run("recipe", folder / "mix.safetensors", "--library", library, "--library", "--json")
    assert shares(told.document) == {"anna": 0.7, "bert": 0.3}
    (folder / "base.safetensors").unlink()
    told = run("recipe", folder / "mix.safetensors", "--json", "--library", library, "--library")
    assert shares(told.document) == {"anna": 0.7, "bert": 0.3}


def test_library_as_a_folder_holds_candidates(family, library):
    told = run("recipe", family / "mix.safetensors", "--library", family, "--json")
    assert shares(told.document) == {"anna": 0.7, "bert": 0.3}


def test_all_recipes_and_a_file_that_is_damaged(family, tmp_path, library):
    folder = shutil.copytree(family, tmp_path / "models")
    (folder / "page.safetensors").write_bytes(b"<!DOCTYPE html>" * 20)
    told = run("recipe", "--all", folder, "--json", "--library", library)
    assert told.code == 0, told.err
    found = {each["target"]: each for each in told.document["recipes"]}
    assert found.keys() == {"anna", "base", "bert", "mix"}
    assert [error["path"].rpartition("/")[2] for error in told.document["errors"]] == ["page.safetensors"]


def test_a_parent_is_not_surely_made_from_its_child(family, library):
    """anna = 1.43 mix − 0.43 bert is as true as mix = 0.7 anna + 0.3 bert."""
    told = run("recipe", "--all", family, "--base", "base", "--json", "--library", library)
    found = {each["target"]: each for each in told.document["recipes"]}
    assert {name for name, each in found.items() if each["sure"]} == {"mix"}
    (remark,) = [remark for remark in found["anna"]["remarks"] if "numbers do not tell which" in remark]
    assert "mix = 0.70 anna + 0.30 bert" in remark
    assert "as well could it be anna = 1.43 mix − 0.43 bert" in remark
    assert found["anna"]["told"].startswith("anna was perhaps trained from base")


def test_all_recipes_of_a_mixed_folder(family, tmp_path, library):
    folder = shutil.copytree(family, tmp_path / "models")
    demo.save(folder / "large.safetensors", demo.draw(demo.sdxl_shapes(4, 16, (1, 1)), seed=1))
    told = run("recipe", "--all", folder, "--json", "--library", library)
    assert len(told.document["recipes"]) == 4
    (error,) = told.document["errors"]
    assert "there is no other checkpoint of its network (SDXL)" in error["error"]


def test_blocks_of_a_program_that_counts_them_otherwise(family, tmp_path, library):
    """sd-mecha gives time_embed the share of BASE."""
    anna, bert = (load(family / f"{name}.safetensors") for name in ("anna", "bert"))
    shares = {"model.diffusion_model.input_blocks": 0.8, "model.diffusion_model.out": 0.3, "": 0.5}
    share = {key: next(s for begin, s in shares.items() if key.startswith(begin)) for key in anna}
    demo.save(tmp_path / "mix.safetensors", {k: share[k] * v + (1 - share[k]) * bert[k] for k, v in anna.items()})
    found = run("recipe", tmp_path / "mix.safetensors", family, "--exclude", "models/mix", "--json",
                "--library", library).document  # fmt: skip
    assert (found["kind"], found["sure"]) == ("block-weighted", True)
    blocks = {block: round(held["anna"], 2) for block, held in found["blocks"].items()}
    assert {block: blocks[block] for block in ("BASE", "IN01", "M00", "OUT05")} == {
        "BASE": 0.5, "IN01": 0.8, "M00": 0.5, "OUT05": 0.3,
    }  # fmt: skip
    assert sorted((blocks["IN00"], *(s for b, s in blocks.items() if b.startswith("IN00 ")))) == [0.5, 0.8]


def load(file):
    from safetensors.numpy import load_file

    return {key: values.astype(np.float32) for key, values in load_file(file).items()}


def test_a_merge_that_was_computed_in_float16_beside_another_of_the_same_two(family, tmp_path, library):
    """As A1111's merger computes where its files are float16; a model on the line between the two is no parent."""
    anna, bert = ({k: v.astype(np.float16) for k, v in load(family / f"{name}.safetensors").items()}
                  for name in ("anna", "bert"))  # fmt: skip
    half = {key: np.float16(0.65) * value + np.float16(0.35) * bert[key] for key, value in anna.items()}
    demo.save(tmp_path / "half.safetensors", half)
    found = run("recipe", tmp_path / "half.safetensors", family, "--json", "--library", library).document
    assert shares(found) == {"anna": 0.65, "bert": 0.35}
    assert found["kind"] == "weighted sum"


def one_line(told):
    """The error's only line; nothing else was said."""
    assert (told.code, told.out) == (2, "")
    (line,) = told.err.splitlines()
    assert line.startswith("modelsim: ")
    return line


def test_nothing_to_be_made_from(family, tmp_path, library):
    alone = shutil.copy(family / "mix.safetensors", tmp_path)
    for paths in ([alone], [alone, alone], [alone, tmp_path]):
        assert "there is no other checkpoint of its network (SD 1.x)" in one_line(
            run("recipe", *paths, "--library", library)
        )


def test_candidates_of_another_network_only(family, tmp_path, library):
    alone = shutil.copy(family / "mix.safetensors", tmp_path)
    demo.save(tmp_path / "large.safetensors", demo.draw(demo.sdxl_shapes(4, 16, (1, 1)), seed=1))
    line = one_line(run("recipe", alone, tmp_path, "--library", library))
    assert "the other files here are 1 × SDXL" in line


def test_an_adapter_is_no_checkpoint(family, tmp_path, library):
    up, down = np.ones((8, 2), np.float32), np.ones((2, 8), np.float32)
    name = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q"
    demo.save(tmp_path / "style.safetensors", {f"{name}.lora_up.weight": up, f"{name}.lora_down.weight": down})
    line = one_line(run("recipe", tmp_path / "style.safetensors", family, "--library", library))
    assert "this is an adapter: style (" in line
    assert "baked style.safetensors PATH" in line


def test_a_vae_is_no_checkpoint(family, tmp_path, library):
    from lib_modelsim.demo.shapes import vae_shapes

    vae = {key.removeprefix("first_stage_model."): value for key, value in demo.draw(vae_shapes(8), seed=1).items()}
    demo.save(tmp_path / "clear.safetensors", vae)
    line = one_line(run("recipe", tmp_path / "clear.safetensors", family, "--library", library))
    assert "this is a part of one: clear (VAE" in line


def test_what_is_damaged_or_not_there(family, tmp_path, library):
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(b"<!DOCTYPE html>" * 20)
    assert "bad.safetensors" in one_line(run("recipe", bad, family, "--library", library))
    line = one_line(run("recipe", tmp_path / "no.safetensors", family, "--library", library))
    assert "no such file, and no checkpoint of this name" in line
    line = one_line(run("recipe", family / "mix.safetensors", "--parents", "nobody", "--library", library))
    assert "no such file, and no checkpoint of this name: nobody" in line
    line = one_line(run("recipe", family / "mix.safetensors", family, "--base", "nobody", "--library", library))
    assert "nobody" in line
    line = one_line(run("recipe", family, "--library", library))
    assert "the target is a folder" in line
    assert "use --all" in line
    assert "no checkpoint is given" in one_line(run("recipe", "--library", library))


def test_library_that_took_the_checkpoint_behind_it(family):
    line = one_line(run("recipe", "--library", family / "mix.safetensors", family))
    assert "--library takes a folder, or the file that keeps the results" in line


def test_a_base_that_cannot_be_one(family, tmp_path, library):
    target = family / "mix.safetensors"
    assert "the base cannot be the checkpoint itself" in one_line(
        run("recipe", target, family, "--base", "mix", "--library", library)
    )
    large = tmp_path / "large.safetensors"
    demo.save(large, demo.draw(demo.sdxl_shapes(4, 16, (1, 1)), seed=1))
    line = one_line(run("recipe", target, family, "--base", large, "--library", library))
    assert "the base is of another network" in line


def test_ctrl_c_keeps_what_is_finished(family, library, monkeypatch):
    from lib_modelsim.workspace.lineage import lineages

    made = lineages.recipe

    def stopped(target, *others):
        if target.name == "bert":
            raise KeyboardInterrupt
        return made(target, *others)

    monkeypatch.setattr(lineages, "recipe", stopped)
    told = run("recipe", "--all", family, "--json", "--library", library)
    assert told.code == 130
    assert [each["target"] for each in json.loads(told.out)["recipes"]] == ["anna", "base"]


def test_scripts_into_a_folder_and_into_a_file(family, tmp_path, library):
    asked = "recipe", family / "mix.safetensors", family, "--library", library, "--write-script"
    told = run(*asked, tmp_path / "scripts", "--json")
    assert (tmp_path / "scripts" / "mix.checkpoint-merger.txt").is_file()
    assert {each["program"]: each["error"] is None for each in told.document["scripts"]}["sd-mecha"]
    assert run(*asked, tmp_path / "again.py").code == 0
    assert "weighted_sum" in (tmp_path / "again.py").read_text("utf-8")
    assert "no program takes a script with this ending" in one_line(run(*asked, tmp_path / "again.md"))
    told = run("recipe", family / "anna.safetensors", family, "--library", library, "--write-script",
               tmp_path / "no.txt")  # fmt: skip
    assert told.code == 2
    assert told.err == "modelsim: anna was trained, which no script can repeat\n"
    assert not (tmp_path / "no.txt").exists()
