"""AUTOMATIC1111 loads the demonstration family with the configurations beside its files, and generates with it."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from lib_modelsim import demo

from . import running

HOUSE = {
    "prompt": "a red house, ink drawing", "seed": 1, "steps": 8, "cfg_scale": 4, "width": 128, "height": 128,
    "sampler_name": "DPM++ 2M", "scheduler": "Karras",
}  # fmt: skip


@pytest.fixture(scope="module")
def webui(checkout, tmp_path_factory):
    """Over the family."""
    if checkout.is_forge:
        pytest.skip("Forge recognises SD 1.x by its published widths only")
    folder = tmp_path_factory.mktemp("demonstration")
    demo.write_demo_family(folder / "family", lambda _: None)
    data = running.new_data_folder(folder / "data")
    with running.started(checkout, data, folder / "family", "--api") as webui:
        yield webui


@pytest.fixture(scope="module")
def pixels(webui):
    """What the WebUI generates with a checkpoint of this name."""
    titles = {each["model_name"]: each["title"] for each in webui.api("/sdapi/v1/sd-models")}

    def generate(name, clip_skip=1):
        settings = {"sd_model_checkpoint": titles[name], "CLIP_stop_at_last_layers": clip_skip, "randn_source": "CPU"}
        answer = webui.api("/sdapi/v1/txt2img", HOUSE | {"override_settings": settings})
        assert json.loads(answer["info"])["sd_model_name"] == name
        with Image.open(io.BytesIO(base64.b64decode(answer["images"][0]))) as image:
            return np.asarray(image.convert("RGB")).astype(int)

    return generate


@pytest.mark.parametrize("name", ["pixelwords_v1", "inkwell_v2.1-clearvae", "tidepool-mix_v1", "granite-fantasy_v4"])
def test_it_loads_and_generates_something_that_is_its_own(pixels, name):
    picture = pixels(name)
    assert picture.std() > 10
    assert np.abs(picture - pixels("harborlight-base_v1")).mean() > 1


def test_the_pickle_generates_what_the_half_precision_file_does(pixels):
    assert np.array_equal(pixels("harborlight-base_v1-fp32"), pixels("harborlight-base_v1"))  # started with --no-half


def test_a_lora_baked_in_shows_in_the_picture(pixels):
    assert np.abs(pixels("pastel-dots_v1") - pixels("harborlight-base_v1")).mean() > 1


def test_clip_skip_has_an_effect_and_no_error(pixels):
    assert np.abs(pixels("harborlight-base_v1", clip_skip=2) - pixels("harborlight-base_v1")).mean() > 1
