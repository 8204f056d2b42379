"""Adapters as nobody writes them: told, and never the end of a scan."""

from __future__ import annotations

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from lib_modelsim.adapters.header import header_of_file
from lib_modelsim.checkpoints.reader import open_checkpoint
from tests.command import run

from . import building
from .test_same_change import FACTORS, compared, cosine, told

LAYER = next(iter(building.kohya(FACTORS))).partition(".")[0]

ODD = building.kohya({"things.0.proj": FACTORS[next(iter(FACTORS))]})
MATRIX, NUMBER = np.ones((2, 2), "f4"), np.array(1, "f4")


@pytest.mark.parametrize("metadata", ["[1]", "1", '"text"', "[" * 100_000, "{"])
def test_metadata_of_peft_that_are_no_object_say_nothing(tmp_path, metadata):
    path = building.write(tmp_path / "a.safetensors", building.kohya(FACTORS), {"lora_adapter_metadata": metadata})
    assert header_of_file(open_checkpoint(path)).adapter.kind == "LoRA"


@pytest.mark.parametrize(
    "odd",
    [
        {f"{LAYER}.alpha": np.array(1 + 1j, "c8")},
        {f"{LAYER}.lora_up.weight": np.ones((320, 4), "c8")},
        {"lora_unet_x.lokr_w1": MATRIX, "lora_unet_x.lokr_w2": MATRIX, "lora_unet_x.lokr_w1_b": NUMBER},
        {"lora_unet_x.diff": NUMBER},
        {f"lora_unet_x.{word}.weight": MATRIX if word[0] == "b" else NUMBER for word in ("a1", "a2", "b1", "b2")},
    ],
)
def test_a_layer_that_cannot_be_read_is_left_out_and_told(tmp_path, odd):
    path = tmp_path / "a.safetensors"
    save_file(building.kohya(FACTORS) | odd, path)
    (found,) = run("scan", path, "--no-library", "--json").document["checkpoints"]
    assert found["architecture"] == "SD 1.x LoRA"
    assert found["adapter"]["unused"] >= len(odd)
    assert any("belong to no layer" in remark for remark in found["remarks"])


def test_an_alpha_of_unsigned_numbers_is_an_alpha(tmp_path):
    path = building.write(tmp_path / "a.safetensors", building.kohya(FACTORS) | {f"{LAYER}.alpha": np.array(2, "u4")})
    assert header_of_file(open_checkpoint(path)).adapter.alphas == (2.0,)


def test_factors_in_two_shards_are_read_where_they_lie(tmp_path):
    tensors, folder = building.kohya(FACTORS), tmp_path / "shards"
    folder.mkdir()
    building.write(tmp_path / "a.safetensors", tensors)
    names = {f"b-0000{i + 1}-of-00002.safetensors": word for i, word in enumerate(("lora_up", "lora_down"))}
    for name, word in names.items():
        building.write(folder / name, {key: values for key, values in tensors.items() if word in key})
    weight_map = {key: name for key in tensors for name, word in names.items() if word in key}
    (folder / "b.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    found = compared(tmp_path)
    assert cosine(found, "a", "b") == pytest.approx(1, abs=1e-9)
    assert told(found, "a", "b") == ["the same change"]


@pytest.mark.parametrize(
    ("written", "network"),
    [
        ("sdxl_base_v1-0", "SDXL"),
        ("stable-diffusion-xl-v1-base/lora", "SDXL"),
        ("stable-diffusion-v1/lora", "SD 1.x"),
        ("sd_v2", "SD 2.x"),
        ("flux1", "Flux"),
        ("flux-1-dev/lora", "Flux"),
        ("PixArt-XL v1", None),
        ("Flux.2-klein", None),
        ("hunyuan_video v1", None),
    ],
)
def test_of_unknown_layers_the_network_is_told_only_where_the_trainer_names_it(tmp_path, written, network):
    path = building.write(tmp_path / "a.safetensors", ODD, {"ss_base_model_version": written})
    assert header_of_file(open_checkpoint(path)).adapter.network == network
