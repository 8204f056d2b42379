"""A record is found wherever in a picture file a program, or a converter after it, can put a text."""

from __future__ import annotations

import gzip
import io
import json
import struct
import zlib

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from lib_modelsim.pictures.records.form import named
from lib_modelsim.pictures.records.places.collecting import texts_of
from lib_modelsim.pictures.records.reading import read_records
from lib_modelsim.pictures.records.texts import LONGEST, Text

from .scenes import scene

INFOTEXT = (
    "a boat, bâteau\nNegative prompt: blur\n"
    "Steps: 20, Sampler: Euler, Seed: 5, Size: 512x512, Model hash: 0123456789, Model: boat_v3"
)
MODEL = named("boat_v3", "0123456789")

IMAGE_DESCRIPTION, SOFTWARE, USER_COMMENT, EXIF_IFD = 0x010E, 0x0131, 0x9286, 0x8769


def saved(kind, picture=None, **options):
    file = io.BytesIO()
    (picture or scene(1, 64, 48)).save(file, kind, **options)
    return file.getvalue()


def png_with(keyword, text):
    texts = PngInfo()
    texts.add_text(keyword, text)
    return saved("png", pnginfo=texts)


def tiff_block(entries, start=8):
    """Tags with bytes as TIFF lays them out, byte by byte: (tag, type, data)."""
    table, data = b"", b""
    behind = start + 2 + 12 * len(entries) + 4
    for tag, kind, value in sorted(entries):
        table += struct.pack(">HHII", tag, kind, len(value), behind + len(data))
        data += value
    return struct.pack(">H", len(entries)) + table + bytes(4) + data


def exif(*entries):
    return b"Exif\0\0MM\0*" + struct.pack(">I", 8) + tiff_block(entries)


def jpeg_with(segment, data):
    """A JPEG with one more segment, right behind its first two bytes."""
    plain = saved("jpeg")
    return plain[:2] + b"\xff" + bytes([segment]) + struct.pack(">H", len(data) + 2) + data + plain[2:]


def xmp(inside, attributes=""):
    return (
        '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:e="http://ns.adobe.com/exif/1.0/"'
        f' xmlns:xmp="http://ns.adobe.com/xap/1.0/" {attributes}>{inside}</rdf:Description></rdf:RDF></x:xmpmeta>'
    ).encode()


DESCRIPTION = (
    f'<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{INFOTEXT}</rdf:li>'
    '<rdf:li xml:lang="de">ein Boot</rdf:li></rdf:Alt></dc:description>'
)
COMMENT = f"<e:UserComment><rdf:Alt><rdf:li>{INFOTEXT}</rdf:li></rdf:Alt></e:UserComment>"


def iim(name, text):
    return b"\x1c\x02" + bytes([name]) + struct.pack(">H", len(text)) + text


def photoshop(data):
    return b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0" + struct.pack(">I", len(data)) + data + bytes(len(data) % 2)


CAPTION = iim(5, b"title") + iim(120, INFOTEXT.encode())
RAW_IPTC = f"\niptc\n{len(photoshop(CAPTION)) - 14:8}\n{photoshop(CAPTION)[14:].hex()}\n"
RAW_EXIF = f"\nexif\n{400:8}\n{exif((IMAGE_DESCRIPTION, 2, INFOTEXT.encode())).hex()}\n"
COMMENT_BYTES = b"UNICODE\0" + INFOTEXT.encode("utf-16-be")

