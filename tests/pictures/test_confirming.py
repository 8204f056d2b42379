"""Two pictures are one where they are, whatever was done to it; pictures of one seed by related models are not."""

from itertools import combinations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps
from scipy.ndimage import map_coordinates

from lib_modelsim.pictures.alignment import prepare
from lib_modelsim.pictures.confirming import COPY, REPEATS, CopyAnswer, confirm, repeats
from lib_modelsim.pictures.degrading import as_jpeg
from lib_modelsim.pictures.opening import open_picture

from .scenes import scene

BOTH = ("with OpenCV", "without")


@pytest.fixture(params=BOTH)
def way(request, monkeypatch) -> str:
    if request.param == BOTH[0]:
        pytest.importorskip("cv2")
    else:
        monkeypatch.setattr("lib_modelsim.pictures.alignment.available", lambda: False)
    return request.param


def compared(query: Image.Image, stored: Image.Image):
    return confirm(prepare(query), prepare(stored))


def edited(picture: Image.Image, share: float) -> Image.Image:
    radius = (share * picture.width * picture.height / np.pi) ** 0.5
    mask = Image.new("L", picture.size)
    ImageDraw.Draw(mask).ellipse((100 - radius, 90 - radius, 100 + radius, 90 + radius), fill=255)
    return Image.composite(scene(77, *picture.size), picture, mask.filter(ImageFilter.GaussianBlur(2)))


def on_a_screen(picture: Image.Image) -> Image.Image:
    window = Image.new("RGB", (640, 360), (246, 247, 249))
    pen = ImageDraw.Draw(window)
    pen.rectangle((0, 0, 640, 28), fill=(222, 225, 230))
    for line in range(6):
        pen.text((500, 60 + 20 * line), "some words", fill=(70, 70, 70))
    window.paste(picture, (60, 50))
    return window


def bordered(picture: Image.Image) -> Image.Image:
    back = picture.resize((picture.width + 60, picture.height)).filter(ImageFilter.GaussianBlur(10))
    back.paste(picture, (30, 0))
    return back


ALWAYS = {
    "as it is": lambda picture: picture,
    "saved again": lambda picture: as_jpeg(picture, 50),
    "half the size": lambda picture: ImageOps.scale(picture, 0.5),
    "twice the size": lambda picture: ImageOps.scale(picture, 2),
    "cut": lambda picture: picture.crop((13, 4, 191, 182)),
    "framed": lambda picture: ImageOps.expand(picture, (9, 20, 9, 9), (30, 30, 34)),
    "grey": lambda picture: picture.convert("L").convert("RGB"),
    "darker": lambda picture: picture.point(lambda value: round(0.7 * value)),
    "mirrored": ImageOps.mirror,
    "turned": lambda picture: picture.transpose(Image.Transpose.ROTATE_90),
}
BY_KEYPOINTS = {
    "cut by a quarter": lambda picture: picture.crop((10, 35, 154, 179)),
    "turned by 3°": lambda picture: picture.rotate(3, Image.Resampling.BICUBIC),
    "a screenshot": on_a_screen,
    "with a blurred border": bordered,
}


@pytest.mark.parametrize("change", ALWAYS)
def test_an_altered_copy_is_one(way, change):
    query, stored = ALWAYS[change](scene(5)), scene(5)
    for match in (compared(query, stored), compared(stored, query)):
        assert match.answer is CopyAnswer.COPY
        assert match.edited == 0


@pytest.mark.parametrize("change", BY_KEYPOINTS)
def test_with_opencv_more_are_found(change):
    pytest.importorskip("cv2")
    query, stored = BY_KEYPOINTS[change](scene(5)), scene(5)
    assert compared(query, stored).is_copy
    assert compared(stored, query).is_copy


def test_what_was_done_is_told(way):
    assert compared(scene(5), scene(5)).told == ""
    assert compared(ImageOps.scale(scene(5), 0.25), scene(5)).told == "", "a small picture is no cut one"
    assert compared(ImageOps.mirror(scene(5)), scene(5)).told == "mirrored"
    assert compared(scene(5).transpose(Image.Transpose.ROTATE_90), scene(5)).told == "turned by 90°"
    part = compared(scene(5).crop((0, 10, 182, 192)), scene(5))
    assert part.told.startswith("cut to ")
    assert part.of_stored == pytest.approx((182 / 192) ** 2, abs=0.03)
    framed = compared(ImageOps.expand(scene(5), 20, "white"), scene(5))
    assert framed.told.endswith(" of your picture")


def test_an_edited_part_is_told_with_its_share(way):
    match = compared(edited(scene(5), 0.08), scene(5))
    assert match.is_copy
    assert 0.04 < match.edited < 0.2
    assert "of it edited" in match.told


def test_another_picture_is_none(way):
    for one, other in combinations(range(6), 2):
        assert compared(scene(one), scene(other)).answer is CopyAnswer.DIFFERENT


def sky(seed: int) -> Image.Image:
    """A sky with a few faint clouds."""
    generator, (down, across) = np.random.default_rng(seed), np.mgrid[0:192, 0:192] / 192
    values = np.array([120, 160, 220]) + 60 * down[..., None] + generator.normal(0, 1, (192, 192, 3))
    for x, y in generator.uniform(0.2, 0.8, (3, 2)):
        values += 12 * np.exp(-((across - x) ** 2 + (down - y) ** 2) / 0.02)[..., None]
    return Image.fromarray(values.clip(0, 255).astype(np.uint8))


def test_of_flat_pictures_nothing_is_claimed(way):
    flat = [Image.new("RGB", (192, 192), colour) for colour in ("black", "white")] + [sky(seed) for seed in range(3)]
    for one in flat:
        for other in flat:
            assert not compared(one, other).is_copy


