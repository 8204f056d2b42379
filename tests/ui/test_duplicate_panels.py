"""What the page Curate says of copies, asked of its handlers without a browser: of checkpoints, of pictures, of those
that repeat a picture of another folder."""

from __future__ import annotations

import html
import json
import re
import shutil
from itertools import count
from pathlib import Path
from urllib.parse import unquote

import pytest

pytest.importorskip("gradio", reason="the tab needs gradio")

import gradio as gr
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from lib_modelsim.hosts.folders import Folders
from lib_modelsim.hosts.host import Settings
from lib_modelsim.library import Library
from lib_modelsim.ui.backend import Backend
from lib_modelsim.ui.curate.duplicate_cards import cards_of
from lib_modelsim.ui.tab import Tab
from lib_modelsim.ui.view_state import ViewState
from lib_modelsim.ui.windows import asked_by
from lib_modelsim.workspace.curating.duplicates import Duplicates, PictureGroup
from tests.pictures.scenes import scene
from tests.ui.following import ended


class Page:
    """The page Curate, as one browser window has it."""

    def __init__(self, tab):
        self.page, self._number = tab.pages["curate"], count(1)

    def do(self, panel, what, **more):
        """Let a panel do something, to its end; what the status line says then, or why it was refused."""
        action = {"panel": panel, "do": what, "number": next(self._number), **more}
        refused = value_of(self.page.act(json.dumps({"actions": [action]})), "curate_said")
        return words(refused or ended(self.page._wiring.work))

    def html(self, panel):
        """What a panel shows."""
        return str(value_of(self.page.show(), f"curate_{panel}"))

    def text(self, panel):
        return words(self.html(panel))


def value_of(updates, name):
    return next((value for part, value in updates.items() if part.elem_id == f"modelsim_{name}"), "")


def words(page):
    """What is read on it, tags left out."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", str(page)))).strip()


@pytest.fixture
def models(small_family, tmp_path):
    """Two that have nothing in common, a copy of one, a link to it, and a file that is none."""
    folder = tmp_path / "models"
    folder.mkdir()
    for name in ("anna", "stranger"):
        shutil.copy(small_family / f"{name}.safetensors", folder)
    shutil.copy(folder / "anna.safetensors", folder / "anna copy.safetensors")
    (folder / "page.safetensors").write_bytes(b"<!DOCTYPE html>" * 20)
    return folder


@pytest.fixture
def curate(models, tmp_path):
    host = Folders([models], tmp_path / "data", Settings(device="cpu"))
    backend = Backend(host, lambda: Library(tmp_path / "library.sqlite"))
    with gr.Blocks():
        yield Page(Tab(ViewState(backend)))
    backend.close()


# checkpoints


def test_copies_of_checkpoints_are_one_list_with_what_could_be_freed(curate):
    assert "could go" not in curate.text("checkpoint_copies")
    curate.do("checkpoint_copies", "list")
    told = curate.text("checkpoint_copies")
    assert re.search(r"1 could go: [\d.]+ MB\. Nothing is deleted\.", told)
    assert re.search(r"Same file: could free [\d.]+ MB anna [\d.]+ MB Keep anna copy .* Copy of anna, could go", told)


def test_what_could_not_be_compared_is_said(curate):
    curate.do("checkpoint_copies", "list", quick="yes")
    told = curate.text("checkpoint_copies")
    assert "3 files not compared by content, because they were never hashed" in told
    assert "1 file that could not be read: nothing is said of them page.safetensors: " in told


def test_the_list_to_copy_and_to_save_is_that_of_the_command_line(curate, models):
    curate.do("checkpoint_copies", "list")
    page = curate.html("checkpoint_copies")
    copied = html.unescape(re.search(r'data-copy="([^"]*)"', page)[1])
    saved = unquote(re.search(r'href="data:text/plain;charset=utf-8,([^"]*)"', page)[1])
    assert copied == saved
    assert f"{models / 'anna copy.safetensors'} (" in copied
    assert "not read, so nothing is said of them:" in copied




# pictures


@pytest.fixture
def pictures(tmp_path):
    """A picture, it half as large and mirrored, a file with the same bytes, and two pictures that are others."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    scene(1, 400, 400).save(folder / "harbour.png")
    ImageOps.mirror(scene(1, 400, 400)).resize((256, 256)).save(folder / "from the web.jpg", quality=85)
    scene(2, 400, 400).save(folder / "mill.png")
    shutil.copy(folder / "mill.png", folder / "mill again.png")
    scene(3, 400, 400).save(folder / "bridge.png")
    return folder


