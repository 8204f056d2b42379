"""Shares by the blocks of the mergers themselves, which are finer than ours in SDXL."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from lib_modelsim.checkpoints.blocks import place, sub_block
from lib_modelsim.lineage.evidence import TargetEvidence
from lib_modelsim.lineage.making import make
from lib_modelsim.lineage.parents.linear import sampled_rows
from lib_modelsim.lineage.products import Distances
from lib_modelsim.lineage.values import KeyValues

KEYS = [
    f"model.diffusion_model.{side}_blocks.{n}.1.transformer_blocks.{i}.attn1.{part}.weight"
    for side, n in (("input", 4), ("input", 7), ("output", 1))
    for i in range(3)
    for part in ("to_q", "to_k", "to_v")
]


def read(models: dict[str, dict[str, np.ndarray]], names: Sequence[str]) -> list[KeyValues]:
    return [
        KeyValues(key, "unet", place("SDXL", key)[1], models["target"][key], {n: models[n][key] for n in names})
        for key in KEYS
    ]


def by_block(weights: list[KeyValues], names: Sequence[str]) -> list[Distances]:
    return [row for row in sampled_rows(weights, names) if row.block]


def by_weight(weights: list[KeyValues], names: Sequence[str]) -> list[Distances]:
    rows = [(one.key, sampled_rows([one], names)[0]) for one in weights]
    return [Distances(k, r.component, r.block, r.names, r.squares, r.norms, r.count, r.rounding) for k, r in rows]


def test_a_merge_by_the_109_blocks_of_sdxl_has_its_shares_by_them() -> None:
    rng = np.random.default_rng(3)
    base = {key: rng.standard_normal((64, 64)) for key in KEYS}
    half = lambda values: values.astype(np.float16).astype(np.float32)  # noqa: E731
    models = {"base": {key: half(w) for key, w in base.items()}}
    for i in range(5):
        models[f"m{i}"] = {key: half(w + 0.1 * rng.standard_normal(w.shape)) for key, w in base.items()}
    shares = {sub_block("SDXL", key): 0.0 for key in KEYS}
    shares = {block: round(float(rng.uniform(0.1, 0.9)), 2) for block in shares}
    at = {key: shares[sub_block("SDXL", key)] for key in KEYS}
    models["target"] = {key: half((1 - at[key]) * models["m1"][key] + at[key] * models["m3"][key]) for key in KEYS}
    names = [name for name in models if name != "target"]
    found = make(
        TargetEvidence(
            "target",
            "SDXL",
            by_block(read(models, names), names),
            lambda some: read(models, some),
            lambda some: by_weight(read(models, some), some),
            "base",
            1.0,
            tuple(names),
            {name: {"unet": "F16"} for name in models},
            "SDXL",
        )
    )
    assert (found.kind, found.sure) == ("block-weighted", True)
    assert {block: held["m3"] for block, held in found.blocks.items()} == pytest.approx(shares, abs=0.002)
