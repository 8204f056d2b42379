"""Reported pictures whose records lie where nobody looked, or whose pixels cannot be read: `find` names their model."""

from __future__ import annotations

import pytest

from lib_modelsim.pictures.records.places.collecting import texts_of


@pytest.fixture
def picture(shared):
    """A function: name of a case → its picture."""
    return lambda name: next((shared / "cases" / "pictures" / name).glob("picture.*"))


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("imagedescription_jpg", "EXIF “ImageDescription”"),
        ("png_comment_infotext", "PNG text “Comment”"),
        ("png_description", "PNG text “Description”"),
        ("stealth_alpha_a1111", "stealth alpha “parameters”"),
    ],
)
def test_an_infotext_in_another_place(found, name, where):
    told = found(name)
    (piece,) = told["evidence"]
    assert piece["model"] == "lakeboat_v3"
    assert "lakeboat_v3 [0123456789]" in piece["detail"]
    assert where in piece["detail"]


def test_apng_two_frames(found):
    told = found("apng_two_frames")
    assert [piece["model"] for piece in told["evidence"]] == ["lakeboat_v3"]
    assert told["remarks"][0] == "picture.png has more than one frame: only the first was looked at"


def test_truncated_png(found):
    told = found("truncated_png")
    assert [piece["model"] for piece in told["evidence"]] == ["lakeboat_v3"]
    assert "[0123456789]" in told["evidence"][0]["detail"]
    assert told["remarks"][0].startswith("only the record was read: picture.png is damaged or incomplete (")


def test_drawthings_xmp(picture):
    texts, remarks = texts_of(picture("drawthings_xmp"))
    assert remarks == []
    by_keyword = {(text.place, text.keyword): text.text for text in texts}
    assert '"model":"lakeboat_v3_f16.ckpt"' in by_keyword["XMP", "exif:UserComment"].replace(" ", "")


def test_mochi_iptc(picture):
    texts, remarks = texts_of(picture("mochi_iptc"))
    assert remarks == []
    (caption,) = (text.text for text in texts if (text.place, text.keyword) == ("IPTC", "caption"))
    assert "Model: lakeboat_v3" in caption