PLACES = {
    "PNG parameters": png_with("parameters", INFOTEXT),
    "PNG Description": png_with("Description", INFOTEXT),
    "PNG Comment": png_with("Comment", INFOTEXT),
    "PNG comment": png_with("comment", INFOTEXT),
    "PNG EXIF": saved("png", exif=exif((USER_COMMENT, 7, COMMENT_BYTES))),
    "PNG XMP": saved("png", pnginfo=None) and png_with("XML:com.adobe.xmp", xmp(DESCRIPTION).decode()),
    "PNG from JPEG with IPTC": png_with("Raw profile type iptc", RAW_IPTC),
    "JPEG comment": jpeg_with(0xFE, INFOTEXT.encode()),
    "JPEG UserComment in IFD0": saved("jpeg", exif=exif((USER_COMMENT, 7, COMMENT_BYTES))),
    "JPEG UserComment as ASCII": saved("jpeg", exif=exif((USER_COMMENT, 2, INFOTEXT.encode() + b"\0"))),
    "JPEG UserComment without a code": saved("jpeg", exif=exif((USER_COMMENT, 7, INFOTEXT.encode()))),
    "JPEG ImageDescription": saved("jpeg", exif=exif((IMAGE_DESCRIPTION, 2, INFOTEXT.encode() + b"\0"))),
    "JPEG XPComment": saved("jpeg", exif=exif((0x9C9C, 1, INFOTEXT.encode("utf-16-le") + bytes(2)))),
    "JPEG XMP": jpeg_with(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp(COMMENT)),
    "JPEG XMP, after another segment": jpeg_with(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp(DESCRIPTION)),
    "PNG from JPEG with EXIF": png_with("Raw profile type APP1", RAW_EXIF),
    "JPEG IPTC": jpeg_with(0xED, photoshop(CAPTION)),
    "WebP EXIF": saved("webp", exif=exif((IMAGE_DESCRIPTION, 2, INFOTEXT.encode()))[6:]),
    "WebP XMP": saved("webp", xmp=xmp(COMMENT)),
    "GIF comment": saved("gif", comment=INFOTEXT.encode()),
    "TIFF ImageDescription": saved("tiff", tiffinfo={IMAGE_DESCRIPTION: INFOTEXT.encode()}),
    "TIFF XMP": saved("tiff", tiffinfo={700: xmp(DESCRIPTION)}),
    "TIFF IPTC": saved("tiff", tiffinfo={33723: CAPTION}),
}


@pytest.mark.parametrize("content", PLACES.values(), ids=PLACES)
def test_an_infotext_is_read_wherever_it_lies(content):
    found = read_records(content)
    assert found.remarks == ()
    (record,) = found.records
    assert (record.checkpoints, record.prompt) == ((MODEL,), "a boat, bâteau")


def test_places_and_keywords_are_the_usual_names():
    attributes = 'xmp:CreatorTool="Draw Things" xmlns:own="urn:mine" own:Software="x"'
    picture = jpeg_with(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp(COMMENT, attributes))
    found, remarks = texts_of(picture)
    assert remarks == []
    assert found == [
        Text("XMP", "xmp:CreatorTool", "Draw Things"),
        Text("XMP", "Software", "x"),
        Text("XMP", "exif:UserComment", INFOTEXT),
    ]
    assert [each.where for each in texts_of(PLACES["JPEG IPTC"])[0]] == ["IPTC “title”", "IPTC “caption”"]
    assert [each.where for each in texts_of(PLACES["GIF comment"])[0]] == ["the picture's comment"]
    assert texts_of(saved("jpeg", exif=exif((SOFTWARE, 2, b"Fooocus v2.5.5\0\0"))))[0] == [
        Text("EXIF", "Software", "Fooocus v2.5.5")
    ]


def test_a_record_that_stands_in_two_places_is_told_once_with_the_first():
    both = saved("jpeg", exif=exif((IMAGE_DESCRIPTION, 2, INFOTEXT.encode()), (USER_COMMENT, 7, COMMENT_BYTES)))
    (record,) = read_records(both).records
    assert record.place == "EXIF “ImageDescription”"


# hidden in the pixels


def hidden(signature, text, channels, size=(64, 80)):
    """A picture with a text in its lowest bits, pixel by pixel as the published writers do it."""
    payload = gzip.compress(text.encode()) if signature.endswith("comp") else text.encode()
    bits = "".join(f"{byte:08b}" for byte in signature.encode())
    bits += f"{len(payload) * 8:032b}" + "".join(f"{byte:08b}" for byte in payload)
    picture = scene(2, *size).convert("RGBA" if channels == "A" else "RGB")
    pixels, waiting = picture.load(), iter(bits)
    for x in range(picture.width):
        for y in range(picture.height):
            pixel = list(pixels[x, y])
            for channel in ["RGBA".index(each) for each in channels]:
                bit = next(waiting, None)
                if bit is None:
                    return picture
                pixel[channel] = pixel[channel] & ~1 | int(bit)
                pixels[x, y] = tuple(pixel)
    raise AssertionError("the picture is too small")


