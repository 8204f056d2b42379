"""Whose a picture is where no record can be read: a program's mark, a service's name, Content Credentials."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from lib_modelsim.pictures.records.reading import read_records

from .scenes import scene
from .test_records_others import exif, png, saved, xmp_png

CLOSED, BOTH = "a service whose models nobody has as a file", "a service with models of its own and published ones"


def remarks(source):
    found = read_records(source)
    assert found.records == ()
    return list(found.remarks)


@pytest.mark.parametrize(
    ("picture", "remark"),
    [
        (png(("Software", "Midjourney v6.1")), f"PNG text “Software” names Midjourney, {CLOSED}"),
        (
            png(("Description", "a boat --ar 3:2 --v 6.1 Job ID: 0a1b2c3d-1111-2222-3333-0a1b2c3d4e5f")),
            f"PNG text “Description” names Midjourney, {CLOSED}",
        ),
        (xmp_png("Adobe Firefly", ""), f"XMP “xmp:CreatorTool” names Adobe Firefly, {CLOSED}"),
        (saved("jpeg", exif=exif(x131="NightCafe Studio")), f"EXIF “Software” names NightCafe, {BOTH}"),
        (saved("webp", exif=exif(x13B="Leonardo.Ai")), f"EXIF “Artist” names Leonardo.Ai, {BOTH}"),
    ],
    ids=["Midjourney", "its job", "Firefly", "NightCafe", "Leonardo"],
)
def test_a_service_is_told_as_what_it_is(picture, remark):
    assert remarks(picture) == [remark]


@pytest.mark.parametrize(
    "picture",
    [
        png(("parameters", "a boat in the style of Midjourney, Leonardo.Ai, firefly")),
        png(("Description", "a firefly over Leonardo's boat")),
        png(("Software", "Adobe Photoshop 25.0"), ("Author", "Leonardo Rossi")),
        saved("jpeg", exif=exif(x131="GIMP 3.0.6", x110="Canon EOS")),
    ],
)
def test_words_of_a_prompt_and_other_programs_are_no_mark(picture):
    assert remarks(picture) == []


# Content Credentials


def text(words):
    data = words.encode()
    return bytes([0x60 + len(data)]) + data if len(data) < 24 else bytes([0x78, len(data)]) + data


def box(kind, data):
    return struct.pack(">I", 8 + len(data)) + kind + data


AI = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


def manifest(generator, agent=None, source=AI):
    """The boxes of a manifest, as far as they name somebody."""
    claim = b"\xa2" + text("claim_generator_info") + b"\xa2" + text("name") + text(generator) + text("icon") + b"\xa0"
    action = text("action") + text("c2pa.created")
    if agent is not None:
        action += text("softwareAgent") + b"\xa1" + text("name") + text(agent)
    if source is not None:
        action += text("digitalSourceType") + text(source)
    return box(b"jumb", box(b"jumd", b"c2pa" + bytes(12) + b"\x03c2pa\0") + box(b"cbor", claim) + box(b"cbor", action))


def png_with(data):
    plain = saved("png")
    chunk = struct.pack(">I", len(data)) + b"caBX" + data + struct.pack(">I", zlib.crc32(b"caBX" + data))
    return plain[:33] + chunk + plain[33:]


def jpeg_with(data):
    """In two segments, each with a header of its own and the box's length and type again."""
    plain, segments = saved("jpeg"), b""
    for number, part in enumerate((data[8:200], data[200:]), 1):
        body = b"JP" + struct.pack(">HI", 1, number) + data[:8] + part
        segments += b"\xff\xeb" + struct.pack(">H", len(body) + 2) + body
    return plain[:2] + segments + plain[2:]


OPENAI = manifest("OpenAI Media Service API", "gpt-image")


@pytest.mark.parametrize("picture", [png_with(OPENAI), jpeg_with(OPENAI)], ids=["PNG", "JPEG"])
def test_content_credentials_name_the_service(picture):
    service, credentials = remarks(picture)
    assert service == f"Content Credentials “claim generator” names OpenAI (DALL·E, ChatGPT), {CLOSED}"
    assert credentials == (
        "its Content Credentials say that generative AI made it (OpenAI Media Service API, gpt-image); they were not "
        "checked"
    )


def test_content_credentials_of_version_1_and_of_a_camera():
    first = manifest("x", source=AI).replace(
        text("claim_generator_info") + b"\xa2" + text("name") + text("x"),
        text("claim_generator") + text("Adobe_Firefly adobe_c2pa/0.7.6"),
    )
    assert remarks(png_with(first))[-1].startswith("its Content Credentials say that generative AI made it (Adobe_Fire")
    assert (
        remarks(png_with(manifest("Leica M11", source=AI.replace("trainedAlgorithmicMedia", "digitalCapture")))) == []
    )


@pytest.mark.parametrize("cut", [0, 1, 40, 90, 130, 170])
def test_cut_content_credentials_do_no_harm(cut):
    for remark in remarks(png_with(OPENAI[:cut])):
        assert "Content Credentials" in remark


def test_a_record_and_a_mark_are_both_told():
    infotext = "a boat\nSteps: 20, Sampler: Euler, Seed: 1, Model hash: 0123456789, Model: boat"
    info = PngInfo()
    info.add_text("parameters", infotext)
    info.add_text("Software", "Krea AI")
    file = io.BytesIO()
    scene(1, 64, 48).save(file, "png", pnginfo=info)
    with Image.open(file) as opened:
        found = read_records(opened)
    assert [record.program for record in found.records] == ["WebUI"]
    assert found.remarks == (f"PNG text “Software” names Krea, {BOTH}",)
