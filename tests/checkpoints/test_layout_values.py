"""One model by the maker's names and by diffusers': the same weights to the bit, also what was fused or swapped."""

from __future__ import annotations

from pathlib import Path

import pytest
from safetensors.torch import save_file

from lib_modelsim.checkpoints.hashing import identify
from lib_modelsim.checkpoints.names import in_every_layout
from lib_modelsim.checkpoints.reader import Checkpoint, open_checkpoint

from .converters import CONVERTERS, Weights, drawn


def saved(path: Path, weights: Weights, prefix: str = "") -> Checkpoint:
    save_file({prefix + key: value.contiguous() for key, value in weights.items()}, path)
    return open_checkpoint(path)


@pytest.mark.parametrize("name", CONVERTERS)
def test_both_layouts_are_the_same_to_the_bit(shared, tmp_path, name):
    weights = {key: value for key, value in drawn(name).items() if not key.startswith("first_stage_model.")}
    original = saved(tmp_path / "original.safetensors", weights)
    diffusers = saved(tmp_path / "diffusers.safetensors", CONVERTERS[name](weights))
    assert original.architecture == diffusers.architecture != "unknown"
    kept = {key for key in original.weights if in_every_layout(key, original.architecture)}
    assert kept == set(diffusers.weights)
    for key in kept:
        one, other = original.weights[key], diffusers.weights[key]
        assert (one.shape, one.block) == (other.shape, other.block)
        assert original.read(key) == diffusers.read(key), key
    assert identify(original).content == identify(diffusers).content
    whole = saved(tmp_path / "whole.safetensors", weights, "model.diffusion_model.")
    assert identify(whole).content == identify(original).content
