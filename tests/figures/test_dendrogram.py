"""The dendrogram: whole names, a box around each class, room for every remark."""

import numpy as np
import pytest
from matplotlib.patches import FancyBboxPatch

from lib_modelsim.families.linkage import Tree
from lib_modelsim.figures.classes import class_runs
from lib_modelsim.figures.dendrogram import ClassLabel, draw_dendrogram
from lib_modelsim.text import printable

from .families import family, names
from .words import assert_clean

WORDS = {
    1: ClassLabel("NovelAI and kin", "the first of them, and what people trained from it " * 3, 0.97),
    2: ClassLabel("日本語の名前", "短い", 1.0),
    3: ClassLabel(remark="one-word-" * 20),
}


@pytest.mark.parametrize(("n", "k"), [(2, 1), (3, 3), (30, 6), (300, 19)])
def test_nothing_overlaps_or_is_cut(n, k):
    tree, classes, _ = family(n, k)
    columns = {"size": ["2.13 GB"] * n, "precision": ["float16"] * n}
    caption = "ward.D2; cophenetic correlation 0.91. " * 6
    figure = draw_dendrogram(
        tree, classes, "A title " * 20, "a unit in many words " * 9, words=WORDS, columns=columns, caption=caption
    )
    shown = assert_clean(figure)
    assert {printable(name) for name in names(n)} <= set(shown)
    assert shown.count("float16") == n


def test_a_page_of_600_pixels_shows_whole_names():
    tree, classes, _ = family(12, 4)
    assert_clean(draw_dendrogram(tree, classes, "SD 1.x: 12 models, 4 classes", "1 − Pearson's r", 6.0))


def test_each_class_has_a_box_and_its_number():
    tree, classes, _ = family(30, 6)
    figure = draw_dendrogram(tree, classes, "title", "unit")
    boxes = [patch for patch in figure.findobj(FancyBboxPatch) if patch.get_linewidth() > 0]
    assert len(boxes) == 6
    assert {"1", "2", "3", "4", "5", "6"} <= set(assert_clean(figure))


def test_runs_are_the_classes_from_top_to_bottom():
    tree, classes, _ = family(30, 6)
    runs = class_runs(tree, classes)
    assert sorted(run.number for run in runs) == [1, 2, 3, 4, 5, 6]
    assert [run.last - run.first + 1 for run in runs] == [classes.count(run.number) for run in runs]
    assert all(run.height < run.next_height for run in runs)


def test_models_that_are_the_same_and_merges_that_go_back_are_drawn():
    same = Tree(("a", "b", "c"), np.array([[0, 1, 0.0, 2], [2, 3, 0.0, 3]]))
    assert_clean(draw_dendrogram(same, [1, 1, 2], "title", "unit"))
    inverted = Tree(("a", "b", "c"), np.array([[0, 1, 2.0, 2], [2, 3, 1.0, 3]]))
    assert_clean(draw_dendrogram(inverted, [1, 1, 2], "title", "unit"))
