"""The built-in descriptor: finite, the same every time, and little moved by what files go through."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageOps

from lib_modelsim.pictures import descriptor
from lib_modelsim.pictures.canonical import canonical, without_borders
from lib_modelsim.pictures.degrading import as_jpeg, degraded
from lib_modelsim.pictures.encoders.builtin import DescriptorEncoder

from .scenes import scene


@pytest.fixture(scope="module")
def described():
    return DescriptorEncoder().encode([scene(number) for number in range(5)])


@settings(max_examples=8, deadline=None)
@given(st.data())
def test_any_picture_gives_a_finite_vector_of_length_one_twice_the_same(data):
    height, width = data.draw(st.integers(1, 90)), data.draw(st.integers(1, 90))
    pixels = data.draw(arrays(np.uint8, (height, width, 3)))
    first, second = DescriptorEncoder().encode([Image.fromarray(pixels), Image.fromarray(pixels.copy())])
    assert np.isfinite(first).all()
    assert np.linalg.norm(first) == pytest.approx(1, abs=1e-5)
    assert np.array_equal(first, second)


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (64, 1024)])
def test_odd_shapes_and_plain_colours_are_described(size):
    vectors = DescriptorEncoder().encode([Image.new("RGB", size, colour) for colour in ("black", "white", "red")])
    assert np.isfinite(vectors).all()


def test_every_value_has_its_typical_mean():
    typical = json.loads(descriptor.TYPICAL.read_text("utf-8"))
    groups = descriptor.describe(scene(1))
    assert typical["version"] == descriptor.VERSION
    assert {name: len(mean) for name, mean in typical["mean"].items()} == {n: len(v) for n, v in groups.items()}
    assert min(typical["spread"].values()) > 0


@pytest.mark.parametrize(
    "change",
    [
        lambda picture: as_jpeg(picture, 80),
        lambda picture: ImageOps.scale(picture, 1.5),
        lambda picture: ImageOps.expand(picture, (8, 20, 8, 8), (40, 40, 44)),
        degraded,
    ],
    ids=["saved again", "scaled", "framed", "degraded"],
)
def test_a_changed_picture_stays_nearest_to_itself(change, described):
    changed = DescriptorEncoder().encode([change(scene(number)) for number in range(3)])
    assert ((changed @ described.T).argmax(1) == np.arange(3)).all()


def test_wear_is_drawn_from_the_picture_itself():
    assert np.array_equal(degraded(scene(1)), degraded(scene(1)))
    assert degraded(scene(1)).size != degraded(scene(2)).size


def test_plain_edges_go_and_plain_pictures_stay():
    picture = np.asarray(scene(1))
    framed = np.asarray(ImageOps.expand(scene(1), 10, (250, 250, 250)))
    assert np.array_equal(without_borders(framed), picture)
    assert without_borders(np.zeros((50, 50, 3), np.uint8)).shape == (50, 50, 3)


def test_grey_has_no_colour_and_white_is_light():
    drawn = canonical(Image.new("RGB", (64, 64), "white"))
    assert drawn.light == pytest.approx(1, abs=1e-3)
    assert np.abs([drawn.green_red, drawn.blue_yellow]).max() < 1e-3
