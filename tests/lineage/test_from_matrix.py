"""Shares from a matrix of distances alone."""

import re

import numpy as np
import pytest

from lib_modelsim.families.distance_files import read_distances
from lib_modelsim.lineage.from_matrix import recipes_of
from lib_modelsim.lineage.kinds import ADD_DIFFERENCE, TRIPLE_SUM, UNKNOWN, WEIGHTED_SUM
from tests.lineage.planted import Family, small_family


def test_each_published_merge_has_the_shares_of_its_name(shared):
    table = read_distances(shared / "data" / "distances" / "cwd.json")
    recipes = {recipe.target: recipe for recipe in recipes_of(table.models, table.values)}
    named = [name for name in recipes if "+" in name]
    assert len(named) == 12
    for name in named:
        share = float(re.match(r"[\d.]+", name)[0])
        found = {parent.model: parent.share for parent in recipes[name].parents}
        assert set(found) == {"wd-1-4-anime_e2.ckpt", "cjd-v2-1-1.safetensors"}
        assert found["wd-1-4-anime_e2.ckpt"] == pytest.approx(share, abs=0.001)
        assert found["cjd-v2-1-1.safetensors"] == pytest.approx(1 - share, abs=0.001)
        assert recipes[name].kind == WEIGHTED_SUM
        assert not recipes[name].sure
    for name in set(recipes) - set(named):
        assert recipes[name].kind == UNKNOWN
        assert not recipes[name].parents


@pytest.mark.parametrize("file", ["am0", "aobp", "sdxl3", "wdacnai0"])
def test_nothing_is_a_merge_of_published_models_that_are_none(shared, file):
    table = read_distances(shared / "data" / "distances" / f"{file}.json")
    assert [recipe.target for recipe in recipes_of(table.models, table.values) if recipe.parents] == []


def test_merges_of_two_of_three_and_by_a_difference_come_out():
    family = small_family()
    recipes = {recipe.target: recipe for recipe in recipes_of(family.names, family.l2)}
    shares = {name: {one.model: one.share for one in recipe.parents} for name, recipe in recipes.items()}
    assert recipes["mix"].kind == WEIGHTED_SUM
    assert shares["mix"] == pytest.approx({"red": 0.6, "green": 0.4}, abs=1e-4)
    assert recipes["three"].kind == TRIPLE_SUM
    assert shares["three"] == pytest.approx({"red": 0.5, "green": 0.3, "blue": 0.2}, abs=1e-4)
    assert shares["mix-again"] == pytest.approx({"mix": 0.5, "blue": 0.5}, abs=1e-4)
    assert recipes["added"].kind == ADD_DIFFERENCE
    assert shares["added"] == pytest.approx({"green": 1.0, "blue": 0.7, "sd-base": -0.7}, abs=1e-4)
    assert not shares["red-2"]


def test_a_copy_is_no_parent_and_stands_beside_the_parent_that_it_is():
    family = small_family()
    family.models["red-copy"] = family.models["red"]
    recipes = {recipe.target: recipe for recipe in recipes_of(family.names, family.l2)}
    assert {one.model: one.same_as for one in recipes["mix"].parents} == {"red": ("red-copy",), "green": ()}
    assert "The same as red by this matrix." in recipes["red-copy"].remarks
    assert not recipes["red-copy"].parents


def test_a_distance_that_is_missing_leaves_the_rest():
    family = small_family()
    for name in ("mix-again", "added"):  # which have blue in them
        del family.models[name]
    l2 = family.l2
    other = family.names.index("blue")
    l2[other], l2[:, other] = np.nan, np.nan
    recipes = {recipe.target: recipe for recipe in recipes_of(family.names, l2)}
    assert {one.model for one in recipes["mix"].parents} == {"red", "green"}
    assert not recipes["three"].parents
    assert not recipes["blue"].parents


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_models_have_no_recipe_and_say_so(count):
    family = Family()
    for i in range(count):
        family.base(f"m{i}")
    l2 = family.l2 if count else np.zeros((0, 0))
    for recipe in recipes_of(family.names, l2):
        assert not recipe.parents
        assert recipe.remarks == ("There are fewer than two others to compare it with.",)
