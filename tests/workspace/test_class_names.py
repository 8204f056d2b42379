"""Names of classes stay with the models that bear them."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from lib_modelsim.errors import ModelsimError
from lib_modelsim.families.features import FeatureTable
from lib_modelsim.library import Library
from lib_modelsim.workspace.families.class_labels import ClassEdit, ClassName, class_names, name_class
from lib_modelsim.workspace.families.family import Family

MODELS = [SimpleNamespace(name=name, id=i) for i, name in enumerate("abcdefgh", 1)]


def family(classes, names="abcdefgh", architecture="SD 1.x"):
    table = FeatureTable(tuple(names), (), np.empty((len(names), 0)))
    return Family(architecture, table, np.zeros((len(names),) * 2), None, np.array(classes))


@pytest.fixture
def library(tmp_path):
    with Library(tmp_path / "library.sqlite") as library:
        yield library


def call(library, classes, number, name=None, remark=None):
    name_class(family(classes), MODELS, library, ClassEdit(None, number, name, remark))


def test_the_next_run_keeps_name_and_remark(library, tmp_path):
    call(library, [1, 1, 1, 2, 2, 2, 2, 2], 2, "anime", "from NAI")
    with Library(tmp_path / "library.sqlite") as again:
        assert class_names(family([2, 2, 2, 1, 1, 1, 1, 1]), MODELS, again) == {1: ClassName("anime", "from NAI")}
        assert class_names(family([1] * 8, architecture="SDXL"), MODELS, again) == {}


def test_a_class_keeps_its_name_while_it_keeps_most_of_its_members(library):
    call(library, [1, 1, 1, 1, 2, 2, 2, 2], 1, "anime")
    assert class_names(family([3, 1, 1, 1, 2, 2, 2, 2]), MODELS, library)[1].name == "anime"
    assert class_names(family([1, 1, 2, 2, 3, 3, 3, 3]), MODELS, library) == {}  # half is not most


def test_models_that_are_gone_count_as_lost(library):
    call(library, [1, 1, 1, 1, 1, 2, 2, 2], 1, "anime")
    assert class_names(family([1, 1, 1, 2, 2], "abcfg"), MODELS, library)[1].name == "anime"
    assert class_names(family([1, 1, 2, 2], "abfg"), MODELS, library) == {}


def test_a_new_name_takes_the_place_of_the_old_one(library):
    call(library, [1, 1, 1, 1, 2, 2, 2, 2], 1, "anime", "first")
    call(library, [1, 1, 1, 1, 1, 2, 2, 2], 1, "drawn")
    assert class_names(family([1, 1, 1, 1, 1, 2, 2, 2]), MODELS, library) == {1: ClassName("drawn", "first")}
    assert len(library.named_classes("SD 1.x")) == 1
    call(library, [1, 1, 1, 1, 1, 2, 2, 2], 1, "", "")
    assert library.named_classes("SD 1.x") == []


def test_where_two_names_meet_the_larger_class_gives_its_own(library):
    classes = [1, 1, 2, 2, 2, 3, 3, 3]
    call(library, classes, 1, "small")
    call(library, classes, 2, "large")
    assert class_names(family([1, 1, 1, 1, 1, 2, 2, 2]), MODELS, library) == {1: ClassName("large", "")}
    assert {n: c.name for n, c in class_names(family(classes), MODELS, library).items()} == {1: "small", 2: "large"}


def test_a_class_that_does_not_exist(library):
    with pytest.raises(ModelsimError, match="there is no such class: 4"):
        call(library, [1, 1, 2, 2, 2, 3, 3, 3], 4, "x")


def test_nothing_is_remembered_of_a_family_without_files(library):
    found = replace(family([1] * 8), architecture=None)
    assert class_names(found, [], library) == {}
