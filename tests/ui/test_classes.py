"""The table of classes below a tree."""

from __future__ import annotations

import numpy as np

from lib_modelsim.families.distance_files import DistanceTable
from lib_modelsim.ui.families.classes import classes_table
from lib_modelsim.workspace.families.building import family_of_distances
from lib_modelsim.workspace.families.family import TreeOptions, trust_of
from lib_modelsim.workspace.families.screen import class_words

POINTS = np.array([0, 1, 2, 10, 11, 12, 900.0])


def family(options):
    distances = np.abs(POINTS[:, None] - POINTS[None, :])
    return family_of_distances(DistanceTable(tuple("abcdefs"), distances, "l2", None), options)


def test_a_stranger_is_marked_in_the_place_of_its_support():
    found = family(TreeOptions())
    assert found.strangers == ("s",)
    assert found.title == "Distances: 7 models, 2 classes, 1 stranger"
    table = classes_table(found, trust_of(found), {}, "", {})
    assert table.count(">stranger</span>") == 1
    assert {number: label.name for number, label in class_words(found, {}).items()} == {1: "", 2: "", 3: "stranger"}


def test_a_number_of_classes_is_the_cut_of_the_tree_and_marks_nobody():
    found = family(TreeOptions(classes=2))
    assert found.classes.tolist() == [1, 1, 1, 1, 1, 1, 2]
    assert found.strangers == family(TreeOptions()).cut(2).strangers == ()
    assert family(TreeOptions()).cut(2).classes.tolist() == found.classes.tolist()
    assert "stranger" not in classes_table(found, trust_of(found), {}, "", {})
