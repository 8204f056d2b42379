"""Forms of SD's networks that share its widths: each by its own name, and compared with its like alone."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from lib_modelsim import demo
from lib_modelsim.checkpoints import blocks
from lib_modelsim.checkpoints.architecture import kind_of
from lib_modelsim.checkpoints.layout import Layout, Place
from lib_modelsim.checkpoints.names import common_names
from lib_modelsim.similarity.coverage import LEAST, coverage
from lib_modelsim.workspace.comparing.reasons import difference

from ..checkpoints.key_lists import key_list
from ..command import run


def test_svd_and_kolors_are_no_sd_and_no_sdxl(shared):
    folder = shared / "cases" / "weights" / "c28_svd_kolors"
    rows = run("scan", folder, "--no-library", "--json").document["checkpoints"]
    assert {row["name"]: row["architecture"] for row in rows} == {
        "kolors": "Kolors",
        "sd21": "SD 2.x",
        "svd": "SVD",
        "xl": "SDXL",
    }
    outcome = run("compare", folder, "--no-library", "--json").document
    for a, b in itertools.combinations(range(4), 2):
        assert outcome["overall"][a][b] is None
    reasons = {reason["reason"] for reason in outcome["reasons"]}
    assert "different networks: Kolors and SDXL" in reasons
    assert "different networks: SD 2.x and SVD" in reasons


def layout(name: str) -> Layout:
    """The layout of a key list, at full size."""
    named = common_names(key_list(name).tensors)
    kind = kind_of({key: tensor.shape for key, tensor in named})
    places = {key: (*blocks.place(kind, key), tensor.shape) for key, tensor in named}
    return Layout.of(kind, {key: Place(*place) for key, place in places.items() if place[0] is not None})


@pytest.mark.parametrize("name", ["ssd1b", "segmind-vega", "koala-700m", "koala-1b"])
def test_what_shares_less_than_nine_tenths_with_sdxl_is_another_network(shared, name):
    sdxl, other = layout("sdxl.original"), layout(f"{name}.original")
    assert coverage([sdxl, other], "unet")[0, 1] < LEAST
    assert difference(sdxl, other) == f"different networks: SDXL and {other.architecture}"


@pytest.mark.parametrize("name", ["sdxl-inpaint.original", "sdxl-pix2pix.diffusers-unet"])
def test_what_differs_in_its_first_layer_is_a_variant(shared, name):
    sdxl, other = layout("sdxl.original"), layout(name)
    assert coverage([sdxl, other], "unet")[0, 1] > 0.999
    told = difference(sdxl, other)
    assert told.startswith(f"SDXL and SDXL {other.variant}; compared over ")
    assert "1 in different shapes (model.diffusion_model.input_blocks.0.0.weight: [320, 4, 3, 3] and" in told


def inpainting(weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same with five more input channels, which are zero."""
    first = "model.diffusion_model.input_blocks.0.0.weight"
    more = np.zeros((len(weights[first]), 5, 3, 3), weights[first].dtype)
    return weights | {first: np.concatenate([weights[first], more], 1)}


def test_a_variant_is_shown_keeps_its_number_and_its_keys_are_named(tmp_path):
    weights = demo.draw(demo.sdxl_shapes(8, 16, (1, 1)), 1)
    demo.save(tmp_path / "base.safetensors", weights)
    demo.save(tmp_path / "inpaint.safetensors", inpainting(weights))
    assert "SDXL inpainting" in run("scan", tmp_path, "--no-library").out
    rows = run("scan", tmp_path, "--no-library", "--json").document["checkpoints"]
    assert [(row["architecture"], row["variant"]) for row in rows] == [("SDXL", None), ("SDXL", "inpainting")]
    document = run("compare", tmp_path, "--no-library", "--json").document
    assert document["overall"][0][1] > 0.99
    told = " ".join(reason["reason"] for reason in document["reasons"])
    assert "SDXL and SDXL inpainting" in told
    assert "1 in different shapes (model.diffusion_model.input_blocks.0.0.weight: [8, 4, 3, 3]" in told


# sub-blocks


def sub_blocks_of_sdxl() -> list[str]:
    """The 109 names in the order of sd-webui-supermerger's BLOCKIDXLLL, but for VAE, which stands behind them, and IN0,
    which has no keys."""

    def module(word: str, number: str, layers: int) -> list[str]:
        return [f"{word}{number}", *(f"{word}{number}{layer}" for layer in range(layers))]

    found = ["CLIPL", "CLIPG"]
    for block, layers in enumerate((0, 0, 0, 0, 2, 2, 0, 10, 10)):
        found += [f"IN{block}0", *(module("IN", f"{block}1", layers) if layers else [])]
    found += ["MID00", *module("MID", "10", 10), "MID20"]
    for block, layers in enumerate((10, 10, 10, 2, 2, 2, 0, 0, 0)):
        found += [f"OUT{block}0", *(module("OUT", f"{block}1", layers) if layers else [])]
        found += [f"OUT{block}2"] if block in (2, 5) else []
    return [*found, "OUT9", "TIME", "LABEL"]


def test_every_key_of_sdxl_is_in_one_of_the_sub_blocks_that_mergers_number(shared):
    named = dict(common_names(key_list("sdxl.original").tensors))
    found = {key: blocks.sub_block("SDXL", key) for key in named}
    assert None not in found.values()
    assert blocks.sub_block_order("SDXL", found.values()) == [*sub_blocks_of_sdxl(), "VAE"]
    assert len(sub_blocks_of_sdxl()) == 109 - 1
    unet = "model.diffusion_model."
    for key, name in (
        ("input_blocks.4.1.transformer_blocks.0.attn1.to_q.weight", "IN410"),
        ("input_blocks.4.1.proj_in.weight", "IN41"),
        ("input_blocks.4.0.in_layers.0.weight", "IN40"),
        ("middle_block.1.transformer_blocks.9.norm1.bias", "MID109"),
        ("output_blocks.2.2.conv.weight", "OUT22"),
        ("out.2.weight", "OUT9"),
        ("time_embed.0.weight", "TIME"),
    ):
        assert found[unet + key] == name
    assert blocks.sub_block("SD 1.x", unet + "out.2.weight") is None


def test_two_models_are_compared_by_sub_blocks(tmp_path):
    weights = demo.draw(demo.sdxl_shapes(8, 16, (1, 1)), 1)
    changed = "model.diffusion_model.input_blocks.4.1.transformer_blocks.0.attn1.to_q.weight"
    demo.save(tmp_path / "a.safetensors", weights)
    demo.save(tmp_path / "b.safetensors", weights | {changed: weights[changed] * 2})
    document = run("compare", tmp_path, "--no-library", "--blocks", "fine", "--json").document
    differing = {row["name"]: row["relative"] for row in document["sub_blocks"] if row["relative"]}
    assert differing.keys() == {"IN410"}
    told = run("compare", tmp_path, "--no-library", "--blocks", "fine").out
    assert "IN410" in told
    assert "sub-block" in told


def test_a_network_without_sub_blocks_says_so(tmp_path):
    for seed, name in enumerate("ab"):
        demo.save(tmp_path / f"{name}.safetensors", demo.draw(demo.sd1_shapes(8, text_width=16), seed))
    outcome = run("compare", tmp_path, "--no-library", "--blocks", "fine")
    assert outcome.code != 0
    assert "no finer blocks" in outcome.err
