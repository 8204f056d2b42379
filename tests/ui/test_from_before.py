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
from lib_modelsim.ui.choices import HEAT_MAP, LIBRARY, LINEAGE, MAP, TREE
from lib_modelsim.ui.families import library
from lib_modelsim.ui.families.from_before import date_text
from lib_modelsim.ui.recipe.answer import reading_words, recipe_panel
from lib_modelsim.ui.recipe.maker import Maker
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


def classes(page):
    return str({part.elem_id: update for part, update in page.look().items()}["modelsim_named_classes"])


def rows(page):
    """The rows of the library's table, as its template gets them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(library, "render", lambda _, **values: values)
        return library.library_table(page.session, page.session.shown())["rows"]


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
    assert "choose another under Base" in before, "and not how the command line says it"
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
    for view, marked in ((HEAT_MAP, "copy (changed)"), (MAP, ">?</text>"), (TREE, "copy (changed)")):
        page.session.choose(view=view)
        assert marked in drawn(page) + classes(page), view
        assert '"changed since it was compared' in drawn(page)
    page.session.choose(view=HEAT_MAP)
    assert "missing" in drawn(page), "its cells are empty"
    page.session.choose(view=LIBRARY)
    row = {row.name: row for row in rows(page)}
    assert row["copy"].mark is None
    assert row["anna"].mark is not None
    page.session.choose(view=TREE)
    page.session.choose(chosen="anna")
    rest, changed = matches(page).split("<h4>changed or gone since</h4>")
    assert 'title="copy"' in changed
    assert 'title="copy"' not in rest


def test_the_same_question_about_the_same_files_is_answered_from_what_is_there(start):
    page, folder = start()
    backend, question = page.session.backend, page.session.choices.question
    backend.compare(question).wait()
    backend.hash_files().wait()
    backend.compare(question).wait()
    answer = backend.answers[question]
    backend.compare(question).wait()
    assert backend.answers[question] is answer
    shutil.copy(folder / "stranger.safetensors", folder / "carl.safetensors")
    backend.compare(question).wait()
    assert backend.answers[question] is not answer


def test_a_tree_of_another_version_is_told_of(start, monkeypatch):
    page, _ = start()
    page.session.choose(view=TREE)
    page.session.backend.compare(page.session.choices.question).wait()
    monkeypatch.setattr("lib_modelsim.workspace.families.kept._VERSION", "another")
    page, _ = start()
    assert "The last tree was made by another version of this program" in drawn(page)


def test_recipes_and_lineage_of_other_files_are_told_to_be_old(start):
    page, folder = start()
    backend = page.session.backend
    backend.ancestry.make_lineage().wait()
    page.session.choose(view=LINEAGE)
    assert "Make lineage" not in drawn(page)
    maker = Maker(page.session)
    maker.choose("anna")
    known = maker.known()
    assert reading_words(known).startswith("Made before")
    shutil.copy(folder / "stranger.safetensors", folder / "bert.safetensors")
    backend.look()
    assert "bert changed since" in drawn(page)
    assert "Make lineage" in drawn(page)
    known = maker.known()
    assert "bert has changed since" in reading_words(known)
    assert "changed since then, or gone: bert" in recipe_panel(maker, page.session, known)
    shutil.copy(folder / "stranger.safetensors", folder / "anna.safetensors")
    backend.look()
    assert maker.known().recalled is None


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
