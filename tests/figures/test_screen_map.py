"""The map on the page: every model a point with its class's number, names that touch nothing."""

import numpy as np
import pytest

from lib_modelsim.families.linkage import Tree
from lib_modelsim.families.scaling import classical_scaling
from lib_modelsim.figures.screen.markup import text_width
from lib_modelsim.figures.screen.model_map import map_svg

from .families import family
from .screen import box, elements, leaf_names, read, shown_names


def drawn(n, k):
    tree, classes, distances = family(n, k)
    return tree, classes, distances, map_svg(tree, classical_scaling(distances), classes, "1 − r", names={1: "kin <&>"})


def points(drawing):
    circles = [leaf[0] for leaf in elements(drawing, "modelsim-leaf")]
    return np.array([[float(circle.get(axis)) for axis in ("cx", "cy")] for circle in circles])


@pytest.mark.parametrize(("n", "k"), [(2, 1), (30, 6), (300, 19)])
def test_every_model_is_a_point_within_the_drawing_with_the_number_of_its_class(n, k):
    tree, classes, _, drawing = drawn(n, k)
    assert leaf_names(drawing) == shown_names(tree)
    numbers = ["".join(leaf.itertext()) for leaf in elements(drawing, "modelsim-leaf")]
    assert numbers == [str(classes[leaf]) for leaf in tree.leaves]
    assert ((points(drawing) > 0) & (points(drawing) < box(drawing))).all()


def test_distances_in_the_map_are_those_of_the_scaling():
    tree, _, distances, drawing = drawn(30, 6)
    wanted = classical_scaling(distances).points[tree.leaves]
    apart = [np.linalg.norm(p[:, None] - p[None], axis=2)[np.triu_indices(30, 1)] for p in (points(drawing), wanted)]
    ratios = apart[0] / apart[1]
    assert np.ptp(ratios) < 0.02 * ratios.mean()


@pytest.mark.parametrize(("n", "k"), [(30, 6), (300, 19)])
def test_names_hide_no_point_and_no_other_name(n, k):
    drawing = drawn(n, k)[-1]
    names = [t for t in elements(drawing, "modelsim-names")[0].iter("text") if t.get("class") is None]
    assert len(names) >= 10
    widths = np.array([text_width(t.text, 12) for t in names])
    before = np.array([{"start": 0, "middle": 0.5, "end": 1}[t.get("text-anchor")] for t in names])
    left = np.array([[float(t.get("x")), float(t.get("y")) - 6] for t in names])
    left[:, 0] -= before * widths
    right = left + np.stack([widths, np.full(len(names), 12)], axis=1)
    for place in points(drawing):
        assert not ((place > left) & (place < right)).all(1).any()
    for i in range(len(names)):
        touched = ((left[i] < right) & (right[i] > left)).all(1)
        assert touched.sum() == 1, names[i].text


def test_models_that_are_all_the_same_are_drawn():
    tree = Tree(("a", "b", "c"), np.array([[0, 1, 0.0, 2], [2, 3, 0.0, 3]]))
    read(map_svg(tree, classical_scaling(np.zeros((3, 3))), [1, 1, 1], "1 − r"))
