"""Numbers at both ends of what files can hold: right to 1e-6, or missing with a reason; never a warning."""

from __future__ import annotations

import tempfile
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.similarity.device import CPU
from lib_modelsim.similarity.grams import GramSums
from lib_modelsim.similarity.pairs import PairSums
from lib_modelsim.workspace.comparing.compare import compare

pytestmark = pytest.mark.filterwarnings("error")

KEY = "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
DTYPES = {
    "F16": torch.float16, "BF16": torch.bfloat16, "F32": torch.float32, "F64": torch.float64,
    "F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2,
}  # fmt: skip


def wide(values):
    """The stored numbers, in the widest format of this machine."""
    return [value.double().numpy().astype(np.longdouble) for value in values]


def summed(values, step=None):
    """The sums of one key as `KeySummer` makes them, and whether each model is left out."""
    total = GramSums(len(values), CPU)
    while True:
        for first in range(0, len(values[0]), step or len(values[0])):
            total.add([value[first : first + (step or len(value))] for value in values])
        left_out = ~np.isfinite(total.largest)
        if left_out.any():
            return None, left_out
        better = total.better()
        if better is None:
            return total.finish("key", tuple(range(len(values)))), left_out
        total = better


def assert_right(values, step=None):
    found, left_out = summed(values, step)
    numbers = wide(values)
    if left_out.any():
        held = [i for i, out in enumerate(left_out) if not out]
        assert_right([values[i] for i in held], step)
        return left_out
    for i, a in enumerate(numbers):
        assert float(found.norms[i]) == pytest.approx(float((a * a).sum()), rel=2e-6, abs=0), i
        for j, b in enumerate(numbers):
            truth = float(((a - b) ** 2).sum())
            assert float(found.squares[i, j]) == pytest.approx(truth, rel=2e-6, abs=0), (i, j)  # twice that of l2
    return left_out


def drawn(seed, count=5000):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(count))


@pytest.mark.parametrize("scale", [1e-45, 1e-38, 1e-30, 1e-20, 1, 1e18, 1e20, 3e37])
@pytest.mark.parametrize("company", [False, True], ids=["alone", "beside usual weights"])
def test_single_precision_to_its_ends(scale, company):
    a = (drawn(1) * scale).float()
    b = (a.double() * (1 + 1e-3 * drawn(2))).float()
    models = [drawn(3).float(), a, b, drawn(4).half()] if company else [a, b]
    assert not assert_right(models).any()


@pytest.mark.parametrize("scale", [1e-100, 1e-30, 1, 1e30, 1e100, 1e140])
@pytest.mark.parametrize("apart", [1e-3, 1e-9, 1e-14])
def test_doubles_that_are_nearly_equal(scale, apart):
    a = drawn(1) * scale
    b = a * (1 + apart * drawn(2))
    assert not assert_right([a, b]).any()
    assert not assert_right([drawn(5), b, drawn(4).float(), a]).any()


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e150, 1e300])
def test_what_cannot_be_squared_is_left_out(scale):
    assert assert_right([drawn(1), drawn(1) * scale, drawn(2)]).tolist() == [False, True, False]


def test_a_difference_that_cannot_be_squared_is_not_called_none():
    a = drawn(1)
    b, a[0] = a.clone(), 0
    b[0] = 1e-200
    assert assert_right([a, b]).tolist() == [False, True]


def test_a_sample_that_tells_the_wrong_tree():
    """The sample sees none of what differs; two of three differ by far less than both from the third."""
    x = drawn(1, 100_000).float()
    a = x.clone()
    a[77_777:] += 1
    b = a.clone()
    b[77_778] += 3e-7 * b[77_778]
    c = a.clone()
    assert not assert_right([x, a, b, c]).any()
    squares = summed([x, a, b, c])[0].squares
    assert squares[1, 3] == 0
    assert squares[1, 2] > 0


@given(
    st.lists(st.tuples(st.sampled_from(sorted(DTYPES)), st.sampled_from([0, 1e-9, 1e-4, 1])), min_size=2, max_size=6),
    st.integers(-60, 60),
    st.integers(0, 2**32 - 1),
    st.integers(1, 4000),
)
@settings(max_examples=150, suppress_health_check=list(HealthCheck))
def test_any_company(models, power, seed, count):
    generator = torch.Generator().manual_seed(seed)
    numbers = torch.randn(count, generator=generator, dtype=torch.float64) * 10.0**power
    values = []
    for dtype, step in models:
        numbers = numbers * (1 + step * torch.randn(count, generator=generator, dtype=torch.float64))
        stored = numbers.to(DTYPES[dtype])
        values.append(stored.nan_to_num(1.0, 1.0, 1.0) if dtype[:2] != "F8" else finite_bytes(stored))
    assert not assert_right(values, step=1000).any()


def finite_bytes(values):
    numbers = values.float()
    return numbers.where(numbers.isfinite(), torch.ones(())).to(values.dtype)


