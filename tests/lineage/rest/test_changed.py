"""The whole way from evidence to a recipe, of targets that were changed after they were made."""

from __future__ import annotations

import numpy as np
import pytest

from lib_modelsim.lineage.making import make
from lib_modelsim.lineage.wording.words import sentence

from ..arrays import drawn, evidence_of, mixed, moved
from .test_low_rank import with_lora

SIZE = 40


@pytest.fixture(scope="module")
def models():
    base = drawn(0, 8, SIZE)
    return {"base": base, "a": moved(base, 1), "b": moved(base, 2), "c": moved(base, 3)}


def shares(recipe):
    return {parent.model: parent.share for parent in recipe.parents}


def test_a_lora_on_a_merge(models):
    merge = mixed({"a": 0.6, "b": 0.4}, models, "f4")
    target = {key: w.astype("f2") for key, w in with_lora(merge, 4, 2.0).items()}
    found = make(evidence_of(target, models, "base"))
    assert (found.kind, found.lora[0].rank, found.missing) == ("lora", 4, None)
    assert shares(found) == pytest.approx({"a": 0.6, "b": 0.4}, abs=0.01)
    assert sentence(found).startswith("target = 0.60 a + 0.40 b, with a LoRA that is not here (rank 4)")


def test_a_training_that_goes_back_a_little_has_one_origin(models):
    back = mixed({"a": 0.93, "base": 0.07}, models, "f4")
    found = make(evidence_of(moved(back, 9, 0.08), models, "base"))
    assert (found.kind, shares(found), found.missing) == ("fine-tune", {"a": 1.0}, None)


def test_a_text_encoder_trained_alone(models):
    found = make(evidence_of(moved(models["a"], 9, 0.03, only="te"), models, "base"))
    assert (found.kind, list(shares(found)), found.sure) == ("fine-tune", ["a"], True)
    assert {name: (one.kind, one.source) for name, one in found.components.items()} == {
        "unet": ("same", "a"),
        "te": ("changed", "a"),
        "vae": ("same", "a"),
    }
    assert found.trained_after > 0


def test_a_training_with_the_text_encoder_frozen(models):
    target = moved(models["a"], 9, 0.03, only="B")
    found = make(evidence_of(target, models, "base"))
    assert (found.kind, shares(found)) == ("fine-tune", {"a": 1.0})
    assert (found.components["te"].kind, found.components["unet"].kind) == ("same", "changed")


def test_a_vae_of_no_model_here_is_said(models):
    other = drawn(55, 8, SIZE)
    target = models["a"] | {key: w for key, w in other.items() if key.startswith("vae.")}
    found = make(evidence_of(target, models, "base"))
    assert (found.kind, shares(found)) == ("component swap", {"a": 1.0})
    assert found.components["vae"].kind == "unknown"
    assert found.missing is not None
    assert "VAE" in found.missing.why


def test_weights_that_a_model_lacks_or_that_are_not_finite_are_left_out(models):
    target = moved(models["a"], 9, 0.03)
    short = {name: dict(model) for name, model in models.items()}
    del short["b"]["B03.conv.weight"]
    found = make(evidence_of(target, short, "base"))
    assert (found.kind, shares(found)) == ("fine-tune", {"a": 1.0})
    assert np.isfinite(found.trained_after)
