"""A base that name and place make likely is taken where a mean would stand in, and is said."""

from __future__ import annotations

import shutil

import pytest

from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.workspace.catalogue.index import read_index
from lib_modelsim.workspace.comparing.likely import likely_model
from lib_modelsim.workspace.families.classify import FamilyRequest, classify


def families(folder, **wanted):
    with Library(None) as library:
        return classify([folder], FamilyRequest("delta-cosine", **wanted), library, Job(), "cpu")


def classes(family):
    found = {}
    for model, number in zip(family.features.models, family.classes.tolist(), strict=True):
        found.setdefault(number, set()).add(model)
    return list(found.values())


def test_the_base_of_the_small_family_is_taken_and_said(small_family):
    found = families(small_family)
    note = "base: base (its name says so, and it is in the middle of all the others); choose another with --base"
    assert (found.base, found.notes) == ("base", [note])
    assert found.families[0].strangers == ("bert", "stranger")


def test_a_name_alone_is_not_taken(small_family, tmp_path):
    models = shutil.copytree(small_family, tmp_path / "models")
    (models / "base.safetensors").rename(models / "first.safetensors")
    (models / "carl.safetensors").rename(models / "carl_base.safetensors")
    found = families(models)
    assert found.base is None
    assert "the mean of its models is used instead" in found.notes[0]
    assert families(models, base="carl").base == "carl_base"


def test_a_missing_base_is_not_guessed(small_family, tmp_path):
    models = shutil.copytree(small_family, tmp_path / "models")
    (models / "base.safetensors").unlink()
    assert families(models).base is None


@pytest.fixture(scope="module")
def of_the_demonstration(demo_family):
    return families(demo_family)


def test_the_true_families_of_the_demonstration_come_out(of_the_demonstration):
    """Its base is found by name and place, not its float32 twin; its own twins are told, not drawn."""
    found = of_the_demonstration
    assert found.base == "harborlight-base_v1"
    family = next(each for each in found.families if each.architecture == "SD 1.x")
    assert sorted(sorted(each) for each in classes(family)) == [
        ["chimera-blockmix_v1"],
        ["granite-fantasy_v4"],
        ["inkwell-neon_v1", "inkwell_v2.1", "inkwell_v2.1 (1)", "inkwell_v2.1-clearvae", "tidepool-mix_v1"],
        ["neon-tide_v1", "tidewater-sepia_v1", "tidewater_v3", "tidewater_v3-diffusers"],
        ["pastel-dots-soft_v1", "pastel-dots_v1"],
    ]
    assert "granite-fantasy_v4" in family.strangers
    assert [(merge.model, set(merge.parents)) for merge in family.merges] == [
        ("chimera-blockmix_v1", {"inkwell_v2.1", "tidewater_v3"}),
        ("pastel-dots-soft_v1", {"harborlight-base_v1", "pastel-dots_v1"}),
        ("tidepool-mix_v1", {"inkwell_v2.1", "tidewater_v3"}),
    ]


def test_one_copy_more_changes_nothing(demo_family, of_the_demonstration, tmp_path):
    copied = shutil.copytree(demo_family, tmp_path / "family")
    shutil.copyfile(copied / "tidepool-mix_v1.safetensors", copied / "tidepool-mix_v1 (1).safetensors")
    before, after = (
        next(each for each in found.families if each.architecture == "SD 1.x")
        for found in (of_the_demonstration, families(copied))
    )
    assert [each - {"tidepool-mix_v1 (1)"} for each in classes(after)] == classes(before)
    assert len(after.features.models) == len(before.features.models) + 1


def test_the_base_of_the_trained_family(trained_family):
    with Library(None) as library:
        models = read_index([trained_family], library, Job()).models
        found = likely_model(models, "delta-cosine", library, Job(), "cpu")
    assert found.model.name == "mini-base"
