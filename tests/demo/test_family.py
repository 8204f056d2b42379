"""The demonstration family is what its docstring tells."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from lib_modelsim import demo
from lib_modelsim.checkpoints.reader import open_checkpoint
from lib_modelsim.demo import family as told_family
from lib_modelsim.demo.family import WIDTHS
from lib_modelsim.sqlite import alone

from ..checkpoints.same_weights import assert_same_weights

FILES = (".safetensors", ".ckpt")


def members(folder):
    """Name → checkpoint, without the LoRA."""
    paths = [path for path in folder.iterdir() if path.suffix in FILES or path.name.endswith("-diffusers")]
    return {
        path.name.removesuffix(path.suffix) if path.suffix in FILES else path.name: open_checkpoint(path)
        for path in paths
    }


@pytest.fixture(scope="module")
def checkpoints(family):
    return members(family)


def values(checkpoint, key):
    """A float16 weight of the family, flat."""
    return np.frombuffer(checkpoint.read(key), "float16").astype("float64")


def part(checkpoint, component):
    """All bytes of a component."""
    return b"".join(
        bytes(checkpoint.read(key)) for key, weight in checkpoint.weights.items() if weight.component == component
    )


def distance(a, b, component="unet"):
    """Between two members' components, over every key."""
    keys = [key for key, weight in a.weights.items() if weight.component == component]
    return float(np.sqrt(sum(np.sum((values(a, key) - values(b, key)) ** 2) for key in keys)))


def test_all_that_the_docstring_names_are_there_and_were_announced(family, checkpoints):
    named = set(re.findall(r"^[ │├└─]*([a-z-]+[\w.-]*(?: \(1\))?)  +", told_family.__doc__, re.MULTILINE))
    named = {name.removesuffix(".ckpt") for name in named} | {"meridian-xl_v1.0", "meridian-xl-anime_v1.1"}
    assert set(checkpoints) == named
    told = (family.parent / "told").read_text().splitlines()
    assert set(told) == named | {"pastel-dots-lora"}
    assert len(told) == len(set(told))
    assert sum(path.stat().st_size for path in family.rglob("*") if path.is_file()) < 600_000_000


def test_two_starts_at_once_write_it_once(tmp_path):
    """The second waits for the first, and leaves what that is writing alone."""
    folder, told = tmp_path / "family", []
    with ThreadPoolExecutor() as pool:
        with alone(tmp_path / "family.lock", patience=0):
            half = folder.with_name("family.partial")
            half.mkdir()
            second = pool.submit(demo.write_demo_family, folder, told.append)
            time.sleep(0.5)
            assert half.is_dir()
            half.rename(folder)
        second.result()
    assert told == []
    assert [path.name for path in tmp_path.iterdir()] == ["family"]


def test_what_is_shipped_is_small():
    assert sum(path.stat().st_size for path in told_family.PACKED.iterdir()) <= 20 * 2**20


def test_their_architectures_and_formats_are_told(checkpoints):
    assert Counter(each.architecture for each in checkpoints.values()) == {"SD 1.x": 16, "SDXL": 2}
    assert Counter(each.format for each in checkpoints.values()) == {"safetensors": 16, "pickle": 1, "diffusers": 1}


def test_the_folder_holds_the_weights_of_the_file(family):
    assert_same_weights(family / "tidewater_v3.safetensors", family / "tidewater_v3-diffusers")


def test_the_pickle_rounds_to_the_base(checkpoints):
    half, full = checkpoints["harborlight-base_v1"], checkpoints["harborlight-base_v1-fp32"]
    assert half.weights.keys() == full.weights.keys()
    for key in half.weights:
        assert np.frombuffer(full.read(key), "float32").astype("float16").tobytes() == bytes(half.read(key)), key


def test_the_copy_is_the_same_file(family):
    name = "inkwell_v2.1"
    copy, original = (family / f"{each}.safetensors" for each in (f"{name} (1)", name))
    assert copy.read_bytes() == original.read_bytes()


def test_the_block_merge_takes_each_side_whole(checkpoints):
    merge, inkwell, tidewater = (checkpoints[n] for n in ("chimera-blockmix_v1", "inkwell_v2.1", "tidewater_v3"))
    for key, weight in merge.weights.items():
        if weight.component == "unet" and weight.block != "M00":
            parent = inkwell if weight.block.startswith("IN") else tidewater
            assert merge.read(key) == parent.read(key), key


