"""Whatever a person drops becomes one upright RGB picture, or one line that says why not."""

import base64
import io
import os
import socket
import struct
import time
import warnings
import zlib
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile
from PIL.PngImagePlugin import PngImageFile, PngInfo

from lib_modelsim.engines import webui_http
from lib_modelsim.pictures import opening
from lib_modelsim.pictures.opening import LONGEST, PictureError, TooManyPixelsError, open_picture, opened
from lib_modelsim.pictures.records.places.collecting import texts_beside
from lib_modelsim.pictures.records.reading import look_at, read_records
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


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "L", "P", "I;16", "CMYK"])
def test_a_large_picture_is_the_same_picture_in_every_mode(monkeypatch, mode):
    monkeypatch.setattr(opening, "LONGEST", 64)
    monkeypatch.setattr(opening, "_STRIP", 4096)
    picture = scene(1, 200, 150)
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257)
    else:
        picture = picture.convert(mode)
    small = open_picture(saved(picture, "tiff" if mode == "CMYK" else "png"))
    assert small.size == (50, 38)
    plain = scene(1, 200, 150).convert("RGB" if mode in ("RGB", "RGBA", "CMYK", "P") else "L").convert("RGB").reduce(4)
    assert np.abs(np.asarray(small, int) - np.asarray(plain, int)).mean() < (4 if mode == "P" else 1)


def test_transparency_of_a_large_picture_lies_on_white(monkeypatch):
    monkeypatch.setattr(opening, "LONGEST", 64)
    clear = Image.new("RGBA", (200, 200), (255, 0, 0, 0))
    clear.paste((255, 0, 0, 255), (0, 0, 100, 200))
    small = open_picture(saved(clear, "png"))
    assert (colour_at(small, 0, 0), colour_at(small, 40, 0)) == ((255, 0, 0), (255, 255, 255))


def test_a_side_that_no_picture_has_is_refused():
    with pytest.raises(TooManyPixelsError, match="too many pixels: 1 × 70000"):
        open_picture(saved(Image.new("L", (1, 70_000)), "png"))


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


@pytest.mark.parametrize("kind", ["png", "gif", "webp", "tiff"])
def test_of_a_picture_that_moves_the_first_frame_is_looked_at_and_said_so(tmp_path, kind):
    path = tmp_path / "moving.bin"
    options = {"lossless": True} if kind == "webp" else {}
    path.write_bytes(saved(scene(4), kind, save_all=True, append_images=[scene(5)], **options))
    first = np.asarray(scene(4), int)
    for picture in (open_picture(path), look_at(path).picture):
        assert np.abs(np.asarray(picture, int) - first).mean() < (12 if kind == "gif" else 1)
    assert look_at(path).records.remarks == ("moving.bin has more than one frame: only the first was looked at",)
    path.write_bytes(saved(scene(4), kind))
    assert look_at(path).records.remarks == ()


def test_an_animated_png_whose_poster_is_no_frame_shows_its_poster(tmp_path):
    path = tmp_path / "poster.png"
    scene(4).save(path, save_all=True, default_image=True, append_images=[scene(5), scene(6)])
    assert np.array_equal(open_picture(path), scene(4))
    assert len(look_at(path).records.remarks) == 1


def test_a_camera_s_preview_is_no_second_frame(tmp_path):
    scene(4).save(tmp_path / "a.mpo", "mpo", save_all=True, append_images=[scene(4, 32, 32)])
    assert look_at(tmp_path / "a.mpo").records.remarks == ()


INFOTEXT = "a boat\nSteps: 20, Sampler: Euler, Seed: 5, Model hash: 0123456789, Model: boat_v3"


def with_record(kind):
    """A file of this kind with an infotext."""
    texts, exif = PngInfo(), Image.Exif()
    texts.add_text("parameters", INFOTEXT)
    exif[0x010E] = INFOTEXT
    options = {"png": {"pnginfo": texts}, "gif": {"comment": INFOTEXT.encode()}}.get(kind, {"exif": exif})
    return saved(scene(4), kind, **options)


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif"])
@pytest.mark.parametrize("share", [0.4, 0.95])
def test_of_a_file_that_is_cut_short_the_record_is_read_and_nothing_else(tmp_path, kind, share):
    whole = with_record(kind)
    path = tmp_path / "cut"
    path.write_bytes(whole[: int(len(whole) * share)])
    looked = look_at(path)
    assert looked.picture is None
    assert [str(model) for model in looked.records.records[0].checkpoints] == ["boat_v3 [0123456789]"]
    (remark,) = looked.records.remarks
    assert remark.startswith("only the record was read: cut is damaged or incomplete (")
    with pytest.raises(PictureError, match="damaged or incomplete"):
        open_picture(path)


