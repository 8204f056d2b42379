"""Figures as files: words stay words, every name can be saved, the colour of the ink is the page's."""

import io
import logging
import warnings
from xml.etree import ElementTree

import pytest
from PIL import Image

from lib_modelsim.figures.dendrogram import draw_dendrogram
from lib_modelsim.figures.lettering import INK, text_width, wrap
from lib_modelsim.figures.names import shortened
from lib_modelsim.figures.saving import save_png, svg_text
from lib_modelsim.text import printable

from .families import NAMES, family


@pytest.fixture(scope="module")
def figure():
    tree, classes, _ = family(6, 2)
    return draw_dendrogram(tree, classes, "title", "unit")


def test_an_svg_holds_the_words_and_the_ink_of_its_page(figure):
    svg = svg_text(figure, ink="#eeeeee")
    root = ElementTree.fromstring(svg)
    words = ["".join(element.itertext()) for element in root.iter() if element.tag.endswith("text")]
    assert {printable(name) for name in NAMES} <= set(words)
    assert INK not in svg
    assert "#eeeeee" in svg


def test_the_same_figure_is_the_same_text():
    tree, classes, _ = family(6, 2)
    first, second = (svg_text(draw_dendrogram(tree, classes, "title", "unit")) for _ in range(2))
    assert first == second


def test_a_png_has_the_density_that_was_asked_for(figure, tmp_path):
    path = tmp_path / "tree.png"
    save_png(figure, path, dpi=50)
    with Image.open(path) as image:
        assert image.width == int(figure.get_size_inches()[0] * 50)
        assert image.info["dpi"][0] == pytest.approx(50, abs=0.1)


def test_glyphs_that_no_font_has_raise_no_noise(figure, caplog):
    with warnings.catch_warnings(), caplog.at_level(logging.WARNING):
        warnings.simplefilter("error")
        save_png(figure, io.BytesIO(), 50)
        svg_text(figure)
    assert not caplog.records


def test_words_are_measured_wrapped_and_shortened():
    assert text_width("漢字", 72) == pytest.approx(2)
    assert text_width("mm") > text_width("ii")
    lines = wrap("words " * 30 + "x" * 200, 2.0)
    assert all(text_width(line) <= 2.0 for line in lines)
    assert "".join(lines).replace(" ", "") == "words" * 30 + "x" * 200
    assert shortened("abcdefghij", 7) == "abcd…ij"
    assert shortened("short", 7) == "short"
