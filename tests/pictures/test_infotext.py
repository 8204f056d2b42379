"""What the WebUI writes under a picture is read as the WebUI reads it, and written as it writes it."""

from __future__ import annotations

import struct
import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from PIL import Image

from lib_modelsim.pictures.records.infotext import NEGATIVE, Infotext, parse, write
from lib_modelsim.pictures.records.reading import read_records

DOCUMENTED = """\
girl with an artist's beret, determined, blue eyes, desert scene, ((eyeshadow)), (coquettish), detailed, intricate
Negative prompt: ugly, fat, (((deformed))), [blurry], bad anatomy, mutation, (extra_limb), messy drawing
Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 965400086, Size: 512x512, Model hash: 45dee52b"""

lines = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), max_size=60).map(str.strip)
prompts = st.lists(lines, max_size=4).map("\n".join).map(str.strip)
labels = st.from_regex(r"[A-Za-z][A-Za-z0-9 \-/]{1,20}", fullmatch=True)
values = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@given(prompts, prompts, st.dictionaries(labels, values, min_size=3, max_size=12))
def test_what_is_written_is_read_back(prompt, negative, settings):
    assume(not any(line.startswith(NEGATIVE) for line in prompt.split("\n")))
    assume(not any(line.startswith(NEGATIVE) for line in negative.split("\n")))
    assume(all(label == label.strip() for label in settings))
    record = Infotext(prompt, negative, settings)
    assert parse(write(record)) == record


@given(st.text(st.sampled_from('ab:,"{[\\\n ') | st.characters(), max_size=100))
def test_any_text_is_read_and_nothing_is_made_up(text):
    record = parse(text)
    assert all(line in text for line in (*record.prompt.split("\n"), *record.negative_prompt.split("\n")))
    assert all(label in text for label in record.settings)


def test_the_example_in_the_webui_s_own_documentation():
    record = parse(DOCUMENTED)
    assert record.prompt.startswith("girl with an artist's beret")
    assert record.negative_prompt.endswith("messy drawing")
    assert dict(record.settings) == {
        "Steps": "20",
        "Sampler": "Euler a",
        "CFG scale": "7",
        "Seed": "965400086",
        "Size": "512x512",
        "Model hash": "45dee52b",
    }
    assert write(record) == DOCUMENTED


def test_the_published_picture(shared):
    (picture,) = (shared / "data" / "cfg1").glob("*.png")
    text = read_records(picture).drawable.infotext
    record = parse(text)
    assert record.prompt == ""
    assert record.negative_prompt.startswith("(bad:0), (comic:0), ")
    assert record.settings["Model hash"] == "925997e9"
    assert write(record) == text


@pytest.mark.parametrize(
    ("written", "label", "value"),
    [
        ('Lora hashes: "one: 12ab, two: 34cd"', "Lora hashes", "one: 12ab, two: 34cd"),
        (r'ControlNet 0: "Module: canny, Said: \"a, b\""', "ControlNet 0", 'Module: canny, Said: "a, b"'),
        (r'Hires prompt: "two\nlines"', "Hires prompt", "two\nlines"),
        ('Civitai resources: [{"type":"lora","weight":0.7}]', "Civitai resources", '[{"type":"lora","weight":0.7}]'),
        ('Hashes: {"model": "ab", "vae": "cd"}', "Hashes", '{"model": "ab", "vae": "cd"}'),
        ("Hashes: {torn", "Hashes", "{torn"),
        ('Note: "torn', "Note", '"torn'),
        ("Template: a/b c-d", "Template", "a/b c-d"),
    ],
)
def test_values_that_hold_commas_quotes_lines_and_json(written, label, value):
    record = parse(f"a cat\nSteps: 20, Sampler: Euler, {written}, Seed: 1")
    assert record.settings[label] == value
    assert record.settings["Seed"] == "1"
    assert parse(write(record)) == record


def test_prompts_have_as_many_lines_as_they_have():
    record = parse("one\ntwo\nNegative prompt: three\nfour\nSteps: 1, Sampler: x, Seed: 2")
    assert (record.prompt, record.negative_prompt) == ("one\ntwo", "three\nfour")


def test_a_text_without_settings_is_a_prompt():
    assert parse("a cat, size: big, mood: calm") == Infotext("a cat, size: big, mood: calm")


@pytest.mark.parametrize("text", ["a" * 50, "[" * 10, "a: [" * 3, '"\\' * 10, " " * 25])
def test_eight_times_a_hostile_text_takes_no_sixty_four_times_as_long(text):
    def seconds(times):
        def once():
            start = time.process_time()
            parse(f"a: 1, {text * times} a")
            return time.process_time() - start

        return min(once() for _ in range(3))

    assert seconds(16_000) < 32 * seconds(2_000) + 0.05


@pytest.mark.parametrize("ending", ["png", "jpg", "webp"])
def test_pictures_carry_it_as_the_webui_stores_it(tmp_path, ending):
    path, image, text = tmp_path / f"picture.{ending}", Image.new("RGB", (8, 8)), DOCUMENTED + ", Lora: “ü”"
    if ending == "png":
        from PIL.PngImagePlugin import PngInfo

        texts = PngInfo()
        texts.add_text("parameters", text)
        image.save(path, pnginfo=texts)
    else:
        image.save(path, exif=_exif(b"UNICODE\0" + text.encode("utf-16-be")))
    assert read_records(path).drawable.infotext == text


def _exif(user_comment: bytes) -> bytes:
    """EXIF with nothing but this, byte by byte as piexif lays it out for the WebUI."""
    pointer = struct.pack(">HHHII", 1, 0x8769, 4, 1, 26) + bytes(4)  # IFD 0 has one entry: where the Exif IFD is
    comment = struct.pack(">HHHII", 1, 0x9286, 7, len(user_comment), 44) + bytes(4)
    return b"Exif\0\0MM\0*" + struct.pack(">I", 8) + pointer + comment + user_comment


def test_a_picture_without_one_has_none(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "plain.jpg")
    assert read_records(tmp_path / "plain.jpg").drawable is None
