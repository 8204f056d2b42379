"""Reported pictures of ComfyUI and its savers: `find` names the model that drew them, and tells the others' roles."""

from __future__ import annotations

import pytest


@pytest.fixture
def told(found):
    """A function: name of a case → the evidence that `find` gives for its picture."""
    return lambda name: found(name)["evidence"]


@pytest.mark.parametrize(
    ("case", "model"),
    [
        ("comfy_detailer", "lakeboat_v3"),
        ("comfy_gguf_calcuis", "lakeboat_v3"),
        ("comfy_guider_two_loaders", "lakeboat_v3"),
        ("comfy_nunchaku", "svdq-int4_r32-flux.1-dev"),
        ("comfy_pysssss", "lakeboat_v3"),
        ("comfy_wanwrapper", "lakeboat_v3"),
        ("saveimageplus_webp_ifd0", "lakeboat_v3"),
    ],
)
def test_the_model_that_the_sampler_uses_is_named_and_no_other(told, case, model):
    (piece,) = told(case)
    assert (piece["kind"], piece["model"]) == ("record", model)


def test_a_detailer_s_checkpoint_is_told_as_such(told):
    (piece,) = told("comfy_detailer")
    assert "; its detailer's checkpoint is detail_model; " in piece["detail"]


def test_the_hash_and_the_name_that_stand_as_a_key(told):
    (piece,) = told("comfy_imagesaver_hashes")
    assert piece["model"] == "lakeboat_v3"
    assert "lakeboat_v3 [0123456789]" in piece["detail"]
