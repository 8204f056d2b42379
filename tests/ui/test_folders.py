"""Folders are added and removed on the page without a WebUI, and kept; asked of its handlers without a browser."""

from __future__ import annotations

import json
import shutil

import pytest

pytest.importorskip("gradio", reason="the tab needs gradio")

import gradio as gr

from lib_modelsim.hosts.folder_list import FolderList
from lib_modelsim.hosts.folders import Folders
from lib_modelsim.hosts.host import Settings
from lib_modelsim.library import Library
from lib_modelsim.ui.backend import Backend
from lib_modelsim.ui.families.classes import class_keys
from lib_modelsim.ui.tab import Tab
from lib_modelsim.ui.view_state import ViewState
from tests.command import run

from .following import ended
from .test_states import by_id, families, opened, tab_over  # noqa: F401 - a fixture


@pytest.fixture
def started(tmp_path, small_family):
    """Starts the page, again and again, with one data folder; `anna` is the whole demonstration."""
    made = []

    def write():
        (tmp_path / "demonstration").mkdir(exist_ok=True)
        shutil.copy2(small_family / "anna.safetensors", tmp_path / "demonstration")

    def start(*given):
        folders = FolderList(given, tmp_path / "data" / "folders.json", tmp_path / "demonstration", write)
        host = Folders(folders, tmp_path / "data", Settings(device="cpu"))
        made.append(Backend(host, lambda: Library(tmp_path / "data" / "library.sqlite")))
        with gr.Blocks():
            page = Tab(ViewState(made[-1])).pages["families"]
        opened(page)
        return page

    yield start
    for backend in made:
        backend.close()


@pytest.fixture
def mine(tmp_path, small_family):
    """A folder of my own: all five."""
    return shutil.copytree(small_family, tmp_path / "mine")


def act(page, what, **about):
    """A click on a button, and all that follows: what is shown in the end, and the last word of the status line."""
    page.act(json.dumps({"do": what, **about}))
    status = ended(page.work)
    return {**by_id(page._look_after()), "status": status}


def names(page):
    return sorted(row.name for row in page.session.backend.rows)


def test_the_demonstration_says_that_it_is_one_and_leaves_for_the_first_folder(started, mine):
    page = started()
    assert "models of a small demonstration" in opened(page)["folders"]
    shown = act(page, "add folder", path=str(mine))
    assert names(page) == ["anna", "base", "bert", "carl", "stranger"]
    assert "5 models" in shown["status"]
    assert "5 checkpoints" in shown["folders"]
    assert "models of a small demonstration" not in shown["folders"]
    assert "Show the demonstration" in shown["folders"]


def test_it_is_remembered_and_its_models_with_it(started, mine):
    act(started(), "add folder", path=str(mine))
    again = started()
    assert len(names(again)) == len(again.session.backend.index.models) == 5
    assert "not indexed" not in opened(again)["models"]


def test_the_demonstration_comes_back_on_request_and_goes_again(started, mine):
    page = started(mine)
    assert len(names(page)) == 5
    shown = act(page, "show demonstration")
    assert len(names(page)) == 6
    assert "Demonstration" in shown["folders"]
    demonstration = page.session.backend.host.folders.demonstration
    shown = act(page, "remove folder", path=str(demonstration))
    assert len(names(page)) == 5
    assert "Show the demonstration" in shown["folders"]


def test_a_wrong_path_is_told_and_changes_nothing(started, tmp_path):
    page = started()
    before = opened(page)["folders"]
    shown = act(page, "add folder", path=str(tmp_path / "nowhere"))
    assert "there is no such folder" in shown["status"].lower()
    assert names(page) == ["anna"]
    assert opened(page)["folders"] == before, "what was typed stays in the field"


def test_a_folder_that_is_not_there_is_told_and_its_models_are_not_forgotten(started, mine, small_family, tmp_path):
    act(started(small_family), "add folder", path=str(mine))
    away = mine.rename(tmp_path / "away")
    page = started(small_family)
    shown = opened(page)
    assert "1 not there" in shown["folders"]
    assert "not there: connect its drive" in shown["folders"]
    assert "not read:" in shown["models"]
    assert "data-tree=" in families(page)["drawing"], "the others are compared"
    assert "1 not there" in opened(page)["folders"], "beside the tree, too"
    away.rename(mine)
    again = started(small_family)
    again.session.choose(view="Library")
    shown = opened(again)
    assert "not there" not in shown["folders"]
    assert "not indexed" not in shown["models"]


def test_removing_a_folder_takes_its_models_out_of_the_answer(started, mine, small_family):
    page = started()
    act(page, "add folder", path=str(mine))
    assert "data-tree=" in families(page)["drawing"]
    assert page.session.backend.answers
    act(page, "remove folder", path=str(mine))
    assert names(page) == ["anna"], "the demonstration"
    assert not page.session.backend.answers
    assert mine.is_dir()


def test_a_webui_has_no_such_panel(tab_over, small_family):  # noqa: F811
    page = tab_over(small_family)
    update = page.show()[page._folders._panel]
    assert update["visible"] is False


def test_beside_a_drawing_the_folders_are_out_of_the_way(started, mine):
    page = started()
    families(page)
    assert page.show()[page._folders._panel]["visible"] is True, "nothing but the demonstration"
    act(page, "add folder", path=str(mine))
    families(page)
    assert page.show()[page._folders._panel]["visible"] is False


def test_the_greeting_goes_with_the_first_tree_and_stays_away(started, mine):
    page = started(mine)
    assert "Find my model" in opened(page)["greeting"]
    families(page)
    page._look_after()
    assert page.show()[page._greeting._greeting]["visible"] is False
    again = started(mine)
    assert again.show()[again._greeting._greeting]["visible"] is False


def test_the_greeting_can_be_closed_and_stays_closed(started, mine):
    page = started(mine)
    page.act(json.dumps({"do": "close greeting"}))
    again = started(mine)
    assert again.show()[again._greeting._greeting]["visible"] is False


def test_who_chose_something_before_there_was_a_greeting_sees_none(started, mine, tmp_path):
    page = started(mine)
    page.session.choose(linkage="average")
    file = tmp_path / "data" / "choices.json"
    kept = json.loads(file.read_text("utf-8"))
    del kept["greeted"]
    file.write_text(json.dumps(kept))
    again = started(mine)
    assert again.show()[again._greeting._greeting]["visible"] is False


@pytest.mark.parametrize("what", ["the folder moved", "the files were renamed"])
def test_names_of_classes_stay(started, mine, tmp_path, what):
    """On the page and on the command line, as both ask one library."""
    page = started()
    act(page, "add folder", path=str(mine))
    families(page)
    family = page.session.shown().family
    number = dict(zip(family.features.models, family.classes.tolist(), strict=True))["anna"]
    page.act(json.dumps({"do": "name", "class": class_keys(family)[number], "name": "annas", "remark": ""}))

    if what == "the folder moved":
        moved = mine.rename(tmp_path / "elsewhere")
    else:
        moved = mine
        for file in list(mine.iterdir()):
            file.rename(file.with_name(f"new {file.name}"))
    page = started()
    act(page, "add folder", path=str(moved))
    families(page)
    shown = page.session.shown()
    assert [named.name for named in shown.class_names.values()] == ["annas"]
    assert not [row for row in page.session.backend.rows if row.came_from]

    library = tmp_path / "data" / "library.sqlite"
    told = run("classify", moved, "--out", tmp_path / "out", "--library", library, "--json")
    named = {row["model"].removeprefix("new ") for row in told.document["classes"] if row["name"] == "annas"}
    assert "anna" in named
