"""All use cases over 300 models: twelve families of 25, each a base and its fine-tunes, a few kilobytes a file."""

from __future__ import annotations

import pytest

from lib_modelsim import demo
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.workspace.catalogue.index import read_index
from lib_modelsim.workspace.catalogue.table import State, library_rows
from lib_modelsim.workspace.comparing.compare import compare
from lib_modelsim.workspace.comparing.relatives import relatives
from lib_modelsim.workspace.families.classify import families_of
from lib_modelsim.workspace.families.family import TreeOptions

FAMILIES, OF_EACH = 12, 25


def family_of(name):
    return name.partition("-")[0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("three hundred")
    shapes = {
        key: shape for key, shape in demo.sd1_shapes(1, 4, 1).items() if key.startswith("model.") and "attn" in key
    }
    for number in range(FAMILIES):
        base = demo.draw(shapes, seed=number)
        for i in range(OF_EACH):
            tuned = demo.train(base, seed=1000 * number + i, size=0.05) if i else base
            demo.save(made / f"family{number:02d}-{i:02d}.safetensors", tuned)
    return made


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    with Library(tmp_path_factory.mktemp("library") / "library.sqlite") as opened:
        yield opened


@pytest.fixture(scope="module")
def comparison(folder, library):
    return compare([folder], "asimilarity", None, library, Job(), "cpu")


def test_all_are_indexed_and_listed(folder, library):
    index = read_index([folder], library, Job())
    rows = library_rows([folder], library)
    assert len(index.models) == len(rows) == FAMILIES * OF_EACH
    assert {row.state for row in rows} == {State.INDEXED}
    assert {row.architecture for row in rows} == {"SD 1.x"}


def test_every_pair_is_compared(comparison):
    matrix = comparison.matrix
    assert matrix.overall.shape == (300, 300)
    assert (matrix.overall == matrix.overall.T).all()
    assert (matrix.overall.diagonal() == 1).all()


def test_the_classes_are_the_families(comparison):
    (family,) = families_of(comparison, TreeOptions())
    together = {
        (family_of(name), int(number)) for name, number in zip(family.features.models, family.classes, strict=True)
    }
    assert len(together) == FAMILIES, "each family is one class, and no class holds two"
    assert len({number for _, number in together}) == FAMILIES


def test_the_nearest_relatives_are_the_own_family(comparison):
    for chosen in ("family00-00", "family07-13", "family11-24"):
        found = relatives(comparison, {}, chosen)
        assert len(found) == 299
        assert {family_of(each.name) for each in found[: OF_EACH - 1]} == {family_of(chosen)}
