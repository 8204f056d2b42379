"""Pictures that are one picture: real files in real folders, found, grouped, suggested, hidden and found again."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from lib_modelsim.curate.duplicates import pairs as deciding
from lib_modelsim.errors import ModelsimError
from lib_modelsim.hosts.folders import Folders
from lib_modelsim.hosts.host import Settings
from lib_modelsim.job import Cancelled, Job
from lib_modelsim.library import Library
from lib_modelsim.workspace.curating import finding_pairs
from lib_modelsim.workspace.curating.compared_pairs import ComparedPairs
from lib_modelsim.workspace.curating.duplicates import Duplicates
from lib_modelsim.workspace.workspace import Workspace
from tests.command import run


def picture(seed: int, side: int = 256) -> Image.Image:
    """Shapes on a soft ground: no two seeds resemble each other."""
    rng = np.random.default_rng(seed)
    ground = rng.uniform(40, 215, (6, 6, 3)).astype(np.uint8)
    image = Image.fromarray(ground).resize((side, side), Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(image)
    for _ in range(40):
        x, y, r = *rng.uniform(0, side, 2), rng.uniform(4, side / 8)
        colour = tuple(int(v) for v in rng.integers(0, 255, 3))
        pen.rectangle((x - r, y - r, x + r, y + r * rng.uniform(0.2, 1)), fill=colour, outline="black")
    return image


@pytest.fixture
def use(tmp_path):
    host = Folders([], tmp_path / "our data", Settings())
    with Workspace(host, lambda: Library(None)) as found:
        yield found


@pytest.fixture
def folder(tmp_path):
    """Two pictures; of the first a smaller JPEG, a cut and a mirrored copy, and one with a white border."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    first = picture(1)
    first.save(folder / "first.png")
    picture(2).save(folder / "other.png")
    first.resize((180, 180), Image.Resampling.LANCZOS).save(folder / "small.jpg", quality=70)
    first.crop((20, 10, 250, 250)).save(folder / "cut.png")
    first.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(folder / "turned.webp", quality=80)
    framed = Image.new("RGB", (316, 296), "white")
    framed.paste(first, (30, 20))
    framed.save(folder / "framed.png")
    return folder


def names(found: Duplicates) -> list[tuple[str, set[str]]]:
    return [(group.kind, {path.name for path in group.paths}) for group in found.groups]


COPIES = {"first.png", "small.jpg", "cut.png", "turned.webp", "framed.png"}


def test_copies_are_one_group_and_the_whole_large_one_is_kept(folder, use):
    found = use.curating.duplicates(folder, [], Job())
    assert names(found) == [("copy", COPIES)]
    (group,) = found.groups
    assert group.keep == folder / "first.png"
    assert "nothing was put around it" in group.why
    assert "not cut" in group.why
    assert group.paths[0] == group.keep
    assert found.counts["pairs"] == len(found.pairs) == 10
    assert found.counts["beside_kept"] == 4
    told = {frozenset((pair.a.name, pair.b.name)): pair.told for pair in found.pairs}
    assert "mirrored" in told[frozenset(("first.png", "turned.webp"))]
    assert "shows" in told[frozenset(("first.png", "cut.png"))]


def test_the_same_file_is_found_without_decoding_it_twice_and_is_a_kind_of_its_own(folder, use, monkeypatch):
    for name in COPIES - {"first.png"}:
        (folder / name).unlink()
    (folder / "deeper").mkdir()
    shutil.copy(folder / "first.png", folder / "deeper" / "again.png")
    found = use.curating.duplicates(folder, [], Job())
    assert names(found) == [("same file", {"first.png", "again.png"})]
    assert found.groups[0].keep == folder / "first.png"
    assert [(pair.kind, pair.similarity, pair.told) for pair in found.pairs] == [
        ("same file", 1.0, "every byte is the same")
    ]


def test_a_pair_is_told_of_every_file_of_its_contents(folder, use):
    for name in ("cut.png", "turned.webp", "framed.png"):
        (folder / name).unlink()
    shutil.copy(folder / "small.jpg", folder / "small again.jpg")
    found = use.curating.duplicates(folder, [], Job())
    assert {frozenset((pair.a.name, pair.b.name)) for pair in found.pairs} == {
        frozenset(("small.jpg", "small again.jpg")),
        frozenset(("first.png", "small.jpg")),
        frozenset(("first.png", "small again.jpg")),
    }
    assert names(found) == [("copy", {"first.png", "small.jpg", "small again.jpg"})]


def test_links_are_no_second_picture(folder, use):
    for name in COPIES - {"first.png"}:
        (folder / name).unlink()
    (folder / "link.png").symlink_to(folder / "first.png")
    os.link(folder / "other.png", folder / "hard.png")
    found = use.curating.duplicates(folder, [], Job())
    assert found.groups == () == found.pairs
    assert found.pictures == 2
    assert found.remarks == ("2 paths left out: links to pictures that are there already",)


