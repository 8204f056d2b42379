"""The scores that need nothing but a picture: their published definitions, at one size for all."""

import math

import numpy as np
import pytest
from PIL import Image, ImageFilter

from lib_modelsim.curate.scorers.colourfulness import colourfulness
from lib_modelsim.curate.scorers.contrast import contrast
from lib_modelsim.curate.scorers.entropy import entropy
from lib_modelsim.curate.scorers.saturation import saturation
from lib_modelsim.curate.scorers.sharpness import sharpness
from lib_modelsim.pictures.opening import open_picture
from lib_modelsim.pictures.pixels import AREA, pixels_of
from tests.pictures.scenes import scene

SCORES = (sharpness, contrast, saturation, colourfulness, entropy)


def plain(*colour, side=512):
    return np.full((side, side, 3), colour, np.uint8)


def halves(first, second):
    pixels = plain(*first)
    pixels[:, 256:] = second
    return pixels


@pytest.mark.parametrize("colour", [(0, 0, 0), (128, 128, 128), (255, 255, 255)])
@pytest.mark.parametrize("score", SCORES)
def test_one_grey_has_nothing_of_any(score, colour):
    assert score(plain(*colour)) == pytest.approx(0, abs=1e-6)


def test_half_black_half_white_has_the_most_contrast_and_one_bit():
    pixels = halves((0, 0, 0), (255, 255, 255))
    assert contrast(pixels) == pytest.approx(127.5, abs=0.01)
    assert entropy(pixels) == pytest.approx(1)
    assert saturation(pixels) == 0


def test_all_levels_equally_often_have_eight_bits():
    assert entropy(np.repeat(np.arange(256, dtype=np.uint8)[:, None, None], 3, 2)) == pytest.approx(8)


def test_saturation_is_that_of_hsv_by_python_s_own_formula():
    import colorsys

    pixels = np.random.default_rng(0).integers(16, 256, (20, 30, 3)).astype(np.uint8)
    expected = 100 * np.mean([colorsys.rgb_to_hsv(*(pixel / 255))[1] for pixel in pixels.reshape(-1, 3)])
    assert saturation(pixels) == pytest.approx(expected, abs=1e-3)


def test_noise_in_the_dark_is_no_colour():
    dark = np.random.default_rng(0).integers(0, 12, (512, 512, 3)).astype(np.uint8)
    assert saturation(dark) == 0
    assert saturation(plain(255, 0, 0)) == 100


def test_colourfulness_is_hasler_s_and_suesstrunk_s():
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    r, g, b = pixels.astype(float).reshape(-1, 3).T
    rg, yb = r - g, 0.5 * (r + g) - b
    expected = math.sqrt(rg.std() ** 2 + yb.std() ** 2) + 0.3 * math.sqrt(rg.mean() ** 2 + yb.mean() ** 2)
    assert colourfulness(pixels) == pytest.approx(expected, rel=1e-6)
    assert colourfulness(plain(255, 0, 0)) == pytest.approx(0.3 * math.hypot(255, 127.5), rel=1e-6)


def test_sharpness_is_the_variance_of_opencv_s_laplacian():
    cv2 = pytest.importorskip("cv2")
    pixels = np.asarray(scene(3, 512, 512))
    grey = pixels @ np.array([0.299, 0.587, 0.114], np.float32)
    expected = cv2.Laplacian(grey, cv2.CV_32F)[1:-1, 1:-1].var()
    assert sharpness(pixels) == pytest.approx(expected, rel=1e-4)


def test_a_blurred_picture_is_less_sharp_and_a_pale_one_less_colourful():
    picture = scene(5, 512, 512)
    blurred = picture.filter(ImageFilter.GaussianBlur(2))
    assert sharpness(np.asarray(blurred)) < 0.2 * sharpness(np.asarray(picture))
    pale = Image.blend(picture, Image.new("RGB", picture.size, "grey"), 0.5)
    for score in (contrast, saturation, colourfulness):
        assert score(np.asarray(pale)) < 0.8 * score(np.asarray(picture))


@pytest.mark.parametrize("size", [(512, 512), (1024, 1024), (300, 900), (64, 64), (2048, 16), (8, 8)])
def test_every_picture_is_measured_at_one_size(size):
    height, width, _ = pixels_of(Image.new("RGB", size)).shape
    assert height * width == pytest.approx(AREA, rel=0.02)
    assert width / height == pytest.approx(size[0] / size[1], rel=0.03)


def test_a_copy_of_another_size_has_nearly_the_same_scores():
    """A smaller one has lost its finest detail, and only that."""
    large = scene(4, 1024, 1024).filter(ImageFilter.GaussianBlur(3))
    small = large.resize((512, 512), Image.Resampling.LANCZOS)
    for score in SCORES:
        assert score(pixels_of(small)) == pytest.approx(score(pixels_of(large)), rel=0.05)


@pytest.mark.parametrize("size", [(1, 1), (7, 400), (2000, 3)])
def test_what_is_too_small_is_not_measured(size):
    assert pixels_of(Image.new("RGB", size)) is None


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16", "I"])
def test_any_kind_of_pixels_is_measured(mode, tmp_path):
    values = np.asarray(scene(1).convert("L"))
    picture = Image.fromarray(values.astype(np.uint16) * 257) if mode.startswith("I") else scene(1).convert(mode)
    path = tmp_path / ("a.tif" if mode == "CMYK" else "a.png")
    picture.save(path)
    pixels = pixels_of(open_picture(path))
    assert all(math.isfinite(score(pixels)) for score in SCORES)
    if mode in ("L", "I;16"):
        assert contrast(pixels) == pytest.approx(contrast(pixels_of(scene(1).convert("L").convert("RGB"))), rel=0.01)
