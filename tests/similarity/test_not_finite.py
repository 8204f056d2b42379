"""NaN is told in every dtype that can hold it."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file

from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.workspace.comparing.compare import compare

KEY = "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"


@pytest.mark.parametrize(
    "dtype",
    [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2],
)
def test_nan_is_counted_and_left_out(tmp_path, dtype):
    whole = torch.ones(4, 768)
    broken = whole.clone()
    broken[1, :3] = float("nan")
    for name, values in (("whole", whole), ("broken", broken)):
        other = {"model.diffusion_model.out.0.weight": torch.ones(64, 768).to(dtype)}
        save_file({KEY: values.to(dtype), **other}, tmp_path / f"{name}.safetensors")
    with Library(None) as library:
        found = compare([tmp_path], "l2", None, library, Job(), "cpu")
    told = f"UNet: 3 NaN in {KEY}: left out"
    assert [(reason.a, reason.reason) for reason in found.reasons] == [("broken", told)]
    assert found.matrix.overall[0, 1] == 0
