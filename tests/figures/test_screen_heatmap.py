"""The heat map on the page: one picture, every value told, room for what can be read."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from lib_modelsim.families.features import FeatureTable
from lib_modelsim.figures.colours import MISSING
from lib_modelsim.figures.screen.heatmap import heatmap_svg

from .families import BLOCKS, family, names, table
from .screen import box, elements, leaf_names, ranges, read, shown_names


def heat_map(n, k, references):
    tree, classes, _ = family(n, k)
    made = table(names(n), names(n)[:references])
    drawing = heatmap_svg(made, tree, classes, "asimilarity", references=names(n)[:references], blocks=BLOCKS)
    return tree, made, drawing


def told_values(drawing):
    """What the page's script can tell of the cells: [rows, columns], NaN for missing, and their names."""
    (heat,) = elements(drawing, "modelsim-heat")
    about = json.loads(heat.get("data-about"))
    kind, none = {1: (np.uint8, 255), 2: ("<u2", 65535)}[about["bytes"]]
    levels = np.frombuffer(base64.b64decode(heat.get("data-values")), kind).astype(float)
    low, high = about["ends"]
    values = np.where(levels == none, np.nan, low + levels / (none - 1) * (high - low))
    return values.reshape(-1, len(about["references"]) * len(about["blocks"])), about


def picture(drawing):
    (image,) = read(drawing).iter("image")
    return Image.open(io.BytesIO(base64.b64decode(image.get("href").split(",")[1]))).convert("RGB")


@pytest.mark.parametrize(("n", "k", "references"), [(2, 1, 2), (30, 6, 30), (100, 8, 18), (300, 19, 70)])
def test_every_cell_is_told_and_drawn_where_the_tree_puts_it(n, k, references):
    tree, made, drawing = heat_map(n, k, references)
    values, about = told_values(drawing)
    assert leaf_names(drawing) == shown_names(tree)
    assert picture(drawing).size == (values.shape[1], n)
    column = {name: i for i, name in enumerate(made.columns)}
    order = sorted(names(n)[:references], key=lambda name: tree.leaves.tolist().index(tree.models.index(name)))
    wanted = made.values[tree.leaves][:, [column[f"{name}/{block}"] for name in order for block in BLOCKS]]
    span = np.nanmax(wanted) - np.nanmin(wanted)
    np.testing.assert_allclose(values, wanted, atol=0.51 * span / (254 if about["bytes"] == 1 else 65534))


def test_a_missing_value_is_grey_and_told_in_the_legend():
    _, _, drawing = heat_map(30, 6, 30)
    values, _ = told_values(drawing)
    pixels = np.asarray(picture(drawing))
    grey = (pixels == list(bytes.fromhex(MISSING[1:]))).all(-1)
    np.testing.assert_array_equal(grey, np.isnan(values))
    assert "missing" in "".join(elements(drawing, "modelsim-above")[0].itertext())


def test_what_is_more_alike_is_brighter():
    tree, classes, _ = family(4, 2)
    made = FeatureTable(names(4), ("a", "b"), np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6], [0.7, 0.8]]))
    drawing = heatmap_svg(made, tree, classes, "cosine")
    light = np.asarray(picture(drawing).convert("L"), dtype=int).ravel()
    values, _ = told_values(drawing)
    assert (np.diff(light[np.argsort(values.ravel())]) > 0).all()
    assert "10 %" in "".join(elements(drawing, "modelsim-scale")[0].itertext())


def test_the_bar_of_colours_is_outside_of_what_scrolls():
    _, _, drawing = heat_map(30, 6, 30)
    (view,) = elements(drawing, "modelsim-view")
    assert not [e for e in view.iter() if "modelsim-scale" in e.get("class", "")]


def test_classes_and_branches_know_their_leaves():
    _, _, drawing = heat_map(30, 6, 30)
    fields = ranges(drawing, "modelsim-field")
    assert [first for first, _ in fields] == [0, *(last + 1 for _, last in fields[:-1])]
    assert set(fields) <= {*ranges(drawing, "modelsim-branch")}


def test_rows_are_high_enough_to_be_read_and_nothing_leaves_the_drawing():
    for n, k, references in ((3, 2, 3), (30, 6, 30), (100, 8, 18)):
        _, _, drawing = heat_map(n, k, references)
        width, height = box(drawing)
        assert height >= 16 * n
        for text in read(drawing).iter("text"):
            assert 0 <= float(text.get("x")) < width
            assert 0 <= float(text.get("y")) < height


def test_a_table_without_any_value_is_grey():
    tree, classes, _ = family(3, 1)
    made = FeatureTable(names(3), ("a",), np.full((3, 1), np.nan))
    assert np.isnan(told_values(heatmap_svg(made, tree, classes, "cosine"))[0]).all()
