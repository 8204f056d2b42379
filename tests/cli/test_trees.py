"""The default classify draws a tree for every network: five small related files of each, all in one folder."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from safetensors.torch import save_file

from lib_modelsim.checkpoints.reader import open_checkpoint
from lib_modelsim.similarity.attention import Variant, attention_keys

from ..checkpoints.converters import SHRINK, Weights, drawn
from ..command import run

LISTS = {
    "sd3-medium.original-bare": "SD3",
    "flux-dev.original": "Flux",
    "chroma.diffusers": "Chroma",
    "chroma-radiance.original": "Chroma Radiance",
    "flux2-klein-4b.diffusers": "Flux.2",
    "zimage.original": "Z-Image",
    "lumina2.original": "Lumina 2",
    "omnigen2.original": "OmniGen2",
    "qwen-image.diffusers": "Qwen-Image",
    "anima.original": "Anima",
    "cosmos-predict2-2b.original": "Cosmos-Predict2",
    "wan21-i2v-14b.original": "Wan",
    "wan22-animate2-14b.published": "Wan Animate 2",
    "wan22-s2v-14b.published": "Wan S2V",
    "hidream-i1.diffusers": "HiDream-I1",
    "hidream-o1.original": "HiDream-O1",
    "auraflow-v03.original-bare": "AuraFlow",
    "hunyuandit12.original": "HunyuanDiT",
    "pixart-alpha-1024.original": "PixArt-α",
    "pixart-sigma-1024.diffusers": "PixArt-Σ",
    "ltxv-2b-0.9.original": "LTX-Video",
    "cascade-stage-c.original": "Stable Cascade",
    "hunyuanvideo-t2v.original": "HunyuanVideo",
    "hunyuanvideo15.original": "HunyuanVideo 1.5",
    "hunyuanimage21.original": "HunyuanImage 2.1",
    "krea2.original": "Krea 2",
    "kandinsky5-lite-image.original": "Kandinsky 5",
}

_LATE = re.compile(r"(?:blocks|layers|refiner|injector\w*|image_cond)\.(?:[3-9]|[1-9]\d)\.")
"""Layers after the third of each stack: a family needs none of them."""


def family(name: str) -> dict[str, Weights]:
    """A base, two tunes of it, one more step of the first, and a merge of both."""
    shrink = {"lumina2.original": 48, "omnigen2.original": 40}.get(name, SHRINK)  # heads of 96 and of 120
    base, *steps = (drawn(name, seed, shrink, _LATE) for seed in range(4))
    first, second = ({key: (value + 0.1 * step[key]).half() for key, value in base.items()} for step in steps[:2])
    return {
        "base": base,
        "tuned-a": first,
        "tuned-b": second,
        "further-a": {key: (value + 0.05 * steps[2][key]).half() for key, value in first.items()},
        "merge": {key: ((value + second[key]) / 2).half() for key, value in first.items()},
    }


@pytest.fixture(scope="module")
def folder(shared, tmp_path_factory) -> Path:
    found = tmp_path_factory.mktemp("families")
    for name in LISTS:
        for member, weights in family(name).items():
            save_file({k: v.contiguous() for k, v in weights.items()}, found / f"{name} {member}.safetensors")
    return found


@pytest.fixture(scope="module")
def classified(folder, tmp_path_factory) -> dict:
    out = tmp_path_factory.mktemp("out")
    return run("classify", folder, "--out", out, "--no-library", "--dpi", 20, "--json").document


@pytest.mark.parametrize("name", LISTS)
def test_every_network_has_a_tree_by_default(classified, name):
    rows = {row["model"]: row for row in classified["classes"] if row["model"].startswith(f"{name} ")}
    assert len(rows) >= 4, "the base may be left out"
    assert {row["architecture"] for row in rows.values()} == {LISTS[name]}


@pytest.mark.parametrize("name", LISTS)
def test_every_network_has_the_attention_score(folder, name):
    checkpoint = open_checkpoint(folder / f"{name} base.safetensors")
    layers = attention_keys(checkpoint.layout, Variant(seed=1, linears=6, decoder_only=False))
    stacks = {block for block in checkpoint.layout.blocks if re.search(r"\d", block)}
    assert len(layers) >= 3
    assert set(layers) <= stacks | {"TXTFUSION", "PERCEIVER"}


SHARED_HEADS = {
    "lumina2.original": "layers.00",
    "omnigen2.original": "layers.00",
    "krea2.original": "blocks.00",
    "hidream-o1.original": "layers.00",
}


@pytest.mark.parametrize("name", SHARED_HEADS)
def test_heads_that_share_keys_and_values_are_scored(folder, name):
    paths = [folder / f"{name} {member}.safetensors" for member in ("base", "tuned-a", "tuned-b")]
    document = run("compare", *paths, "--measure", "asimilarity", "--no-library", "--json").document
    block = document["blocks"].index(SHARED_HEADS[name])
    scores = np.array(document["values"], float)[:, :, block]
    assert np.isfinite(scores).all()
    assert scores.diagonal() == pytest.approx(1)


def test_a_shared_head_counts_as_often_as_it_is_used(folder):
    """The score of Krea 2's first text layer and block in plain NumPy, each head's keys beside its four queries."""
    width, head, seed = 96, 2, 2244096
    generator = torch.Generator().manual_seed(seed)
    probes = {}
    for block, wide in (("TXTFUSION", 40), ("blocks.00", width)):
        probes[block] = torch.randn([wide, wide], generator=generator).double().numpy()
        for _ in range(6):
            torch.empty(wide, wide).uniform_(generator=generator)
    rows = []
    for member in ("base", "tuned-a"):
        weights = load_file(folder / f"krea2.original {member}.safetensors")
        q, k, v = (weights[f"blocks.0.attn.w{part}.weight"].astype(np.float64) for part in "qkv")
        k, v = (np.repeat(m.reshape(-1, head, width), len(q) // len(m), axis=0).reshape(width, width) for m in (k, v))
        probe = probes["blocks.00"]
        logits = (probe @ q.T) @ (probe @ k.T).T
        attention = np.exp(logits - logits.max(1, keepdims=True))
        attention = attention / attention.sum(1, keepdims=True) * (probe @ v.T).sum(0)
        rows.append(attention / np.linalg.norm(attention, axis=1, keepdims=True))
    paths = [folder / f"krea2.original {member}.safetensors" for member in ("base", "tuned-a")]
    document = run("compare", *paths, "--measure", "asimilarity", "--no-library", "--json").document
    found = document["values"][0][1][document["blocks"].index("blocks.00")]
    assert document["blocks"][:2] == ["TXTFUSION", "blocks.00"]
    assert found == pytest.approx((rows[0] * rows[1]).sum(1).mean(), abs=1e-4)
