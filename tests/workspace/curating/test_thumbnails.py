"""Small copies of pictures for the page: by content, whole or not at all, in bounded space."""

import hashlib
import os
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from lib_modelsim.job import Cancelled, Job
from lib_modelsim.pictures.opening import PictureError
from lib_modelsim.workspace.curating.thumbnails import LARGE, SMALL, Thumbnails


def content(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def picture(path, size=(640, 400), seed=0, **options):
    noise = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)
    Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC).save(path, **options)
    return path


@pytest.fixture
def copies(tmp_path):
    return Thumbnails(tmp_path / "thumbnails")


def files(copies):
    return sorted(path for path in copies.folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(("side", "wanted"), [(SMALL, (192, 120)), (LARGE, (640, 400))])
def test_a_copy_has_the_side_that_was_asked_for_and_is_never_larger_than_the_picture(copies, tmp_path, side, wanted):
    source = picture(tmp_path / "a.png")
    with Image.open(copies.of(content(source), source, side)) as small:
        assert (small.format, small.size, small.mode) == ("WEBP", wanted, "RGB")


def test_a_copy_looks_like_its_picture(copies, tmp_path):
    source = picture(tmp_path / "a.png", (768, 768))
    with Image.open(copies.of(content(source), source)) as small, Image.open(source) as whole:
        wanted = np.asarray(whole.resize(small.size, Image.Resampling.LANCZOS), float)
        assert np.abs(np.asarray(small, float) - wanted).mean() < 4  # of 255


def test_one_content_has_one_copy_whatever_its_name_and_is_made_once(copies, tmp_path):
    source = picture(tmp_path / "a.png")
    twin = tmp_path / "b.png"
    twin.write_bytes(source.read_bytes())
    first = copies.of(content(source), source)
    made = first.stat().st_ino
    assert copies.of(content(twin), twin) == first
    assert first.stat().st_ino == made


def test_many_are_made_at_once_with_progress_and_what_cannot_be_is_told(copies, tmp_path):
    good = [picture(tmp_path / f"{seed}.png", seed=seed) for seed in range(9)]
    cut, text, gone = tmp_path / "cut.png", tmp_path / "text.png", tmp_path / "gone.png"
    cut.write_bytes(good[0].read_bytes()[:2000])
    text.write_text("no picture")
    wanted = [(content(path), path) for path in (*good, cut, text)] + [("0" * 64, gone)]
    told = []
    refused = copies.make(wanted, Job(told.append))
    assert [told[-1].done, told[-1].total, told[-1].unit] == [12, 12, "pictures"]
    assert set(refused) == {content(cut), content(text), "0" * 64}
    assert all(isinstance(error, PictureError) for error in refused.values())
    assert "cut.png is damaged or incomplete" in str(refused[content(cut)])
    assert len(files(copies)) == 9
    told.clear()
    assert len(copies.make(wanted, Job(told.append))) == 3
    assert told[-1].total == 3, "what is there is not made again"


def test_a_file_that_has_changed_since_is_not_shown_under_its_old_content(copies, tmp_path):
    source = picture(tmp_path / "a.png")
    before = content(source)
    picture(source, seed=1)
    with pytest.raises(PictureError, match=r"a\.png has changed since the folder was read"):
        copies.of(before, source)
    assert files(copies) == []


def test_a_stop_keeps_what_is_made(copies, tmp_path):
    wanted = [(content(path), path) for path in (picture(tmp_path / f"{n}.png", seed=n) for n in range(8))]
    told = []
    with pytest.raises(Cancelled):
        copies.make(wanted, Job(told.append, lambda: len(told) >= 3), most=1)
    assert 3 <= len(files(copies)) < 8
    assert {path.suffix for path in files(copies)} == {".webp"}


def test_several_threads_may_ask_for_the_same_picture(copies, tmp_path):
    source = picture(tmp_path / "a.png")
    key = content(source)
    with ThreadPoolExecutor(8) as threads:
        found = set(threads.map(lambda _: copies.of(key, source), range(32)))
    assert len(found) == len(files(copies)) == 1


def test_the_space_is_bounded_and_those_asked_for_longest_ago_go_first(tmp_path):
    copies = Thumbnails(tmp_path / "thumbnails", {SMALL: 60_000, LARGE: 1 << 20})
    paths = [picture(tmp_path / f"{n}.png", seed=n) for n in range(60)]
    made = []
    for n, path in enumerate(paths):
        made.append(copies.of(content(path), path))
        age = time.time() - 10_000 * (61 - n)
        os.utime(made[-1], (age, age))
        if n == 0:
            large = copies.of(content(path), path, LARGE)
        if n > 0:
            copies.of(content(paths[0]), paths[0])  # asked for again and again
    kept = [path for path in made if path.exists()]
    assert sum(path.stat().st_size for path in kept) <= 60_000
    assert 5 < len(kept) < 60
    assert kept == [made[0], *made[-len(kept) + 1 :]]
    assert large.exists(), "each size has room of its own"


def test_what_is_about_to_be_shown_stays_even_where_it_takes_more_than_there_is_room_for(tmp_path):
    copies = Thumbnails(tmp_path / "thumbnails", {SMALL: 5_000})
    paths = [picture(tmp_path / f"{n}.png", seed=n) for n in range(12)]
    copies.make([(content(path), path) for path in paths], Job())
    assert all(copies.path(content(path)).exists() for path in paths)
    last = picture(tmp_path / "last.png", seed=99)
    copies.of(content(last), last)
    assert copies.path(content(last)).exists()
    assert sum(path.stat().st_size for path in files(copies)) <= 5_000


def test_what_a_process_that_ended_left_unfinished_is_removed(copies, tmp_path):
    source = picture(tmp_path / "a.png")
    left, writing = (copies.path(content(source)).with_suffix(end) for end in (".webp.1.part", ".webp.2.part"))
    left.parent.mkdir(parents=True)
    for path in (left, writing):
        path.write_bytes(b"half")
    os.utime(left, (1, 1))
    copies.of(content(source), source)
    assert not left.exists()
    assert writing.exists()


def test_transparency_lies_on_white_and_a_turned_picture_is_upright(copies, tmp_path):
    clear = tmp_path / "clear.png"
    Image.new("RGBA", (400, 400), (255, 0, 0, 0)).save(clear)
    with Image.open(copies.of(content(clear), clear)) as small:
        assert np.asarray(small).min() > 250
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = picture(tmp_path / "turned.jpg", (400, 200), exif=exif)
    with Image.open(copies.of(content(turned), turned)) as small:
        assert small.size == (96, 192)
