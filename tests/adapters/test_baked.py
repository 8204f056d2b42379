"""Finding the checkpoints that an adapter was baked into, and none where it was not."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from lib_modelsim import demo
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.workspace.catalogue.index import read_index
from lib_modelsim.workspace.comparing.by_choice import compare_by_choice
from lib_modelsim.workspace.comparing.detail import detail

from ..command import run
from . import building

RANK = 4
PREFIX = "model.diffusion_model."


def modules_of(tensors):
    """Attention layers of the demonstration's small SD 1.x → (outputs, inputs), in diffusers' names."""
    places = {
        "input_blocks.1.1": "down_blocks.0.attentions.0",
        "input_blocks.2.1": "down_blocks.0.attentions.1",
        "input_blocks.4.1": "down_blocks.1.attentions.0",
        "middle_block.1": "mid_block.attentions.0",
        "output_blocks.3.1": "up_blocks.1.attentions.0",
    }
    found = {}
    for key, tensor in tensors.items():
        for old, new in places.items():
            start = f"{PREFIX}{old}.transformer_blocks."
            if key.startswith(start) and key.endswith(".weight") and ".attn" in key:
                inner = key.removeprefix(f"{PREFIX}{old}.").removesuffix(".weight")
                found[f"{new}.{inner}"] = (key, tensor.shape)
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("baked")
    base = {key: np.asarray(value) for key, value in demo.draw(demo.sd1_shapes(8, 768, 1), seed=1).items()}
    save_file(base, folder / "base.safetensors")
    modules = modules_of(base)
    assert len(modules) > 20
    factors = building.random_factors({name: shape for name, (_, shape) in modules.items()}, RANK, seed=5)
    building.write(folder / "lora.safetensors", building.kohya(factors, alpha=RANK))
    stranger = building.random_factors({name: shape for name, (_, shape) in modules.items()}, RANK, seed=6)
    building.write(folder / "stranger.safetensors", building.kohya(stranger, alpha=RANK))
    rng = np.random.default_rng(3)
    tuned = {key: value + 0.3 * rng.normal(size=value.shape).astype("f4") for key, value in base.items()}
    save_file(tuned, folder / "tuned.safetensors")
    for name, start, strength in (("at07", base, 0.7), ("tuned_at07", tuned, 0.7)):
        made = dict(start)
        for module, (key, _) in modules.items():
            up, down = factors[module]
            made[key] = (made[key] + strength * up @ down).astype("f4")
        save_file(made, folder / f"{name}.safetensors")
    return folder


def checkpoints(folder):
    return [folder / f"{name}.safetensors" for name in ("base", "at07", "tuned", "tuned_at07")]


def test_it_is_found_with_its_strength_and_only_where_it_is(folder):
    paths = [folder / "lora.safetensors", *checkpoints(folder)]
    found = run("baked", "--no-library", "--json", "--base", "base", *paths).document
    matches = {match["name"]: match for match in found["matches"]}
    assert [match["name"] for match in found["matches"]] == ["at07", "tuned_at07", "tuned"]
    assert matches["at07"]["verdict"] == "baked in"
    assert matches["at07"]["strength"] == pytest.approx(0.7, abs=1e-3)
    assert matches["at07"]["cosine"] == pytest.approx(1, abs=1e-3)
    assert matches["at07"]["share"] == 1
    assert matches["tuned_at07"]["verdict"] == "baked in"
    assert matches["tuned_at07"]["strength"] == pytest.approx(0.7, abs=0.1)
    assert matches["tuned"]["verdict"] == "no sign of it"
    assert abs(matches["tuned"]["cosine"]) < 10 * matches["tuned"]["chance"]
    assert set(matches["at07"]["blocks"]) >= {"IN01", "IN02", "M00"}


def test_another_adapter_of_the_same_layers_is_in_none(folder):
    paths = [folder / "stranger.safetensors", *checkpoints(folder)]
    found = run("baked", "--no-library", "--json", "--base", "base", *paths).document
    assert {match["verdict"] for match in found["matches"]} == {"no sign of it"}
    assert all(abs(match["cosine"]) < 10 * match["chance"] for match in found["matches"])


def test_the_lines_say_how_sure(folder):
    text = run("baked", "--no-library", "--base", "base", folder / "lora.safetensors", *checkpoints(folder)).out
    assert "at07        baked in at 0.70 ± 0.01 of its strength" in text.replace("± 0.00", "± 0.01")
    assert "by chance ±" in text


def test_without_a_base_it_says_what_to_do(folder):
    found = run("baked", "--no-library", folder / "lora.safetensors", *checkpoints(folder))
    assert found.code == 2
    assert "the base is needed" in found.err
    assert "--base" in found.err


def test_a_checkpoint_of_other_widths_says_that_nothing_was_compared(folder, tmp_path):
    wider = {key: np.asarray(value) for key, value in demo.draw(demo.sd1_shapes(4, 768, 1), seed=2).items()}
    save_file(wider, tmp_path / "wider.safetensors")
    paths = [folder / "lora.safetensors", folder / "base.safetensors", tmp_path / "wider.safetensors"]
    (match,) = run("baked", "--no-library", "--json", "--base", "base", *paths).document["matches"]
    assert (match["verdict"], match["share"]) == ("not known", 0)
    assert match["why"].startswith("no layer of the adapter has one shape")


def test_a_checkpoint_is_no_adapter(folder):
    found = run("baked", "--no-library", "--base", "base", folder / "tuned.safetensors", *checkpoints(folder))
    assert found.code == 2
    assert "this is no adapter: tuned" in found.err


def test_dora_beside_its_base_has_the_lengths_that_it_learned(folder, tmp_path):
    base = load_file(folder / "base.safetensors")
    modules = modules_of(base)
    factors = building.random_factors({name: shape for name, (_, shape) in modules.items()}, RANK, seed=7)
    tensors, made = building.kohya(factors, alpha=RANK), dict(base)
    for module, (key, _) in modules.items():
        up, down = factors[module]
        moved = base[key] + up @ down
        length = np.linalg.norm(base[key], axis=1, keepdims=True) * 1.3
        tensors[f"lora_unet_{module.replace('.', '_')}.dora_scale"] = length.astype("f4")
        made[key] = (moved * length / np.linalg.norm(moved, axis=1, keepdims=True)).astype("f4")
    lora = building.write(tmp_path / "dora.safetensors", tensors)
    save_file(made, tmp_path / "made.safetensors")
    paths = [lora, folder / "base.safetensors", tmp_path / "made.safetensors"]
    (match,) = run("baked", "--no-library", "--json", "--base", "base", *paths).document["matches"]
    assert match["cosine"] == pytest.approx(1, abs=1e-4)
    assert match["strength"] == pytest.approx(1, abs=1e-3)


def test_a_pair_of_an_adapter_and_a_checkpoint_is_told_on_the_page(folder):
    library = Library(None)
    index = read_index([folder], library, Job())
    comparison = compare_by_choice(index, None, "base", library, Job())
    found = detail(comparison, ("lora", "at07"), library, Job())
    assert found.reason.startswith("lora in at07: baked in at 0.70 ±")
    assert found.reason.endswith("; base: base)")
    assert detail(comparison, ("tuned", "lora"), library, Job()).reason.startswith("lora in tuned: no sign of it")
    assert detail(comparison, ("base", "lora"), library, Job()).reason.startswith("base is the base: choose")


def test_what_was_taken_away_is_no_lack_of_a_sign(folder, tmp_path):
    base, made = load_file(folder / "base.safetensors"), load_file(folder / "at07.safetensors")
    save_file({key: 2 * value - made[key] for key, value in base.items()}, tmp_path / "minus.safetensors")
    told = run("baked", folder / "lora.safetensors", tmp_path, folder / "base.safetensors", "--base", "base")
    assert "minus  taken away at 0.70 ± 0.01 of its strength" in told.out


def test_there_is_no_verdict_where_most_of_it_was_not_compared(folder, tmp_path):
    made = load_file(folder / "at07.safetensors")
    lost = [key for key in made if ".attn" in key and "middle_block" not in key]
    save_file(made | {key: np.nan * made[key] for key in lost}, tmp_path / "lost.safetensors")
    told = run("baked", folder / "lora.safetensors", tmp_path, folder / "base.safetensors", "--base", "base")
    assert "lost  not known" in told.out
