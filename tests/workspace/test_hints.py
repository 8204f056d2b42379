"""What families say of references that nobody resembles, and of classes that tell nothing apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lib_modelsim import demo
from lib_modelsim.errors import for_page
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.similarity.base import MEAN, Base
from lib_modelsim.workspace.families.classify import FamilyRequest, classify
from lib_modelsim.workspace.families.family import trust_of
from lib_modelsim.workspace.families.hints import hint

UNRELATED = 20


@pytest.fixture(scope="module")
def unrelated(tmp_path_factory):
    """Models of random weights, no two of them related."""
    folder, shapes = tmp_path_factory.mktemp("unrelated"), demo.sd1_shapes(4, 16, 1)
    for i in range(UNRELATED):
        demo.save(folder / f"model{i:02d}.safetensors", demo.draw(shapes, seed=100 + i))
    return folder


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    with Library(tmp_path_factory.mktemp("library") / "library.sqlite") as found:
        yield found


def told(folder, library, **wanted):
    found = classify([folder], FamilyRequest(**wanted), library, Job())
    (family,) = found.families
    return family, trust_of(family).support, [*found.notes, *family.notes]


@pytest.mark.parametrize("suggest", [None, 3])
def test_unrelated_models_are_no_class_with_references_or_without(unrelated, library, suggest):
    family, support, notes = told(unrelated, library, suggest=suggest)
    assert len(family.strangers) == UNRELATED
    assert np.isnan(support).all()
    assert (f"all {UNRELATED} models resemble none of the 3 references" in notes) == (suggest is not None)


@pytest.mark.parametrize("measure", ["cosine", "sampled-relative-l2"])
def test_a_class_of_all_models_has_no_support_and_a_hint(unrelated, library, measure):
    family, support, notes = told(unrelated, library, measure=measure)
    assert family.classes.max() == 1
    assert np.isnan(support).all()
    hints = [note for note in notes if note.startswith(f"one class of {UNRELATED} models")]
    assert [for_page(hint) for hint in hints] == (
        [f"one class of {UNRELATED} models. The default measure tells families apart better"]
        if measure == "cosine"
        else []
    )


def test_relatives_of_a_reference_are_not_told_of_and_a_stranger_is(small_family, library):
    _, _, notes = told(small_family, library, measure="cosine", references=None, suggest=3)
    assert not any("bert" in note.split(" resemble")[0] for note in notes if "resemble" in note)


def test_one_large_class_and_a_stranger_hint_at_what_tells_more(small_family, library):
    family, _, notes = told(small_family, library, measure="asimilarity")
    assert not any(note.startswith("one class of") for note in notes)
    large = replace(family, classes=np.array([1, 1, 1, 1, 2]), strangers=("stranger",))
    told_on = "one class of 4 models and 1 alone; --measure sampled-delta-cosine tells families apart better"
    assert hint(large) == told_on
    assert hint(large).page == "one class of 4 models and 1 alone. The default measure tells families apart better"
    assert "name a true one with --base" in hint(replace(large, measure="delta-cosine", base=MEAN))
    assert hint(replace(large, measure="delta-cosine", base=Base("base"))) is None
    few = replace(large, references=family.references[:3])
    assert "choose more references" in hint(few)
    assert hint(replace(large, classes=np.array([1, 1, 1, 2, 2]), strangers=())) is None
