"""What an update of the page costs, counted: files opened, names of classes asked for."""

from __future__ import annotations

import json
import shutil

import pytest

pytest.importorskip("gradio", reason="the tab needs gradio")

import gradio as gr
from PIL import Image

from lib_modelsim.hosts.webui import WebUI
from lib_modelsim.library import Library
from lib_modelsim.ui.backend import Backend
from lib_modelsim.ui.tab import Tab
from lib_modelsim.ui.view_state import ViewState
from tests.hosts.fakes import A1111
from tests.opened_files import opened_files
from tests.ui.following import ended

VIEWS = ["Tree", "Heat map", "Map", "Library"]


@pytest.fixture
def tab(tmp_path, small_family, monkeypatch):
    """The families of a WebUI in which every checkpoint has notes and a picture, compared."""
    for path in small_family.iterdir():
        shutil.copyfile(path, tmp_path / path.name)
        (tmp_path / f"{path.stem}.civitai.info").write_text(json.dumps({"model": {"name": f"notes of {path.stem}"}}))
        Image.new("RGB", (8, 8)).save(tmp_path / f"{path.stem}.preview.png")
    A1111(tmp_path).install(monkeypatch)
    backend = Backend(WebUI(), lambda: Library(tmp_path / "library.sqlite"))
    with gr.Blocks():
        families = Tab(ViewState(backend)).pages["families"]
    families.towards_tree()
    families.compare()
    ended(families.work)
    families.look()
    yield families
    backend.close()


def beside_checkpoints(opened):
    return sorted(path.name for path in opened if path.name.endswith((".info", ".png", ".txt", ".json")))


def test_a_click_on_a_model_reads_what_lies_beside_this_model_alone(tab):
    with opened_files() as opened:
        card = tab._chosen.choose("carl")[tab._chosen.card]
    assert "notes of carl" in card
    assert "data:image/jpeg" in card
    assert beside_checkpoints(opened) == ["carl.civitai.info", "carl.preview.png"]


@pytest.mark.parametrize("view", VIEWS)
def test_an_update_without_a_model_chosen_reads_nothing_beside_checkpoints(tab, view):
    tab.session.choose(view=view)
    with opened_files() as opened:
        tab.look()
    assert beside_checkpoints(opened) == []


@pytest.mark.parametrize("view", VIEWS)
def test_the_state_of_the_page_is_found_out_once_for_an_update(tab, view, monkeypatch):
    asked = []
    for owner, name in ((tab.session, "shown"), (tab.session.backend, "class_names")):
        ask = getattr(owner, name)
        monkeypatch.setattr(owner, name, lambda *a, ask=ask, name=name: asked.append(name) or ask(*a))
    tab.session.choose(view=view, chosen="carl")
    tab.show()
    assert asked == ["shown", "class_names"]
