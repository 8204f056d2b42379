"""How large the differences of two models are: counts per bin against numpy, and the figure that draws them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from lib_modelsim.checkpoints.reader import open_checkpoint
from lib_modelsim.figures.difference_histogram import draw_difference_histogram
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.similarity.device import CPU
from lib_modelsim.similarity.histogram import SIDE, edges, histogram
from lib_modelsim.workspace.comparing.compare import compare
from lib_modelsim.workspace.comparing.differences import differences

from ..command import run
from ..figures.words import assert_clean
from .test_measures import CONTEXT, KEYS


def binned(folder, first, second):
    """The histogram of two models of a few keys."""
    for name, model in (("a", first), ("b", second)):
        save_file({key: value.contiguous() for key, value in model.items()}, folder / f"{name}.safetensors")
    pair = [open_checkpoint(folder / f"{name}.safetensors") for name in "ab"]
    return histogram(pair, "unet", list(pair[0].layout.places), CPU, lambda count: None)


def test_the_bins_are_symmetric_and_known():
    meeting = edges()
    assert len(meeting) == 2 * SIDE
    np.testing.assert_array_equal(meeting, -meeting[::-1])
    assert (np.diff(meeting) > 0).all()
    assert meeting[SIDE] == 1e-4
    np.testing.assert_allclose(meeting[SIDE + 16 * np.arange(5)], [1e-4, 1e-3, 1e-2, 1e-1, 1])


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_counts_are_those_of_numpy(dtype, tmp_path):
    generator = torch.Generator().manual_seed(0)
    first = torch.randn(40, 768, generator=generator, dtype=torch.float64)
    steps = 10 ** torch.linspace(-6, 2, 768, dtype=torch.float64)
    second = first + torch.randn(40, 768, generator=generator, dtype=torch.float64) * steps
    second[:3] = first[:3]
    a, b = first.to(dtype), second.to(dtype)
    found = binned(tmp_path, {CONTEXT: a}, {CONTEXT: b})
    x, y = a.double().numpy(), b.double().numpy()
    rms = np.sqrt(np.mean(x**2))
    theirs = np.histogram((x - y) / rms, np.concatenate([[-np.inf], edges(), [np.inf]]))[0]
    assert found.rms == pytest.approx(rms, rel=1e-6)
    assert found.total == x.size
    assert found.equal == (x == y).sum()
    assert np.abs(found.counts - theirs).sum() <= 2 * 10  # a value where two bins meet may fall on either side


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_the_other_way_round_it_is_its_mirror_image(seed):
    generator = torch.Generator().manual_seed(seed)
    first = torch.randn(4, 768, generator=generator)
    second = first.flatten()[torch.randperm(4 * 768, generator=generator)].reshape(4, 768)  # of the same length
    with tempfile.TemporaryDirectory() as folder:
        ours = binned(Path(folder), {CONTEXT: first}, {CONTEXT: second})
        theirs = binned(Path(folder), {CONTEXT: second}, {CONTEXT: first})
    assert np.abs(ours.counts - theirs.counts[::-1]).sum() <= 4  # values where two bins meet
    assert ours.equal == theirs.equal


def test_equal_models_fill_the_middle_bin_and_zeros_are_no_division(tmp_path):
    for values in (torch.ones(2, 768), torch.zeros(2, 768)):
        found = binned(tmp_path, {CONTEXT: values}, {CONTEXT: values})
        assert found.counts[SIDE] == found.total == found.equal == values.numel()


def test_keys_that_are_not_finite_are_left_out(tmp_path):
    first = {CONTEXT: torch.ones(2, 768), KEYS[5]: torch.ones(9)}
    second = {CONTEXT: torch.ones(2, 768), KEYS[5]: torch.full((9,), float("inf"))}
    assert binned(tmp_path, first, second).total == 2 * 768


def test_every_component_has_one(small_family):
    pair = [small_family / f"{name}.safetensors" for name in ("anna", "base")]
    with Library(None) as library:
        found = differences(compare(pair, "cosine", None, library, Job(), "cpu"), Job(), "cpu")
    assert {one.component for one in found} == {"unet", "te", "vae"}
    unet = next(one for one in found if one.component == "unet")
    assert 0 < unet.counts[: SIDE - 32].sum() < unet.total / 2  # a tenth of the weights' size: beyond a hundredth


def test_nothing_overlaps_or_is_cut():
    counts = np.random.default_rng(0).integers(0, 10**9, 2 * SIDE + 1)
    panels = {f"{name}: 859,520,964 values, 12 % of them equal, rms 0.03": counts for name in ("unet", "te", "vae")}
    words = assert_clean(draw_difference_histogram(panels, edges(), "a less b", "(a − b) / rms(a)", caption="So."))
    assert {"−1", "−0.01", "0", "0.01", "1"} <= set(words)


def test_an_empty_panel_and_one_bin_are_drawn():
    empty, one = np.zeros(2 * SIDE + 1, dtype=np.int64), np.zeros(2 * SIDE + 1, dtype=np.int64)
    one[SIDE] = 5
    assert_clean(draw_difference_histogram({"te": empty, "unet": one}, edges(), "a less b", "of a"))


# the command line


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_the_command_line_draws_it(small_family, tmp_path, ending):
    pair = [small_family / f"{name}.safetensors" for name in ("anna", "base")]
    done = run("compare", *pair, "--histogram", tmp_path / f"apart.{ending}", "--no-library")
    assert done.code == 0, done.err
    written = (tmp_path / f"apart.{ending}").read_bytes()
    assert b"rms(a)" in written if ending == "svg" else written.startswith(b"\x89PNG")


def test_more_than_two_models_are_refused_in_one_line(small_family, tmp_path):
    done = run("compare", small_family, "--histogram", tmp_path / "apart.svg", "--no-library")
    assert done.code == 2
    assert "two models" in done.err
    assert done.err.count("\n") == 1
