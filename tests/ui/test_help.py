"""The help marks: each text belongs to a control that is there, and says something."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("gradio", reason="the tab needs gradio")

import gradio as gr

import lib_modelsim.ui
from lib_modelsim.hosts.folders import Folders
from lib_modelsim.hosts.host import Settings
from lib_modelsim.library import Library
from lib_modelsim.ui.backend import Backend
from lib_modelsim.ui.help import help_texts
from lib_modelsim.ui.tab import Tab
from lib_modelsim.ui.view_state import ViewState

UNMARKED = {"modelsim_architecture", "modelsim_view", "modelsim_pictures_view"}
"""Choices that say by themselves what they are."""


def test_each_control_with_a_label_has_a_text_and_each_text_a_control(tmp_path):
    backend = Backend(Folders([], tmp_path, Settings(device="cpu")), lambda: Library(tmp_path / "library.sqlite"))
    with gr.Blocks() as blocks:
        pages = Tab(ViewState(backend)).pages
    labelled = {
        part.elem_id
        for part in blocks.blocks.values()
        if isinstance(part, gr.Checkbox)
        or (isinstance(part, (gr.Dropdown, gr.Number, gr.Textbox)) and part.label and part.show_label is not False)
    }
    texts = {name: text for page in pages for name, text in help_texts(page).items()}
    backend.close()
    assert set(texts) == labelled - UNMARKED
    assert all(len(text) > 30 and text.endswith(".") and "--" not in text for text in texts.values())


FIELD = re.compile(r"<label\b[^>]*>.*?</label>|<(?:select|input)\b[^>]*>", re.DOTALL)
"""A label with what is in it, or a field without one."""

BY_THEMSELVES = "data-duplicate", "data-name=\"weight:", "hidden", "data-column", "modelsim-drop"
"""A picture's own box, the weights below the sentence that explains them, and what says what it does."""


@pytest.mark.parametrize("name", ["curate_*", "duplicate*", "verbatim", "folders"])
def test_each_field_of_our_own_has_a_hint(name):
    for file in (Path(lib_modelsim.ui.__file__).parent / "templates").glob(f"{name}.html"):
        for field in FIELD.findall(file.read_text("utf-8")):
            if not any(mark in field for mark in BY_THEMSELVES) and "data-which" not in field:
                assert "data-hint=" in field, f"{file.name}: {field}"