def test_against_another_folder_only_pairs_between_the_two_are_told(folder, use, tmp_path):
    training = tmp_path / "training"
    training.mkdir()
    picture(1).resize((200, 200), Image.Resampling.LANCZOS).save(training / "t1.jpg", quality=80)
    shutil.copy(folder / "other.png", training / "t2.png")
    found = use.curating.duplicates(folder, [training], Job())
    assert {(pair.a.name, pair.b.name) for pair in found.pairs} == {
        ("other.png", "t2.png"),
        *((name, "t1.jpg") for name in COPIES),
    }
    assert all(pair.a.is_relative_to(folder) and pair.b.is_relative_to(training) for pair in found.pairs)
    assert names(found) == [("copy", {*COPIES, "t1.jpg"}), ("same file", {"other.png", "t2.png"})]


def test_a_file_never_pairs_with_itself_where_one_folder_lies_in_the_other(folder, use):
    inner = folder / "inner"
    inner.mkdir()
    for name in COPIES - {"first.png"}:
        (folder / name).rename(inner / name)
    for one, other in ((folder, inner), (inner, folder)):
        found = use.curating.duplicates(one, [other], Job())
        assert {frozenset((pair.a.name, pair.b.name)) for pair in found.pairs} == {
            frozenset(("first.png", name)) for name in COPIES - {"first.png"}
        }
        assert any("lie in another one" in remark for remark in found.remarks)


def test_a_folder_given_twice_is_told(folder, use):
    with pytest.raises(ModelsimError, match="given twice"):
        use.curating.duplicates(folder, [folder / "." / ".." / folder.name], Job())


def test_a_pair_that_is_never_to_be_shown_stays_away_wherever_the_files_go(folder, use, tmp_path):
    for name in ("cut.png", "turned.webp", "framed.png"):
        (folder / name).unlink()
    hidden = use.curating.never_show(folder / "small.jpg", folder / "first.png")
    found = use.curating.duplicates(folder, [], Job())
    assert (found.groups, found.pairs, found.hidden) == ((), (), 1)
    moved = tmp_path / "moved"
    folder.rename(moved)
    (moved / "first.png").rename(moved / "new name.png")
    assert use.curating.duplicates(moved, [], Job()).hidden == 1
    assert [(pair.a, pair.b) for pair in use.curating.hidden_pairs()] == [(hidden.a, hidden.b)]
    assert use.curating.show_again(hidden)
    assert names(use.curating.duplicates(moved, [], Job())) == [("copy", {"new name.png", "small.jpg"})]


def test_a_second_search_compares_nothing_again(folder, use, monkeypatch):
    first = use.curating.duplicates(folder, [], Job())
    monkeypatch.setattr(deciding, "confirm", lambda *_: pytest.fail("compared again"))
    assert use.curating.duplicates(folder, [], Job()) == first


def test_two_searches_at_once_agree(folder, use):
    def search() -> Duplicates:
        with Workspace(use.host, lambda: Library(None)) as own:
            return own.curating.duplicates(folder, [], Job())

    with ThreadPoolExecutor(2) as both:
        one, other = both.map(lambda _: search(), range(2))
    assert one == other
    assert names(one) == [("copy", COPIES)]


def test_copies_of_one_third_picture_are_compared_though_they_were_no_candidates(folder, use, monkeypatch):
    within = finding_pairs.within

    def few(described, job):
        first = next(i for i, path in enumerate(described.paths) if path.name == "first.png")
        pairs = within(described, job)
        return pairs[(pairs == first).any(1)]

    monkeypatch.setattr(finding_pairs, "within", few)
    assert names(use.curating.duplicates(folder, [], Job())) == [("copy", COPIES)]


def test_what_was_compared_before_a_stop_is_kept(folder, use, monkeypatch):
    monkeypatch.setattr(finding_pairs, "_TOGETHER", 2)
    done = []
    job = Job(
        lambda progress: done.append(progress.done) if progress.unit == "pairs" else None,
        lambda: bool(done) and done[-1] >= 4,
    )
    with pytest.raises(Cancelled):
        use.curating.duplicates(folder, [], job)
    compared = []
    confirm = deciding.confirm
    monkeypatch.setattr(deciding, "confirm", lambda *pair: compared.append(1) or confirm(*pair))
    assert names(use.curating.duplicates(folder, [], Job())) == [("copy", COPIES)]
    whole = len(compared) + 4
    with ComparedPairs(use.host.data) as store:
        assert store._db.execute("SELECT count(*) FROM pairs").fetchone()[0] == whole


def test_a_picture_that_changes_meanwhile_is_told_and_nothing_of_it_is_remembered(folder, use, monkeypatch):
    confirm = deciding.confirm

    def changing(*pair):
        picture(9).save(folder / "small.jpg")
        return confirm(*pair)

    monkeypatch.setattr(deciding, "confirm", changing)
    found = use.curating.duplicates(folder, [], Job())
    assert any("changed meanwhile" in remark for remark in found.remarks)
    assert not any("small.jpg" in (pair.a.name, pair.b.name) for pair in found.pairs)
    monkeypatch.undo()
    assert names(use.curating.duplicates(folder, [], Job())) == [("copy", COPIES - {"small.jpg"})]


