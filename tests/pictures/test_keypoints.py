"""Keypoints find a picture in a gallery of any size."""

import numpy as np
import pytest

from lib_modelsim.pictures.alignment import prepare
from lib_modelsim.pictures.keypoints import CODES, Keypoints, available, votes

from .scenes import scene

pytestmark = pytest.mark.skipif(not available(), reason="OpenCV is not installed")


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_picture_is_found_among_thousands(mirrored):
    """OpenCV's own matcher takes 262,143 codes, those of 5,461 pictures."""
    query = prepare(scene(3)).keypoints
    stored = np.random.default_rng(0).integers(0, 256, (6000, CODES, 16), np.uint8)
    stored[5800] = query.codes(mirrored)
    counted = votes(query, stored)
    assert counted.argmax() == 5800
    assert counted[5800] >= CODES // 2
    assert np.delete(counted, 5800).max() < 4


def test_a_gallery_of_one_picture_with_fewer_keypoints_than_others_have():
    query = prepare(scene(3)).keypoints
    stored = query.codes()[None].copy()
    stored[0, 10:] = 0
    assert 10 <= votes(query, stored)[0] < CODES // 2  # some places have two keypoints


def test_nothing_is_found_by_a_picture_without_keypoints():
    nothing = Keypoints(np.zeros((0, 2), np.float32), np.zeros((0, 128), np.float32), 1.0, 8)
    assert not votes(nothing, np.zeros((3, CODES, 16), np.uint8)).any()