def open_folder(curate, folder):
    assert "error" not in curate.do("folder", "open", path=str(folder))


def find(curate, folder, **more):
    open_folder(curate, folder)
    said = curate.do("duplicates", "find", **more)
    return said or curate.text("duplicates")


def boxes(curate):
    """Name → number, of the pictures that can be chosen."""
    found = re.findall(r'data-duplicate="(\d+)" aria-label="Choose ([^"]*)"', curate.html("duplicates"))
    return {html.unescape(name): int(number) for number, name in found}


def test_before_a_folder_is_chosen_it_says_what_to_do(curate):
    assert "Choose a folder above" in curate.text("duplicates")


def test_copies_stand_side_by_side_with_what_was_done_and_which_to_keep(curate, pictures):
    told = find(curate, pictures)
    assert "5 pictures compared: 2 groups with 4 pictures that show the same; 2 could go:" in told
    assert re.search(r"Copies: 2 pictures (over )?\d+ % the same", told)
    assert re.search(r"harbour\.png \d+ × \d+, PNG, .* Keep: the largest of them", told)
    assert re.search(r"from the web\.jpg 256 × 256, JPEG, [\d.]+ kB Mirrored", told)
    assert "The same file: 2 pictures" in told
    assert "bridge.png" not in told


def test_small_copies_of_the_pictures_are_served_and_no_folder_of_a_person(curate, pictures):
    find(curate, pictures)
    shown = re.findall(r'<img src="([^"]*)"', curate.html("duplicates"))
    assert len(shown) == 4
    assert all(url.startswith("/data/thumbnails/") for url in shown)
    assert sorted(path.name for path in pictures.iterdir()) == sorted(
        ["harbour.png", "from the web.jpg", "mill.png", "mill again.png", "bridge.png"]
    )


def test_no_picture_goes_from_a_group_that_differs_in_an_edited_part():
    a, b, c, d = map(Path, ("edited.png", "before.png", "large.png", "small.png"))
    groups = (
        PictureGroup("edited copy", (a, b), 0.8, a, "the larger file", ("1", "2")),
        PictureGroup("copy", (c, d), 1.0, c, "the largest", ("3", "4")),
    )
    cards = cards_of(Duplicates(Path(), (), 4, groups))
    assert [cards.paths[number] for number in cards.going] == [d]


def test_what_is_sorted_out_does_not_go_where_the_best_were_copied_to(curate, pictures, tmp_path):
    find(curate, pictures)
    curate.do("chosen", "copy", target=str(tmp_path / "best"), meant="shown")
    assert str(tmp_path / "best") not in curate.html("duplicates")


def test_all_but_the_kept_ones_can_be_chosen_and_listed(curate, pictures):
    find(curate, pictures)
    going = re.search(r'data-going="([^"]*)"', curate.html("duplicates"))[1]
    curate.do("duplicates", "list", chosen=going)
    listed = html.unescape(re.search(r"<pre[^>]*>(.*?)</pre>", curate.html("duplicates"), re.DOTALL)[1]).split("\n")
    assert len(listed) == 2
    assert str(pictures / "from the web.jpg") in listed
    assert str(pictures / "harbour.png") not in listed


def test_chosen_copies_are_moved_when_a_person_has_said_yes(curate, pictures, tmp_path):
    find(curate, pictures)
    chosen, target = json.dumps([boxes(curate)["from the web.jpg"]]), tmp_path / "elsewhere"
    curate.do("duplicates", "ask", chosen=chosen, target=str(target))
    assert "Move 1 picture" in curate.text("duplicates")
    curate.do("duplicates", "leave")
    assert not target.exists()
    curate.do("duplicates", "ask", chosen=chosen, target=str(target))
    curate.do("duplicates", "move")
    assert [path.name for path in target.iterdir()] == ["from the web.jpg"]
    told = curate.text("duplicates")
    assert f"1 picture moved to {target}" in told
    assert "4 pictures compared: 1 group with 2 pictures" in told


