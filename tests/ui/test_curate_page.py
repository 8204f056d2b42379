"""What the page Curate does, asked of its handlers without a browser: open, score, mark, copy with a question, list."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

pytest.importorskip("gradio", reason="the tab needs gradio")

import gradio as gr
import numpy as np
from PIL import Image

from lib_modelsim.hosts.folders import Folders
from lib_modelsim.hosts.host import Settings
from lib_modelsim.library import Library
from lib_modelsim.ui.backend import Backend
from lib_modelsim.ui.tab import Tab
from lib_modelsim.ui.view_state import ViewState
from lib_modelsim.ui.windows import asked_by
from lib_modelsim.workspace.curating.looking import looked_at
from tests.ui.following import ended


class CuratePageInWords:
    """The page, and what it shows by the ids of its components."""

    def __init__(self, page):
        self.page, self.number = page, 0

    def act(self, panel, **action):
        """What a person does, followed to its end; what is said of it above the panels."""
        self.number += 1
        sent = json.dumps({"actions": [{"panel": panel, "number": self.number, **action}]})
        updates = self.page.act(sent)
        ended(self.page._wiring.work)
        return next(str(value) for part, value in updates.items() if part.elem_id == "modelsim_curate_said")

    def shown(self, part):
        """The HTML of a component."""
        return next(str(value) for each, value in self.page.show().items() if each.elem_id == f"modelsim_{part}")

    def names(self):
        """Of the gallery's pictures, in its order."""
        curator = self.page.curator
        return [each.about.path.stem for each in looked_at(curator.pictures, curator.look, curator.marks)]


@pytest.fixture
def curate(tmp_path):
    models = tmp_path / "models"
    models.mkdir()
    backend = Backend(Folders([models], tmp_path / "data", Settings(device="cpu")), lambda: Library(None))
    with gr.Blocks():
        tab = Tab(ViewState(backend))
    yield CuratePageInWords(tab.pages["curate"])
    backend.close()


@pytest.fixture
def folder(tmp_path) -> Path:
    """Five pictures, the later the more contrast; the last has a caption, and one file is no picture."""
    found = tmp_path / "mine"
    found.mkdir()
    for i in range(5):
        noise = np.random.default_rng(i).normal(128, 5 + 10 * i, (64, 64, 3)).clip(0, 255)
        Image.fromarray(noise.astype(np.uint8)).save(found / f"{i}.png")
    (found / "4.txt").write_text("a caption")
    return found


def test_the_best_stand_first_and_are_copied_after_a_yes(curate, folder, tmp_path):
    curate.act("folder", do="open", path=str(folder))
    assert curate.names() == ["0", "1", "2", "3", "4"]
    curate.act("scores", do="score", **{"use:contrast": True, "weight:contrast": "1"})
    assert curate.names() == ["4", "3", "2", "1", "0"]
    curate.act("gallery", do="keep first", count="2")
    fields = {"target": str(tmp_path / "best"), "meant": "kept", "beside": True}
    curate.act("chosen", do="copy", **fields)
    assert "Copy 2 pictures and 1 file beside them" in curate.shown("curate_chosen")
    assert not (tmp_path / "best").exists()
    curate.act("chosen", do="no")
    curate.act("chosen", do="copy", **fields)
    curate.act("chosen", do="yes")
    assert {each.name for each in (tmp_path / "best").iterdir()} == {"3.png", "4.png", "4.txt"}
    assert "2 pictures copied to" in curate.shown("curate_chosen")


def test_every_panel_of_pictures_says_what_to_do_before_a_folder_is_chosen(curate):
    for panel in ("pictures", "best", "map", "clusters", "models", "prompts"):
        assert "older above" in curate.shown(f"curate_{panel}"), panel


def test_one_press_scores_groups_and_chooses_the_best(curate, folder):
    curate.act("folder", do="open", path=str(folder))
    assert "Choose the best" in curate.shown("curate_best")
    curate.act("best", do="group")
    best = curate.shown("curate_best")
    assert "Keep these" in best
    assert "Scored by colourfulness, contrast" in best


def test_pictures_of_sub_folders_are_named_with_their_folder(curate, folder):
    (folder / "anna").mkdir()
    (folder / "3.png").rename(folder / "anna" / "0.png")
    curate.act("folder", do="open", path=str(folder))
    assert {"0.png", "anna/0.png"} <= set(re.findall(r'alt="([^"]*)"', curate.shown("curate_pictures")))


def test_a_move_takes_the_picture_out_of_the_gallery(curate, folder, tmp_path):
    curate.act("folder", do="open", path=str(folder))
    curate.act("gallery", do="keep first", count="1")
    curate.act("chosen", do="move", target=str(tmp_path / "moved"), meant="kept", beside=True)
    assert (folder / "0.png").exists()
    curate.act("chosen", do="yes")
    assert not (folder / "0.png").exists()
    assert (tmp_path / "moved" / "0.png").exists()
    assert curate.names() == ["1", "2", "3", "4"]


def test_stars_are_everybody_s_and_the_order_is_each_window_s(curate, folder):
    curate.act("folder", do="open", path=str(folder))
    content = curate.page.curator.pictures[2].about.content
    curate.act("gallery", do="mark", marks={content: [5, True], "0" * 64: [1, False]})
    curate.act("gallery", do="look", changes={"order": "stars", "page": 3, "stars": "many"})
    assert curate.names()[0] == "2"
    with asked_by("another window"):
        curate.act("folder", do="open", path=str(folder))
        assert curate.names()[0] == "0"
        assert 'data-stars="5"' in curate.shown("curate_pictures")


def test_an_action_that_is_sent_twice_is_done_once(curate, folder):
    curate.act("folder", do="open", path=str(folder))
    curate.act("gallery", do="keep first", count="3")
    again = {"panel": "gallery", "number": curate.number, "do": "keep first", "count": "1"}
    answer = curate.page.act(json.dumps({"actions": [again]}))
    assert len(curate.page.curator.kept) == 3
    assert answer.keys() == set(curate.page.outputs), "all is shown: the answer from before has not arrived"


def test_a_picture_is_handed_to_another_page_until_it_has_arrived_there(curate, folder):
    """Of two answers that reach the page at once it sees the later one alone."""
    curate.act("folder", do="open", path=str(folder))
    content = re.search(r'data-content="(\w+)"', curate.shown("curate_pictures"))[1]
    curate.act("larger", do="find", content=content)
    handed = curate.shown("curate_handed")
    assert "data-picture=" in handed
    assert curate.shown("curate_handed") == handed
    curate.act("larger", do="arrived")
    assert curate.shown("curate_handed") == ""


def test_what_cannot_be_done_is_said_in_one_line(curate, folder):
    curate.act("folder", do="open", path=str(folder))
    assert "no picture is kept" in curate.act("chosen", do="copy", target="/tmp/x", meant="kept", beside=True)
    assert "no folder is named" in curate.act("chosen", do="copy", target="", meant="shown", beside=True)
    assert "no score is chosen" in curate.act("scores", do="score")
