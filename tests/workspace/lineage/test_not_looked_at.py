"""What a recipe says of numbers that nobody could compare, or that only a sample was looked at."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lib_modelsim import demo
from lib_modelsim.cli.main import main
from tests.workspace.lineage.merged_family import half, weighted

SHAPES = demo.sd1_shapes(4, 16, 1)
WEIGHT = "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.ff.net.2.weight"


@pytest.fixture(scope="module")
def models():
    base = half(demo.draw(SHAPES, seed=1))
    return {"base": base, **{n: half(demo.train(base, seed=i, size=0.1)) for i, n in ((2, "anna"), (3, "bert"))}}


@pytest.fixture
def told(models, tmp_path, capsys):
    def of(target, others=models, base=None):
        for name, tensors in {**others, "target": target}.items():
            demo.save(tmp_path / f"{name}.safetensors", tensors)
        named = [] if base is None else ["--base", str(tmp_path / f"{base}.safetensors")]
        paths = [str(tmp_path / "target.safetensors"), str(tmp_path), *named]
        assert main(["recipe", *paths, "--json", "--no-library"]) == 0
        return json.loads(capsys.readouterr().out)

    return of


def with_one(tensors, value):
    changed = {key: each.copy() for key, each in tensors.items()}
    changed[WEIGHT][0, 0] = value
    return changed


def test_a_copy_with_a_nan_is_none_that_is_sure(models, told):
    found = told(with_one(models["anna"], np.nan))
    assert not found["sure"]
    assert 0.99 < found["coverage"] < 1
    assert found["told"] == "target has the same weights as anna in all that was compared."
    assert any("1 NaN" in remark for remark in found["remarks"])


def test_a_merge_with_a_nan_is_none_that_is_sure(models, told):
    found = told(with_one(weighted(models["anna"], models["bert"], lambda key: 0.6), np.nan))
    assert not found["sure"]
    assert [parent["model"] for parent in found["parents"]] == ["anna", "bert"]
    assert any("1 NaN" in remark for remark in found["remarks"])


def test_a_weight_outside_the_sample_that_is_no_merge_is_told(models, told):
    target = weighted(models["anna"], models["bert"], lambda key: 0.6)
    target[WEIGHT] = np.zeros_like(target[WEIGHT])
    found = told(target)
    assert not found["sure"]
    assert any("IN01" in remark for remark in found["remarks"])


def test_zeros_are_made_of_nothing(models, told):
    found = told({key: np.zeros_like(value) for key, value in models["base"].items()})
    assert (found["kind"], found["parents"], found["sure"]) == ("unknown", [], False)
    assert found["remarks"] == ["all of its numbers are 0"]


def without(tensors, start):
    return {key: value for key, value in tensors.items() if not key.startswith(start)}


def test_a_component_that_no_parent_holds_is_not_merged(models, told):
    mixed = weighted(models["anna"], models["bert"], lambda key: 0.6)
    models = {name: without(tensors, "first_stage_model.") for name, tensors in models.items()}
    found = told(mixed, models)
    assert [parent["model"] for parent in sorted(found["parents"], key=lambda one: -one["share"])] == ["anna", "bert"]
    assert found["components"]["vae"]["kind"] == "unknown"
    assert "VAE not explained" in found["told"]
    assert not found["sure"]
    assert found["coverage"] < 1


def test_a_copy_of_a_file_without_a_text_encoder_is_no_training_of_another(models, told):
    found = told(models["anna"], {**models, "anna": without(models["anna"], "cond_stage_model.")})
    assert found["components"]["unet"] == {"from": "anna", "kind": "same"}
    assert found["components"]["te"]["kind"] == "unknown"
    assert not found["sure"]


def test_numbers_mixed_by_chance_are_no_sum_that_misses_blocks(models, told):
    rng = np.random.default_rng(7)
    target = {k: np.where(rng.random(a.shape) < 0.5, a, models["bert"][k]) for k, a in models["anna"].items()}
    found = told(target)
    assert not any("outside the sample" in remark for remark in found["remarks"])


def of_a_stranger(tensors, start):
    other = half(demo.draw(SHAPES, seed=9))
    return {key: other[key] if key.startswith(start) else value for key, value in tensors.items()}


def test_a_vae_that_is_nobodys_is_not_merged(models, told):
    mixed = weighted(models["anna"], models["bert"], lambda key: 0.6)
    found = told(of_a_stranger(mixed, "first_stage_model."))
    assert found["components"]["vae"]["kind"] == "unknown"
    assert "VAE not explained" in found["told"]


def test_a_text_encoder_of_a_model_that_is_not_here_takes_no_parent_away(models, told):
    mixed = weighted(models["anna"], models["bert"], lambda key: 0.6)
    carl = half(demo.train(models["base"], seed=4, size=0.1))
    found = told({k: carl[k] if k.startswith("cond_stage_model.") else value for k, value in mixed.items()})
    assert {p["model"]: round(p["share"], 2) for p in found["parents"]} == {"anna": 0.6, "bert": 0.4}
    assert found["components"]["te"]["kind"] == "unknown"
    assert found["missing"] is None


def test_a_stranger_that_was_named_as_the_base_does_not_count(models, told):
    target = half(demo.train(models["anna"], seed=8, size=0.05))
    others = {"anna": models["anna"], "stranger": half(demo.draw(SHAPES, seed=9))}
    found = told(target, others, base="stranger")
    assert (found["base"], found["sure"]) == (None, False)
    assert any("stranger" in remark for remark in found["remarks"])


def test_a_copy_that_lacks_weights_says_so(models, told):
    found = told({key: value for key, value in models["anna"].items() if key != WEIGHT})
    assert found["kind"] == "copy"
    assert "anna holds 1 weight more, which it lacks" in found["remarks"]
