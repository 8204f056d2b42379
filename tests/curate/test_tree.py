"""Groups from coarse to fine."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage

from lib_modelsim.curate.tree import reduced, tree_of
from lib_modelsim.curate.words import word_vectors, words_of


def same_groups(one, other) -> bool:
    return len({*zip(one, other, strict=True)}) == len(set(one)) == len(set(other))


@pytest.fixture
def points():
    rng = np.random.default_rng(3)
    return rng.normal(size=(120, 8)) + 2 * rng.normal(size=(7, 8))[rng.integers(0, 7, 120)]


@pytest.mark.parametrize("groups", [1, 2, 7, 31, 120])
def test_a_tree_is_the_one_that_scipy_builds(points, groups):
    assert same_groups(tree_of(points).cut(groups), fcluster(linkage(points, "ward"), groups, "maxclust"))


@pytest.mark.parametrize("groups", [2, 5, 20])
def test_a_point_that_counts_three_times_is_three_points(points, groups):
    three_times = np.repeat(points, 3, 0)
    expected = tree_of(three_times).cut(groups)[::3]
    assert same_groups(tree_of(points, np.full(120, 3)).cut(groups), expected)


def test_cuts_go_from_two_groups_to_one_for_every_three_points(points):
    counts = [len(set(cut)) for cut in tree_of(points).cuts()]
    assert counts == [2, 3, 4, 6, 8, 12, 16, 23, 32]


def test_a_tree_of_many_points_finds_what_one_of_few_does_and_is_the_same_every_time():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 9, 6000)
    points = rng.normal(size=(6000, 16)) + 4 * rng.normal(size=(9, 16))[truth]
    tree = tree_of(points)
    assert same_groups(tree.cut(9), truth)
    assert (tree.joins == tree_of(points).joins).all()


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_tree_of_hardly_any_points(count):
    tree = tree_of(np.arange(count, dtype=float)[:, None])
    assert len(set(tree.cut(5))) == count
    assert tree.cuts() == []


def test_points_that_are_all_the_same_are_cut_anyhow():
    assert len(set(tree_of(np.ones((9, 4))).cut(3))) == 3


@pytest.mark.parametrize("shape", [(40, 90), (90, 40), (1, 5), (5, 1)])
def test_reduced_vectors_keep_their_distances_as_far_as_dimensions_go(shape):
    rows = np.random.default_rng(1).normal(size=shape)
    small = reduced(rows, 90)
    wide = ((rows[:, None] - rows) ** 2).sum(-1)
    assert np.allclose(((small[:, None] - small) ** 2).sum(-1), wide)
    assert reduced(rows, 3).shape[1] <= 3 or shape == (5, 1)


def test_words_are_those_that_say_what_is_shown():
    assert words_of("(masterpiece:1.2), a Girl on the beach <lora:add_detail:0.7> BREAK long_hair") == (
        "masterpiece",
        "girl",
        "beach",
        "long",
        "hair",
    )
    assert words_of("ein Mädchen, 少女, девушка") == ("ein", "mädchen", "少女", "девушка")
    assert words_of("") == ()


def test_prompts_are_alike_by_the_words_that_some_have_and_others_have_not():
    rows = word_vectors(["best, a red cat", "best, a black cat", "best, a red boat", "best, a green boat", "best"])
    cat, black, boat, green, _ = rows
    assert np.linalg.norm(cat - black) < np.linalg.norm(cat - green)
    assert np.linalg.norm(boat - green) < np.linalg.norm(black - green)
    assert np.allclose(word_vectors(["a cat", "a dog"]), 0)
    assert word_vectors(["", "<lora:x:1>", "x"]).shape[0] == 3


def test_a_thousand_different_prompts_have_few_dimensions():
    rng = np.random.default_rng(0)
    words = [f"{a}{b}{c}" for a in "klmn" for b in "aeiou" for c in "rst"]
    prompts = sorted({" ".join(rng.choice(words, 6)) for _ in range(2500)})
    assert word_vectors(prompts).shape[0] == len(prompts) > 2000
    assert word_vectors(prompts).shape[1] <= 100
