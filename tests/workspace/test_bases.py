"""What stands in for a base, and what is left out because it is the base."""

from __future__ import annotations

import os

import numpy as np
import pytest

from lib_modelsim import demo
from lib_modelsim.checkpoints.files import file_key
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.similarity.base import MEAN, Base
from lib_modelsim.similarity.measures.bounds import CLOSE
from lib_modelsim.workspace.comparing.compare import compare
from lib_modelsim.workspace.comparing.relatives import relatives
from lib_modelsim.workspace.comparing.verdicts import NONE
from lib_modelsim.workspace.families.classify import FamilyRequest, classify
from lib_modelsim.workspace.families.family import Trust
from lib_modelsim.workspace.families.report_page import how_computed
from lib_modelsim.workspace.families.results import Result

from ..command import run

SHAPES = demo.sd1_shapes(8)


def deltas(folder, base):
    with Library(None) as library:
        return compare([folder], "delta-cosine", base, library, Job(), "cpu")


def test_the_base_in_another_precision_is_told_and_left_out(tmp_path):
    base, change = demo.draw(SHAPES, 0), demo.draw(SHAPES, 1)
    tuned = {key: value + np.float32(0.1) * change[key] for key, value in base.items()}
    demo.save(tmp_path / "base.safetensors", base, "float16")
    demo.save(tmp_path / "base-fp32.safetensors", base, "float32")
    demo.save(tmp_path / "tuned.safetensors", tuned, "float16")
    demo.save(tmp_path / "tuned-fp32.safetensors", tuned, "float32")
    found = deltas(tmp_path, "base.safetensors")
    position = {name: i for i, name in enumerate(found.matrix.models)}
    assert np.isnan(found.matrix.overall[position["base-fp32"]]).all()
    assert found.matrix.overall[position["tuned"], position["tuned-fp32"]] > 0.999
    assert [(r.a, r.reason) for r in found.reasons] == [
        ("base-fp32", "no farther from base than rounding to another precision puts it: there is no change to compare")
    ]


def test_an_architecture_that_the_base_is_none_of_says_what_it_was_taken_from(tmp_path):
    for i in range(2):
        demo.save(tmp_path / f"one{i}.safetensors", demo.draw(SHAPES, i), "float16")
    for i in range(4):
        demo.save(tmp_path / f"xl{i}.safetensors", demo.draw(demo.sdxl_shapes(8), i), "float16")
    found = deltas(tmp_path, "one0")
    told = [reason.reason for reason in found.reasons if reason.a == reason.b == "xl0"]
    assert told == ["the base is not SDXL: its 4 models are compared from their mean"]


def test_a_folder_whose_older_files_change_is_another_one(tmp_path):
    folder = tmp_path / "model"
    (folder / "vae").mkdir(parents=True)
    (folder / "model_index.json").write_text("{}")
    weights = folder / "vae" / "weights.safetensors"
    weights.write_bytes(b"one")
    os.utime(weights, ns=(1, 1))
    before = file_key(folder)
    weights.write_bytes(b"two")
    os.utime(weights, ns=(2, 2))
    assert file_key(folder) != before
    assert file_key(folder) == file_key(folder)


# a model may be called "mean"


@pytest.fixture(scope="module")
def with_mean(tmp_path_factory):
    """Four fine-tunes and the model that they come from, which is called "mean"."""
    folder = tmp_path_factory.mktemp("called mean")
    shapes = demo.sd1_shapes(4, 16, 1)
    base = demo.draw(shapes, 0)
    demo.save(folder / "mean.safetensors", base)
    first = demo.train(base, seed=1, size=0.1)
    demo.save(folder / "a.safetensors", first)
    demo.save(folder / "b.safetensors", demo.train(first, seed=2, size=0.02))
    for i in (3, 4):
        demo.save(folder / f"c{i}.safetensors", demo.train(base, seed=i, size=0.1))
    return folder


def classified(folder, base):
    with Library(None) as library:
        return classify([folder], FamilyRequest("delta-cosine", base), library, Job(), "cpu")


def test_a_checkpoint_called_mean_is_the_base_when_it_is_named(with_mean):
    family = classified(with_mean, "mean.safetensors").families[0]
    assert family.base == Base("mean")
    assert "mean" not in family.features.models
    result = Result(family, Trust(1.0, np.full(int(family.classes.max()), np.nan)))
    assert dict(how_computed(result))["base"] == "mean"


def test_a_number_from_a_checkpoint_called_mean_has_a_verdict(with_mean):
    comparison = deltas(with_mean, "mean")
    nearest = relatives(comparison, {}, "a")[0]
    assert nearest.name == "b"
    assert nearest.verdict.text != NONE


def test_the_mean_is_not_the_checkpoint_called_mean(with_mean):
    comparison = deltas(with_mean, None)
    assert comparison.base == MEAN
    assert not np.isnan(comparison.matrix.overall[comparison.matrix.models.index("mean")]).any()
    assert "mean" in [relative.name for relative in relatives(comparison, {}, "a")]
    said = relatives(comparison, {}, "a")[0].verdict
    assert "not a real base" in said.why
    assert said.text == CLOSE, "by the size of the difference, which a mean does not change"


def test_the_command_line_tells_the_mean_from_a_checkpoint_called_mean(with_mean, tmp_path):
    named = run("classify", with_mean, "--base", "mean.safetensors", "--out", tmp_path, "--no-library", "--json")
    assert [tree["base"] for tree in named.document["trees"]] == ["mean"]
    assert {row["model"] for row in named.document["classes"]} == {"a", "b", "c3", "c4"}
    by_mean = run("compare", with_mean, "--measure", "delta-cosine", "--no-library", "--json")
    assert by_mean.document["base"] == "mean of the models"
    by_model = run("compare", with_mean, "--measure", "delta-cosine", "--base", "mean", "--no-library", "--json")
    assert by_model.document["base"] == "mean"
    assert by_model.document["values"] != by_mean.document["values"]
