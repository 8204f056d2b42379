"""Whatever a person drops becomes one upright RGB picture, or one line that says why not."""

import io

import numpy as np
import pytest
from PIL import Image

from lib_modelsim.pictures.opening import LONGEST, PictureError, open_picture

from .scenes import scene


def saved(picture, kind, **options):
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def colour_at(picture, x, y):
    return picture.getpixel((x, y))


def test_a_picture_is_opened_from_a_file_from_bytes_and_as_it_is(tmp_path):
    picture = scene(1)
    path = tmp_path / "a.png"
    picture.save(path)
    for source in (path, path.read_bytes(), picture):
        opened = open_picture(source)
        assert opened.mode == "RGB"
        assert np.array_equal(opened, picture)


def test_what_is_clear_lies_on_white():
    clear = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    clear.putpixel((1, 1), (255, 0, 0, 255))
    palette = Image.new("P", (4, 4), 0)
    palette.putpalette([0, 0, 0, 9, 9, 9])
    for file in (saved(clear, "png"), saved(palette, "png", transparency=0), saved(clear.convert("LA"), "png")):
        assert colour_at(open_picture(file), 0, 0) == (255, 255, 255)
    assert colour_at(open_picture(saved(clear, "png")), 1, 1) == (255, 0, 0)


def test_sixteen_bits_are_scaled_not_cut_off():
    ramp = np.linspace(0, 65535, 64).astype(np.uint16).reshape(8, 8)
    opened = np.asarray(open_picture(saved(Image.fromarray(ramp), "png")))
    assert opened.shape == (8, 8, 3)
    assert np.abs(opened[..., 0].astype(int) - ramp // 257).max() <= 1


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "YCbCr"])
def test_other_kinds_of_pixels_become_rgb(mode):
    picture = scene(2).convert(mode)
    opened = open_picture(picture if mode == "YCbCr" else saved(picture, "jpeg" if mode == "CMYK" else "png"))
    assert opened.mode == "RGB"
    assert opened.size == (192, 192)


def test_a_turned_photograph_stands_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held on its side
    opened = open_picture(saved(scene(3, 40, 20), "jpeg", exif=exif))
    assert opened.size == (20, 40)


def test_a_very_large_picture_is_handed_on_smaller():
    for kind in ("jpeg", "png"):
        opened = open_picture(saved(Image.new("RGB", (9000, 600), "teal"), kind))
        assert max(opened.size) <= LONGEST
        assert opened.width / opened.height == pytest.approx(15, rel=0.02)


def test_what_is_too_large_is_refused_before_it_is_decoded(monkeypatch):
    monkeypatch.setattr("lib_modelsim.pictures.opening.LARGEST", 100)
    with pytest.raises(PictureError, match="too many pixels: 11 × 10"):
        open_picture(saved(Image.new("RGB", (11, 10)), "png"))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not a picture"),
        (b"no picture at all", "not a picture"),
        (saved(scene(4), "png")[:3000], "damaged or cut short"),
        (saved(scene(4), "jpeg")[:2000], "damaged or cut short"),
        (saved(scene(4), "gif", save_all=True, append_images=[scene(5)]), "several pictures: 2 frames"),
        (saved(scene(4), "webp", save_all=True, append_images=[scene(5)]), "several pictures: 2 frames"),
        (saved(Image.new("F", (4, 4)), "tiff"), "floating-point"),
    ],
)
def test_what_cannot_be_taken_is_refused_in_one_line(tmp_path, content, says):
    path = tmp_path / "dropped.png"
    path.write_bytes(content)
    with pytest.raises(PictureError, match=says) as refused:
        open_picture(path)
    assert str(refused.value).startswith("dropped.png ")
    assert "\n" not in str(refused.value)
    assert refused.value.fix


def test_a_file_that_is_not_there_is_said_to_be_unreadable(tmp_path):
    with pytest.raises(PictureError, match="cannot be read"):
        open_picture(tmp_path / "none.png")
