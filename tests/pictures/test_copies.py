"""A picture is known again after recompression, scaling, cutting and framing, and not taken for another."""

from itertools import combinations

import numpy as np
import pytest
from PIL import Image, ImageOps

from lib_modelsim.pictures.canonical import without_borders
from lib_modelsim.pictures.copies import CANDIDATE, RESEMBLING, SAME, differing, fingerprint, likeness
from lib_modelsim.pictures.degrading import as_jpeg
from lib_modelsim.pictures.opening import open_picture

from .scenes import scene

CHANGES = {
    "as it is": lambda picture: picture,
    "saved again": lambda picture: as_jpeg(picture, 50),
    "half the size": lambda picture: ImageOps.scale(picture, 0.5),
    "cut": lambda picture: picture.crop((13, 4, 191, 180)),
    "framed": lambda picture: ImageOps.expand(picture, (9, 20, 9, 9), (30, 30, 34)),
}


@pytest.fixture(scope="module")
def stored():
    return np.stack([fingerprint(scene(number)) for number in range(12)])


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_changed_picture_is_found_among_others_and_confirmed(stored, change):
    query = change(scene(5))
    shares = differing(fingerprint(query), stored)
    assert shares.argmin() == 5
    assert shares[5] <= CANDIDATE
    confirmed = likeness(query, scene(5))
    assert confirmed >= (RESEMBLING if change is CHANGES["framed"] else SAME)  # a frame is cut off to a pixel or two


def test_another_picture_is_not_the_same(stored):
    shares = differing(fingerprint(scene(99)), stored)
    assert shares.mean() > 0.3
    assert likeness(scene(99), scene(int(shares.argmin()))) < 0.9


def test_real_models_pictures_of_one_prompt_do_not_even_resemble_each_other(shared):
    for number in range(9):
        drawn = [open_picture(path) for path in (shared / "data" / "prior_scan").glob(f"*/0{number}.jpg")]
        assert len(drawn) == 4
        assert max(likeness(one, other) for one, other in combinations(drawn, 2)) < RESEMBLING


def test_a_small_family_s_pictures_of_one_prompt_and_seed_are_not_the_same(shared):
    sheet = open_picture(shared / "data" / "minihub" / "models_same_prompts_and_seed.png")
    greatest = 0.0
    for left in range(0, sheet.width, 256):  # every other prompt; ten models, one below the other
        drawn = [sheet.crop((left, top, left + 128, top + 128)) for top in range(0, sheet.height, 128)]
        greatest = max(greatest, *(likeness(one, other) for one, other in combinations(drawn, 2)))
    assert 0.9 < greatest < SAME


def test_plain_pictures_have_hashes_too():
    black = Image.new("RGB", (8, 8))
    assert differing(fingerprint(black), fingerprint(black)[None])[0] == 0
    assert np.isfinite(likeness(black, scene(1)))


def test_a_drawing_on_a_plain_ground_is_found_again_where_its_borders_are_cut_otherwise():
    ground = np.full((256, 256, 3), 255, np.uint8)
    ground[60:200, 40:180] = np.random.default_rng(5).integers(0, 256, (14, 14, 3)).repeat(10, 0).repeat(10, 1)
    drawing, speck = Image.fromarray(ground), ground.copy()
    speck[250:253, 2:5] = 0
    saved = Image.fromarray(speck)
    assert without_borders(speck).shape != without_borders(ground).shape
    assert differing(fingerprint(saved), fingerprint(drawing)[None])[0] <= CANDIDATE
    assert likeness(saved, drawing) >= SAME
