"""Kill −9, a full disk, torn files: what is done stays, the next run does only the rest."""

from __future__ import annotations

import json
import os
import random
import sqlite3
import struct
import subprocess
import sys
import time
import zlib
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image

from lib_modelsim.errors import ModelsimError
from lib_modelsim.job import Job
from lib_modelsim.pictures.records.infotext import parse
from lib_modelsim.pictures.records.reading import read_records
from lib_modelsim.probes.gallery import INDEX, SUITE, Gallery, read_record
from lib_modelsim.probes.holding import LOCK, NOTE, held
from lib_modelsim.probes.plan import make_plan
from lib_modelsim.probes.run import draw_missing
from tests.command import ROOT
from tests.probes.fake_engine import FakeEngine
from tests.probes.suites import CHECKPOINTS, forty_pictures

KILLS = 10
"""benchmarks/kills.py has more, also of what else is written."""


def draw(folder: Path) -> FakeEngine:
    """Draw what the gallery in this folder lacks."""
    engine = FakeEngine(CHECKPOINTS)
    with Gallery(folder) as gallery:
        draw_missing(make_plan(forty_pictures(), CHECKPOINTS, engine, gallery), engine, gallery, Job())
    return engine


def run_until_killed(folder: Path, pictures: int, then: float) -> bool:
    """Start a run, kill it `then` seconds after it began its next picture but `pictures`; whether it was too late."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.probes.endless_run", folder], cwd=ROOT, stdout=subprocess.PIPE
    )
    with process:
        begun = len(process.stdout.read(pictures + 1)) == pictures + 1
        time.sleep(then)
        process.kill()
    return not begun


def files(folder: Path) -> dict[str, tuple[int, int]]:
    """Every picture with its time and inode."""
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_mtime_ns, path.stat().st_ino)
        for path in folder.rglob("*.png")
    }


def assert_whole(folder: Path) -> None:
    """Forty different pictures, each one whole and with its record and infotext; the index knows just these."""
    ours = (INDEX, LOCK, f"{LOCK}-journal", SUITE)  # SQLite may leave the lock's journal behind; it is taken up next
    found = [path for path in folder.rglob("*") if path.is_file() and path.name not in ours]
    records = {path: read_record(path) for path in found}
    assert len(records) == 40
    assert None not in records.values()
    assert len({(record.checkpoint, record.identity) for record in records.values()}) == 40
    for path, record in records.items():
        assert parse(read_records(path).drawable.infotext).settings["Seed"] == str(record.seed)
    with Gallery(folder) as gallery:
        assert {stored.path: stored.record for stored in gallery.pictures()} == records
    db = sqlite3.connect(folder / INDEX)
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()


def test_killed_at_some_moments_no_picture_comes_twice_none_is_missing_none_torn(tmp_path):
    chance, kills, galleries = random.Random(5), 0, 0
    while kills < KILLS:
        galleries += 1
        folder = tmp_path / str(galleries)
        while kills < KILLS:
            before = files(folder)
            late = run_until_killed(folder, chance.choice((0, 0, 1, 1, 2, 4)), chance.uniform(0, 0.006))
            assert before.items() <= files(folder).items(), "a finished picture was drawn again"
            if late:
                break
            kills += 1
        before = files(folder)
        resumed = draw(folder)
        assert before.items() <= files(folder).items()
        assert len(resumed.drawn) == 40 - len(before)
        assert_whole(folder)


def test_two_runs_do_not_draw_into_one_gallery_at_once(tmp_path):
    """The second is told who draws, whichever program it is."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.probes.endless_run", tmp_path], cwd=ROOT, stdout=subprocess.PIPE
    )
    with process:
        process.stdout.read(1)
        told = rf"already being generated into this gallery by endless_run.py \(process {process.pid}, since 20"
        with pytest.raises(ModelsimError, match=told) as refused:
            draw(tmp_path)
        process.kill()
    assert "Fix: wait until it ends or stop it" in str(refused.value)
    assert (tmp_path / NOTE).exists(), "it was killed: the next run takes the gallery over at once"
    draw(tmp_path)
    assert not (tmp_path / NOTE).exists()
    assert_whole(tmp_path)


@pytest.fixture
def no_locks(monkeypatch):
    """A network's file system that refuses locks."""

    def refuses(file, patience):
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr("lib_modelsim.probes.holding.alone", refuses)