@pytest.mark.parametrize(("component", "others"), [("vae", {"inkwell_v2.1-clearvae"}), ("te", {"pixelwords_v1"})])
def test_one_member_has_another(checkpoints, component, others):
    parts = {
        name: part(each, component)
        for name, each in checkpoints.items()
        if each.format == "safetensors" and each.architecture == "SD 1.x"
    }
    assert {name for name, found in parts.items() if found != parts["harborlight-base_v1"]} == others


@pytest.mark.parametrize("name", ["pastel-dots_v1", "pastel-dots-soft_v1"])
def test_the_lora_is_baked_into_every_key_that_it_names(family, checkpoints, name):
    """A LoRA whose names are not found leaves the base, which nobody sees at once."""
    lora = open_checkpoint(family / "lora" / "pastel-dots-lora.safetensors")
    modules = {key.rpartition(".lora_")[0] for key in lora.weights if ".lora_up" in key}
    base, baked = checkpoints["harborlight-base_v1"], checkpoints[name]
    changed = {key for key in base.weights if base.read(key) != baked.read(key)}
    assert len(changed) == len(modules) > 50


def test_the_weaker_lora_lies_half_way(checkpoints):
    names = ("harborlight-base_v1", "pastel-dots_v1", "pastel-dots-soft_v1")
    base, strong, soft = (checkpoints[name] for name in names)
    assert distance(base, soft) == pytest.approx(0.5 * distance(base, strong), rel=0.02)
    assert distance(soft, strong) == pytest.approx(0.5 * distance(base, strong), rel=0.02)


def test_kinship_shows_in_the_weights(checkpoints):
    inkwell, neon, base, tidewater, mix, stranger = (
        checkpoints[name]
        for name in (
            *("inkwell_v2.1", "inkwell-neon_v1", "harborlight-base_v1", "tidewater_v3", "tidepool-mix_v1"),
            "granite-fantasy_v4",
        )
    )
    siblings = distance(inkwell, tidewater)
    assert distance(inkwell, base) < siblings < distance(base, stranger)
    assert distance(inkwell, neon) < distance(tidewater, neon) < distance(stranger, neon)
    assert distance(mix, inkwell) == pytest.approx(0.4 * siblings, rel=0.01)


def test_the_added_difference_is_there(checkpoints):
    """tidewater + (neon − inkwell): what lies between it and tidewater is what lies between neon and inkwell."""
    tidewater, added, neon, inkwell = (
        checkpoints[name] for name in ("tidewater_v3", "neon-tide_v1", "inkwell-neon_v1", "inkwell_v2.1")
    )
    assert distance(added, tidewater) == pytest.approx(distance(neon, inkwell), rel=0.01)


def test_an_engine_finds_the_widths_that_the_configurations_name(checkpoints):
    first = checkpoints["harborlight-base_v1"].weights["model.diffusion_model.input_blocks.0.0.weight"]
    assert first.shape[0] == WIDTHS.unet


def test_the_numbers_are_the_same_on_every_machine():
    weights = demo.draw({"b.weight": (2,), "a.weight": (2, 2)}, seed=1)
    np.testing.assert_allclose(weights["a.weight"], [[1.2226609, -1.01006913], [0.72672528, 1.3308239]], rtol=1e-6)
    np.testing.assert_allclose(weights["b.weight"], [1.00751352, 1.04172158], rtol=1e-6)


def test_an_interrupted_start_leaves_no_half_family(tmp_path):
    def interrupt(name: str) -> None:
        if name.startswith("inkwell"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        demo.write_demo_family(tmp_path / "demonstration", interrupt)
    assert not (tmp_path / "demonstration").exists()


def test_what_an_interrupted_start_left_is_removed(family):
    assert not family.with_name("family.partial").exists()


def test_an_existing_folder_is_left_alone(tmp_path):
    demo.write_demo_family(tmp_path, pytest.fail)
    assert not list(tmp_path.iterdir())


def test_the_builders_do_without_torch():
    code = (
        "import sys; from lib_modelsim import demo; demo.draw(demo.sd1_shapes(8), 1); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
