"""Every measure against one plain float64 implementation, over families that are as uneven as real folders are."""

from __future__ import annotations

import tempfile
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.similarity.base import MEAN, Base
from lib_modelsim.workspace.comparing.compare import compare

from . import naive

PLAIN = ("cosine", "cosine-min", "cosine-whole", "l2", "relative-l2")

UNET = "model.diffusion_model."
CONTEXT = UNET + "input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
"""Every file has it: its 768 columns tell the architecture."""

KEYS = (
    UNET + "time_embed.0.weight",
    UNET + "input_blocks.0.0.weight",
    UNET + "input_blocks.1.0.in_layers.0.bias",
    UNET + "middle_block.0.in_layers.2.weight",
    UNET + "output_blocks.3.1.proj_in.weight",
    UNET + "out.2.weight",
    "cond_stage_model.transformer.text_model.final_layer_norm.weight",
    "first_stage_model.decoder.conv_in.weight",
    "first_stage_model.post_quant_conv.weight",
    "something.else.weight",
)

DTYPES = {
    "F16": torch.float16, "BF16": torch.bfloat16, "F32": torch.float32, "F64": torch.float64,
    "F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2,
}  # fmt: skip


def stored(values: np.ndarray, dtype: str) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(values)).to(DTYPES[dtype])


def write(folder: Path, models: list[dict[str, torch.Tensor]]) -> list[naive.Model]:
    """Save the models as 0, 1, …; returns their weights as they read back; a single number is no weight."""
    for i, model in enumerate(models):
        save_file({key: value.contiguous() for key, value in model.items()}, folder / f"{i}.safetensors")
    return [{key: value.double().numpy() for key, value in model.items() if value.numel() > 1} for model in models]


def measured(folder: Path, measure: str, base: str | None = None):
    """A comparison of all that there is to compare, however little it covers."""
    with patch("lib_modelsim.similarity.coverage.LEAST", 0):
        return compare([folder], measure, base, Library(None), Job(), "cpu")


@st.composite
def families(draw):
    """Two to six models: close and distant kin, copies, keys missing, of other shapes, all zero, of many dtypes."""
    n = draw(st.integers(2, 6))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    keys = draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=6, unique=True))
    shapes = {key: draw(st.lists(st.integers(1, 7), min_size=0, max_size=4).map(tuple)) for key in keys} | {
        CONTEXT: (2, 768)
    }
    root = {key: generator.standard_normal(shape) for key, shape in sorted(shapes.items())}
    models = []
    for i in range(n):
        step = draw(st.sampled_from([0, 0.001, 0.1, 3]))
        parent = models[draw(st.integers(0, i - 1))][0] if i else root
        own = {
            key: parent.get(key, values) + step * generator.standard_normal(values.shape)
            for key, values in root.items()
        }
        dtype = draw(st.sampled_from(sorted(DTYPES)))
        tensors = {key: stored(values, dtype) for key, values in own.items()}
        for key in keys:
            change = draw(st.sampled_from(["as it is"] * 6 + ["missing", "zero", "other shape"]))
            if change == "missing":
                del tensors[key]
            elif change == "zero":
                tensors[key] = torch.zeros_like(tensors[key])
            elif change == "other shape":
                tensors[key] = stored(generator.standard_normal((3, 5)), dtype)
        models.append((own, tensors))
    return [tensors for _, tensors in models]


def close(mine: float, theirs: float, what: object) -> None:
    assert mine == pytest.approx(theirs, rel=1e-4, abs=2e-5, nan_ok=True), what


@given(families(), st.sampled_from(PLAIN))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_measures_are_those_of_the_plain_implementation(tensors, measure):
    with tempfile.TemporaryDirectory() as folder:
        models = write(Path(folder), tensors)
        found = measured(Path(folder), measure)
    matrix = found.matrix
    every = naive.places(sorted({key for model in models for key in model}))
    assert set(matrix.blocks) == {block for _, block in every.values() if block}
    for i, a in enumerate(models):
        for j, b in enumerate(models):
            keys = naive.shared_keys(a, b)
            values = {
                block: naive.value(measure, a, b, [key for key in keys if every[key][1] == block])
                for block in matrix.blocks
            }
            for block, value in values.items():
                close(matrix.values[i, j, matrix.blocks.index(block)], value, (i, j, block))
            for component, numbers in matrix.components.items():
                own = [key for key in keys if every[key][0] == component]
                close(numbers[i, j], naive.value(measure, a, b, own), (i, j, component))
            unet = [key for key in keys if every[key][0] == "unet"]
            of_unet = [values[block] for block in dict.fromkeys(every[key][1] for key in unet)]
            if measure in ("cosine", "cosine-min"):
                known = [value for value in of_unet if value == value]
                overall = float(np.mean(known)) if known else float("nan")
            else:
                overall = naive.value(measure, a, b, unet)
            close(matrix.overall[i, j], overall, (i, j, "overall"))
    np.testing.assert_array_equal(matrix.values, matrix.values.swapaxes(0, 1))
    np.testing.assert_array_equal(matrix.overall, matrix.overall.T)


@given(families(), st.booleans())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_delta_cosine_is_that_of_the_plain_implementation(tensors, with_base):
    if len(tensors) < 4:
        with_base = True
    with tempfile.TemporaryDirectory() as folder:
        models = write(Path(folder), tensors)
        found = measured(Path(folder), "delta-cosine", "0" if with_base else None)
    assert found.base == (Base("0") if with_base else MEAN)
    matrix, base = found.matrix, 0 if with_base else None
    every = naive.places(sorted({key for model in models for key in model}))
    rounded = {
        reason.a
        for reason in found.reasons
        if "to another precision" in reason.reason or "in another precision" in reason.reason
    }
    for i, a in enumerate(models):
        for j, b in enumerate(models):
            if rounded & {matrix.models[i], matrix.models[j]}:
                assert np.isnan(matrix.overall[i, j])
                continue
            keys = naive.shared_keys(a, b)
            for block in matrix.blocks:
                own = [key for key in keys if every[key][1] == block]
                delta(matrix.values[i, j, matrix.blocks.index(block)], models, i, j, base, own)
            delta(matrix.overall[i, j], models, i, j, base, [key for key in keys if every[key][0] == "unet"])


def delta(mine: float, models: list[naive.Model], i: int, j: int, base: int | None, keys: list[str]) -> None:
    """The cosine comes from ‖a−b‖², ‖a−base‖² and ‖b−base‖²: where one side is far shorter than another, digits go."""
    theirs = naive.delta_cosine(models, i, j, base, keys)
    assert mine == pytest.approx(theirs, abs=5e-3, nan_ok=True), (i, j, base, keys)
