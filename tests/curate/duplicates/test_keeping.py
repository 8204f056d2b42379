"""Which of several files of one picture to keep, and why; where it cannot be told, none."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from lib_modelsim.curate.duplicates.facts import PairFacts, facts_of
from lib_modelsim.curate.duplicates.keeping import Suggestion, file_facts, suggest
from lib_modelsim.curate.duplicates.pairs import ConfirmedPair, PairKind, kind_of
from lib_modelsim.pictures.alignment import prepare
from lib_modelsim.pictures.confirming import confirm
from lib_modelsim.pictures.opening import open_picture
from tests.workspace.curating.test_duplicates import picture


def suggested(*paths: Path, records: tuple[Path, ...] = ()) -> Suggestion:
    """Of files that are compared in truth."""
    content = {path: f"{i:064x}" for i, path in enumerate(paths)}
    ready = {path: prepare(open_picture(path)) for path in paths}
    pairs = {}
    for a, b in combinations(paths, 2):
        match = confirm(ready[a], ready[b])
        assert match.is_copy
        pairs[content[a], content[b]] = facts_of(
            ConfirmedPair(content[a], content[b], match, kind_of(match), match.compared.same)
        )
    files = [file_facts(path, content[path], path in records) for path in paths]
    assert suggest(files[::-1], pairs) == suggest(files, pairs)
    return suggest(files, pairs)


@pytest.fixture
def save(tmp_path):
    def save(image: Image.Image, name: str, **options) -> Path:
        image.save(tmp_path / name, **options)
        return tmp_path / name

    return save


def test_the_largest_is_kept(save):
    large = save(picture(1, 400), "large.jpg", quality=80)
    small = save(picture(1, 400).resize((200, 200), Image.Resampling.LANCZOS), "a.png")
    found = suggested(small, large)
    assert found.keep == large
    assert "the largest of them, 400 × 400" in found.why


def test_of_one_size_the_least_compressed_is_kept(save):
    image = picture(2)
    files = [save(image, f"{quality}.jpg", quality=quality) for quality in (30, 95, 60)]
    assert suggested(*files).keep.name == "95.jpg"
    assert "the least compressed" in suggested(*files).why
    without_loss = save(image, "whole.webp", lossless=True)
    assert suggested(*files, without_loss).keep == without_loss
    assert "saved without loss" in suggested(*files, without_loss).why


def test_what_was_cut_is_not_kept_though_the_rest_was_enlarged(save):
    image = picture(3)
    whole = save(image, "whole.png")
    cut = save(image.crop((30, 30, 256, 256)).resize((500, 500), Image.Resampling.LANCZOS), "cut.png")
    small = save(image.resize((128, 128), Image.Resampling.LANCZOS), "small.png")
    found = suggested(cut, whole, small)
    assert found.keep == whole
    assert "not cut" in found.why
    assert "but another one is larger" in found.why
    assert "the largest" not in found.why


@pytest.mark.parametrize("kind", ["white", "caption", "blurred"])
def test_what_something_was_put_around_is_not_kept(save, kind):
    image = picture(4)
    plain = save(image, "plain.png")
    back = Image.new("RGB", (340, 256), "white")
    if kind == "caption":
        back = Image.new("RGB", (256, 300), "black")
        back.paste(picture(9).resize((100, 20)), (10, 265))
    if kind == "blurred":
        back = image.resize((340, 256)).filter(ImageFilter.GaussianBlur(14))
    back.paste(image, (0, 0) if kind == "caption" else (42, 0))
    found = suggested(save(back, "around.png"), plain)
    assert found.keep == plain
    assert "nothing was put around it" in found.why


def test_a_plain_sky_that_was_cut_off_was_not_put_there(save):
    image = picture(8)
    pixels = np.asarray(image).astype(float)
    fade = np.clip((np.arange(256) - 60) / 40, 0, 1)[:, None, None]  # a sky, and then more and more of a picture
    whole = Image.fromarray((pixels * fade + np.array([150, 180, 230]) * (1 - fade)).astype(np.uint8))
    cut = save(whole.crop((0, 40, 256, 256)), "cut.png")
    assert suggested(cut, save(whole, "whole.png")).keep.name == "whole.png"


def test_a_part_of_a_collage_and_a_collage_are_both_to_be_looked_at(save):
    sheet = Image.new("RGB", (512, 512))
    for i in range(4):
        sheet.paste(picture(20 + i), (i % 2 * 256, i // 2 * 256))
    found = suggested(save(sheet, "sheet.png"), save(picture(20), "one.png"))
    assert found.keep is None
    assert "look at them yourself" in found.why


def test_a_record_speaks_for_a_file_and_its_lack_is_told(save):
    image = picture(5)
    one, other = save(image, "one.png"), save(image.point(lambda v: v), "other.png", compress_level=1)
    assert suggested(one, other, records=(other,)).keep == other
    assert "it tells how it was generated" in suggested(one, other, records=(other,)).why
    large = save(image.resize((512, 512), Image.Resampling.LANCZOS), "large.png")
    assert "but another one tells how it was generated" in suggested(one, large, records=(one,)).why


def test_of_the_same_files_the_shorter_path_is_kept(tmp_path):
    for name in ("anna.png", "anna copy.png"):
        picture(6).save(tmp_path / name)
    files = [file_facts(tmp_path / name, "0" * 64, False) for name in ("anna copy.png", "anna.png")]
    assert suggest(files, {}) == Suggestion(tmp_path / "anna.png", "the files are the same; the shortest path")


def test_facts_read_back_and_are_the_same_from_either_side(save):
    image = picture(7)
    ready = [prepare(image), prepare(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).crop((30, 0, 256, 256)))]
    one, other = "a" * 64, "b" * 64
    there, back = (confirm(*order) for order in (ready, ready[::-1]))
    facts = facts_of(ConfirmedPair(one, other, there, PairKind.COPY, 1.0))
    turned = facts_of(ConfirmedPair(other, one, back, PairKind.COPY, 1.0))
    assert PairFacts.from_json(one, other, facts.to_json()) == facts
    assert facts.told == turned.told == f"mirrored, the second shows {facts.of_a * 100:.0f} % of the first"
    np.testing.assert_allclose(np.array(facts.where), np.array(turned.where), atol=2)
