"""Files that LyCORIS wrote, beside the change that its own layers make (benchmarks/adapter_fixtures.py)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from lib_modelsim.adapters.products import gram
from lib_modelsim.adapters.reading import read_adapter
from lib_modelsim.checkpoints.reader import open_checkpoint

FOLDER = Path(__file__).parent / "written"
EXPECTED = load_file(FOLDER / "expected" / "changes.safetensors")
KINDS = {"locon": ("LoRA", "LoCon"), "loha": ("LoHa",), "lokr": ("LoKr",)}


@pytest.mark.parametrize("name", EXPECTED)
def test_the_change_is_what_the_trainer_makes_of_it(name):
    adapter = read_adapter(open_checkpoint(FOLDER / f"{name}.safetensors"))
    (layer,) = adapter.layers.values()
    change = layer.load()
    assert adapter.kind in KINDS[name.partition("-")[0]]
    assert layer.shape == EXPECTED[name].shape
    assert np.allclose(change.rows(0, change.shape[0]), EXPECTED[name], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", ["linear", "conv"])
def test_inner_products_of_different_kinds_are_those_of_the_changes(shape):
    names = [name for name in EXPECTED if f"-{shape}" in name]
    layers = [next(iter(read_adapter(open_checkpoint(FOLDER / f"{n}.safetensors")).layers.values())) for n in names]
    whole = np.stack([EXPECTED[name].reshape(-1).astype(float) for name in names])
    assert np.allclose(gram([layer.load() for layer in layers]), whole @ whole.T, rtol=1e-4, atol=1e-3)
