"""A picture is opened and encoded once, whoever asks first."""

from __future__ import annotations

import sqlite3
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from lib_modelsim.job import Job
from lib_modelsim.pictures import opening
from lib_modelsim.pictures.encoders.builtin import DescriptorEncoder
from lib_modelsim.pictures.feature_file import FILE
from lib_modelsim.pictures.keypoints import available
from lib_modelsim.probes.parameters import Parameters
from lib_modelsim.workspace.finding.find import find
from lib_modelsim.workspace.finding.index import GalleryIndex
from lib_modelsim.workspace.finding.queries import open_queries
from lib_modelsim.workspace.finding.verify import verify
from lib_modelsim.workspace.probing.gallery_import import import_pictures
from lib_modelsim.workspace.probing.import_plan import plan_import
from lib_modelsim.workspace.probing.kinship import kinship_of
from lib_modelsim.workspace.probing.probes import sheet_of
from tests.probes.fake_engine import FakeEngine, drawable
from tests.probes.galleries import small_suite

from .finding import MODELS, PROBES, Colours, draw_gallery, tinted

DRAWN = len(MODELS) * len(PROBES)


@pytest.fixture
def opened(monkeypatch):
    """How often each file went through the one opener."""
    counts = Counter()
    really = opening._opened

    def counted(source, shown):
        if isinstance(source, Path):  # a degraded copy goes through a JPEG in memory
            counts[source] += 1
        return really(source, shown)

    monkeypatch.setattr(opening, "_opened", counted)
    return counts


@pytest.fixture
def encoded(monkeypatch):
    """How many pictures the built-in descriptor has described; the real one takes 80 ms each."""
    quick = Colours()
    monkeypatch.setattr(DescriptorEncoder, "encode", lambda self, pictures: quick.encode(pictures))
    return quick


@pytest.fixture
def gallery(tmp_path):
    draw_gallery(tmp_path / "gallery")
    return tmp_path / "gallery"


def compare(gallery):
    return kinship_of(sheet_of(gallery, small_suite(PROBES)), gallery, Job())


def learn(gallery):
    return GalleryIndex(gallery, DescriptorEncoder(), ["pets"]).learned(Job())


def test_the_search_looks_at_each_picture_once_and_kinship_after_it_at_none(gallery, opened, encoded):
    learn(gallery)
    assert set(opened.values()) == {1}
    assert (len(opened), encoded.encoded) == (DRAWN, 2 * DRAWN)
    compare(gallery)
    assert (opened.total(), encoded.encoded) == (DRAWN, 2 * DRAWN)


def test_after_kinship_the_search_encodes_the_degraded_copies_alone(gallery, opened, encoded):
    first = compare(gallery)
    assert (opened.total(), encoded.encoded) == (DRAWN, DRAWN)
    learned = learn(gallery)
    assert (opened.total(), encoded.encoded) == (2 * DRAWN, 2 * DRAWN)
    assert learned.search.examples.vectors.shape == (2 * DRAWN, 48)
    again = compare(gallery)
    assert np.array_equal(again.matrix.values, first.matrix.values)
    assert opened.total() == 2 * DRAWN


def test_whoever_asks_first_the_search_learns_the_same(tmp_path, encoded):
    answers = []
    for name, first in (("one", learn), ("other", compare)):
        draw_gallery(tmp_path / name)
        first(tmp_path / name)
        answers.append(learn(tmp_path / name).search.examples.vectors)
    assert np.array_equal(*answers)


def test_a_query_is_opened_once_for_the_search_and_for_drawing_it_again(gallery, opened, tmp_path):
    path = tmp_path / "query.jpg"
    tinted(drawable("carl"), Parameters(prompt="a lighthouse")).save(path)
    learned = GalleryIndex(gallery, Colours(), ["pets"]).learned(Job())
    queries, refused = open_queries([path])
    found = find(queries, learned, [])
    engine = FakeEngine([drawable(name) for name in MODELS])
    verify(queries, found, learned.encoder, engine, Job())
    assert not refused
    assert opened[path] == 1
    assert learned.encoder.encoded == 2 * DRAWN + 1 + 1 + 4, "once to find it, once beside the four that drew again"


