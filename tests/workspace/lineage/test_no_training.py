"""Changes of one model that are no training, with the base known."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from lib_modelsim import demo
from lib_modelsim.cli.main import main
from tests.workspace.lineage.merged_family import half

SHAPES = demo.sd1_shapes(4, 16, 1)


def pruned(value):
    size = np.abs(value.astype("f4"))
    return np.where(size < np.quantile(size, 0.3), 0, value)


CHANGES = {
    "scaled": (lambda value: 1.001 * value.astype("f4"), "unknown", "they were multiplied"),
    "pruned": (pruned, "unknown", "it was pruned"),
    "rounded": (lambda value: torch.from_numpy(value).bfloat16().float().numpy(), "cast", "rounded to bfloat16"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_it_is_not_told_as_a_training(change, tmp_path, capsys):
    made, kind, said = CHANGES[change]
    base = half(demo.draw(SHAPES, seed=1))
    anna = half(demo.train(base, seed=2, size=0.1))
    for name, tensors in {"base": base, "anna": anna, "bert": half(demo.train(base, seed=3, size=0.1))}.items():
        demo.save(tmp_path / f"{name}.safetensors", tensors)
    demo.save(tmp_path / "target.safetensors", half({key: made(value) for key, value in anna.items()}))
    paths = [tmp_path / "target.safetensors", tmp_path, "--base", tmp_path / "base.safetensors"]
    assert main(["recipe", *map(str, paths), "--json", "--no-library"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["kind"], found["sure"], found["trained_after"]) == (kind, False, None)
    assert [parent["model"] for parent in found["parents"]] == ["anna"]
    assert said in found["method"]["why"]
    assert "trained" not in found["told"]