def test_a_webp_whose_pixels_are_broken_has_its_record(tmp_path):
    data = bytearray(with_record("webp"))
    start = data.index(b"VP8 ") + 8
    data[start : start + 10] = bytes(10)  # the frame's header
    (tmp_path / "a.webp").write_bytes(data)
    looked = look_at(tmp_path / "a.webp")
    assert looked.records.records[0].infotext == INFOTEXT
    assert looked.picture is None
    assert looked.records.remarks[0].startswith("only the record was read: a.webp is damaged or incomplete (")


def test_a_png_with_broken_pixels_has_the_record_behind_them():
    body = zlib.compress(INFOTEXT.encode())
    text = b"zTXt" + b"parameters\0\0" + body
    whole = saved(scene(4), "png")
    data = whole[:-12] + struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text)) + whole[-12:]
    middle = data.index(b"IDAT") + 2000
    broken = data[:middle] + bytes(50) + data[middle + 50 :]
    assert look_at(data).picture is not None
    looked = look_at(broken)
    assert looked.picture is None
    assert looked.records.records[0].infotext == INFOTEXT


def test_a_program_that_lets_pillow_fill_cut_pictures_with_grey_changes_nothing(monkeypatch):
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    data = with_record("png")
    assert look_at(data[: len(data) // 2]).picture is None
    assert ImageFile.LOAD_TRUNCATED_IMAGES


def test_nor_does_it_while_another_thread_is_done_with_a_picture(monkeypatch):
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    data = with_record("png")
    first, second = opened(data), opened(data[: len(data) // 2])
    first.__enter__()
    cut = second.__enter__()
    first.__exit__(None, None, None)
    with pytest.raises(OSError, match="truncated"):
        cut.load()
    second.__exit__(None, None, None)
    assert ImageFile.LOAD_TRUNCATED_IMAGES


def test_warnings_are_as_they_were_once_the_last_picture_is_done():
    before = list(warnings.filters)
    first, second = opened(with_record("png")), opened(with_record("png"))
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    second.__exit__(None, None, None)
    assert list(warnings.filters) == before


def box(kind, *content):
    data = b"".join(content)
    return struct.pack(">I", len(data) + 8) + kind + data


def item_file(exif=b"", xmp=b"", brand=b"heic"):
    """A picture of ISO boxes without pixels: `meta` names its items and where they lie, `mdat` holds them."""
    start = box(b"ftyp", brand, bytes(4), b"mif1")
    entries = [
        box(b"infe", b"\2\0\0\0", struct.pack(">HH", 1, 0), b"Exif", b"\0"),
        box(b"infe", b"\2\0\0\0", struct.pack(">HH", 2, 0), b"mime", b"\0application/rdf+xml\0"),
    ]
    iinf = box(b"iinf", bytes(4), struct.pack(">H", len(entries)), *entries)
    iloc_length = 8 + 4 + 4 + 2 * 14
    behind = len(start) + 8 + 4 + len(iinf) + iloc_length + 8
    places = [(1, behind, len(exif)), (2, behind + len(exif), len(xmp))]
    rows = b"".join(struct.pack(">HHHII", item, 0, 1, offset, length) for item, offset, length in places)
    iloc = box(b"iloc", bytes(4), b"\x44\0", struct.pack(">H", 2), rows)
    assert len(iloc) == iloc_length
    return start + box(b"meta", bytes(4), iinf, iloc) + box(b"mdat", exif, xmp)


def exif_of(text):
    exif = Image.Exif()
    exif[0x010E] = text
    return exif.tobytes()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (item_file(exif=bytes(4) + exif_of(INFOTEXT)[6:]), "is a HEIC picture, which cannot be opened here"),
        (item_file(exif=struct.pack(">I", 6) + exif_of(INFOTEXT)), "is a HEIC picture"),
        (
            b"\0\0\0\x0cJXL \r\n\x87\n" + box(b"ftyp", b"jxl ") + box(b"Exif", bytes(4), exif_of(INFOTEXT)[6:]),
            "is a JPEG XL picture",
        ),
    ],
    ids=["HEIC", "HEIC, EXIF with its name", "JPEG XL"],
)
def test_of_a_format_that_cannot_be_decoded_the_record_is_read(content, says):
    looked = look_at(content, "a.heic")
    assert looked.picture is None
    assert looked.records.records[0].infotext == INFOTEXT
    assert looked.records.remarks[0].startswith(f"only the record was read: a.heic {says}")


def test_without_a_decoder_an_avif_says_what_is_missing_and_tells_its_record(monkeypatch):
    monkeypatch.setattr("lib_modelsim.pictures.opening.FORMATS", ("PNG", "JPEG"))
    with pytest.raises(PictureError, match=r"a.avif is an AVIF picture, which Pillow .* cannot open. Fix: install"):
        look_at(item_file(brand=b"avif"), "a.avif")
    looked = look_at(item_file(exif=bytes(4) + exif_of(INFOTEXT)[6:], brand=b"avif"))
    assert looked.records.records[0].infotext == INFOTEXT


@pytest.mark.skipif("AVIF" not in opening._formats(), reason="this Pillow has no AVIF")
def test_an_avif_is_opened_with_its_record(tmp_path):
    scene(4).save(tmp_path / "a.avif", exif=exif_of(INFOTEXT))
    looked = look_at(tmp_path / "a.avif")
    assert looked.picture.size == scene(4).size
    assert looked.records.records[0].infotext == INFOTEXT
    with monkeypatched_formats("PNG"):
        assert look_at(tmp_path / "a.avif").records.records[0].infotext == INFOTEXT


@contextmanager
def monkeypatched_formats(*formats):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lib_modelsim.pictures.opening.FORMATS", formats)
        yield


def hostile_boxes():
    whole = item_file(exif=bytes(4) + exif_of(INFOTEXT)[6:], xmp=b"<x/>")
    for i in range(len(whole)):
        yield whole[:i]
        yield whole[:i] + b"\xff\xff" + whole[i + 2 :]
        yield whole[:i] + bytes(4) + whole[i + 4 :]


def test_boxes_that_lie_do_no_harm():
    started = time.process_time()
    for content in hostile_boxes():
        _, remarks = texts_beside(content) or ([], [])
        assert all(len(remark) < 250 for remark in remarks)
    assert time.process_time() - started < 20


@pytest.mark.skipif(os.name == "nt", reason="Windows has none of these")
@pytest.mark.parametrize("what", ["fifo", "socket", "device", "folder", "a shell's pipe"])
def test_what_is_no_file_is_refused_at_once(tmp_path, what):
    path = tmp_path / "x.png"
    ends = ()
    if what == "fifo":
        os.mkfifo(path)
    elif what == "socket":
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(path))
    elif what == "device":
        path = Path("/dev/zero")
    elif what == "folder":
        path.mkdir()
    else:
        ends = os.pipe()
        path = Path(f"/dev/fd/{ends[0]}")
    for use in (open_picture, look_at):
        with pytest.raises(PictureError, match=f"{path.name} cannot be read") as refused:
            use(path)
        assert "\n" not in str(refused.value)
    assert read_records(path).records == ()
    for end in ends:
        os.close(end)


@pytest.mark.parametrize(
    "raised",
    [
        TypeError("x"), struct.error("x"), AttributeError("x"), NotImplementedError("x"), RecursionError("x"),
        MemoryError(), zlib.error("x"), OverflowError("x"), AssertionError(), IndexError("x"), KeyError("x"),
        SyntaxError("x"), EOFError(), OSError("x"), ValueError("x\ny"),
    ],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
@pytest.mark.parametrize("place", ["open", "load", "getexif"])
def test_whatever_pillow_raises_is_one_line_with_the_file_s_name(tmp_path, monkeypatch, raised, place):
    def fail(*_args, **_options):
        raise raised

    path = tmp_path / "a.png"
    path.write_bytes(saved(scene(4), "png"))
    monkeypatch.setattr(*((Image, place) if place == "open" else (PngImageFile, place)), fail)
    assert read_records(path).records == ()
    if place == "getexif":  # a part that nothing depends on
        looked = look_at(path)
        assert looked.picture.size == scene(4).size
        assert looked.records.remarks[0].startswith("its EXIF is damaged (")
        return
    for use in (open_picture, look_at):
        with pytest.raises(PictureError) as refused:
            use(path)
        assert str(refused.value).startswith("a.png ")
        assert "\n" not in str(refused.value)
        assert ": ." not in str(refused.value)


@pytest.fixture
def ghostscript(tmp_path, monkeypatch):
    """A `gs` that leaves a mark when anybody starts it, and says that it did its work."""
    mark, folder = tmp_path / "started", tmp_path / "bin"
    folder.mkdir()
    for program in ("gs", "gswin64c", "gswin32c"):
        (folder / program).write_text(f'#!/bin/sh\necho "$@" >> "{mark}"\n')
        (folder / program).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    monkeypatch.setattr("PIL.EpsImagePlugin.gs_binary", None, raising=False)  # it looks for one once
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