def test_a_picture_that_is_taken_in_is_opened_for_the_plan_and_for_the_copy(tmp_path, opened):
    path = tmp_path / "pictures" / "anna" / "a.jpg"
    path.parent.mkdir(parents=True)
    tinted(drawable("anna"), Parameters(prompt="a cat")).save(path)
    import_pictures(plan_import(path.parent.parent, []), tmp_path / "gallery", Job())
    assert opened[path] == 2


# features.sqlite of earlier versions


def as_it_was(file: Path) -> None:
    """The file as the first layout kept it: both views in one row, the perceptual hash in one of its own."""
    with sqlite3.connect(file) as db:
        db.execute(
            "INSERT INTO features SELECT a.content, 'colours 1; worn 1', CAST(a.data || b.data AS BLOB) "
            "FROM features a JOIN features b USING (content) WHERE a.method = 'colours 1' "
            "AND b.method = 'colours 1; degraded 1'"
        )
        db.execute("DELETE FROM features WHERE method IN ('colours 1', 'colours 1; degraded 1')")
        db.execute("INSERT INTO features SELECT content, 'perceptual hash 1', x'00' FROM features GROUP BY content")
        db.execute("UPDATE tests SET method = replace(method, 'degraded', 'worn')")
        db.execute("PRAGMA user_version = 0")


def test_a_file_of_the_first_layout_is_taken_over(gallery, monkeypatch, opened):
    before = GalleryIndex(gallery, Colours()).learned(Job())
    as_it_was(gallery / FILE)
    opened.clear()
    monkeypatch.setattr("lib_modelsim.workspace.finding.index.self_test", None)  # nobody tests again
    encoder = Colours()
    after = GalleryIndex(gallery, encoder).learned(Job())
    assert (encoder.encoded, opened.total()) == (0, 0)
    assert np.array_equal(after.search.examples.vectors, before.search.examples.vectors)
    assert np.array_equal(after.search.test.scores, before.search.test.scores)
    with sqlite3.connect(gallery / FILE) as db:
        methods = {method for (method,) in db.execute("SELECT DISTINCT method FROM features")}
    keypoints = {"keypoints 3"} if available() else set()
    assert methods == {"fingerprint 3", "colours 1", "colours 1; degraded 1"} | keypoints


def test_a_file_from_before_keypoints_gets_them_and_keeps_what_it_has(gallery, opened):
    pytest.importorskip("cv2")
    before = GalleryIndex(gallery, Colours()).learned(Job())
    with sqlite3.connect(gallery / FILE) as db:
        db.execute("DELETE FROM features WHERE method = 'keypoints 3'")
    opened.clear()
    encoder = Colours()
    after = GalleryIndex(gallery, encoder).learned(Job())
    assert encoder.encoded == 0
    assert opened.total() == len(before.gallery)
    assert np.array_equal(after.keypoints, before.keypoints)


def test_without_opencv_a_file_with_keypoints_is_read_as_ever(gallery, opened, monkeypatch):
    before = GalleryIndex(gallery, Colours()).learned(Job())
    opened.clear()
    for module in ("features", "alignment", "keypoints"):
        monkeypatch.setattr(f"lib_modelsim.pictures.{module}.available", lambda: False)
    after = GalleryIndex(gallery, Colours()).learned(Job())
    assert opened.total() == 0
    assert after.keypoints is None
    assert np.array_equal(after.fingerprints, before.fingerprints)


def test_what_was_kept_under_both_layouts_stays(gallery):
    before = GalleryIndex(gallery, Colours()).learned(Job())
    as_it_was(gallery / FILE)
    with sqlite3.connect(gallery / FILE) as db:
        db.execute(
            "INSERT INTO features SELECT content, 'colours 1', substr(data, 1, length(data) / 2) FROM features "
            "WHERE method = 'colours 1; worn 1'"
        )
    encoder = Colours()
    after = GalleryIndex(gallery, encoder).learned(Job())
    assert encoder.encoded == 0
    assert np.array_equal(after.search.examples.vectors, before.search.examples.vectors)
