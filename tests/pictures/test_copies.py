"""A picture is found among others after recompression, scaling, cutting, framing, turning and mirroring."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from lib_modelsim.pictures.canonical import without_borders
from lib_modelsim.pictures.copies import (
    CANDIDATE,
    differing,
    fingerprint,
    likeness,
    thing_on_plain_ground,
    turned_fingerprints,
)
from lib_modelsim.pictures.degrading import as_jpeg

from .scenes import scene

CHANGES = {
    "as it is": lambda picture: picture,
    "saved again": lambda picture: as_jpeg(picture, 50),
    "half the size": lambda picture: ImageOps.scale(picture, 0.5),
    "cut": lambda picture: picture.crop((13, 4, 191, 180)),
    "framed": lambda picture: ImageOps.expand(picture, (9, 20, 9, 9), (30, 30, 34)),
    "mirrored": ImageOps.mirror,
    "turned to the left": lambda picture: picture.transpose(Image.Transpose.ROTATE_90),
    "turned to the right": lambda picture: picture.transpose(Image.Transpose.ROTATE_270),
    "on its head": lambda picture: picture.transpose(Image.Transpose.ROTATE_180),
    "along its diagonal": lambda picture: picture.transpose(Image.Transpose.TRANSPOSE),
}


@pytest.fixture(scope="module")
def stored():
    return np.stack([fingerprint(scene(number)) for number in range(12)])


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_changed_picture_is_found_among_others(stored, change):
    shares = differing(turned_fingerprints(change(scene(5))), stored)
    assert shares.argmin() == 5
    assert shares[5] <= CANDIDATE


def test_the_whole_is_found_where_a_part_of_it_is_stored(stored):
    parts = stored.copy()
    parts[5] = fingerprint(scene(5).crop((10, 10, 182, 182)))
    shares = differing(turned_fingerprints(scene(5)), parts)
    assert shares.argmin() == 5
    assert shares[5] <= CANDIDATE


def test_another_picture_is_not_the_same(stored):
    shares = differing(turned_fingerprints(scene(99)), stored)
    assert shares.min() > CANDIDATE
    assert likeness(scene(99), scene(int(shares.argmin()))) < 0.9


def test_plain_pictures_have_hashes_too():
    black = Image.new("RGB", (8, 8))
    assert differing(turned_fingerprints(black), fingerprint(black)[None])[0] == 0
    assert np.isfinite(likeness(black, scene(1)))


def test_a_drawing_on_a_plain_ground_is_found_again_where_its_borders_are_cut_otherwise():
    ground = np.full((256, 256, 3), 255, np.uint8)
    ground[60:200, 40:180] = np.random.default_rng(5).integers(0, 256, (14, 14, 3)).repeat(10, 0).repeat(10, 1)
    drawing, speck = Image.fromarray(ground), ground.copy()
    speck[250:253, 2:5] = 0
    saved = Image.fromarray(speck)
    assert without_borders(speck).shape != without_borders(ground).shape
    assert differing(turned_fingerprints(saved), fingerprint(drawing)[None])[0] <= CANDIDATE
    assert likeness(saved, drawing) >= 0.99


def in_a_window(picture, ground=(246, 247, 249)):
    window = Image.new("RGB", (640, 360), ground)
    pen = ImageDraw.Draw(window)
    pen.rectangle((0, 0, 640, 28), fill=(222, 225, 230))
    for line in range(6):
        pen.text((520, 60 + 20 * line), "some words", fill=(70, 70, 70))
    window.paste(picture, (60, 50))
    return window


def test_a_picture_in_a_window_is_a_candidate():
    stored = np.stack([fingerprint(scene(number)) for number in range(20)])
    for number in range(0, 20, 4):
        for ground in ((246, 247, 249), (24, 25, 28)):
            apart = differing(turned_fingerprints(in_a_window(scene(number), ground)), stored)
            assert apart.argmin() == number
            assert apart[number] <= CANDIDATE
            stored_window = fingerprint(in_a_window(scene(number), ground))[None]
            assert differing(turned_fingerprints(scene(number)), stored_window)[0] <= CANDIDATE


def test_what_is_no_picture_in_a_window_has_none():
    assert thing_on_plain_ground(np.asarray(scene(3))) is None, "no ground"
    assert thing_on_plain_ground(np.full((90, 90, 3), 200, np.uint8)) is None, "nothing on it"
    lines = Image.new("RGB", (256, 256), "white")
    ImageDraw.Draw(lines).line((5, 5, 250, 250), fill="black", width=4)
    assert thing_on_plain_ground(np.asarray(lines)) is None, "it fills no rectangle"
    left, top, right, bottom = thing_on_plain_ground(np.asarray(in_a_window(scene(3))))
    assert (abs(left - 60) <= 1, abs(top - 50) <= 1, abs(right - 252) <= 1, abs(bottom - 242) <= 1) == (True,) * 4
