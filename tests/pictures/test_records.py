"""Whatever a program left in a picture is read, and whatever a stranger left there does no harm."""

from __future__ import annotations

import json
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lib_modelsim.pictures.records.form import Named, PictureRecord, named
from lib_modelsim.pictures.records.places.user_comment import user_comment
from lib_modelsim.pictures.records.reading import read_records
from lib_modelsim.pictures.records.registry import RecordReader, forget, readers, register
from lib_modelsim.pictures.records.texts import LONGEST
from tests.effort import effort

INFOTEXT = """\
a lighthouse, <lora:ink style:0.7>
Negative prompt: blur
Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 5, Size: 512x512, Model hash: 6ce0161689, Model: v1-5-pruned-emaonly, \
VAE hash: 735e4c3a44, VAE: vae-ft.safetensors, Lora hashes: "ink style: 0123456789ab", Version: v1.10.1"""

GRAPH = {
    "3": {
        "class_type": "KSampler",
        "inputs": {"seed": 5, "steps": 20, "model": ["10", 0], "positive": ["6", 0], "negative": ["7", 0]},
    },
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "SDXL\\dream_xl_1.0.safetensors"}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": ["20", 0], "clip": ["4", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "blur", "clip": ["4", 1]}},
    "10": {
        "class_type": "LoraLoader",
        "inputs": {"lora_name": "ink.safetensors", "strength_model": 1, "model": ["4", 0], "clip": ["4", 1]},
    },
    "20": {"class_type": "String", "inputs": {"value": "a lighthouse"}},
    "30": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "not_used.ckpt"}},
}


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(*texts: bytes, after: bytes = b"") -> bytes:
    """A picture of one pixel, byte by byte, with these chunks before its pixels and these behind them."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(bytes(4)))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(texts) + pixels + after + chunk(b"IEND", b"")


def text(keyword: str, value: str) -> bytes:
    return chunk(b"tEXt", keyword.encode() + b"\0" + value.encode("latin-1"))


def jpeg(user_comment: bytes, order: str = ">") -> bytes:
    """A JPEG whose EXIF holds this UserComment, in either order of bytes."""
    import io

    pointer = struct.pack(f"{order}HHHII", 1, 0x8769, 4, 1, 26) + bytes(4)
    comment = struct.pack(f"{order}HHHII", 1, 0x9286, 7, len(user_comment), 44) + bytes(4)
    start = (b"MM\0*" if order == ">" else b"II*\0") + struct.pack(f"{order}I", 8)
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "jpeg", exif=b"Exif\0\0" + start + pointer + comment + user_comment)
    return file.getvalue()


def only(source):
    found = read_records(source)
    assert found.remarks == ()
    (record,) = found.records
    return record


# programs


def test_the_webui_s_record_names_checkpoint_hash_and_networks():
    record = only(png(text("parameters", INFOTEXT)))
    assert record.program == "WebUI"
    assert record.checkpoints == (Named("v1-5-pruned-emaonly", ("6ce0161689",)),)
    assert record.networks == (Named("ink style", ("0123456789ab",)), Named("vae-ft", ("735e4c3a44",)))
    assert (record.prompt, record.negative_prompt) == ("a lighthouse, <lora:ink style:0.7>", "blur")
    assert record.infotext == INFOTEXT


def test_a_legacy_hash_alone_and_the_published_picture(shared):
    (picture,) = (shared / "data" / "cfg1").glob("*.png")
    assert only(picture).checkpoints == (Named("", ("925997e9",)),)


def test_two_hashes_of_one_name_both_stay():
    line = 'a\nSteps: 2, Seed: 1, Model: base, Model hash: 1111111111, Hashes: {"model": "3333333333"}'
    assert only(png(text("parameters", line))).checkpoints == (Named("base", ("1111111111", "3333333333")),)


def test_checkpoints_that_did_a_part_of_the_work_are_told_with_their_roles():
    line = (
        "a\nSteps: 2, Seed: 1, Model: base, Model hash: 1111111111, Refiner: sub/fine.safetensors [2222222222], "
        "Hires checkpoint: big.ckpt [3333333333], ADetailer use separate checkpoint: True, "
        'ADetailer checkpoint: "face, v2.safetensors [4444444444]", ADetailer checkpoint 2nd: hand, '
        "ADetailer checkpoint 3rd: Use same checkpoint"
    )
    record = only(png(text("parameters", line)))
    assert record.checkpoints == (Named("base", ("1111111111",)),)
    assert record.also == (
        Named("fine", ("2222222222",), "refiner"),
        Named("big", ("3333333333",), "hires checkpoint"),
        Named("face, v2", ("4444444444",), "ADetailer checkpoint"),
        Named("hand", (), "ADetailer checkpoint"),
    )


def test_comfyui_s_graph_names_the_loader_that_leads_to_the_sampler():
    record = only(png(text("prompt", json.dumps(GRAPH))))
    assert record.program == "ComfyUI"
    assert record.checkpoints == (Named("dream_xl_1.0"),)
    assert record.networks == (Named("ink"),)
    assert (record.prompt, record.negative_prompt) == ("a lighthouse", "blur")
    assert read_records(png(text("prompt", json.dumps(GRAPH)))).pasted == "a lighthouse\nNegative prompt: blur"


def test_comfyui_s_editor_graph_speaks_where_there_is_no_other():
    nodes = [
        {"type": "CheckpointLoaderSimple", "widgets_values": ["dream_xl_1.0.safetensors"]},
        {"type": "Power Lora Loader", "widgets_values": [{"lora": "ink.safetensors", "on": True}]},
        {"type": "Note", "widgets_values": ["other.safetensors"]},
    ]
    workflow = text("workflow", json.dumps({"nodes": nodes}))
    record = only(png(workflow))
    assert (record.checkpoints, record.networks) == ((Named("dream_xl_1.0"),), (Named("ink"),))
    assert len(read_records(png(text("prompt", json.dumps(GRAPH)), workflow)).records) == 1


def test_comfyui_s_webp_and_civitai_s_jpeg(tmp_path):
    exif = Image.Exif()
    exif[0x0110] = "prompt:" + json.dumps(GRAPH)
    Image.new("RGB", (8, 8)).save(tmp_path / "graph.webp", exif=exif)
    assert only(tmp_path / "graph.webp").checkpoints == (Named("dream_xl_1.0"),)
    assert only(jpeg(b"UNICODE\0" + json.dumps(GRAPH).encode("utf-16-le"))).checkpoints == (Named("dream_xl_1.0"),)


def test_novelai_invokeai_and_our_own_record():
    comment = json.dumps({"prompt": "a cat", "uc": "blur", "steps": 28})
    chunks = [("Software", "NovelAI"), ("Source", "NovelAI Diffusion V4 37442FCA"), ("Comment", comment)]
    record = only(png(*(text(*each) for each in chunks)))
    assert record.checkpoints == (Named("NovelAI Diffusion V4", ("37442fca",)),)
    assert (record.prompt, record.negative_prompt) == ("a cat", "blur")
    document = {"positive_prompt": "a cat", "model": {"name": "juggernaut", "hash": "blake3:12"}, "loras": 3}
    assert only(png(text("invokeai_metadata", json.dumps(document)))).checkpoints == (Named("juggernaut"),)
    document = {"model_weights": "sd-1.5", "model_hash": "CC6CB27103"}
    assert only(png(text("sd-metadata", json.dumps(document)))).checkpoints == (Named("sd-1.5", ("cc6cb27103",)),)
    document = {"checkpoint": "ab" * 32, "checkpoint_name": "anna"}
    assert only(png(text("modelsim", json.dumps(document)))).checkpoints == (Named("anna", ("ab" * 32,)),)


def test_several_records_are_all_told_our_own_first():
    ours = text("modelsim", json.dumps({"checkpoint": "ab" * 32, "checkpoint_name": "anna"}))
    found = read_records(png(text("parameters", INFOTEXT), ours))
    assert [record.program for record in found.records] == ["modelsim", "WebUI"]
    assert found.drawable.infotext == INFOTEXT
    assert found.prompt.startswith("a lighthouse")


# places


@pytest.mark.parametrize(
    "stored",
    [
        chunk(b"tEXt", b"parameters\0" + INFOTEXT.encode()),
        chunk(b"zTXt", b"parameters\0\0" + zlib.compress(INFOTEXT.encode())),
        chunk(b"iTXt", b"parameters\0\0\0\0\0" + INFOTEXT.encode()),
        chunk(b"iTXt", b"parameters\0\1\0\0\0" + zlib.compress(INFOTEXT.encode())),
    ],
    ids=["tEXt", "zTXt", "iTXt", "iTXt, compressed"],
)
def test_png_texts_of_every_kind_before_and_behind_the_pixels(stored):
    assert only(png(stored)).infotext == INFOTEXT
    assert only(png(after=stored)).infotext == INFOTEXT


@pytest.mark.parametrize("order", [">", "<"])
@pytest.mark.parametrize(
    "comment",
    [
        b"UNICODE\0" + INFOTEXT.encode("utf-16-be"),
        b"UNICODE\0" + INFOTEXT.encode("utf-16-le"),
        b"UNICODE\0\xff\xfe" + INFOTEXT.encode("utf-16-le"),
        b"UNICODE\0" + INFOTEXT.encode(),
        b"ASCII\0\0\0" + INFOTEXT.encode(),
        bytes(8) + INFOTEXT.encode(),
    ],
    ids=["high byte first", "low byte first", "with a mark", "UTF-8 called Unicode", "ASCII", "undefined"],
)
def test_user_comments_in_every_encoding(comment, order):
    assert only(jpeg(comment, order)).infotext == INFOTEXT


def test_a_user_comment_in_chinese():
    words = "一只猫坐在屋顶上, Steps: 20, 看着月亮"
    assert user_comment(b"UNICODE\0" + words.encode("utf-16-be")) == words
    assert user_comment(b"UNICODE\0" + words.encode("utf-16-le")) == words
    assert user_comment(b"strange!" + words.encode()) is None


def test_an_opened_picture_is_as_good_as_its_file(tmp_path):
    (tmp_path / "a.png").write_bytes(png(text("parameters", INFOTEXT)))
    with Image.open(tmp_path / "a.png") as image:
        assert only(image) == only(tmp_path / "a.png")


def test_an_infotext_whose_prompt_begins_with_a_brace_is_no_json():
    found = read_records(png(text("parameters", "{{masterpiece}}, a boat\nSteps: 20, Sampler: Euler, Model: boat_v3")))
    assert [record.checkpoints for record in found.records] == [(named("boat_v3"),)]
    assert found.records[0].prompt == "{{masterpiece}}, a boat"
    assert found.remarks == ()


# a program that others know


def test_a_reader_from_outside_is_asked_as_the_shipped_ones_are():
    def read(texts):
        for text in texts.named("paintbox"):
            document = texts.document(text)
            if isinstance(document, dict):
                yield PictureRecord(text.where, "Paintbox", (named(document.get("model")),))

    picture = png(text("paintbox", '{"model": "juggernaut.safetensors"}'), text("parameters", INFOTEXT))
    shipped = [reader.program for reader in readers()]
    register(RecordReader("Paintbox", read, ("paintbox",)))
    try:
        assert [reader.program for reader in readers()] == [*shipped, "Paintbox"]
        webui, paintbox = read_records(picture).records
        assert (webui.program, paintbox.program) == ("WebUI", "Paintbox")
        assert paintbox.checkpoints == (named("juggernaut"),)
        assert len(read_records(png(text("paintbox", "{torn"))).remarks) == 1
        with pytest.raises(ValueError, match="of this program"):
            register(RecordReader("WebUI", read))
    finally:
        forget("Paintbox")
    assert [record.program for record in read_records(picture).records] == ["WebUI"]


# nothing, and nothing good


def test_a_picture_without_a_record_has_none():
    assert read_records(png(text("Title", "holiday"))).records == ()
    assert read_records(png(text("parameters", "just words"))).records == ()
    assert read_records(Image.new("RGB", (8, 8))) == read_records(png())


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("prompt", "{torn"),
        ("workflow", "[" * 100_000),
        ("prompt", '{"a":' * 100_000),
        ("modelsim", "\xff"),
        ("parameters", "a" * (LONGEST + 1)),
    ],
)
def test_what_cannot_be_read_is_one_remark_and_the_rest_is_read(keyword, value):
    good = "invokeai_metadata", json.dumps({"model": {"name": "juggernaut"}})
    found = read_records(png(text(keyword, value), text(*good)))
    assert [record.program for record in found.records] == ["InvokeAI"]
    (remark,) = found.remarks
    assert f"“{keyword}”" in remark
    assert remark.isprintable()
    assert len(remark) < 250


def test_a_text_that_unpacks_to_gigabytes_and_a_torn_file_do_no_harm():
    bomb = zlib.compress(bytes(1 << 26))
    assert read_records(png(chunk(b"zTXt", b"parameters\0\0" + bomb))).records == ()
    whole = png(text("parameters", INFOTEXT))
    for length in range(0, len(whole), 7):
        read_records(whole[:length])
    assert read_records(jpeg(b"UNICODE\0" + b"\xd8")).records == ()


def test_a_graph_in_a_circle_ends():
    circle = {
        "1": {"class_type": "KSampler", "inputs": {"positive": ["2", 0], "negative": ["1", 0], "model": ["2", 0]}},
        "2": {"class_type": "Reroute", "inputs": {"model": ["1", 0], "text": ["2", 0]}},
    }
    assert only(png(text("prompt", json.dumps(circle)))).checkpoints == ()


def test_a_graph_ten_times_as_large_is_ten_times_the_work():
    def giant(links):
        node = {"class_type": "KSampler", "inputs": {"positive": ["1", 0], "negative": ["1", 0]}}
        node["inputs"] |= {f"x{i}": ["1", 0] for i in range(links)}
        return png(text("prompt", json.dumps({"1": node})))

    small, large = giant(2_000), giant(20_000)
    assert effort(lambda: read_records(large)) < 15 * effort(lambda: read_records(small)) + 100_000


documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["a.safetensors", "6ce0161689"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["1", "2", "class_type", "inputs", "positive", "negative", "model", "ckpt_name", "lora_1"])
            | st.sampled_from(
                ["nodes", "type", "widgets_values", "loras", "name", "hash", "checkpoint", "text", "seed"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(st.sampled_from(["prompt", "workflow", "invokeai_metadata", "sd-metadata", "modelsim", "Comment"]), documents)
def test_no_document_is_too_strange(keyword, document):
    read_records(png(text("Software", "NovelAI"), text(keyword, json.dumps(document))))


@given(st.binary(max_size=60))
def test_no_user_comment_is_too_strange(comment):
    user_comment(comment)
    user_comment(b"UNICODE\0" + comment)
