"""The measures from a sample, as a person asks for them: near the exact ones, and never mistaken for them."""

from __future__ import annotations

import numpy as np
import pytest

from lib_modelsim import demo
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.similarity.measures.sampled import MEASURES, SAMPLED_DELTA_COSINE
from lib_modelsim.workspace.comparing import streaming
from lib_modelsim.workspace.comparing.compare import compare
from lib_modelsim.workspace.comparing.elements import elements


@pytest.fixture(scope="module")
def family(tmp_path_factory):
    """Four models of 8 MB, with keys large enough to be sampled."""
    folder = tmp_path_factory.mktemp("sampled")
    shapes = demo.sd1_shapes(16, 16, 1)
    base = demo.draw(shapes, seed=1)
    anna = demo.train(base, seed=2, size=0.1)
    models = {
        "base": base,
        "anna": anna,
        "bert": demo.train(base, seed=3, size=0.1),
        "carl": demo.train(anna, seed=4, size=0.08),
    }
    for name, weights in models.items():
        demo.save(folder / f"{name}.safetensors", weights)
    return folder


def measured(folder, measure, library, base=None):
    return compare([folder], measure, base, library, Job(), "cpu")


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.name)
def test_each_is_near_its_exact_one_and_not_the_same(measure, family):
    base = "base" if measure.needs_base else None
    with Library(None) as library:
        made = measured(family, measure.name, library, base).matrix.overall
        exact = measured(family, measure.name.removeprefix("sampled-"), library, base).matrix.overall
    assert made == pytest.approx(exact, rel=0.02, abs=0.01, nan_ok=True)
    assert not np.array_equal(made, exact, equal_nan=True)


def test_an_exact_number_after_it_is_exact(family, tmp_path):
    with Library(None) as library:
        exact = measured(family, "delta-cosine", library, "base").matrix.values
    for order in (("sampled-delta-cosine", "delta-cosine"), ("delta-cosine", "sampled-delta-cosine")):
        with Library(tmp_path / f"{order[0]}.sqlite") as library:
            found = {measure: measured(family, measure, library, "base").matrix.values for measure in order}
            again = {measure: measured(family, measure, library, "base").matrix.values for measure in order}
        np.testing.assert_array_equal(found["delta-cosine"], exact)
        np.testing.assert_array_equal(again["delta-cosine"], exact)
        np.testing.assert_array_equal(again["sampled-delta-cosine"], found["sampled-delta-cosine"])


def test_it_is_remembered_and_serves_all_of_them(family, tmp_path, monkeypatch):
    with Library(tmp_path / "library.sqlite") as library:
        first = measured(family, SAMPLED_DELTA_COSINE.name, library).matrix.overall
        monkeypatch.setattr(streaming, "weight_pass", None)  # nothing can be read any more
        np.testing.assert_array_equal(measured(family, SAMPLED_DELTA_COSINE.name, library).matrix.overall, first)
        assert not np.isnan(measured(family, "sampled-relative-l2", library).matrix.overall).any()


def test_it_tells_the_bytes_that_it_reads(family):
    told = []
    with Library(None) as library:
        compare([family], "sampled-l2", None, library, Job(told.append), "cpu")
    read = [progress for progress in told if progress.what == "reading weights"]
    size = sum(path.stat().st_size for path in family.iterdir())
    assert read[-1].done == read[-1].total < 0.7 * size  # of a file of real size it is 4 %


def test_values_per_key_are_of_the_sample_too(family, tmp_path):
    pair = [family / f"{name}.safetensors" for name in ("anna", "bert")]
    with Library(None) as library:
        found = {
            measure: {
                e.key: e.value for e in elements(compare(pair, measure, None, library, Job(), "cpu"), Job(), "cpu")
            }
            for measure in ("l2", "sampled-l2")
        }
    differ = [key for key, value in found["l2"].items() if value != found["sampled-l2"][key]]
    assert 0 < len(differ) < len(found["l2"])
    assert all(found["sampled-l2"][key] == pytest.approx(found["l2"][key], rel=0.1) for key in found["l2"])
