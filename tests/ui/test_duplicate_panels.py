"""What the page Curate says of copies, asked of its handlers without a browser: of checkpoints, of pictures, of those
that repeat a picture of another folder."""

from __future__ import annotations

import html
import json
import re
import shutil
from itertools import count
from urllib.parse import unquote

import pytest

pytest.importorskip("gradio", reason="the tab needs gradio")

import gradio as gr

from lib_modelsim.hosts.folders import Folders
from lib_modelsim.hosts.host import Settings
from lib_modelsim.library import Library
from lib_modelsim.ui.backend import Backend
from lib_modelsim.ui.tab import Tab
from lib_modelsim.ui.view_state import ViewState

HERE = "a window"


class Page:
    """The page Curate, as one browser window has it."""

    def __init__(self, tab):
        self.page, self._number = tab.pages["curate"], count(1)

    def do(self, panel, what, window=HERE, **more):
        """Let a panel do something, to its end; what the status line says then, or why it was refused."""
        action = {"panel": panel, "do": what, "number": next(self._number), **more}
        refused = value_of(self.page.act(json.dumps({"actions": [action]}), window), "curate_said")
        said = [next(iter(step.values())) for step in self.page.follow(window)]
        return words(refused or said[-1])

    def html(self, panel, window=HERE):
        """What a panel shows."""
        return str(value_of(self.page.show(window), f"curate_{panel}"))

    def text(self, panel, window=HERE):
        return words(self.html(panel, window))


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


