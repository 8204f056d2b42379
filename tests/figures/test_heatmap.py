"""The heat map: rows by the tree, columns by reference, labels thinned before they touch."""

import numpy as np
import pytest

from lib_modelsim.families.features import FeatureTable
from lib_modelsim.figures.colours import Palette
from lib_modelsim.figures.heatmap import draw_heatmap
from lib_modelsim.figures.saving import svg_text

from .families import BLOCKS, family, names, table
from .words import assert_clean


def cells(figure):
    """The colours of the heat map, [n, p, 4]; the bar of colours comes after it."""
    return next(image for axes in figure.axes for image in axes.images).get_array()


def colours_of(values, palette=Palette.SIMILARITY):
    colours, scale = palette.scale(values)
    return colours(scale(np.ma.masked_invalid(values)), bytes=True)


@pytest.mark.parametrize(("n", "k", "references"), [(2, 1, 2), (3, 2, 3), (30, 6, 30), (100, 19, 18)])
def test_nothing_overlaps_or_is_cut(n, k, references):
    tree, classes, _ = family(n, k)
    of = names(references)
    figure = draw_heatmap(table(names(n), of), tree, classes, "title", "ASimilarity", references=of, blocks=BLOCKS)
    assert_clean(figure)


def test_300_models_against_each_other_are_a_picture_of_few_megabytes():
    tree, classes, _ = family(300, 19)
    features = table(tree.models, tree.models)
    figure = draw_heatmap(features, tree, classes, "title", "unit", references=tree.models, blocks=BLOCKS)
    assert len(svg_text(figure)) < 10_000_000
    words = assert_clean(figure)
    assert "IN01 … OUT11" in " ".join(words)
    assert words.count("dreamy-v8.1") == 2, "as a row and as a reference"


def test_rows_and_references_stand_in_the_order_of_the_tree():
    tree, classes, _ = family(7, 2)
    figure = draw_heatmap(
        table(tree.models, tree.models), tree, classes, "t", "u", references=tree.models, blocks=BLOCKS
    )
    missing = (cells(figure) == (0xDD, 0xDD, 0xDD, 0xFF)).all(2).reshape(7, 7, 16).all(2)
    assert (missing == np.eye(7, dtype=bool)).all()


def test_columns_without_references_keep_their_names_and_their_order():
    tree, classes, _ = family(6, 2)
    values = np.arange(24.0).reshape(6, 4)
    figure = draw_heatmap(FeatureTable(tree.models, tuple("abcd"), values), tree, classes, "t", "u")
    assert (cells(figure) == colours_of(values[tree.leaves])).all()
    assert set("abcd") <= set(assert_clean(figure))


@pytest.mark.parametrize("n", [3, 200])
def test_distances_are_drawn_in_the_order_of_the_tree_on_both_sides(n):
    tree, classes, distances = family(n, 3)
    features = FeatureTable(tree.models, tree.models, distances)
    more = {"references": tree.models, "blocks": ("",), "palette": Palette.DISTANCE}
    figure = draw_heatmap(features, tree, classes, "title", "relative L2", **more)
    ordered = distances[np.ix_(tree.leaves, tree.leaves)]
    assert (cells(figure) == colours_of(ordered, Palette.DISTANCE)).all()
    assert_clean(figure)


def test_many_columns_without_references_are_thinned_and_told():
    tree, classes, _ = family(3, 2)
    columns = tuple(f"a rather long column {j}" for j in range(2000))
    figure = draw_heatmap(FeatureTable(tree.models, columns, np.zeros((3, 2000))), tree, classes, "t", "u")
    assert "has a label" in " ".join(assert_clean(figure))


@pytest.mark.parametrize("palette", list(Palette))
@pytest.mark.parametrize("values", [np.full((2, 3), np.nan), np.ones((2, 3)), np.array([[1.0, 2, 9]])])
def test_every_palette_spans_the_values(palette, values):
    colours, scale = palette.scale(values)
    assert scale.vmin < scale.vmax
    known = values[np.isfinite(values)]
    if known.size:
        assert scale.vmin <= known.min()
        assert scale.vmax >= known.max()
    if palette is Palette.DIFFERENCE and known.size:
        assert (scale.vmin + scale.vmax) / 2 == pytest.approx(np.median(known))
    assert colours(np.ma.masked_all(1))[0] == pytest.approx([0xDD / 255] * 3 + [1.0])