@pytest.mark.parametrize("scale", [1e-45, 1e-38, 1e-30, 1, 1e20, 1e37])
def test_absolute_differences_to_the_ends(scale):
    a = (drawn(1) * scale).float()
    b = (a.double() * (1 + 1e-3 * drawn(2))).float()
    total = PairSums(2, CPU)
    total.add([a, b])
    found, (x, y) = total.finish("key", (0, 1)), wide([a, b])
    assert np.isfinite(total.largest).all()
    assert float(found.absolute[0, 1]) == pytest.approx(float(np.abs(x - y).sum()), rel=1e-6, abs=0)
    assert found.equal[0, 1] == (x == y).sum()


@pytest.mark.parametrize("scales", [(1, 1e-30), (1e20, 1e-30, 1), (1, 100), (1e-100, 1e100)])
def test_cosines_do_not_see_the_size(tmp_path, scales):
    a = drawn(1, 4 * 768)
    models = [(a + 0.1 * i * drawn(2, 4 * 768)) * scale for i, scale in enumerate(scales)]
    for i, values in enumerate(models):
        stored = values if max(scales) > 1e30 else values.float()
        save_file({KEY: stored.reshape(4, 768)}, tmp_path / f"{i}.safetensors")
        models[i] = stored.double().numpy().astype(np.longdouble)
    with Library(None) as library:
        for measure in ("cosine", "cosine-min", "cosine-whole", "relative-l2"):
            overall = compare([tmp_path], measure, None, library, Job(), "cpu").matrix.overall
            for i, x in enumerate(models):
                for j, y in enumerate(models[:i]):
                    told = float((x @ y) / np.sqrt((x @ x) * (y @ y)))
                    if measure == "relative-l2":
                        told = float(2 * np.sqrt(((x - y) ** 2).sum() / ((x + y) ** 2).sum()))
                    assert overall[i, j] == pytest.approx(told, rel=2e-6), (measure, i, j)


MEASURES = ("l2", "relative-l2", "cosine", "cosine-min", "cosine-whole", "l1", "equal", "sampled-l2")


def truths(a, b):
    """What the measures must be of two vectors."""
    apart = a - b
    norm = np.sqrt((apart * apart).sum())
    # 1 − cos from the difference: a product of nearly equal vectors has no digits left
    lengths = np.sqrt((a * a).sum()), np.sqrt((b * b).sum())
    cosine = 1 - (norm**2 - (lengths[0] - lengths[1]) ** 2) / (2 * lengths[0] * lengths[1])
    return {
        "l2": norm,
        "sampled-l2": norm,
        "relative-l2": 2 * norm / np.sqrt(((a + b) ** 2).sum()),
        "cosine": cosine,
        "cosine-min": cosine,
        "cosine-whole": cosine,
        "l1": np.abs(apart).mean(),
        "equal": (a == b).mean(),
    }


@pytest.mark.parametrize(
    ("dtype", "scale"),
    [*product(["F32", "BF16"], [1e-30, 1, 1e18, 1e20]), *product(["F64"], [1e-100, 1e-30, 1, 1e20, 1e100])],
)
def test_all_measures_of_files(dtype, scale):
    a = (drawn(1, 4 * 768) * scale).to(DTYPES[dtype])
    near = 1e-9 if dtype == "F64" else 1e-2
    b = (a.double() * (1 + near * drawn(2, 4 * 768))).to(DTYPES[dtype])
    expected = truths(*wide([a, b]))
    with tempfile.TemporaryDirectory() as folder, Library(None) as library:
        for name, values in (("a", a), ("b", b)):
            save_file({KEY: values.reshape(4, 768)}, Path(folder, f"{name}.safetensors"))
        for measure in MEASURES:
            found = compare([Path(folder)], measure, None, library, Job(), "cpu")
            assert found.reasons == []
            assert found.matrix.overall[0, 1] == pytest.approx(float(expected[measure]), rel=1e-6, abs=0), measure


@pytest.mark.parametrize("measure", ["l2", "relative-l2", "cosine", "sampled-l2", "asimilarity", "l1", "equal"])
@pytest.mark.parametrize("scale", [1e-300, 1e155, 1e300])
def test_what_float64_does_not_hold_has_a_reason(tmp_path, measure, scale):
    a = drawn(1, 4 * 768).reshape(4, 768)
    save_file({KEY: a}, tmp_path / "a.safetensors")
    save_file({KEY: a * scale}, tmp_path / "b.safetensors")
    with Library(None) as library:
        found = compare([tmp_path], measure, None, library, Job(), "cpu")
    if measure in ("l1", "equal"):
        assert np.isfinite(found.matrix.overall[0, 1])
    elif measure != "asimilarity":
        assert np.isnan(found.matrix.overall[0, 1])
        (told,) = {(reason.a, reason.reason) for reason in found.reasons if reason.a == reason.b}
        assert told == ("b", f"UNet: numbers too large or too small to square in {KEY}: left out")