def test_of_two_files_with_the_same_bytes_one_alone_is_moved(curate, pictures, tmp_path):
    find(curate, pictures)
    target = tmp_path / "elsewhere"
    curate.do("duplicates", "ask", chosen=json.dumps([boxes(curate)["mill again.png"]]), target=str(target))
    curate.do("duplicates", "move")
    assert [path.name for path in target.iterdir()] == ["mill again.png"]
    assert (pictures / "mill.png").is_file()


def test_numbers_of_an_older_answer_choose_nothing(curate, pictures, tmp_path):
    find(curate, pictures)
    older = re.search(r'data-answer="(\d+)"', curate.html("duplicates"))[1]
    curate.do("duplicates", "find")
    asked = {"chosen": "[0]", "answer": older, "target": str(tmp_path / "x")}
    assert "the list has changed meanwhile" in curate.do("duplicates", "ask", **asked)


def test_nothing_is_moved_into_our_own_folders_or_without_a_choice(curate, pictures, tmp_path):
    find(curate, pictures)
    assert "no picture is chosen" in curate.do("duplicates", "ask", chosen="[]", target=str(tmp_path / "x"))
    own = str(tmp_path / "data" / "x")
    assert "modelsim keeps its own files" in curate.do("duplicates", "ask", chosen="[0]", target=own)


def test_a_pair_that_is_never_shown_again_stays_away_until_it_is_undone(curate, pictures):
    find(curate, pictures)
    hide = re.search(r'data-act="hide" data-a="(\d+)" data-b="(\d+)"', curate.html("duplicates"))
    curate.do("duplicates", "hide", a=hide[1], b=hide[2])
    told = curate.text("duplicates")
    assert "1 group with 2 pictures" in told
    assert "are never shown as a pair again. Undo" in told
    with asked_by("another window"):
        assert "1 pair that you said never to show again" in find(curate, pictures)
    curate.do("duplicates", "show again")
    assert "2 groups with 4 pictures" in curate.text("duplicates")


def test_a_hidden_pair_can_be_shown_again_from_the_list(curate, pictures):
    find(curate, pictures)
    hide = re.search(r'data-act="hide" data-a="(\d+)" data-b="(\d+)"', curate.html("duplicates"))
    curate.do("duplicates", "hide", a=hide[1], b=hide[2])
    with asked_by("another window"):
        find(curate, pictures)
        shown = curate.html("duplicates")
        pair = re.search(r'data-act="show again" data-a="(\w+)" data-b="(\w+)"', shown)
        curate.do("duplicates", "show again", a=pair[1], b=pair[2])
        assert "2 groups with 4 pictures" in curate.text("duplicates")


def test_files_that_are_the_same_cannot_be_hidden(curate, pictures):
    find(curate, pictures)
    assert curate.html("duplicates").count('data-act="hide"') == 1


def test_another_folder_is_compared_with_and_copies_within_are_not_told(curate, pictures, tmp_path):
    other = tmp_path / "training"
    other.mkdir()
    scene(3, 400, 400).save(other / "page 7.webp", quality=80)
    told = find(curate, pictures, against=str(other))
    assert "1 group with 2 pictures" in told
    assert "page 7.webp" in told
    assert "mill again.png" not in told


def test_a_folder_that_is_not_there_is_said_and_the_answer_before_stays(curate, pictures, tmp_path):
    find(curate, pictures)
    assert "there is no such folder" in curate.do("duplicates", "find", against=str(tmp_path / "nowhere"))


def test_pictures_that_are_no_copies_are_told_apart_and_cannot_be_chosen(curate, tmp_path):
    folder = tmp_path / "flat"
    folder.mkdir()
    for name, colour in (("one", "#203040"), ("two", "#213141")):
        Image.new("RGB", (256, 256), colour).save(folder / f"{name}.png")
    told = find(curate, folder)
    assert "no two show the same" in told
    assert boxes(curate) == {}


