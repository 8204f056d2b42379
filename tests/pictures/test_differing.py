"""What was changed in a picture that is otherwise the same."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from lib_modelsim.pictures.alignment import prepare
from lib_modelsim.pictures.confirming import confirm
from lib_modelsim.pictures.differing import Differences, differences
from tests.pictures.scenes import scene


def bill(number: str, total: str) -> Image.Image:
    """A page of small print."""
    page = Image.new("RGB", (900, 1200), "white")
    pen = ImageDraw.Draw(page)
    large, small = ImageFont.load_default(30), ImageFont.load_default(20)
    pen.rectangle((60, 60, 360, 140), fill=(30, 60, 140))
    pen.text((520, 80), f"Bill {number}", fill="black", font=large)
    for row in range(18):
        pen.line((60, 240 + row * 45, 840, 240 + row * 45), fill="grey")
        pen.text((70, 250 + row * 45), f"Item {row} of {row * 7 + 3} hours, as agreed", fill="black", font=small)
        pen.text((740, 250 + row * 45), f"{10 + row * 3}.00", fill="black", font=small)
    pen.text((640, 1100), f"Total {total}", fill="black", font=large)
    return page


def found(one: Image.Image, other: Image.Image) -> Differences:
    """Of pictures that are claimed to be one."""
    ready = prepare(one), prepare(other)
    match = confirm(*ready)
    assert match.is_copy
    assert match.where is not None
    return differences(*ready, match.where)


def saved(picture: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return Image.open(file)


def test_another_number_on_a_page_is_a_spot():
    assert 0 < found(bill("2023-001", "431.00"), bill("2023-002", "987.50")).spot < 0.02
    assert found(bill("2023-001", "431.00"), saved(bill("2023-001", "431.00"), 70)).spot == 0


def test_another_colour_of_a_part_is_told():
    picture = scene(1, 384, 288)
    hue = np.array(picture.convert("HSV"))
    hue[80:200, 100:280, 0] += 90
    variant = Image.fromarray(hue, "HSV").convert("RGB")
    assert found(picture, variant).colours
    assert found(picture.resize((200, 150)), variant.transpose(Image.Transpose.FLIP_LEFT_RIGHT)).colours


@pytest.mark.parametrize(
    "alter",
    [
        lambda picture: saved(picture, 60),
        lambda picture: picture.resize((230, 173), Image.Resampling.BICUBIC),
        lambda picture: picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        lambda picture: picture.crop((20, 14, 370, 280)),
        lambda picture: picture.point(lambda value: min(255, int(value * 1.15))),
    ],
    ids=["saved", "smaller", "mirrored", "cut", "brighter"],
)
@pytest.mark.parametrize("seed", range(3))
def test_a_mere_copy_differs_in_nothing(alter, seed):
    picture = scene(seed, 384, 288)
    assert found(picture, alter(picture)) == Differences()


def test_details_that_were_lost_or_drawn_anew_are_told():
    picture = scene(2, 384, 288)
    assert found(picture, saved(picture, 6)).details
