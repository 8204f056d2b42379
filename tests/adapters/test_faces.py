"""What commands and page say of adapters."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lib_modelsim.cli.text import _number
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.workspace.catalogue.index import read_index
from lib_modelsim.workspace.comparing.by_choice import compare_by_choice
from lib_modelsim.workspace.comparing.detail import detail
from lib_modelsim.workspace.comparing.relatives import relatives
from lib_modelsim.workspace.families.classify import families_of
from lib_modelsim.workspace.families.family import TreeOptions

from ..command import run
from . import building

MODULES = building.sd1_modules()
TRAINER = {
    "ss_sd_model_name": "animefull.safetensors",
    "ss_tag_frequency": json.dumps({"1_set": {"smile": 7, "hat": 9}}),
    "modelspec.trigger_phrase": "abc hat",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("loras")
    factors = building.random_factors(MODULES, seed=1)
    steps = building.random_factors(MODULES, seed=8)
    later = {name: (up + 0.2 * steps[name][0], down) for name, (up, down) in factors.items()}
    building.write(folder / "step1.safetensors", building.kohya(factors, alpha=4), TRAINER)
    building.write(folder / "step2.safetensors", building.kohya(later, alpha=4))
    building.write(folder / "other.safetensors", building.peft(building.random_factors(MODULES, seed=2)))
    building.write(folder / "third.safetensors", building.kohya(building.random_factors(MODULES, seed=3)))
    return folder


@pytest.fixture(scope="module")
def compared(folder):
    library = Library(None)
    return compare_by_choice(read_index([folder], library, Job()), None, None, library, Job()), library


def test_scan_says_what_an_adapter_is(folder):
    found = run("scan", "--no-library", "--json", folder).document
    row = next(row for row in found["checkpoints"] if row["name"] == "step1")
    assert row["architecture"] == "SD 1.x LoRA"
    assert row["adapter"]["type"] == "LoRA"
    assert row["adapter"]["network"] == "SD 1.x"
    assert row["adapter"]["ranks"] == [4]
    assert row["adapter"]["alphas"] == [4]
    assert row["adapter"]["layers"] == len(MODULES)
    assert row["adapter"]["blocks"] == ["IN01", "IN02", "IN04", "IN05", "IN07", "IN08", "M00"]
    assert row["origin"]["base"] == "animefull.safetensors"
    text = run("scan", "--no-library", folder).out
    assert "SD 1.x LoRA (rank 4)" in text
    said = "says of itself: trained from animefull.safetensors; to be called by abc hat; its commonest tags hat, smile"
    assert f"note: step1: {said}" in text


def test_compare_chooses_the_cosine_of_the_changes(folder):
    found = run("compare", "--no-library", "--json", folder).document
    place = {name: i for i, name in enumerate(found["models"])}
    assert found["measure"] == "change-cosine"
    assert found["overall"][place["step1"]][place["step2"]] > 0.95
    assert abs(found["overall"][place["step1"]][place["other"]]) < 0.05


@pytest.mark.parametrize("measure", ["delta-cosine", "sampled-delta-cosine", "sampled-relative-l2", "cosine", "l2"])
def test_other_measures_are_of_the_changes_too(folder, measure):
    found = run("compare", "--no-library", "--json", "--measure", measure, folder).document
    place = {name: i for i, name in enumerate(found["models"])}
    near, far = (found["overall"][place["step1"]][place[name]] for name in ("step2", "other"))
    assert near < far if "l2" in measure else near > 0.9 > 0.1 > abs(far)


@pytest.mark.parametrize("measure", ["asimilarity", "l1", "equal"])
def test_a_measure_that_makes_no_sense_is_refused_with_a_sentence(folder, measure):
    found = run("compare", "--no-library", "--json", "--measure", measure, folder).document
    assert all(value is None for row in found["overall"] for value in row)
    assert found["reasons"][0]["reason"] == f"{measure} does not read adapters; use change-cosine"


def test_classify_draws_a_tree(folder, tmp_path):
    found = run("classify", "--no-library", "--json", "--out", tmp_path, folder).document
    classes = {row["model"]: row["class"] for row in found["classes"]}
    assert classes["step1"] == classes["step2"]
    alone = {row["model"] for row in found["classes"] if row["stranger"]}
    assert alone == {"other", "third"}
    assert len({classes["step1"], classes["other"], classes["third"]}) == 3
    assert (tmp_path / "tree.nwk").is_file()


def test_a_reason_that_many_pairs_have_is_told_once(tmp_path):
    """Six adapters, three of which change fewer layers: nine pairs with one reason."""
    few = dict(list(MODULES.items())[:-8])
    for i in range(3):
        building.write(tmp_path / f"a{i}.safetensors", building.kohya(building.random_factors(few, seed=i)))
        building.write(tmp_path / f"b{i}.safetensors", building.kohya(building.random_factors(MODULES, seed=9 + i)))
    lines = run("classify", "--no-library", "--out", tmp_path / "out", tmp_path).out.splitlines()
    told = [line for line in lines if "layers in both" in line]
    assert len(told) == 1
    assert told[0].startswith("  note: a0 and b0, and 8 more pairs: covers ")


def test_a_relative_is_told_with_a_verdict(compared):
    comparison, _ = compared
    found = {relative.name: relative for relative in relatives(comparison, {}, "step1")}
    assert next(iter(found)) == "step2"
    assert found["step2"].verdict.text == "nearly the same change (steps of one training, or another rank)"
    assert found["other"].verdict.text == "unrelated: trained apart"


def test_a_pair_in_detail_has_its_layers(compared):
    comparison, library = compared
    found = detail(comparison, ("step1", "step2"), library, Job())
    assert found.differing == len(MODULES)
    assert all(0.1 < key.relative < 0.4 and 0.9 < key.cosine < 1 for key in found.most)
    assert found.most[0].key.startswith("model.diffusion_model.")


def test_elements_are_the_layers(folder):
    pair = [folder / "step1.safetensors", folder / "other.safetensors"]
    found = run("compare", "--no-library", "--json", "--elements", *pair).document["elements"]
    assert len(found) == len(MODULES)
    assert all(abs(element["value"]) < 0.5 for element in found)


def test_a_histogram_of_adapters_is_refused(folder, tmp_path):
    pair = [folder / "step1.safetensors", folder / "other.safetensors"]
    found = run("compare", "--no-library", "--histogram", tmp_path / "h.svg", *pair)
    assert found.code == 2
    assert "--histogram reads checkpoints, not adapters" in found.err


def test_a_folder_of_both_compares_each_kind_by_its_own_measure(folder, small_family):
    found = run("compare", "--no-library", "--json", folder, small_family).document
    place = {name: i for i, name in enumerate(found["models"])}
    assert found["measures"]["SD 1.x LoRA"] == "change-cosine"
    assert found["overall"][place["step1"]][place["step2"]] > 0.95
    assert found["overall"][place["base"]][place["step1"]] is None


def test_pairs_of_different_networks_are_one_note(folder, small_family):
    lines = run("compare", "--no-library", folder, small_family).out.splitlines()
    assert [line for line in lines if "different networks" in line] == [
        "note: 20 pairs are of different networks, which are never compared"
    ]


def test_a_cosine_below_what_four_decimals_show_is_none(folder):
    assert not any("e-" in line.split()[0] for line in run("compare", "--no-library", folder).out.splitlines()[1:])
    assert _number(-4e-6, bounded=True) == "0.0000"
    assert _number(4e-6) == "4e-06"


def test_beside_another_network_a_family_has_the_blocks_of_its_own(folder, small_family):
    library = Library(None)
    both = compare_by_choice(read_index([folder, small_family], library, Job()), None, None, library, Job())
    families = {family.architecture: family for family in families_of(both, TreeOptions())}
    blocks = {column.rsplit("/", 1)[1] for column in families["SD 1.x LoRA"].features.columns}
    assert blocks == {"IN01", "IN02", "IN04", "IN05", "IN07", "IN08", "M00"}
    assert {"BASE", "VAE"} < {column.rsplit("/", 1)[1] for column in families["SD 1.x"].features.columns}


def test_numbers_that_are_not_finite_are_left_out_and_told(tmp_path):
    factors = building.random_factors(MODULES, seed=1)
    broken = {name: (up.copy(), down) for name, (up, down) in factors.items()}
    first = next(iter(broken))
    broken[first][0][0, 0] = np.nan
    building.write(tmp_path / "a.safetensors", building.kohya(factors))
    building.write(tmp_path / "b.safetensors", building.kohya(broken))
    found = run("compare", "--no-library", "--json", tmp_path).document
    assert found["overall"][0][1] == pytest.approx(1, abs=0.05)
    assert any("NaN or infinities in model.diffusion_model.input_blocks.1.1" in r["reason"] for r in found["reasons"])
    assert not any(r["reason"].startswith("the same change") for r in found["reasons"])
