"""Two models in detail."""

from __future__ import annotations

import numpy as np
import pytest

from lib_modelsim import demo
from lib_modelsim.errors import ModelsimError
from lib_modelsim.job import Cancelled, Job
from lib_modelsim.library import Library
from lib_modelsim.workspace.comparing.compare import compare
from lib_modelsim.workspace.comparing.detail import MOST, OtherShape, detail

SHAPES = demo.sd1_shapes(4, 16, 1)
UNET = "model.diffusion_model."
CHANGED = UNET + "input_blocks.1.0.in_layers.2.weight"
SLIGHTLY = UNET + "output_blocks.11.0.in_layers.2.weight"
EXTRA = UNET + "input_blocks.1.9.weight"
RESHAPED = UNET + "input_blocks.0.0.weight"
BROKEN = UNET + "out.0.weight"


@pytest.fixture
def library():
    with Library(None) as library:
        yield library


@pytest.fixture(scope="module")
def weights():
    return demo.draw(SHAPES, 1)


@pytest.fixture
def folder(weights, tmp_path):
    """`a`, and `b` with some keys changed, one more, one missing, one of another shape and one with NaN."""
    other = {key: value.copy() for key, value in weights.items()}
    other[CHANGED] += other[CHANGED]
    other[SLIGHTLY] *= np.float32(1.25)
    other[EXTRA] = np.ones(3, "float32")
    other[RESHAPED] = other[RESHAPED][:, :3]
    other[BROKEN][0] = np.nan
    del other[UNET + "out.2.bias"]
    demo.save(tmp_path / "a.safetensors", weights, "float32")
    demo.save(tmp_path / "b.safetensors", other, "float32")
    return tmp_path


def both(folder, library, measure="cosine", job=Job()):  # noqa: B008 - frozen
    comparison = compare([folder], measure, None, library, Job(), "cpu")
    return comparison, detail(comparison, ("a", "b"), library, job, "cpu")


def test_keys_are_told_the_most_different_first(folder, library, weights):
    _, found = both(folder, library)
    assert [key.key for key in found.most] == [CHANGED, SLIGHTLY]
    first = found.most[0]
    norm = np.linalg.norm(weights[CHANGED].astype(float))
    assert first.l2 == pytest.approx(norm, rel=1e-6)
    assert first.relative == pytest.approx(1 / 1.5, rel=1e-6)
    assert first.cosine == pytest.approx(1)
    assert (first.component, first.block, first.shape) == ("unet", "IN01", SHAPES[CHANGED])


def test_what_cannot_be_compared_is_told_apart(folder, library, weights):
    comparison, found = both(folder, library)
    assert found.only_in_first == (UNET + "out.2.bias",)
    assert found.only_in_second == (EXTRA,)
    assert found.other_shapes == (OtherShape(RESHAPED, SHAPES[RESHAPED], (4, 3, 3, 3)),)
    zeros = sum(not weights[key].any() for key in comparison.models[0].header.layout.places)
    assert (found.differing, found.unknown) == (2, 1 + zeros)
    layout = comparison.models[0].header.layout
    assert found.equal == len(layout.places) - found.differing - found.unknown - 2


@pytest.mark.parametrize("measure", ["asimilarity", "l2"])
def test_the_profile_is_the_comparisons(folder, library, measure):
    comparison, found = both(folder, library, measure)
    a, b = comparison.matrix.models.index("a"), comparison.matrix.models.index("b")
    assert found.blocks == comparison.matrix.blocks
    np.testing.assert_array_equal(found.profile, comparison.matrix.values[a, b])


def test_the_second_time_nothing_is_read_in_either_order(folder, library, monkeypatch):
    comparison, found = both(folder, library)
    monkeypatch.setattr("lib_modelsim.workspace.catalogue.index.Model.open", None)
    again = detail(comparison, ("b", "a"), library, Job(), "cpu")
    assert again.most == found.most
    assert again.only_in_first == found.only_in_second


def test_thirty_keys_at_most(weights, library, tmp_path):
    demo.save(tmp_path / "a.safetensors", weights)
    demo.save(tmp_path / "b.safetensors", demo.draw(SHAPES, 2))
    _, found = both(tmp_path, library)
    assert len(found.most) == MOST < found.differing
    differences = [key.relative for key in found.most]
    assert differences == sorted(differences, reverse=True)


def test_a_stopped_job_keeps_the_finished_blocks(folder, library):
    comparison, found = both(folder, Library(None))
    asked = []

    def after_some():
        asked.append(1)
        return len(asked) > 200

    with pytest.raises(Cancelled):
        both(folder, library, "asimilarity", Job(cancelled=after_some))
    progress = []
    _, again = both(folder, library, "asimilarity", Job(report=progress.append))
    assert again.most == found.most
    assert 0 < progress[-1].total < sum(model.key.size for model in comparison.models)
    assert progress[-1].done == progress[-1].total


def test_other_architectures_have_a_reason(weights, library, tmp_path):
    demo.save(tmp_path / "a.safetensors", weights)
    demo.save(tmp_path / "b.safetensors", demo.draw(demo.sdxl_shapes(4), 1))
    _, found = both(tmp_path, library)
    assert "different networks" in found.reason
    assert found.most == ()


def test_a_file_that_is_gone_is_told(folder, library):
    comparison = compare([folder], "asimilarity", None, library, Job(), "cpu")
    (folder / "b.safetensors").unlink()
    with pytest.raises(ModelsimError, match="cannot open"):
        detail(comparison, ("a", "b"), library, Job(), "cpu")
