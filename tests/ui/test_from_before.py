"""After a start the last tree is there at once, with its date and what has become of its files; nothing is read."""

from __future__ import annotations

import html
import shutil
from datetime import datetime
from pathlib import Path

import pytest

pytest.importorskip("gradio", reason="the tab needs gradio")

import gradio as gr

from lib_modelsim.checkpoints import reader
from lib_modelsim.hosts.folders import Folders
from lib_modelsim.hosts.host import Settings
from lib_modelsim.library import Library
from lib_modelsim.ui.backend import Backend
from lib_modelsim.ui.choices import TREE
from lib_modelsim.ui.families.from_before import date_text
from lib_modelsim.ui.tab import Tab
from lib_modelsim.ui.view_state import ViewState


@pytest.fixture
def start(tmp_path, small_family):
    """Starts the tab, again and again over one folder and one library."""
    folder, running = Path(shutil.copytree(small_family, tmp_path / "models")), []

    def begin():
        while running:
            running.pop().close()
        host = Folders([folder], tmp_path / "data", Settings(device="cpu"))
        running.append(Backend(host, lambda: Library(tmp_path / "library.sqlite")))
        with gr.Blocks():
            return Tab(ViewState(running[0])).pages["families"], folder

    yield begin
    running.pop().close()


def drawn(page):
    found = {part.elem_id: update for part, update in page.look().items()}["modelsim_drawing"]["value"]
    return html.unescape(found)


def matches(page):
    found = {part.elem_id: update for part, update in page.look().items()}["modelsim_relatives"]
    return str(found["value"] if isinstance(found, dict) else found)


def test_the_last_tree_is_there_after_a_start_and_tells_what_it_does_not_know(start, monkeypatch):
    page, folder = start()
    page.session.choose(view=TREE)
    assert "Not compared yet" in drawn(page)
    page.session.backend.compare(page.session.choices.question).wait()
    assert "modelsim-before" not in drawn(page)

    def opened(*_):
        raise AssertionError("a file is read")

    page, _ = start()
    with monkeypatch.context() as closed:
        closed.setattr(reader.Checkpoint, "__enter__", opened)
        before = drawn(page)
        shown = page.session.shown()
        shown.answer.weigh(shown.how, shown.family)
    assert all(f'"{name}"' in before for name in ("anna", "bert", "carl", "stranger"))
    assert "the files are the same since" in before
    (folder / "bert.safetensors").unlink()
    shutil.copy(folder / "carl.safetensors", folder / "dora.safetensors")
    told = drawn(page)
    assert "1 file is new since; 1 file is gone: bert. Press Show families to renew it." in told
    assert '"bert"' in told
    assert told.count('"gone"') == 1, "its leaf is marked"
    page.session.backend.compare(page.session.choices.question).wait()
    assert "modelsim-before" not in drawn(page)


@pytest.mark.parametrize("started_anew", [True, False])
def test_nothing_is_said_of_a_file_that_is_another_since(start, started_anew):
    page, folder = start()
    shutil.copy(folder / "anna.safetensors", folder / "copy.safetensors")
    page.session.choose(view=TREE)
    page.session.backend.compare(page.session.choices.question).wait()
    page.look()
    page.session.choose(chosen="anna")
    assert "100.000 %" in matches(page)
    assert "modelsim-before" not in drawn(page)
    shutil.copy(folder / "stranger.safetensors", folder / "copy.safetensors")
    if started_anew:
        page, _ = start()
    said = drawn(page)
    assert "1 file has changed: copy" in said
    page.session.choose(chosen="anna")
    rest, changed = matches(page).split("<h4>changed or gone since</h4>")
    assert 'title="copy"' in changed
    assert 'title="copy"' not in rest


def test_what_was_told_of_two_files_is_forgotten_with_them(start):
    page, folder = start()
    session = page.session
    backend = session.backend
    backend.compare(session.choices.question).wait()
    session.choose(chosen="anna")
    for other in ("bert", "carl"):
        session.begin_detail(other).wait()
    backend.compare(session.choices.question).wait()
    assert {pair[2] for pair in backend.details} == {"bert", "carl"}
    shutil.copy(folder / "stranger.safetensors", folder / "carl.safetensors")
    assert "modelsim-detail" in str(page.show()[page._chosen.detail])
    page.look()
    assert page.show()[page._chosen.detail] == ""
    backend.compare(session.choices.question).wait()
    assert {pair[2] for pair in backend.details} == {"bert"}


def test_a_report_has_no_hashes_of_other_files_than_it_is_of(start):
    page, folder = start()
    backend = page.session.backend
    backend.compare(page.session.choices.question).wait()
    shutil.copy(folder / "bert.safetensors", folder / "carl.safetensors")
    backend.hash_files().wait()
    shown = page.session.shown()
    result = backend.result(shown.answer, shown.how, shown.family)
    assert "carl" not in {*result.models, *result.identities}
    assert "anna" in result.identities
    assert "changed or gone since they were compared: carl" in result.told


def test_a_date_has_its_year_where_that_is_another_one():
    made = datetime(2026, 11, 9, 14, 5)
    assert date_text(made, datetime(2026, 11, 30)) == "9 Nov, 14:05"
    assert date_text(made, datetime(2027, 1, 1)) == "9 Nov 2026, 14:05"
