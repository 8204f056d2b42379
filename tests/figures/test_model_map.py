"""The map of models: faithful where two dimensions suffice, and its labels never touch."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform

from lib_modelsim.errors import ModelsimError
from lib_modelsim.families.scaling import classical_scaling
from lib_modelsim.figures.model_map import draw_map
from lib_modelsim.figures.placing import leader, place_labels
from lib_modelsim.text import printable

from .families import family, names
from .words import assert_clean


def test_points_of_a_plane_are_found_again():
    distances = squareform(pdist(np.random.default_rng(0).normal(size=(20, 2))))
    found = classical_scaling(distances)
    assert squareform(pdist(found.points)) == pytest.approx(distances)
    assert found.explained == pytest.approx(1)
    assert found.stress == pytest.approx(0, abs=1e-9)


def test_a_space_of_many_dimensions_is_told_to_be_flattened():
    found = classical_scaling(squareform(pdist(np.eye(12))))  # a simplex: every dimension holds as much
    assert found.explained == pytest.approx(2 / 11)
    assert found.stress > 0.4


@pytest.mark.parametrize("n", [1, 2, 5])
def test_models_that_are_the_same_are_one_point(n):
    found = classical_scaling(np.zeros((n, n)))
    assert (found.points == 0).all()
    assert found.points.shape == (n, 2)
    assert_clean(draw_map(names(n), found, [1] * n, "title", "unit"))


def test_a_missing_distance_is_an_error():
    with pytest.raises(ModelsimError, match="1 and 2"):
        classical_scaling(np.array([[0, np.nan], [np.nan, 0]]))


@pytest.mark.parametrize(("n", "k"), [(3, 2), (30, 6), (300, 19)])
def test_nothing_overlaps_or_is_cut(n, k):
    tree, classes, distances = family(n, k)
    of_classes = {1: "NovelAI and kin", 2: "日本語の名前", 3: "a name of a class that is as long as a sentence can be"}
    words = assert_clean(
        draw_map(tree.models, classical_scaling(distances), classes, "t", "relative L2 " * 20, names=of_classes)
    )
    assert {str(number) for number in range(1, k + 1)} <= set(words)
    if n == 30:
        assert not any("lack of room" in word for word in words)
        assert {printable(name) for name in tree.models if len(name) < 30} <= set(words)


def test_labels_without_room_are_left_out():
    label = np.array([[2.0, 0.2]])
    (place,) = place_labels(np.array([[1.0, 1.0]]), label, np.empty((0, 2)), 0.05, (1.5, 1.5))
    assert place is None


def test_points_along_a_line_are_all_named():
    models = tuple(f"wider than the gap {i}" for i in range(14))
    line = classical_scaling(squareform(pdist(np.arange(14.0)[:, None])))
    words = assert_clean(draw_map(models, line, [1 + i // 5 for i in range(14)], "title", "l2"))
    assert set(models) <= set(words)


def test_no_line_to_a_label_crosses_another():
    _, _, distances = family(40, 5)
    anchors = classical_scaling(distances).points + 3
    sizes = np.tile([1.0, 0.15], (40, 1))
    places = place_labels(anchors, sizes, anchors, 0.05, (8.0, 8.0))
    found = [(anchor, place) for anchor, place in zip(anchors, places, strict=True) if place is not None]
    assert len(found) > 20
    for anchor, own in found:
        for other in (place for _, place in found if place is not own):
            points = leader(anchor, own)
            assert not ((points > other[:2]) & (points < other[2:])).all(1).any()
