"""Colours of classes: apart for all eyes, and seen on light and on dark ground."""

import numpy as np
import pytest

from lib_modelsim.figures.colours import class_colour, colour_upon

SIGHT = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}
"""Linear sRGB as each sees it: Machado, Oliveira and Fernandes 2009, severity 1."""


def linear(colours):
    values = np.array([[int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)] for colour in colours])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def oklab(light):
    """Björn Ottosson's OKLab, 0 … 100: two colours that are 2 apart can just be told from each other."""
    cones = [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
             [0.0883024619, 0.2817188376, 0.6299787005]]  # fmt: skip
    axes = [[0.2104542553, 0.793617785, -0.0040720468], [1.9779984951, -2.428592205, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.808675766]]  # fmt: skip
    return 100 * np.cbrt(np.clip(light, 0, 1) @ np.transpose(cones)) @ np.transpose(axes)


def contrast(colours, ground):
    one, other = linear(colours) @ [0.2126, 0.7152, 0.0722], linear([ground]) @ [0.2126, 0.7152, 0.0722]
    return (np.maximum(one, other) + 0.05) / (np.minimum(one, other) + 0.05)


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize(("count", "apart"), [(8, 9), (12, 8), (24, 4.5)])
def test_classes_have_colours_that_stay_apart(sight, count, apart):
    seen = oklab(linear([class_colour(number) for number in range(1, count + 1)]) @ np.transpose(SIGHT[sight]))
    distances = np.linalg.norm(seen[:, None] - seen[None], axis=2) + np.diag(np.full(count, np.inf))
    assert distances.min() >= apart


def test_each_is_seen_on_white_and_on_a_dark_page_and_its_number_is_read():
    first = [class_colour(number) for number in range(1, 25)]
    assert contrast(first, "#ffffff").min() >= 2.4
    assert contrast(first, "#0b0f19").min() >= 2.4
    for number in range(1, 49):
        assert contrast([class_colour(number)], colour_upon(number)) >= 4


def test_no_colour_comes_twice_in_48_classes():
    assert len({class_colour(number) for number in range(1, 49)}) == 48
