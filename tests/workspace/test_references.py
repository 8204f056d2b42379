"""References by name or hash, from a list and back, and suggested."""

from __future__ import annotations

import hashlib

import pytest

from lib_modelsim.errors import ModelsimError
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.workspace.catalogue.index import read_index
from lib_modelsim.workspace.comparing.compare import compare_models
from lib_modelsim.workspace.families.references import find_references, load_references, save_references, suggested


@pytest.fixture(scope="module")
def library():
    with Library(None) as library:
        yield library


@pytest.fixture(scope="module")
def index(small_family, library):
    anna = small_family / "anna.safetensors"
    return read_index([small_family], library, Job(), {anna: hashlib.sha256(anna.read_bytes()).hexdigest()})


def names(models):
    return [model.name for model in models]


def test_names_parts_and_hashes_find_models_and_the_rest_is_told(index, library, small_family):
    digits = hashlib.sha256((small_family / "anna.safetensors").read_bytes()).hexdigest()[:10]
    found = find_references(["strang", digits, "anna.safetensors", "nobody"], index.models, library)
    assert names(found.models) == ["stranger", "anna"]
    assert len(found.missing) == 1
    assert "nobody" in found.missing[0]


def test_a_saved_list_is_read_back(index, library, tmp_path):
    file = save_references(tmp_path / "references.txt", ["bert", "anna"])
    assert names(load_references(file, index.models, library).models) == ["bert", "anna"]
    file.write_text("# ours\n" + file.read_text() + "nobody\n")
    again = load_references(file, index.models, library)
    assert (names(again.models), len(again.missing)) == (["bert", "anna"], 1)


def test_a_list_of_strangers_is_an_error(index, library, tmp_path):
    file = save_references(tmp_path / "references.txt", ["nobody"])
    with pytest.raises(ModelsimError, match="none of the references"):
        load_references(file, index.models, library)


@pytest.mark.parametrize("name", ["#1", " a", "a\nb"])
def test_a_name_that_would_be_lost_is_not_saved(tmp_path, name):
    with pytest.raises(ModelsimError, match="a list of references cannot hold"):
        save_references(tmp_path / "references.txt", [name])


def test_suggestions_are_spread_out(index, library):
    comparison = compare_models(index, "relative-l2", None, library, Job(), "cpu")
    first, second = suggested(comparison, 2, "SD 1.x")
    assert first.name != "stranger"
    assert second.name == "stranger"
    with pytest.raises(ModelsimError, match="cannot give this many"):
        suggested(comparison, 1, "SDXL")
