"""The demonstration family is what its docstring tells."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import numpy as np
import pytest

from lib_modelsim import demo
from lib_modelsim.checkpoints.reader import open_checkpoint

from .checkpoints.same_weights import assert_same_weights

MEMBERS = {
    "harborlight-v1.safetensors", "harborlight-v1-fp32.ckpt", "inkwell_anime_v2.1.safetensors",
    "inkwell_anime_v2.1 (1).safetensors", "inkwell_anime_v2.1-clearvae.safetensors", "inkwell_anime_v2.5.safetensors",
    "velvet-portrait_v3.safetensors",
    "velvet-portrait_v3-diffusers", "tidepool-mix_v1.safetensors", "chimera-blockmix_v1.safetensors",
    "granite-fantasy_v4.safetensors", "meridian-xl_v1.0.safetensors", "meridian-xl-anime_v1.1.safetensors",
}  # fmt: skip


@pytest.fixture(scope="module")
def told():
    return []


@pytest.fixture(scope="module")
def family(tmp_path_factory, told):
    folder = tmp_path_factory.mktemp("Höfe & Gärten") / "demonstration"
    leftover = folder.with_name("demonstration.partial")
    leftover.mkdir()
    (leftover / "harborlight-v1.safetensors").write_bytes(b"written by a start that was interrupted")
    demo.write_demo_family(folder, told.append)
    return folder


def values(checkpoint, key):
    """A float16 weight of the family, flat."""
    return np.frombuffer(checkpoint.read(key), "float16").astype("float64")


def test_all_members_are_there_and_were_announced(family, told):
    assert {path.name for path in family.iterdir()} == MEMBERS
    assert len(told) == len(MEMBERS)
    assert sum(path.stat().st_size for path in family.rglob("*") if path.is_file()) < 200_000_000


def test_their_architectures_and_formats_are_told(family):
    checkpoints = [open_checkpoint(path) for path in family.iterdir()]
    assert Counter(checkpoint.architecture for checkpoint in checkpoints) == {"SD 1.x": 11, "SDXL": 2}
    assert Counter(checkpoint.format for checkpoint in checkpoints) == {"safetensors": 11, "pickle": 1, "diffusers": 1}


def test_the_folder_holds_the_weights_of_the_file(family):
    assert_same_weights(family / "velvet-portrait_v3.safetensors", family / "velvet-portrait_v3-diffusers")


def test_the_pickle_rounds_to_the_base(family):
    half, full = (
        open_checkpoint(family / "harborlight-v1.safetensors"),
        open_checkpoint(family / "harborlight-v1-fp32.ckpt"),
    )
    assert half.weights.keys() == full.weights.keys()
    for key in half.weights:
        assert np.frombuffer(full.read(key), "float32").astype("float16").tobytes() == bytes(half.read(key)), key


def test_the_copy_is_the_same_file(family):
    assert (family / "inkwell_anime_v2.1 (1).safetensors").read_bytes() == (
        family / "inkwell_anime_v2.1.safetensors"
    ).read_bytes()


def test_the_block_merge_takes_each_side_whole(family):
    merge, inkwell, velvet = (
        open_checkpoint(family / f"{name}.safetensors")
        for name in ("chimera-blockmix_v1", "inkwell_anime_v2.1", "velvet-portrait_v3")
    )
    for key, weight in merge.weights.items():
        if weight.component == "unet" and weight.block != "M00":
            parent = inkwell if weight.block.startswith("IN") else velvet
            assert merge.read(key) == parent.read(key), key


def test_only_two_have_another_vae(family):
    checkpoints = {
        path.name: open_checkpoint(path) for path in family.glob("*.safetensors") if "meridian" not in path.name
    }
    vaes = {
        name: b"".join(
            bytes(checkpoint.read(key)) for key, weight in checkpoint.weights.items() if weight.component == "vae"
        )
        for name, checkpoint in checkpoints.items()
    }
    base = vaes["harborlight-v1.safetensors"]
    others = {name for name, vae in vaes.items() if vae != base}
    assert others == {"inkwell_anime_v2.1-clearvae.safetensors", "granite-fantasy_v4.safetensors"}


def test_kinship_shows_in_the_weights(family):
    key = "model.diffusion_model.output_blocks.5.1.transformer_blocks.0.attn1.to_q.weight"

    def distance(a: str, b: str) -> float:
        return float(
            np.linalg.norm(
                values(open_checkpoint(family / f"{a}.safetensors"), key)
                - values(open_checkpoint(family / f"{b}.safetensors"), key)
            )
        )

    later = distance("inkwell_anime_v2.1", "inkwell_anime_v2.5")
    parent = distance("inkwell_anime_v2.1", "harborlight-v1")
    siblings = distance("inkwell_anime_v2.1", "velvet-portrait_v3")
    stranger = distance("inkwell_anime_v2.1", "granite-fantasy_v4")
    assert later < parent < siblings < stranger
    assert distance("tidepool-mix_v1", "inkwell_anime_v2.1") == pytest.approx(0.3 * siblings, rel=0.01)


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
    assert [path.name for path in family.parent.iterdir()] == ["demonstration"]


def test_an_existing_folder_is_left_alone(tmp_path):
    demo.write_demo_family(tmp_path, pytest.fail)
    assert not list(tmp_path.iterdir())


def test_the_builders_do_without_torch():
    code = (
        "import sys; from lib_modelsim import demo; demo.draw(demo.sd1_shapes(8), 1); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