@pytest.mark.usefixtures("no_locks")
def test_where_the_file_system_refuses_locks_the_note_is_one(tmp_path):
    with held(tmp_path):
        with pytest.raises(ModelsimError, match="already being generated"), held(tmp_path):
            pass
        note = tmp_path / NOTE
        text = json.loads(note.read_text())
        for change in ({"machine": "another", "pid": 1}, {"pid": 2**22 + 1}):
            note.write_text(json.dumps(text | change))
            if "machine" in change:
                with pytest.raises(ModelsimError, match="on another, since"), held(tmp_path):
                    pass
                os.utime(note, (0, 0))  # nobody has touched it for long
            with held(tmp_path):
                pass
    with held(tmp_path):
        pass


def test_grids_and_other_pictures_beside_are_no_part_of_the_gallery(tmp_path):
    draw(tmp_path)
    size = struct.pack(">IIBBBBB", 20_000, 20_000, 1, 0, 0, 0, 0)  # more pixels than Pillow opens without a protest
    header = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", size) + _chunk(b"IDAT", b"")
    (tmp_path / "grid.png").write_bytes(header)
    max(tmp_path.rglob("cat*.png")).with_name("cat 1 grid.png").write_bytes(header)
    assert draw(tmp_path).drawn == []


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def test_an_index_that_is_lost_or_behind_is_made_anew_from_the_pictures(tmp_path):
    draw(tmp_path / "here")
    (tmp_path / "here" / INDEX).unlink()
    (tmp_path / "here").rename(tmp_path / "there")
    assert draw(tmp_path / "there").drawn == []
    assert_whole(tmp_path / "there")


def test_a_picture_that_a_power_cut_tore_or_a_person_deleted_is_drawn_again(tmp_path):
    draw(tmp_path)
    torn, gone, *_ = sorted(tmp_path.rglob("*.png"))
    torn.write_bytes(torn.read_bytes()[:-20])
    gone.unlink()
    assert len(draw(tmp_path).drawn) == 2
    assert_whole(tmp_path)


def test_pictures_that_are_not_ours_are_left_as_they_are(tmp_path):
    folder = tmp_path / "pets" / f"anna [{CHECKPOINTS[0].sha256[:10]}]"
    folder.mkdir(parents=True)
    Image.new("RGB", (8, 8), "red").save(folder / "cat 1.png")
    before = (folder / "cat 1.png").read_bytes()
    assert len(draw(tmp_path).drawn) == 40
    assert (folder / "cat 1.png").read_bytes() == before
    assert draw(tmp_path).drawn == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_ends_the_run_with_one_line_and_keeps_what_is_done(tmp_path):
    draw(tmp_path)
    last = max(tmp_path.rglob("*.png"))
    last.unlink()
    part = last.with_name(last.name + ".part")
    part.symlink_to("/dev/full")  # so that the system itself refuses this one file
    with pytest.raises(ModelsimError, match="No space left on device") as refused:
        draw(tmp_path)
    assert "\n" not in str(refused.value)
    assert len(files(tmp_path)) == 39
    assert not part.is_symlink()
    assert len(draw(tmp_path).drawn) == 1
    assert_whole(tmp_path)


def test_an_index_that_cannot_grow_ends_the_run_with_one_line_and_no_picture_is_lost(tmp_path):
    def draw_with_little_room():
        engine = FakeEngine(CHECKPOINTS)
        with Gallery(tmp_path) as gallery:
            gallery._db.execute("PRAGMA max_page_count = 8")
            draw_missing(make_plan(forty_pictures(), CHECKPOINTS, engine, gallery), engine, gallery, Job())

    with pytest.raises(ModelsimError, match="full"):
        draw_with_little_room()
    before = files(tmp_path)
    assert 0 < len(before) < 40
    assert len(draw(tmp_path).drawn) == 40 - len(before)
    assert_whole(tmp_path)


def test_a_damaged_index_is_made_anew_and_a_damaged_row_read_again(tmp_path):
    draw(tmp_path)
    index = tmp_path / INDEX
    with closing(sqlite3.connect(index)) as db, db:
        db.execute("UPDATE pictures SET record = replace(record, 'cat', 'dog'), checkpoint = 'x' || rowid")
    assert draw(tmp_path).drawn == []
    assert_whole(tmp_path)
    index.write_bytes(index.read_bytes()[:5000])
    assert draw(tmp_path).drawn == []
    aside = tmp_path / "gallery damaged 1.sqlite"
    assert aside.stat().st_size == 5000
    aside.unlink()
    assert_whole(tmp_path)