@pytest.mark.parametrize("packing", ["info", "comp"])
@pytest.mark.parametrize(("kind", "channels"), [("png", "A"), ("rgb", "RGB")])
@pytest.mark.parametrize("size", [(64, 80), (131, 37), (1999, 3)])
def test_a_text_hidden_in_the_pixels_is_read(kind, channels, packing, size):
    picture = hidden(f"stealth_{kind}{packing}", INFOTEXT, channels, size)
    for source in (saved("png", picture), saved("webp", picture, lossless=True, exact=True), picture):
        (record,) = read_records(source).records
        assert record.checkpoints == (MODEL,)
        assert record.place == f"stealth {'alpha' if channels == 'A' else 'RGB'} “parameters”"


def test_hidden_json_that_stands_for_png_texts_is_read_as_these():
    comment = json.dumps({"prompt": "a boat", "uc": "blur"})
    novelai = {"Software": "NovelAI", "Source": "NovelAI Diffusion V4.5 4BDE2A90", "Comment": comment, "Title": "x"}
    (record,) = read_records(hidden("stealth_pngcomp", json.dumps(novelai), "A")).records
    assert (record.program, record.place) == ("NovelAI", "stealth alpha “Comment”")
    assert record.checkpoints == (named("NovelAI Diffusion V4.5", "4bde2a90"),)
    graph = {"1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "boat_v3.safetensors"}}}
    (record,) = read_records(hidden("stealth_rgbcomp", json.dumps({"prompt": graph}), "RGB")).records
    assert (record.program, record.checkpoints) == ("ComfyUI", (named("boat_v3"),))


def test_a_hidden_text_that_is_not_there_is_a_remark():
    picture = hidden("stealth_pnginfo", INFOTEXT, "A")
    cut = picture.crop((0, 0, 8, 80))
    packed = hidden("stealth_pngcomp", INFOTEXT, "A")
    packed.putpixel((2, 5), (0, 0, 0, packed.getpixel((2, 5))[3] ^ 1))  # in gzip's header or text
    packed.putpixel((2, 9), (0, 0, 0, packed.getpixel((2, 9))[3] ^ 1))
    bomb = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = bomb.compress(bytes(8 * LONGEST)) + bomb.flush()
    large = Image.new("RGBA", (600, 600), "teal")
    data = b"stealth_pngcomp" + struct.pack(">I", 8 * len(zeros)) + zeros
    bits = [int(bit) for byte in data for bit in f"{byte:08b}"]
    for i, bit in enumerate(bits):
        large.putpixel((i // 600, i % 600), (0, 0, 0, 254 | bit))
    for broken in (cut, packed, large):
        found = read_records(broken)
        assert found.records == ()
        assert len(found.remarks) == 1
        assert "stealth alpha" in found.remarks[0]
    assert read_records(Image.new("RGBA", (3, 3))).remarks == ()


# what is damaged


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (jpeg_with(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta"), "XMP is damaged"),
        (
            jpeg_with(0xE1, b'http://ns.adobe.com/xap/1.0/\0<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
            "it defines entities",
        ),
        (png_with("Raw profile type iptc", "\niptc\n  5\nzz"), "IPTC is damaged"),
    ],
)
def test_a_damaged_place_is_a_remark_and_the_others_are_read(content, says):
    (remark,) = read_records(content).remarks
    assert says in remark


def test_iptc_that_is_cut_short_is_read_as_far_as_it_goes():
    for end in range(len(CAPTION)):
        found, remarks = texts_of(jpeg_with(0xED, photoshop(CAPTION[:end])))
        assert remarks == []
        assert [each.text for each in found] == (["title"] if end >= 10 else [])


# a program that is known by its mark only


def test_a_program_whose_record_is_not_understood_is_named():
    found = read_records(saved("jpeg", exif=exif((SOFTWARE, 2, b"InvokeAI 9.0\0"))))
    assert found.records == ()
    assert found.remarks == ("EXIF “Software” is InvokeAI's, but no record of InvokeAI can be read",)
