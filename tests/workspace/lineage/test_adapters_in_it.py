"""Which of the library's adapters are baked into a checkpoint, by the files: real LoRAs, and made-up ones together."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from lib_modelsim import demo
from lib_modelsim.adapters.reading import read_adapter
from lib_modelsim.checkpoints.reader import open_checkpoint

from ...adapters import building
from ...adapters.test_baked import modules_of
from ...command import run

WIDTH = 320
"""Of the layers of the real network that are taken: the narrowest."""


def recipe(target, *paths):
    return run("recipe", "--no-library", "--json", "--base", "base", target, *paths).document


@pytest.mark.parametrize("strength", [0.6, 1.0])
def test_a_real_lora_is_named_with_its_strength(shared, tmp_path, strength):
    lora = shared / "data" / "loras" / "diffusers" / "pokemon_fork.safetensors"
    raw = {key: w.astype("f4") for key, w in load_file(lora).items()}
    with open_checkpoint(lora) as opened:
        layers = read_adapter(opened).layers
        places = {
            key: layer.module.tensors for key, layer in layers.items() if layer.shape[0] == WIDTH and "attn" in key
        }
        names = {key: {role: stored.key for role, stored in held.items()} for key, held in places.items()}
        shapes = {key: layers[key].shape for key in names}
    rng = np.random.default_rng(0)
    base = {key: (rng.normal(size=shape) / 30).astype("f2") for key, shape in shapes.items()}
    for block in dict.fromkeys(key.rsplit(".transformer_blocks", 1)[0] for key in shapes):
        base[f"{block}.norm.weight"] = rng.normal(1, 0.1, WIDTH).astype("f2")
    parent = {key: (w + 0.004 * rng.normal(size=w.shape)).astype("f2") for key, w in base.items()}
    target = dict(parent)
    for key, roles in names.items():
        up, down = (raw[next(name for role, name in roles.items() if part in role)] for part in ("up", "down"))
        target[key] = (parent[key].astype("f4") + strength * up @ down).astype("f2")
    for name, model in (("base", base), ("parent", parent), ("target", target)):
        save_file(model, tmp_path / f"{name}.safetensors")
    others = [shared / "data" / "loras" / "cloneofsimo" / "lora_disney.safetensors"]
    found = recipe(*(tmp_path / f"{name}.safetensors" for name in ("target", "parent", "base")), lora, *others)
    assert (found["kind"], [p["model"] for p in found["parents"]]) == ("lora", ["parent"])
    assert [one["name"] for one in found["lora"]] == ["pokemon_fork"]
    assert found["lora"][0]["rank"] == 4
    assert found["lora"][0]["strength"] == pytest.approx(strength, abs=0.01)


def test_two_at_once_are_both_named_and_a_third_is_not(tmp_path):
    base = {key: np.asarray(value).astype("f2") for key, value in demo.draw(demo.sd1_shapes(8, 768, 1), seed=1).items()}
    save_file(base, tmp_path / "base.safetensors")
    modules = modules_of(base)
    made = {key: w.astype("f4") for key, w in base.items()}
    loras = []
    for seed, strength in ((5, 0.7), (6, -0.4), (7, 0.0)):
        factors = building.random_factors({name: shape for name, (_, shape) in modules.items()}, 2, seed)
        loras.append(building.write(tmp_path / f"lora{seed}.safetensors", building.kohya(factors, alpha=2)))
        for module, (key, _) in modules.items():
            up, down = factors[module]
            made[key] = made[key] + strength * up @ down
    save_file({key: w.astype("f2") for key, w in made.items()}, tmp_path / "target.safetensors")
    found = recipe(tmp_path / "target.safetensors", tmp_path / "base.safetensors", *loras)
    assert found["kind"] == "lora"
    assert {one["name"]: one["strength"] for one in found["lora"]} == pytest.approx(
        {"lora5": 0.7, "lora6": -0.4}, abs=0.01
    )
    alone = recipe(tmp_path / "target.safetensors", tmp_path / "base.safetensors", loras[2])
    assert [(one["name"], one["rank"], one["strength"]) for one in alone["lora"]] == [(None, 4, None)]
    assert any("one adapter or several" in remark for remark in alone["remarks"])