def test_what_cannot_be_read_is_told(folder, use):
    (folder / "cut short.png").write_bytes((folder / "first.png").read_bytes()[:3000])
    (folder / "no picture.jpg").write_text("no picture")
    (folder / "empty.png").touch()
    found = use.curating.duplicates(folder, [], Job())
    assert {path.name for path in found.unreadable} == {"cut short.png", "no picture.jpg", "empty.png"}
    assert names(found) == [("copy", COPIES)]


def test_names_of_all_kinds(folder, use):
    (folder / "small.jpg").rename(folder / "größe\n 画.jpg")
    told = run("duplicates", folder, "--json")
    assert told.code == 0
    (group,) = told.document["groups"]
    assert str(folder / "größe\n 画.jpg") in group["paths"]
    assert "größe\\n 画.jpg" in run("duplicates", folder).out


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_to(folder, use):
    folder.chmod(0o555)
    try:
        assert names(use.curating.duplicates(folder, [], Job())) == [("copy", COPIES)]
    finally:
        folder.chmod(0o755)


def test_nothing_is_written_into_a_persons_folder(folder, use):
    before = sorted(folder.rglob("*"))
    use.curating.duplicates(folder, [], Job())
    assert sorted(folder.rglob("*")) == before


def test_flat_pictures_are_too_little_to_tell_and_in_no_group(tmp_path, use):
    flat = tmp_path / "flat"
    flat.mkdir()
    for i, level in enumerate((120, 121)):
        Image.new("RGB", (256, 256), (level, level, level + i)).save(flat / f"{i}.png")
    found = use.curating.duplicates(flat, [], Job())
    assert found.groups == () == found.pairs
    assert {pair.kind for pair in found.too_little} <= {"too little to tell"}


def test_the_command_line_hides_lists_and_shows_again(folder):
    first, small = folder / "first.png", folder / "small.jpg"
    assert "1 " in run("duplicates", "--never", small, first).out
    assert run("duplicates", "--hidden", "--json").document["hidden"][0].keys() == {"a", "b", "contents"}
    assert "1 pair hidden" in run("duplicates", folder).out
    assert run("duplicates", "--show-again", 1).out == "no pair is hidden\n"
    assert "hidden" not in run("duplicates", folder).out
    assert run("duplicates", "--show-again", 7).code == 2
    assert "byte by byte" in run("duplicates", "--never", first, first).err


def test_what_is_printed_can_be_written_into_a_file(folder, tmp_path):
    told = run("duplicates", folder, "--out", tmp_path / "list.txt")
    assert (tmp_path / "list.txt").read_text("utf-8") == told.out
    assert "first.png: nothing was put around it" in told.out


def test_json_tells_claims_and_what_is_none_apart(folder):
    document = run("duplicates", folder, "--json").document
    assert document.keys() >= {"groups", "pairs", "alike", "too_little", "unreadable", "counts"}
    (group,) = document["groups"]
    assert group.keys() >= {"kind", "paths", "similarity", "keep", "why"}
    assert document["counts"]["groups"] == 1
    assert {pair["kind"] for pair in document["pairs"]} <= {"copy", "edited copy", "part", "same file"}


def test_without_a_folder_the_command_says_what_to_give():
    assert run("duplicates").code == 2
    assert "give a folder with pictures" in run("duplicates").err


def test_facts_are_told_alike_from_both_sides(folder, use):
    found = use.curating.duplicates(folder, [], Job())
    pair = next(pair for pair in found.pairs if {pair.a.name, pair.b.name} == {"first.png", "cut.png"})
    shown, other = ("second", "first") if pair.a.name == "first.png" else ("first", "second")
    assert f"the {shown} shows" in pair.told
    assert f"of the {other}" in pair.told
    assert replace(pair) == pair


def test_of_what_moves_the_first_picture_is_compared_which_is_said_and_none_is_suggested(use, tmp_path):
    folder = tmp_path / "moving"
    folder.mkdir()
    for name, second in (("a.gif", 2), ("b.gif", 3)):
        picture(1).save(folder / name, save_all=True, append_images=[picture(second)])
    found = use.curating.duplicates(folder, [], Job())
    assert found.groups[0].keep is None
    assert "the first picture alone was compared" in found.groups[0].why
    assert "the first picture alone was compared" in found.pairs[0].told


def test_colours_that_differ_are_said_and_so_is_what_was_not_looked_at(use, tmp_path):
    folder = tmp_path / "colours"
    folder.mkdir()
    picture(1).save(folder / "a.png")
    picture(1).convert("L").save(folder / "grey.png")
    picture(1).resize((400, 400)).save(folder / "large.png")
    found = use.curating.duplicates(folder, [], Job())
    assert any("other colours" in pair.told for pair in found.pairs)
    assert "their colours differ" in found.groups[0].why
    assert "whether it was only enlarged was not looked at" in found.groups[0].why
