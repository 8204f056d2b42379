"""The list of measures: one definition each, and everything that names measures asks for it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from lib_modelsim.errors import ModelsimError
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.pictures.kinship import MEASURE
from lib_modelsim.similarity.measures import registry
from lib_modelsim.similarity.measures.pictures import PICTURES
from lib_modelsim.similarity.measures.registry import (
    WeightMeasure,
    all_measures,
    find_measure,
    measure_named,
    measures_of_weights,
)
from lib_modelsim.similarity.parts import CHANGES, gather
from lib_modelsim.ui.choices import Choices, read_choices
from lib_modelsim.ui.words import measure_labels, number
from lib_modelsim.workspace.comparing.compare import compare

from ..adapters import building
from ..command import ROOT, run

COSINES = ("cosine", "cosine-min", "cosine-whole", "delta-cosine")
OLD = ("asimilarity", "asimilarity8", *COSINES, "l2", "relative-l2", "pictures")


def halved(parts, n):
    """Half of the squared distance."""
    return gather(parts, n, lambda part: part.squares) / 2


@pytest.fixture
def half():
    """A measure registered from outside, for as long as a test runs."""
    measure = WeightMeasure(
        name="half",
        label="half of the squared distance",
        reads="all",
        range=(0, np.inf),
        unit="",
        distance=True,
        function=halved,
        caveat="It has no scale.",
    )
    registry.register(measure)
    yield measure
    registry.forget("half")


def test_the_old_names_are_there():
    assert set(OLD) <= {measure.name for measure in all_measures()}
    assert {m.name for m in all_measures()} - {m.name for m in measures_of_weights()} == {"pictures"}


def test_the_room_of_the_pictures_and_the_list_agree_on_a_name():
    assert PICTURES.name == MEASURE


@pytest.mark.parametrize("measure", measures_of_weights(), ids=lambda measure: measure.name)
def test_values_lie_in_the_range_that_a_measure_tells(measure, small_family, tmp_path):
    models = small_family
    if isinstance(measure, WeightMeasure) and measure.reading is CHANGES:
        models = tmp_path
        for seed in range(3):
            factors = building.random_factors(building.sd1_modules(), seed=seed)
            building.write(tmp_path / f"{seed}.safetensors", building.kohya(factors))
    with Library(None) as library:
        values = compare([models], measure.name, None, library, Job(), "cpu").matrix.values
    least, most = measure.range
    known = values[~np.isnan(values)]
    assert known.size
    assert known.min() >= least - 1e-6
    assert known.max() <= most + 1e-6


@pytest.mark.parametrize("measure", all_measures(), ids=lambda measure: measure.name)
def test_the_readme_has_a_line_for_every_measure(measure):
    table = (ROOT / "README.md").read_text("utf-8")
    assert f"`{measure.name}`" in table


def test_no_file_but_its_own_knows_a_measure_by_name():
    names = "|".join(re.escape(name) for name in OLD if name not in ("pictures", "cosine"))  # words of other things
    package = ROOT / "lib_modelsim"
    found = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if re.search(f"[\"']({names})[\"']", path.read_text("utf-8"))
    }
    elsewhere = {path for path in found if not path.startswith("similarity/measures/")}
    assert elsewhere == {"families/distance_files.py"}  # the word that a file of distances has for its numbers


def test_an_unknown_measure_is_refused_with_the_names(small_family):
    with pytest.raises(ModelsimError, match="asimilarity, asimilarity8, cosine"):
        measure_named("likeness")
    assert find_measure("likeness") is None
    assert find_measure(None) is None


def test_a_name_stands_once(half):
    with pytest.raises(ValueError, match="half"):
        registry.register(half)


# a measure from outside


def test_the_command_line_offers_and_computes_it(half, small_family):
    assert "half" in run("compare", "--help").out
    assert "half" in run("classify", "--help").out
    document = run("compare", small_family, "--measure", "half", "--no-library", "--json").document
    l2 = run("compare", small_family, "--measure", "l2", "--no-library", "--json").document
    assert document["measure"] == "half"
    np.testing.assert_allclose(document["overall"], np.array(l2["overall"]) ** 2 / 2)


def test_the_page_offers_it_and_keeps_the_choice(half, tmp_path: Path):
    assert measure_labels()["Half of the squared distance (half)"] == "half"
    file = tmp_path / "choices.json"
    file.write_text('{"measure": "half"}')
    assert read_choices(file, Choices()).measure == "half"
    assert number(0.5, "half") == "0.5"


def test_a_choice_that_is_no_measure_any_more_falls_back(tmp_path: Path):
    file = tmp_path / "choices.json"
    file.write_text('{"measure": "half", "linkage": "average"}')
    assert read_choices(file, Choices()) == Choices(linkage="average", greeted=True)


def test_the_webui_offers_it_among_its_settings(half, monkeypatch, tmp_path):
    from lib_modelsim.hosts.settings import add_settings, read_settings

    from ..hosts.fakes import A1111

    webui = A1111(tmp_path).install(monkeypatch)
    add_settings(object)
    assert "half" in webui.opts.data_labels["modelsim_measure"].component_args["choices"]
    webui.opts.data["modelsim_measure"] = "half"
    assert read_settings(webui.opts).measure == "half"


def test_the_example_of_the_documentation_is_a_measure(small_family):
    """docs/extending.md: its code, as a file beside the shipped ones."""
    section = (ROOT / "docs" / "extending.md").read_text("utf-8").split("## Add a measure")[1].split("\n## ")[0]
    assert section.count("\n") < 30
    names = {"__name__": "lib_modelsim.similarity.measures.angle", "__package__": registry.__package__}
    exec(section.split("```python\n")[1].split("```")[0], names)
    (angle,) = names["MEASURES"]
    registry.register(angle)
    try:
        with Library(None) as library:
            found, cosines = (
                compare([small_family], measure, None, library, Job(), "cpu").matrix
                for measure in ("angle", "cosine-whole")
            )
        assert found.is_distance
    finally:
        registry.forget("angle")
    np.testing.assert_allclose(np.cos(np.radians(found.overall)), cosines.overall, atol=1e-12)
