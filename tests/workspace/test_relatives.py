"""Who is ranked where, and what hashes say: from numbers and identities alone."""

from __future__ import annotations

import numpy as np
import pytest

from lib_modelsim.checkpoints.identity import Content, Identity
from lib_modelsim.similarity.base import Base
from lib_modelsim.similarity.matrix import SimilarityMatrix
from lib_modelsim.workspace.catalogue.sameness import sameness_facts
from lib_modelsim.workspace.comparing.compare import Comparison
from lib_modelsim.workspace.comparing.relatives import relatives
from lib_modelsim.workspace.comparing.scores import Reason

NAN = float("nan")


def comparison(measure, overall, names="abcd", base=None, reasons=()):
    """A comparison with one block that says the same as the whole."""
    matrix = np.array(overall, dtype=float)
    found = SimilarityMatrix(measure, tuple(names), ("M00",), matrix[:, :, None], matrix, {})
    return Comparison([], found, base, list(reasons))


ROW = [[1, 0.5, 0.9, 0.7], [0.5, 1, 0, 0], [0.9, 0, 1, 0], [0.7, 0, 0, 1]]


def identity(file, unet, vae="v", unet16=None, **extras):
    content = {"unet": Content(unet, unet16 or unet), "vae": Content(vae, vae)}
    return Identity(file * 64, None, None, content, {name: Content(value, value) for name, value in extras.items()})


@pytest.mark.parametrize(("measure", "order"), [("cosine", "cdb"), ("relative-l2", "bdc")])
def test_the_most_similar_comes_first_whether_numbers_grow_or_shrink(measure, order):
    assert [r.name for r in relatives(comparison(measure, ROW), {}, "a")] == list(order)


def test_a_pair_without_a_number_comes_last_and_says_why():
    overall = [[1, NAN, 0.1], [NAN, 1, NAN], [0.1, NAN, 1]]
    found = relatives(
        comparison("cosine", overall, "abc", reasons=[Reason("b", "a", "different architectures")]), {}, "a"
    )
    assert [(r.name, r.comparable, r.reason) for r in found] == [
        ("c", True, None),
        ("b", False, "different architectures"),
    ]


def test_the_base_is_no_relative():
    assert "b" not in [r.name for r in relatives(comparison("delta-cosine", ROW, base=Base("b")), {}, "a")]


def test_of_equals_the_same_file_comes_first():
    ones = np.ones((3, 3))
    known = {"a": identity("1", "u"), "b": identity("2", "u"), "c": identity("1", "u")}
    assert [(r.name, r.fact) for r in relatives(comparison("cosine", ones, "abc"), known, "a")] == [
        ("c", "same file"),
        ("b", "same weights"),
    ]


def test_strangers_are_told_only_what_they_share():
    known = {"a": identity("1", "u"), "b": identity("2", "x"), "c": identity("3", "u", vae="w")}
    facts = {r.name: r.fact for r in relatives(comparison("cosine", ROW), known, "a")}
    assert facts == {"b": "same VAE", "c": "same UNet, other VAE", "d": ""}


def test_what_hashes_know_is_said_once():
    known = {"a": identity("1", "u"), "b": identity("1", "u"), "c": identity("3", "u", vae="w")}
    known["d"] = identity("4", "x")
    said = {r.name: ", ".join([r.said, *r.besides_verdict]) for r in relatives(comparison("cosine", ROW), known, "a")}
    assert (said["b"], said["c"]) == ("the same file", "the same UNet, other VAE")
    assert said["d"].endswith(", same VAE")


def test_facts_name_the_others_the_strongest_first():
    known = {
        "a": identity("1", "u"),
        "b": identity("1", "u"),
        "c": identity("2", "u"),
        "d": identity("3", "long", unet16="u"),
        "e": identity("4", "u", vae="w"),
        "f": identity("5", "x"),
    }
    facts = sameness_facts(known)
    assert facts["a"] == [
        "same file as b",
        "same weights as c",
        "same weights in another precision as d",
        "same UNet as e (other VAE)",
    ]
    assert "f" not in facts


def test_a_fact_about_many_models_names_three():
    facts = sameness_facts({name: identity("1", "u") for name in "abcdef"})
    assert facts["a"] == ["same file as b, c, d and 2 more"]
