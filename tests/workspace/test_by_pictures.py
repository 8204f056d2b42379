"""Checkpoints of the library compared by what they drew."""

from __future__ import annotations

import pytest

from lib_modelsim.errors import ModelsimError
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.workspace.catalogue.index import read_index
from lib_modelsim.workspace.comparing.compare import compare_models
from lib_modelsim.workspace.families.classify import families_of
from lib_modelsim.workspace.families.family import TreeOptions
from lib_modelsim.workspace.probing.by_pictures import comparison_by_pictures, trees_of_the_same
from tests.probes.galleries import fill, noise_of, small_suite

SUITE = small_suite(seeds=(1, 2))


@pytest.fixture(scope="module")
def library():
    with Library(None) as found:
        yield found


@pytest.fixture(scope="module")
def index(small_family, library):
    return read_index([small_family], library, Job())


def draw(folder, names):
    """anna and carl draw the same, as does base for itself."""
    hands = {"carl": "anna"}
    fill(
        folder,
        SUITE,
        names,
        draw=lambda checkpoint, parameters: noise_of(
            f"{hands.get(checkpoint.name, checkpoint.name)} {parameters.prompt} {parameters.seed}", (64, 64)
        ),
    )


def test_models_are_known_by_name_and_alike_by_what_they_drew(index, tmp_path):
    draw(tmp_path, ["anna", "carl", "bert", "somebody else's"])
    found = comparison_by_pictures(tmp_path, [SUITE], index.models, {}, Job())
    assert set(found.matrix.models) == {"anna", "carl", "bert"}
    place = found.matrix.models.index
    overall = found.matrix.overall
    assert overall[place("anna"), place("carl")] > overall[place("anna"), place("bert")]


def test_their_tree_stands_beside_that_of_the_weights(index, library, tmp_path):
    draw(tmp_path, ["anna", "carl", "bert", "stranger"])
    pictures = comparison_by_pictures(tmp_path, [SUITE], index.models, {}, Job())
    weights = compare_models(index, "asimilarity", None, library, Job(), "cpu")
    (by_weights,), (by_pictures,) = (families_of(each, TreeOptions()) for each in (weights, pictures))
    left, right, classes = trees_of_the_same(by_weights, by_pictures)
    assert set(left.models) == set(right.models) == {"anna", "carl", "bert", "stranger"}
    assert len(classes) == 4


@pytest.mark.parametrize("names", [[], ["anna"], ["somebody", "else"]])
def test_too_few_pictures_say_what_to_do(index, tmp_path, names):
    if names:
        draw(tmp_path, names)
    with pytest.raises(ModelsimError, match="generate"):
        comparison_by_pictures(tmp_path, [SUITE], index.models, {}, Job())
