"""The model in the host's memory, beside its file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from lib_modelsim.hosts.folders import Folders
from lib_modelsim.hosts.host import Loaded, Settings
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.similarity.measures.registry import measures_of_weights
from lib_modelsim.workspace.catalogue.index import read_index
from lib_modelsim.workspace.catalogue.loaded import changed_in_memory, loaded_model
from lib_modelsim.workspace.comparing.caching import stored_method
from lib_modelsim.workspace.comparing.compare import compare_models
from lib_modelsim.workspace.comparing.elements import elements


class WithModel(Folders):
    """A host that has a model in memory."""

    def __init__(self, folder, file):
        super().__init__([folder], folder, Settings())
        self.tensors, self.asked, self.file = load_file(file), 0, file

    def loaded_path(self):
        return self.file

    def loaded(self):
        self.asked += 1
        return Loaded("sub/anna.safetensors [abc]", self.tensors)


NAME = "(in memory) sub/anna.safetensors [abc]"


@pytest.fixture
def host(small_family):
    return WithModel(small_family, small_family / "anna.safetensors")


@pytest.fixture
def library(tmp_path):
    with Library(tmp_path / "library.sqlite") as library:
        yield library


@pytest.fixture
def index(host, library):
    """All files of the family and the model in memory."""
    files = read_index(host.paths(), library, Job())
    return replace(files, models=[*files.models, loaded_model(host, library)])


def test_every_measure_says_of_it_what_it_says_of_its_file(index, library):
    for known in measures_of_weights():
        measure, base = known.name, "base" if known.needs_base else None
        matrix = compare_models(index, measure, base, library, Job(), "cpu").matrix
        anna, memory = matrix.models.index("anna"), matrix.models.index(NAME)
        for of in (matrix.values, matrix.overall):  # torch 2.1 adds in another order where memory is aligned otherwise
            np.testing.assert_allclose(of[anna], of[memory], rtol=0, atol=1e-6, err_msg=measure)


def test_its_keys_one_by_one(host, index, library):
    pair = replace(index, models=[m for m in index.models if m.name in ("bert", NAME)])
    with_file = replace(index, models=[m for m in index.models if m.name in ("bert", "anna")])
    found, wanted = (
        elements(compare_models(of, "l2", None, library, Job(), "cpu"), Job(), "cpu") for of in (pair, with_file)
    )
    assert found == wanted
    assert host.asked > 1


def test_it_is_remembered_while_its_weights_stay(host, index, library):
    compare_models(index, "asimilarity", None, library, Job(), "cpu")
    again = replace(index, models=[*index.models[:-1], loaded_model(host, library)])
    asked = host.asked
    compare_models(again, "asimilarity", None, library, Job(), "cpu")
    assert again.models[-1].id == index.models[-1].id
    assert host.asked == asked


def test_after_a_merge_it_is_another_model(host, index, library):
    before = compare_models(index, "asimilarity", None, library, Job(), "cpu").matrix
    for tensor in host.tensors.values():
        tensor.mul_(1.5)
    again = replace(index, models=[*index.models[:-1], loaded_model(host, library)])
    after = compare_models(again, "asimilarity", None, library, Job(), "cpu").matrix
    assert again.models[-1].id not in {model.id for model in index.models}
    assert before.overall[1, -1] != after.overall[1, -1]


def test_results_of_what_it_was_are_forgotten_once_all_else_is_known_anew(host, index, library):
    compare_models(index, "asimilarity", None, library, Job(), "cpu")
    old = [model.id for model in index.models]
    host.tensors = {key: tensor * 1.5 for key, tensor in host.tensors.items()}
    again = replace(index, models=[*index.models[:-1], loaded_model(host, library)])
    compare_models(again, "asimilarity", None, library, Job(), "cpu")
    method = stored_method("asimilarity")
    assert library.results(method, [model.id for model in again.models])
    assert library.results(method, old) == {}
    assert library.results(method, old[:-1])


def test_a_change_between_index_and_comparison_is_told(host, index, library):
    host.tensors = {key: tensor * 1.5 for key, tensor in host.tensors.items()}
    found = compare_models(index, "l2", None, library, Job(), "cpu")
    assert [str(bad.path) for bad in found.unreadable] == [str(index.models[-1].path)]
    assert "the checkpoint changed while it was being read" in found.unreadable[0].error
    assert len(found.models) == 5


def test_as_it_was_loaded_nothing_is_changed_whatever_its_precision(host):
    assert changed_in_memory(host) == frozenset()
    host.tensors = {key: tensor.to(torch.bfloat16) for key, tensor in host.tensors.items()}
    assert changed_in_memory(host) == frozenset()


def test_what_was_merged_or_replaced_is_named(host):
    host.tensors = {
        key: tensor * 1.01 if key.startswith("first_stage_model.") else tensor for key, tensor in host.tensors.items()
    }
    assert changed_in_memory(host) == {"vae"}
    host.tensors = {key: tensor * 1.01 for key, tensor in host.tensors.items()}
    assert changed_in_memory(host) == {"unet", "te", "vae"}
    host.file = None
    assert changed_in_memory(host) is None
