"""Near relatives: distances right to 1e-4 though float16 files differ by a thousandth, copies exact, NaN told."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import load_file

from lib_modelsim import demo
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.workspace.comparing.compare import compare

SHAPES = demo.sd1_shapes(4, 16, 1)
TEXT = "cond_stage_model.transformer.text_model.final_layer_norm.weight"
QUERY = "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn1.to_q.weight"


def measured(paths, measure, base=None, library=None):
    return compare(paths, measure, base, library or Library(None), Job(), "cpu")


def true_l2(a, b, prefix="model.diffusion_model."):
    x, y = load_file(a), load_file(b)
    return float(
        np.sqrt(
            sum(((x[k].astype(np.float64) - y[k].astype(np.float64)) ** 2).sum() for k in x if k.startswith(prefix))
        )
    )


def overall(found, a, b):
    names = [model.name for model in found.models]
    return found.matrix.overall[names.index(a), names.index(b)]


@pytest.fixture(scope="module")
def near(tmp_path_factory):
    """`a` and `b` differ by a thousandth; each file is stored under the distance that separates it from them."""
    folder = tmp_path_factory.mktemp("near")
    a = demo.draw(SHAPES, seed=1)
    demo.save(folder / "a.safetensors", a)
    demo.save(folder / "b.safetensors", demo.train(a, seed=2, size=0.001))
    demo.save(folder / "stranger.safetensors", demo.draw(SHAPES, seed=3))
    model = demo.draw(SHAPES, seed=4)  # a chain of kin that ends far from them
    for i, size in enumerate([0.3, 0.1, 0.05]):
        model = demo.train(model, seed=10 + i, size=size)
        demo.save(folder / f"kin{i}.safetensors", model)
    return folder


@pytest.mark.parametrize(
    "company",
    [["a", "b"], ["a", "stranger", "b"], ["stranger", "kin0", "kin1", "kin2", "a", "b"]],
    ids=["alone", "with a stranger", "far from the root"],
)
def test_l2_of_a_thousandth_is_right(near, company):
    found = measured([near / f"{name}.safetensors" for name in company], "l2")
    truth = true_l2(near / "a.safetensors", near / "b.safetensors")
    print(f"relative error {abs(overall(found, 'a', 'b') / truth - 1):.2g}")
    assert overall(found, "a", "b") == pytest.approx(truth, rel=1e-4)


def test_every_other_distance_is_right_too(near):
    found = measured([near], "l2")
    for a in found.models:
        for b in found.models:
            assert overall(found, a.name, b.name) == pytest.approx(true_l2(a.path, b.path), rel=1e-4)


def test_delta_cosine_of_near_relatives_in_the_company_of_a_stranger(near):
    found = measured([near], "delta-cosine", "a")
    x, y, z = (load_file(near / f"{name}.safetensors") for name in ("a", "b", "stranger"))
    unet = [key for key in x if key.startswith("model.diffusion_model.")]
    p, q = (np.concatenate([(m[k].astype(np.float64) - x[k]).ravel() for k in unet]) for m in (y, z))
    truth = p @ q / np.linalg.norm(p) / np.linalg.norm(q)
    print(f"delta-cosine off by {abs(overall(found, 'b', 'stranger') - truth):.2g}")
    assert overall(found, "b", "stranger") == pytest.approx(truth, abs=1e-3)
    assert np.isnan(overall(found, "a", "b"))


def exact(found, a, b, value):
    names = [model.name for model in found.models]
    i, j = names.index(a), names.index(b)
    values = found.matrix.values[i, j]
    assert overall(found, a, b) == value
    assert (values[~np.isnan(values)] == value).all()


def test_copies_are_exactly_alike(tmp_path):
    """Also where the copy has another precision, and where samples cannot tell the models between the two apart."""
    a = demo.draw(SHAPES, seed=1)
    a = {key: values.astype("float16").astype("float32") for key, values in a.items()}
    demo.save(tmp_path / "1.safetensors", a)
    demo.save(
        tmp_path / "2.safetensors", {key: values + np.float32(0.01) * (values.size < 100) for key, values in a.items()}
    )
    demo.save(
        tmp_path / "3.safetensors", {key: values - np.float32(0.02) * (values.size < 100) for key, values in a.items()}
    )
    demo.save(tmp_path / "4.safetensors", a, "float32")
    demo.save(tmp_path / "5.safetensors", demo.train(a, seed=9, size=0.1))
    with Library(None) as library:
        for measure, same in (("cosine", 1), ("cosine-min", 1), ("cosine-whole", 1), ("l2", 0), ("relative-l2", 0)):
            exact(measured([tmp_path], measure, library=library), "1", "4", same)


def test_a_key_with_nan_is_told_and_left_out(tmp_path):
    a = demo.draw(SHAPES, seed=1)
    b = demo.train(a, seed=2, size=0.1)
    demo.save(tmp_path / "a.safetensors", a)
    demo.save(tmp_path / "b.safetensors", b)
    without = measured([tmp_path], "cosine")
    bad = {key: values.copy() for key, values in b.items()}
    bad[QUERY].flat[3] = np.nan
    bad[QUERY].flat[5] = np.inf
    bad[TEXT].flat[0] = -np.inf
    demo.save(tmp_path / "c.safetensors", bad)
    found = measured([tmp_path], "cosine")
    told = [(reason.a, reason.b, reason.reason) for reason in found.reasons]
    assert ("c", "c", f"UNet: 1 NaN and 1 infinity in {QUERY}: left out") in told
    assert ("c", "c", f"text encoder: 1 infinity in {TEXT}: left out") in told
    assert len(told) == 2
    np.testing.assert_allclose(found.matrix.values[:2, :2], without.matrix.values, atol=1e-9)  # the others as if alone
    exact(found, "b", "c", 1)


def test_all_of_a_model_may_be_nan(tmp_path):
    a = demo.draw(SHAPES, seed=1)
    demo.save(tmp_path / "a.safetensors", a)
    demo.save(tmp_path / "b.safetensors", demo.train(a, seed=2, size=0.1))
    demo.save(tmp_path / "c.safetensors", {key: values * np.nan for key, values in a.items()})
    with Library(None) as library:
        for measure in ("cosine", "l2", "relative-l2", "asimilarity"):
            found = measured([tmp_path], measure, library=library)
            assert np.isfinite(overall(found, "a", "b"))
            assert np.isnan(overall(found, "a", "c"))
            assert {reason.a for reason in found.reasons} == {"c"}


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    """A folder with a model and its fine-tune, and their distance."""
    folder = tmp_path_factory.mktemp("tuned")
    a = demo.draw(SHAPES, seed=1)
    demo.save(folder / "a.safetensors", a)
    demo.save(folder / "b.safetensors", demo.train(a, seed=2, size=0.1))
    return folder, measured([folder], "l2").matrix.overall


@pytest.mark.parametrize("scale", [1e-30, 1e10, 1e18, 1e30, 1e300])
def test_numbers_beyond_float32_spoil_nobody_else(tmp_path, tuned, scale):
    folder, alone = tuned
    a = demo.draw(SHAPES, seed=1)
    demo.save(
        tmp_path / "c.safetensors", {key: values.astype("float64") * scale for key, values in a.items()}, "float64"
    )
    found = measured([folder, tmp_path], "l2")
    np.testing.assert_allclose(found.matrix.overall[:2, :2], alone, rtol=1e-4)