def test_each_window_has_its_own_answer_and_another_folder_takes_it_away(curate, pictures, tmp_path):
    find(curate, pictures)
    with asked_by("another window"):
        assert "Choose a folder above" in curate.text("duplicates")
    other = tmp_path / "other"
    other.mkdir()
    scene(5, 400, 400).save(other / "one.png")
    open_folder(curate, other)
    assert "pictures compared" not in curate.text("duplicates")


def test_unreadable_files_are_told(curate, pictures):
    (pictures / "cut.png").write_bytes((pictures / "mill.png").read_bytes()[:2000])
    told = find(curate, pictures)
    assert "Not compared: " in told
    assert "cut.png" in told


# captions


@pytest.fixture
def training(pictures):
    """The pictures with captions, of which one does not fit."""
    shutil.copy(pictures / "harbour.png", pictures / "harbour again.png")
    for name, text in (
        ("harbour", "a harbour, boats, evening, stone quay, lamps"),
        ("harbour again", "a harbour, boats, evening, stone quay, gulls"),
        ("from the web", "portrait of a woman, red hair"),
        ("bridge", "a bridge"),
    ):
        (pictures / f"{name}.txt").write_text(text, "utf-8")
    return pictures


def test_captions_are_merged_for_the_one_to_keep_and_misfits_told_and_nothing_is_written(curate, training):
    find(curate, training)
    before = {path: path.read_bytes() for path in training.iterdir()}
    curate.do("duplicates", "captions")
    told = curate.text("duplicates")
    assert re.search(r"a harbour, boats, evening, stone quay, (lamps, gulls|gulls, lamps)", told)
    assert "from the web.jpg: portrait of a woman, red hair (does not fit the others)" in told
    assert {path: path.read_bytes() for path in training.iterdir()} == before


def test_merged_captions_are_written_on_order_into_another_folder(curate, training, tmp_path):
    find(curate, training)
    curate.do("duplicates", "captions")
    assert "this folder holds the pictures" in curate.do("duplicates", "write captions", captions_to=str(training))
    curate.do("duplicates", "write captions", captions_to=str(tmp_path / "merged"))
    assert "1 caption written into" in curate.text("duplicates")
    (file,) = (tmp_path / "merged").iterdir()
    tags = {"a harbour", "boats", "evening", "stone quay", "lamps", "gulls"}
    assert set(file.read_text("utf-8").strip().split(", ")) == tags


# verbatim copies


@pytest.fixture
def generated(tmp_path):
    """Pictures of two models, with their records; one of the first repeats a training picture."""
    folder, training = tmp_path / "generated", tmp_path / "training"
    folder.mkdir()
    training.mkdir()
    for number, model in ((11, "anna"), (12, "anna"), (13, "bert")):
        texts = PngInfo()
        settings = f"Steps: 5, Sampler: Euler, Seed: {number}, Size: 400x400, Model: {model}"
        texts.add_text("parameters", f"a scene\nNegative prompt: none\n{settings}")
        scene(number, 400, 400).save(folder / f"{number}.png", pnginfo=texts)
    ImageOps.mirror(scene(11, 400, 400)).save(training / "page 7.jpg", quality=85)
    scene(99, 400, 400).save(training / "page 8.jpg", quality=85)
    return folder, training


def test_of_each_model_it_is_told_how_many_repeat_a_training_picture_and_what_that_does_not_show(curate, generated):
    folder, training = generated
    open_folder(curate, folder)
    curate.do("verbatim", "compare", training=str(training))
    told = curate.text("verbatim")
    assert "anna 1 of 2 pictures (50 %) repeats 1 picture of the other folder" in told
    assert "bert none of 1 picture repeats one of the other folder" in told
    assert re.search(r"Copy (over )?\d+ % the same 11\.png .* Mirrored page 7\.jpg", told)
    assert "What was compared 3 pictures of" in told
    assert "does not show why" in told
    assert curate.html("verbatim").count('<img src="/data/thumbnails/') == 2


def test_without_a_training_folder_it_says_so(curate, generated):
    assert "Choose a folder of generated pictures above" in curate.text("verbatim")
    open_folder(curate, generated[0])
    assert "no folder is named" in curate.do("verbatim", "compare", training="")
