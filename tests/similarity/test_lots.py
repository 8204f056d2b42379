"""Short weights of many models are read together, and are what they are when each is read by itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from lib_modelsim.checkpoints.memory import memory_checkpoint
from lib_modelsim.checkpoints.reader import open_checkpoint
from lib_modelsim.checkpoints.source import FileSource
from lib_modelsim.checkpoints.values import ValueReader
from lib_modelsim.similarity import weights
from lib_modelsim.similarity.device import CPU
from lib_modelsim.similarity.lots import read_together

MODELS, KEYS = 12, 9
DTYPES = torch.float16, torch.float32, torch.bfloat16, torch.float64, torch.float8_e4m3fn


def tensors(model, dtypes):
    """Odd lengths, so that numbers begin anywhere in a file."""
    made = torch.Generator().manual_seed(model)
    return {
        f"model.diffusion_model.middle_block.0.in_layers.{i}.weight": torch.randn(
            2 * i + 3, 2 * i + 1, generator=made
        ).to(dtypes[(i + (model % 3 if len(dtypes) > 1 else 0)) % len(dtypes)])
        for i in range(KEYS)
    }


@pytest.fixture(params=["one dtype", "mixed dtypes", "in memory"])
def models(request, tmp_path):
    dtypes = DTYPES if request.param == "mixed dtypes" else DTYPES[:1]
    made = [tensors(model, dtypes) for model in range(MODELS)]
    if request.param == "in memory":
        return [memory_checkpoint(f"model {i}", each) for i, each in enumerate(made)]
    for i, each in enumerate(made):
        save_file({key: each[key] for key in sorted(each, reverse=i % 2 == 0)}, tmp_path / f"{i}.safetensors")
    return [open_checkpoint(tmp_path / f"{i}.safetensors") for i in range(MODELS)]


def test_the_numbers_are_those_of_each_weight_alone(models):
    lot = [[model.weights[key] for model in models] for key in models[0].weights]
    for weights_of_key, piece in zip(lot, read_together(lot), strict=True):
        for weight, row in zip(weights_of_key, piece, strict=True):
            alone = ValueReader().flat(weight, 0, weight.stored.count)
            assert row.dtype == alone.dtype
            assert torch.equal(row.double(), alone.double())


def test_the_sums_are_the_same_to_the_last_digit(models, monkeypatch):
    def sums():
        summer = weights.KeySummer(models, CPU, read.append, lambda broken: None)
        return list(summer.sums(models[0].weights))

    read = []
    together, size = sums(), sum(read)
    monkeypatch.setattr(weights, "FEW", MODELS)
    read.clear()
    for one, other in zip(together, sums(), strict=True):
        assert (one.key, one.members) == (other.key, other.members)
        assert np.array_equal(one.squares, other.squares)
        assert np.array_equal(one.norms, other.norms)
    assert size == sum(read)


def test_each_file_is_read_once(tmp_path, monkeypatch):
    for i in range(MODELS):
        save_file(tensors(i, DTYPES[:1]), tmp_path / f"{i}.safetensors")
    models = [open_checkpoint(tmp_path / f"{i}.safetensors") for i in range(MODELS)]
    read, reads = FileSource.read_into, []
    monkeypatch.setattr(FileSource, "read_into", lambda self, *where: (reads.append(self), read(self, *where))[1])
    summer = weights.KeySummer(models, CPU, lambda count: None, lambda broken: None)
    assert len(list(summer.sums(models[0].weights))) == KEYS
    assert len(reads) == len(set(reads)) == MODELS


def test_short_keys_joined_have_the_sums_of_all_of_them(models):
    def added(join):
        summer = weights.KeySummer(models, CPU, lambda count: None, broken.append, join=join)
        sums = list(summer.sums(models[0].weights))
        return sums, sum(one.squares for one in sums), sum(one.norms for one in sums)

    broken = []
    (each, *truth), (together, *found) = added(False), added(True)
    assert len(together) < len(each) == KEYS
    for value, right in zip(found, truth, strict=True):
        np.testing.assert_allclose(value, right, rtol=2e-6)
    assert not broken


def test_joined_keys_that_are_not_finite_are_told_one_by_one():
    made = [tensors(model, DTYPES[:1]) for model in range(MODELS)]
    key = next(iter(made[3]))
    made[3][key][0, 0] = torch.nan
    models = [memory_checkpoint(f"model {i}", each) for i, each in enumerate(made)]
    broken = []
    summer = weights.KeySummer(models, CPU, lambda count: None, broken.append, join=True)
    assert len(list(summer.sums(models[0].weights))) == KEYS
    assert [(one.model, one.key, one.nans) for one in broken] == [(3, key, 1)]
