"""Pictures that are copied or moved on a person's word: nothing is overwritten, nothing is lost, everything is told."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from PIL import Image

from lib_modelsim.errors import ModelsimError
from lib_modelsim.job import Cancelled, Job
from lib_modelsim.probes.gallery import Gallery
from lib_modelsim.workspace.curating import placing
from lib_modelsim.workspace.curating.transfer import Way, plan_transfer, transfer

ROOT = Path(__file__).parents[3]


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    for i, name in enumerate(("a.png", "b.png", "c.jpg", "sub/a.png")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (20, 20), (i * 40, 0, 0)).save(folder / name)
    return folder


def content(folder):
    """File → content, of all files at any depth."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def plan(pictures, target, way=Way.COPY, sidecars=True, ours=()):
    return plan_transfer(pictures, target, way, sidecars, ours)


@pytest.fixture
def other_disk(monkeypatch):
    """No file gets a second name, as on two disks."""

    def refused(*_, **__):
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refused)


def test_copies_are_the_same_files_and_the_folder_is_made(source, tmp_path):
    before = content(source)
    wanted = plan([source / "a.png", source / "c.jpg"], tmp_path / "new" / "folder")
    assert (wanted.files, wanted.makes_folder, wanted.renamed) == (2, True, 0)
    assert wanted.bytes == len(before["a.png"]) + len(before["c.jpg"])
    assert not wanted.target.exists(), "nothing is done before a person says yes"
    done = transfer(wanted, Job())
    assert content(wanted.target) == {"a.png": before["a.png"], "c.jpg": before["c.jpg"]}
    assert content(source) == before
    assert [old for old, _ in done.done] == [source / "a.png", source / "c.jpg"]
    assert (wanted.target / "a.png").stat().st_mtime_ns == (source / "a.png").stat().st_mtime_ns


@pytest.mark.parametrize("way", Way)
def test_nothing_is_overwritten_and_another_name_is_told(source, tmp_path, way):
    target, before = tmp_path / "there", content(source)
    target.mkdir()
    (target / "a.png").write_bytes(b"somebody's")
    (target / "A (2).PNG").write_bytes(b"another one's")
    wanted = plan([source / "a.png", source / "sub/a.png"], target, way)
    assert wanted.renamed == 2
    done = transfer(wanted, Job())
    assert (target / "a.png").read_bytes() == b"somebody's"
    new = [now for _, now in done.done]
    assert [each.read_bytes() for each in new] == [before["a.png"], before["sub/a.png"]]
    assert done.renamed == done.done
    assert len(content(target)) == 4


def test_a_name_that_is_taken_between_the_question_and_the_answer_is_not_overwritten(source, tmp_path):
    wanted = plan([source / "a.png"], tmp_path / "there")
    wanted.target.mkdir()
    (wanted.target / "a.png").write_bytes(b"came meanwhile")
    ((_, now),) = transfer(wanted, Job()).done
    assert (wanted.target / "a.png").read_bytes() == b"came meanwhile"
    assert now.name == "a (2).png"


@pytest.mark.usefixtures("other_disk")
def test_a_disk_without_second_names_overwrites_nothing_either(source, tmp_path):
    target, before = tmp_path / "there", content(source)
    target.mkdir()
    (target / "a.png").write_bytes(b"somebody's")
    transfer(plan([source / "a.png", source / "b.png"], target, Way.MOVE), Job())
    assert content(target) == {
        "a.png": b"somebody's", "a (2).png": before["a.png"], "b.png": before["b.png"],
    }  # fmt: skip
    assert set(content(source)) == {"c.jpg", "sub/a.png"}


def test_captions_and_settings_go_with_their_picture_on_order(source, tmp_path):
    for name in ("a.txt", "a.caption", "a.png.json", "a.md", "b.json"):
        (source / name).write_text(name)
    wanted = plan([source / "a.png"], tmp_path / "with", Way.MOVE)
    assert wanted.files == 4
    transfer(wanted, Job())
    assert set(content(tmp_path / "with")) == {"a.png", "a.txt", "a.caption", "a.png.json"}
    assert {"a.md", "b.json", "b.png"} <= set(content(source))
    transfer(plan([source / "b.png"], tmp_path / "without", Way.MOVE, sidecars=False), Job())
    assert set(content(tmp_path / "without")) == {"b.png"}
    assert "b.json" in content(source)


def test_a_caption_keeps_to_its_picture_where_that_gets_another_name(source, tmp_path):
    target = tmp_path / "there"
    target.mkdir()
    (target / "a.txt").write_text("of another picture")
    (source / "a.txt").write_text("a")
    (source / "a.png.json").write_text("{}")
    transfer(plan([source / "a.png"], target), Job())
    assert set(content(target)) == {"a.txt", "a (2).png", "a (2).txt", "a (2).png.json"}
    assert (target / "a.txt").read_text() == "of another picture"


def test_a_caption_of_two_pictures_stays_with_the_one_that_stays(source, tmp_path):
    Image.new("RGB", (9, 9)).save(source / "a.jpg")
    (source / "a.txt").write_text("both")
    transfer(plan([source / "a.png"], tmp_path / "one", Way.MOVE), Job())
    assert set(content(tmp_path / "one")) == {"a.png", "a.txt"}
    assert {"a.jpg", "a.txt"} <= set(content(source)), "the other picture needs it, too"
    transfer(plan([source / "a.jpg"], tmp_path / "two", Way.MOVE), Job())
    assert "a.txt" not in content(source)


