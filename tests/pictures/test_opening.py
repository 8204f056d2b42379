"""Whatever a person drops becomes one upright RGB picture, or one line that says why not."""

import base64
import io
import os
import struct

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from lib_modelsim.engines import webui_http
from lib_modelsim.pictures.opening import LONGEST, PictureError, TooManyPixelsError, open_picture, opened
from lib_modelsim.pictures.records.reading import read_records
from lib_modelsim.probes.gallery import read_record
from lib_modelsim.ui.families.previews import thumbnail
from lib_modelsim.workspace.probing.suites import Suites

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
        (saved(scene(4), "png")[:3000], "damaged or incomplete"),
        (saved(scene(4), "jpeg")[:2000], "damaged or incomplete"),
        (saved(scene(4), "gif", save_all=True, append_images=[scene(5)]), "more than one frame: 2"),
        (saved(scene(4), "webp", save_all=True, append_images=[scene(5)]), "more than one frame: 2"),
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


@pytest.fixture
def ghostscript(tmp_path, monkeypatch):
    """A `gs` that leaves a mark when anybody starts it, and says that it did its work."""
    mark, folder = tmp_path / "started", tmp_path / "bin"
    folder.mkdir()
    for program in ("gs", "gswin64c", "gswin32c"):
        (folder / program).write_text(f'#!/bin/sh\necho "$@" >> "{mark}"\n')
        (folder / program).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    monkeypatch.setattr("PIL.EpsImagePlugin.gs_binary", None)  # it looks for one once
    return mark


POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\n(/tmp/x) (w) file\nshowpage\n%%EOF\n"
ELSEWHERE = {
    "eps": POSTSCRIPT,
    "eps in a dos wrapper": b"\xc5\xd0\xd3\xc6"
    + struct.pack("<6I", 32, len(POSTSCRIPT), 0, 0, 0, 0)
    + b"\xff\xff\0\0"
    + POSTSCRIPT,
    "ps": POSTSCRIPT.replace(b" EPSF-3.0", b""),
    "pdf": b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n",
    "wmf": b"\xd7\xcd\xc6\x9a\0\0" + struct.pack("<4hHIH", 0, 0, 8, 8, 96, 0, 0) + b"\x01\0\x09\0" + bytes(60),
    "emf": struct.pack("<II8i", 1, 108, 0, 0, 8, 8, 0, 0, 800, 800) + b" EMF" + bytes(64),
    "fits": b"SIMPLE  =                    T".ljust(80) + b"END".ljust(2800),
    "hdf5": b"\x89HDF\r\n\x1a\n" + bytes(64),
    "psd": b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 8, 8, 8, 3) + bytes(64),
}


@pytest.mark.parametrize("content", ELSEWHERE.values(), ids=ELSEWHERE)
def test_what_would_start_a_program_is_no_picture_whatever_it_is_called(tmp_path, ghostscript, content):
    path = tmp_path / "x.png"
    path.write_bytes(content)
    for source in (path, content):
        with pytest.raises(PictureError, match="is not a picture") as refused:
            open_picture(source)
        assert "\n" not in str(refused.value)
        with pytest.raises(PictureError, match="is not a picture"), opened(source):
            pass
    assert read_records(path).records == ()
    assert len(read_records(path).remarks) == 1
    assert read_record(path) is None
    assert thumbnail(path) == ""
    with pytest.raises(PictureError, match="not a picture"):
        Suites(tmp_path).from_file(path)
    with pytest.raises(PictureError, match="not a picture"):
        webui_http._image(base64.b64encode(content).decode())
    assert not ghostscript.exists()


def test_the_same_postscript_would_be_executed_by_pillow_itself(tmp_path, ghostscript):
    """What the test above stands on."""
    with pytest.raises(OSError), Image.open(io.BytesIO(POSTSCRIPT)) as picture:  # noqa: PT011 - no picture came out
        picture.load()
    assert ghostscript.exists()


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "gif", "bmp", "tiff"])
def test_what_people_keep_pictures_in_is_opened_whatever_it_is_called(tmp_path, kind):
    path = tmp_path / "picture.eps"
    path.write_bytes(saved(scene(1), kind))
    assert open_picture(path).size == scene(1).size


def test_the_header_alone_tells_size_and_texts(tmp_path):
    texts = PngInfo()
    texts.add_text("parameters", "a cat")
    with opened(saved(scene(1), "png", pnginfo=texts)[:20000]) as picture:  # its pixels are cut short
        assert (picture.format, picture.size, picture.info["parameters"]) == ("PNG", (192, 192), "a cat")


def test_a_picture_of_very_many_pixels_is_told_from_none(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20)
    with pytest.raises(TooManyPixelsError, match="too many pixels"), opened(saved(Image.new("RGB", (11, 10)), "png")):
        pass


def test_a_file_that_is_not_there_is_said_to_be_unreadable(tmp_path):
    with pytest.raises(PictureError, match="cannot be read"):
        open_picture(tmp_path / "none.png")