def test_pictures_of_another_size_and_shape_are_compared(way):
    for size in ((9, 9), (600, 20), (8, 300), (1, 1)):
        assert not compared(scene(3).resize(size), scene(5)).is_copy
        assert not compared(scene(5), Image.new("RGB", size)).is_copy


def test_real_models_pictures_of_one_seed_are_not_the_same(way, shared):
    case = shared / "cases" / "pictures" / "same_seed_not_same_picture"
    stored = [prepare(open_picture(path)) for path in sorted(case.glob("gallery/*/*.jpg"))]
    for path in sorted(case.glob("query*.jpg")):
        query = prepare(open_picture(path))
        answers = [confirm(query, each).answer for each in stored]
        assert sorted(answer.name for answer in answers) == ["DIFFERENT", "SAME_LAYOUT"]


def test_real_models_pictures_of_one_prompt_are_not_the_same(way, shared):
    for number in range(0, 9, 2):
        paths = (shared / "data" / "prior_scan").glob(f"*/0{number}.jpg")
        drawn = [prepare(open_picture(path)) for path in paths]
        assert len(drawn) == 4
        assert all(confirm(one, other).answer is CopyAnswer.DIFFERENT for one, other in combinations(drawn, 2))


def test_a_small_family_s_pictures_of_one_prompt_and_seed_are_not_the_same(way, shared):
    sheet = open_picture(shared / "data" / "minihub" / "models_same_prompts_and_seed.png")
    for left in range(0, sheet.width, 384):  # every third prompt; ten models, one below the other
        drawn = [prepare(sheet.crop((left, top, left + 128, top + 128))) for top in range(0, sheet.height, 128)]
        assert not any(confirm(one, other).is_copy for one, other in combinations(drawn, 2))


def chequered(side: int = 32) -> Image.Image:
    rows, columns = np.mgrid[:384, :384] // side
    return Image.fromarray(((rows + columns) % 2 * 200 + 25).astype(np.uint8)).convert("RGB")


def test_a_pattern_that_repeats_shows_too_little_and_so_does_what_lies_on_one(way):
    on_one, on_the_other = chequered(), chequered()
    on_one.paste(scene(3, 150, 150), (110, 110))
    on_the_other.paste(scene(4, 150, 150), (110, 110))
    for query, stored in ((chequered(), chequered()), (on_one, on_the_other)):
        assert not compared(query, stored).is_copy


def test_a_scene_is_no_pattern():
    assert max(repeats(prepare(scene(seed, 384, 288)).light) for seed in range(5)) < REPEATS


def test_colours_that_one_channel_alone_does_not_show_are_compared_too(way):
    """Red on white paper is as bright as the paper in its strongest channel, which a turned hue leaves alone."""

    def curve(seed: int) -> Image.Image:
        heights = 192 + 60 * np.random.default_rng(seed).standard_normal(25)
        picture = Image.new("RGB", (384, 384), "white")
        pen = ImageDraw.Draw(picture)
        for at in range(0, 384, 24):
            pen.line((at, 0, at, 384), fill=(180, 180, 180))
            pen.line((0, at, 384, at), fill=(180, 180, 180))
        pen.line([(16 * place, int(height)) for place, height in enumerate(heights)], fill="red", width=2)
        return picture

    match = compared(curve(1), curve(2))
    assert not match.is_copy or match.edited > 0.1


def jagged(seed: int) -> Image.Image:
    """A scene with fine detail everywhere, which saving with losses takes away."""
    grain = np.random.default_rng(seed).normal(0, 8, (192, 192, 1))
    return Image.fromarray((np.asarray(scene(seed), np.float64) + grain).clip(0, 255).astype(np.uint8))


def test_a_copy_that_lost_its_details_is_one(way):
    for seed in range(4):
        match = compared(as_jpeg(jagged(seed), 20), jagged(seed))
        assert match.answer is CopyAnswer.COPY
        assert match.compared.same < COPY, "its details alone do not tell"
        assert "fine details lost" in match.told


def test_what_moved_a_little_everywhere_lost_no_details(way):
    """As a relative's picture of the same seed does: forms lie a little off, and nothing is blurred."""
    bent = np.indices((192, 192), np.float64) + 1.5 * np.sin(np.indices((192, 192)) / 9)[::-1]
    for seed in range(4):
        other = np.stack(
            [
                map_coordinates(plane, bent, order=1, mode="nearest")
                for plane in np.asarray(scene(seed)).transpose(2, 0, 1)
            ]
        )
        match = compared(Image.fromarray(other.transpose(1, 2, 0)), scene(seed))
        assert not match.is_copy


def test_two_skies_are_no_edited_copies_of_each_other(way):
    """Where there is little to see, a cloud that both have is no proof."""
    first = np.asarray(sky(1)).astype(np.float64)
    star = (
        90 * np.exp(-((np.mgrid[0:192, 0:192][0] - 50) ** 2 + (np.mgrid[0:192, 0:192][1] - 50) ** 2) / 200)[..., None]
    )
    one, other = (
        Image.fromarray((plane + star).clip(0, 255).astype(np.uint8)) for plane in (first, np.asarray(sky(2)))
    )
    assert not compared(one, other).is_copy


def test_other_words_below_the_same_picture_are_an_edited_part(way):
    def below(words: str) -> Image.Image:
        picture = scene(5, 384, 288)
        pen = ImageDraw.Draw(picture)
        pen.rectangle((0, 250, 384, 288), fill="black")
        pen.text((30, 256), words, fill="white", font=ImageFont.load_default(size=24))
        return picture

    match = compared(below("I never said that"), below("Where is she now?"))
    assert match.is_copy
    assert 0 < match.edited < 0.2
    assert "fine details lost" not in match.told
