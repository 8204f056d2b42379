"""Kinship from pictures: copies are one, families fall apart, no probe drowns the others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from lib_modelsim.families.distances import direct_distances
from lib_modelsim.families.linkage import build_tree
from lib_modelsim.pictures.copies import fingerprint
from lib_modelsim.pictures.encoders.builtin import DescriptorEncoder
from lib_modelsim.pictures.kinship import MEASURE, Drawing, kinship, signs, standardized
from tests.probes.galleries import noise_of


def hashes(pictures):
    return signs(np.stack([fingerprint(picture) for picture in pictures]))


PROBES = ("cat", "dog", "fish")
vectors = arrays(np.float32, (4, 3, 5), elements=st.floats(-1, 1, width=32))


def drawings(values, comparable="same"):
    """Of every model [n], probe [p] and one encoder: a vector."""
    return [
        Drawing(model, PROBES[probe], comparable, (values[model, probe],))
        for model in range(values.shape[0])
        for probe in range(values.shape[1])
    ]


def compared(drawn, n=4):
    return kinship([f"model {i}" for i in range(n)], PROBES, drawn)


@given(vectors, st.integers(0, 2), st.floats(0.01, 100))
def test_scaling_one_probe_changes_nothing(values, probe, factor):
    scaled = values.astype(np.float64)
    scaled[:, probe] *= factor
    np.testing.assert_allclose(
        compared(drawings(scaled)).values, compared(drawings(values)).values, rtol=1e-6, atol=1e-6
    )


@given(vectors)
def test_similarities_are_symmetric_at_most_one_and_one_for_oneself(values):
    matrix = compared(drawings(values))
    np.testing.assert_array_equal(matrix.values, matrix.values.transpose(1, 0, 2))
    assert matrix.values.max() <= 1
    assert (matrix.overall.diagonal() == 1).all()
    assert not matrix.is_distance
    np.testing.assert_allclose(matrix.overall, matrix.values.mean(2))


@given(vectors, st.permutations(range(4)))
def test_the_order_of_models_does_not_matter(values, order):
    expected = compared(drawings(values)).select(order).overall
    np.testing.assert_allclose(compared(drawings(values[list(order)])).overall, expected, atol=1e-12)


def test_every_probe_has_the_same_mean():
    values = np.random.default_rng(1).normal(size=(6, 3, 5)) * [[[1], [100], [0.01]]]
    pairs = np.triu_indices(6, 1)
    np.testing.assert_allclose(compared(drawings(values), 6).values[pairs].mean(0), 0, atol=1e-12)


def test_a_probe_that_all_draw_alike_says_that_they_are_alike():
    assert (standardized(np.zeros(3)) == 0).all()


def test_pairs_without_a_common_picture_have_no_value():
    values = np.random.default_rng(2).normal(size=(4, 3, 5))
    drawn = [each for each in drawings(values) if each.model != 0 or each.probe == "cat"]
    drawn = [each for each in drawn if each.model != 1 or each.probe != "cat"]
    matrix = compared(drawn)
    assert np.isnan(matrix.overall[0, 1])
    assert not np.isnan(matrix.overall[1, 2])
    assert matrix.overall[0, 2] == matrix.values[0, 2, 0]


def test_pictures_drawn_with_other_settings_are_not_compared():
    values = np.random.default_rng(3).normal(size=(4, 3, 5))
    drawn = [replace(each, comparable=each.model % 2) for each in drawings(values)]
    assert np.isnan(compared(drawn).overall).tolist() == [[i % 2 != j % 2 for j in range(4)] for i in range(4)]


def test_seeds_of_a_probe_count_together_as_one():
    values = np.random.default_rng(4).normal(size=(4, 2, 5))
    drawn = [Drawing(each.model, "cat", each.probe, each.vectors) for each in drawings(values)]
    matrix = compared(drawn)
    assert np.isnan(matrix.values[:, :, 1:]).all()
    one, other = (compared([each for each in drawings(values) if each.probe == p]).overall for p in ("cat", "dog"))
    np.testing.assert_allclose(matrix.overall, (one + other) / 2)


def look(probe, model):
    """A picture of two hands: the even ones draw fine and red, the odd ones coarse and blue; who is beyond four copies
    who is four before."""
    odd = model % 2
    picture = noise_of(f"{probe} {model % 4}", (128, 128), 1 + 3 * odd)
    return Image.blend(picture, Image.new("RGB", picture.size, "blue" if odd else "red"), 0.3)


@pytest.fixture(scope="module")
def of_pictures():
    """Six models of two families and two copies among them, by all encoders that need no weights."""
    drawn = []
    for probe in PROBES:
        pictures = [look(probe, model) for model in range(6)]
        kinds = zip(DescriptorEncoder().encode(pictures), hashes(pictures), strict=True)
        drawn += [Drawing(model, probe, "same", of) for model, of in enumerate(kinds)]
    return compared(drawn, 6)


def test_copies_are_the_same(of_pictures):
    assert of_pictures.overall[0, 4] == of_pictures.overall[1, 5] == 1
    assert of_pictures.measure == MEASURE


def test_two_families_fall_apart(of_pictures):
    assert build_tree(of_pictures.models, direct_distances(of_pictures)).cut(2).tolist() == [1, 2, 1, 2, 1, 2]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_distances_of_hashes_grow_with_the_bits_that_differ(one, other):
    found = hashes([noise_of(str(seed), (64, 64), 4) for seed in (one, other)])
    assert found.shape == (2, 64)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-6)
    differing = (found[0] != found[1]).sum()
    np.testing.assert_allclose(np.linalg.norm(found[0] - found[1]), 2 * np.sqrt(differing / 64), rtol=1e-6)
