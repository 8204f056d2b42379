"""What trains the demonstration: its drawings, its names, its LoRA."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmarks.demo_family.lora import add_lora, lora_weights
from benchmarks.demo_family.networks import loaded, new_unet, new_vae, weights_of
from benchmarks.demo_family.packing import cosine, pack_change
from benchmarks.demo_family.stages import TUNES, Family
from lib_modelsim.demo.family import with_lora
from lib_modelsim.demo.packed import unpack


@pytest.mark.parametrize(("new", "part"), [(new_unet, "unet"), (new_vae, "vae")])
def test_networks_come_back_from_the_names_of_single_files(new, part):
    weights = weights_of(new(), part)
    again = weights_of(loaded(new(), part, weights, "cpu"), part)
    assert all(np.array_equal(values, again[key]) for key, values in weights.items())


@torch.no_grad()
def test_pictures_that_share_a_caption_are_answered_as_if_each_had_it():
    unet = new_unet()
    torch.nn.init.normal_(unet.conv_out.weight)
    latents, contexts = torch.randn(4, 4, 16, 16), torch.randn(2, 77, 768)
    times = torch.tensor([1, 200, 600, 999])
    alone = unet(latents, times, contexts.repeat_interleave(2, 0)).sample
    assert torch.allclose(unet(latents, times, contexts).sample, alone, atol=1e-5)


@torch.no_grad()
def test_a_baked_lora_answers_as_the_factors_do():
    unet = new_unet()
    torch.nn.init.normal_(unet.conv_out.weight)
    plain = weights_of(unet, "unet")
    inputs = torch.randn(1, 4, 16, 16), torch.tensor([500]), torch.randn(1, 77, 768)
    loaded(unet, "unet", plain, "cpu")
    before = unet(*inputs).sample
    factors = add_lora(unet)
    for factor in factors.values():
        factor.up.weight.normal_(0, 0.05)
    beside = unet(*inputs).sample
    baked = loaded(new_unet(), "unet", with_lora(plain, lora_weights(factors), 1.0), "cpu")(*inputs).sample
    assert (beside - before).abs().mean() > 20 * (beside - baked).abs().mean()


def test_a_change_is_packed_as_it_points(tmp_path):
    rng = np.random.default_rng(1)
    parent = {key: rng.normal(size=(64, 64)).astype(np.float16) for key in ("changed", "same")}
    child = parent | {"changed": parent["changed"] + rng.normal(0, 0.1, (64, 64)).astype(np.float16)}
    pack_change(tmp_path / "child.pack", child, parent)
    assert [path.name for path in tmp_path.iterdir()] == ["child.pack"]
    found = unpack(tmp_path / "child.pack", parent)
    assert np.array_equal(found["same"], parent["same"])
    wanted, got = ({"changed": one["changed"].astype(np.float32) - parent["changed"]} for one in (child, found))
    assert cosine(wanted, got) > 0.88


def test_a_stage_is_trained_once(tmp_path):
    family = Family(tmp_path, 1, "cpu")
    family.work.mkdir()
    weights = {"a": np.ones((2, 2), np.float16)}
    family.stage("one", lambda: weights)
    assert np.array_equal(family.stage("one", pytest.fail)["a"], weights["a"])


def test_an_interrupted_stage_is_not_kept(tmp_path):
    family = Family(tmp_path, 1, "cpu")
    family.work.mkdir()

    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        family.stage("one", interrupted)
    assert not list(family.work.iterdir())


def test_parents_come_before_their_children():
    names = ["harborlight", *TUNES]
    assert all(names.index(tune.parent) < names.index(name) for name, tune in TUNES.items())