def test_a_picture_of_our_gallery_is_copied_but_never_moved(tmp_path, source):
    with Gallery(source):
        pass  # its index is there from now on
    moved = plan([source / "a.png", source / "sub/a.png"], tmp_path / "there", Way.MOVE)
    assert moved.units == ()
    assert all("copy it instead" in why for _, why in moved.refused)
    assert len(plan([source / "a.png"], tmp_path / "there").units) == 1
    with pytest.raises(ModelsimError, match="modelsim keeps its own files"):
        plan([source / "a.png"], source / "kept")


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("data/thumbnails", "modelsim keeps its own files"),
        ("source/a.png", "this is a file"),
        ("x" * 300, "cannot be made"),
    ],
)
def test_a_folder_that_cannot_take_them_is_refused_in_one_line(source, tmp_path, target, words):
    (tmp_path / "data").mkdir()
    before = content(tmp_path)
    with pytest.raises(ModelsimError, match=words):
        transfer(plan([source / "b.png"], tmp_path / target, ours=[tmp_path / "data"]), Job())
    assert content(tmp_path) == before


def test_a_full_disk_is_told_before_anything_is_copied(source, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10))
    with pytest.raises(ModelsimError, match="no room"):
        plan([source / "a.png"], tmp_path / "there")
    assert plan([source / "a.png"], tmp_path / "there", Way.MOVE).units, "a move on one disk needs no room"


def test_one_that_has_gone_and_one_that_is_there_already_stay_and_are_told(source, tmp_path):
    wanted = plan([source / "gone.png", source / "a.png", source / "sub/a.png"], source)
    assert dict(wanted.refused) == {
        source / "gone.png": "it is no longer there",
        source / "a.png": "it is in that folder already",
    }
    assert [unit.picture for unit in wanted.units] == [source / "sub/a.png"]


def test_one_that_fails_stops_no_other_and_stays_whole(source, tmp_path):
    wanted = plan([source / "a.png", source / "b.png"], tmp_path / "there", Way.MOVE)
    (source / "a.png").unlink()
    done = transfer(wanted, Job())
    assert [path.name for path, _ in done.failed] == ["a.png"]
    assert set(content(wanted.target)) == {"b.png"}


@pytest.mark.usefixtures("other_disk")
def test_across_disks_a_copy_that_is_not_the_same_leaves_the_picture(source, tmp_path, monkeypatch):
    before = content(source)
    monkeypatch.setattr(placing, "_digest", lambda _: b"what the disk made of it")
    done = transfer(plan([source / "a.png"], tmp_path / "there", Way.MOVE), Job())
    assert "not what the file is" in done.failed[0][1]
    assert content(source) == before
    assert content(tmp_path / "there") == {}


def test_a_stop_leaves_what_is_not_done_where_it_was(source, tmp_path):
    asked = iter([False, True])
    wanted = plan([source / "a.png", source / "b.png", source / "c.jpg"], tmp_path / "there", Way.MOVE)
    with pytest.raises(Cancelled):
        transfer(wanted, Job(cancelled=lambda: next(asked, True)))
    there, left = content(wanted.target), content(source)
    assert there
    assert not {name for name in there if not name.endswith((".png", ".jpg"))}
    assert {*there, *left} == {"a.png", "b.png", "c.jpg", "sub/a.png"}


def test_a_link_is_copied_as_the_picture_that_it_leads_to(source, tmp_path):
    link = source / "link.png"
    try:
        link.symlink_to("sub/a.png")
    except OSError:
        pytest.skip("this system allows no links")
    transfer(plan([link], tmp_path / "there", Way.MOVE), Job())
    assert not (tmp_path / "there" / "link.png").is_symlink()
    assert (tmp_path / "there" / "link.png").read_bytes() == (source / "sub/a.png").read_bytes()
    assert not os.path.lexists(link)


@pytest.mark.skipif(os.name != "posix", reason="kills a process")
@pytest.mark.parametrize("links", ["one disk", "two disks"])
def test_a_process_that_is_killed_at_any_moment_loses_nothing(tmp_path, links):
    """Moves a hundred pictures with captions, is killed, and again, until all are there."""
    source, target = tmp_path / "source", tmp_path / "there"
    source.mkdir()
    for i in range(100):
        (source / f"{i:03}.png").write_bytes(os.urandom(40_000))
        (source / f"{i:03}.txt").write_text(f"caption {i}")
    whole = content(source)
    program = textwrap.dedent(f"""
        import os
        from pathlib import Path
        from lib_modelsim.job import Job
        from lib_modelsim.workspace.curating.transfer import Way, plan_transfer, transfer
        if {links == "two disks"}:
            def refused(*_, **__):
                raise OSError(18, "Invalid cross-device link")
            os.link = refused
        pictures = sorted(Path({str(source)!r}).glob("*.png"))
        print("begun", flush=True)
        transfer(plan_transfer(pictures, Path({str(target)!r}), Way.MOVE, True, ()), Job())
    """)
    for pause in (0.0, 0.005, 0.01, 0.02, 0.04, 30):
        process = subprocess.Popen(
            [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        process.stdout.readline()
        if pause < 1:
            time.sleep(pause)
            process.send_signal(signal.SIGKILL)
        assert "Error" not in process.communicate(timeout=120)[1]
        now = [*content(source).values(), *content(target).values()] if target.exists() else content(source).values()
        assert set(whole.values()) <= set(now), "each file is somewhere, whole"
    assert not list(source.glob("*.png"))
