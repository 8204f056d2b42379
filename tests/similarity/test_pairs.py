"""The measures that compare value by value, l1 and equal, against numpy in float64."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.workspace.comparing.compare import compare
from lib_modelsim.workspace.comparing.elements import elements

from . import naive
from .test_measures import CONTEXT, DTYPES, KEYS, families, measured

TRUTH = {"l1": lambda x, y: np.abs(x - y).mean(), "equal": lambda x, y: (x == y).mean()}


def saved(folder: Path, models: list[dict[str, torch.Tensor]]) -> list[naive.Model]:
    """Save the models as 0, 1, …; returns the exact numbers of their weights: a single number is none."""
    for i, model in enumerate(models):
        save_file({key: value.contiguous() for key, value in model.items()}, folder / f"{i}.safetensors")
    return [{key: value.double().numpy() for key, value in model.items() if value.numel() > 1} for model in models]


def remembered(folder: Path, measure: str, library: Library):
    return compare([folder], measure, None, library, Job(), "cpu")


def truth(measure: str, a: naive.Model, b: naive.Model, keys: list[str]) -> float:
    x, y = naive.vector(a, keys), naive.vector(b, keys)
    return float(TRUTH[measure](x, y)) if x.size else float("nan")


@given(families(), st.sampled_from(sorted(TRUTH)))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_they_are_what_numpy_says_in_float64(tensors, measure):
    with tempfile.TemporaryDirectory() as folder:
        models = saved(Path(folder), tensors)
        matrix = measured(Path(folder), measure).matrix
    every = naive.places(sorted({key for model in models for key in model}))
    for i, a in enumerate(models):
        for j, b in enumerate(models):
            keys = naive.shared_keys(a, b)
            for at, block in enumerate(matrix.blocks):
                own = [key for key in keys if every[key][1] == block]
                assert matrix.values[i, j, at] == pytest.approx(truth(measure, a, b, own), rel=1e-6, nan_ok=True)
            for component, numbers in matrix.components.items():
                own = [key for key in keys if every[key][0] == component]
                assert numbers[i, j] == pytest.approx(truth(measure, a, b, own), rel=1e-6, nan_ok=True)
            unet = [key for key in keys if every[key][0] == "unet"]
            assert matrix.overall[i, j] == pytest.approx(truth(measure, a, b, unet), rel=1e-6, nan_ok=True)


@given(families())
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_they_hold_together(tensors):
    with tempfile.TemporaryDirectory() as folder:
        saved(Path(folder), tensors)
        apart, same = (measured(Path(folder), measure).matrix for measure in ("l1", "equal"))
    for far, near in ((apart.values, same.values), (apart.overall, same.overall)):
        np.testing.assert_array_equal(far, far.swapaxes(0, 1))
        np.testing.assert_array_equal(near, near.swapaxes(0, 1))
        known = ~np.isnan(far)
        np.testing.assert_array_equal(known, ~np.isnan(near))
        assert (far[known] >= 0).all()
        assert ((near[known] >= 0) & (near[known] <= 1)).all()
        np.testing.assert_array_equal(far[known] == 0, near[known] == 1)
    own = np.diagonal(same.values)
    np.testing.assert_array_equal(own[~np.isnan(own)], 1)


@pytest.mark.parametrize("dtype", sorted(DTYPES))
def test_a_copy_in_another_precision_is_equal_where_both_hold_the_numbers(dtype, tmp_path):
    values = torch.from_numpy(np.random.default_rng(0).integers(-8, 9, (2, 768)) / 8)  # all formats have them
    saved(tmp_path, [{CONTEXT: values.to(DTYPES["F32"])}, {CONTEXT: values.to(DTYPES[dtype])}])
    assert measured(tmp_path, "equal").matrix.overall[0, 1] == 1
    assert measured(tmp_path, "l1").matrix.overall[0, 1] == 0


def test_float64_numbers_are_told_apart_beyond_float32(tmp_path):
    values = torch.ones(2, 768, dtype=torch.float64)
    other = values.clone()
    other[0] += 1e-12
    saved(tmp_path, [{CONTEXT: values}, {CONTEXT: other}, {CONTEXT: values.float()}])
    matrix = measured(tmp_path, "equal").matrix
    assert matrix.overall[0].tolist() == [1, 0.5, 1]
    assert measured(tmp_path, "l1").matrix.overall[0, 1] == pytest.approx(5e-13, rel=1e-3)


def test_signs_of_zero_and_the_smallest_numbers_count_as_numbers(tmp_path):
    a, b = torch.zeros(2, 768), torch.zeros(2, 768)
    b[0], b[1, 0] = -0.0, 1e-45
    saved(tmp_path, [{CONTEXT: a}, {CONTEXT: b}])
    assert measured(tmp_path, "equal").matrix.overall[0, 1] == 1 - 1 / 1536


def test_keys_with_numbers_that_are_not_finite_are_left_out_and_told(tmp_path):
    generator = torch.Generator().manual_seed(0)
    models = [{CONTEXT: torch.randn(2, 768, generator=generator), KEYS[5]: torch.ones(9)} for _ in range(3)]
    models[1][KEYS[5]][3] = float("nan")
    models[2][KEYS[5]][3] = 3e38  # twice that is too large for float32
    models[2][KEYS[5]][4] = -3e38
    saved(tmp_path, models)
    found = measured(tmp_path, "l1")
    at = found.matrix.blocks.index("OUT11")
    assert np.isnan(found.matrix.values[0, 1, at])
    assert not np.isinf(found.matrix.values).any()
    assert any("1 NaN" in reason.reason for reason in found.reasons if reason.a == "1")


def test_long_keys_are_added_up_to_seven_digits(tmp_path):
    generator = torch.Generator().manual_seed(0)
    models = [{CONTEXT: torch.randn(300, 768, generator=generator) ** 3} for _ in range(2)]
    a, b = (model[CONTEXT] for model in saved(tmp_path, models))
    assert measured(tmp_path, "l1").matrix.overall[0, 1] == pytest.approx(np.abs(a - b).mean(), rel=1e-6)


def test_one_pass_serves_both_and_the_others_do_not_pay_for_it(small_family, monkeypatch):
    with Library(None) as library:
        remembered(small_family, "cosine", library)
        stored = {method for (method,) in library._db.execute("SELECT method FROM sets")}
        assert not any(method.startswith("pairs") for method in stored)
        remembered(small_family, "l1", library)
        monkeypatch.setattr("lib_modelsim.workspace.comparing.streaming.weight_pass", None)  # nothing is read again
        assert remembered(small_family, "equal", library).matrix.overall[0, 0] == 1
        remembered(small_family, "l2", library)


def test_every_key_of_two_models(small_family):
    found = compare(
        [small_family / "anna.safetensors", small_family / "base.safetensors"], "equal", None, Library(None), Job()
    )
    told = elements(found, Job(), "cpu")
    assert {element.component for element in told} == {"unet", "te", "vae"}
    assert all(0 <= element.value <= 1 for element in told)
