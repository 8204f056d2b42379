"""Long work is followed to its end by whoever asked for it, whichever event comes first."""

from __future__ import annotations

import json
from base64 import b64encode
from io import BytesIO
from threading import Event

import pytest

pytest.importorskip("gradio", reason="the tab needs gradio")

import gradio as gr

from lib_modelsim.hosts.folders import Folders
from lib_modelsim.hosts.host import Settings
from lib_modelsim.library import Library
from lib_modelsim.ui.backend import Backend
from lib_modelsim.ui.tab import Tab
from lib_modelsim.ui.view_state import ViewState
from tests.probes.galleries import noise_of

from .test_states import by_id


@pytest.fixture
def tab(tmp_path):
    backend = Backend(Folders([tmp_path], tmp_path, Settings(device="cpu")), lambda: Library(tmp_path / "l.sqlite"))
    with gr.Blocks():
        yield Tab(ViewState(backend))
    backend.close()


@pytest.fixture
def work(tab):
    return tab.pages["families"].work


@pytest.fixture
def begun(tab, work):
    """Work that was asked for, and goes on until this is set."""
    go_on = Event()
    work.begin("here", lambda: work._session.backend.run("something", lambda *_: go_on.wait()), "Stopped.", "Done.")
    yield go_on
    go_on.set()


def status(step):
    return str(by_id(step).get("status"))


def is_stoppable(step):
    return next(update for part, update in step.items() if part.elem_id == "modelsim_interrupt")["interactive"]


def give(page):
    """A picture for the page "Find my model", as the script sends it."""
    file = BytesIO()
    noise_of("somebody's", (64, 64)).save(file, "PNG")
    pictures = [{"name": "mine.png", "data": b64encode(file.getvalue()).decode()}]
    return page.take(json.dumps({"pictures": pictures}))


def test_a_click_on_curate_takes_nothing_from_the_page_that_has_to_show_it(tab):
    """The page Curate hands a picture over, and follows its own click after the search has begun: it has nothing to do,
    and would not show the answer."""
    find, curate = tab.pages["find"], tab.pages["curate"]
    give(find)
    assert len(list(curate.follow())) == 1, "it follows the search"
    assert len(list(find.follow_begun())) > 1, "nobody follows the search"
    assert "mine.png" in by_id(find.show())["answer"]
    assert "Searching" not in by_id(find.show())["answer"]


def test_each_part_of_the_page_follows_its_own_work(tab, work):
    """Each shows other things after it."""
    find, asked = tab.pages["find"], json.dumps({"import": "look", "path": "nowhere"})
    tab.pages["families"].act(json.dumps({"do": "add folder", "path": "nowhere"}))
    find.imports.act(asked, tab.pages["find"].wiring)
    for owner in ("probes", "encoders"):
        assert len(list(work.follow_begun(owner))) == 1
    for owner in ("families", "imports"):
        assert len(list(work.follow_begun(owner))) > 1


def test_who_comes_second_waits_for_the_end_and_tells_it_too(work, begun):
    """What shows the answer comes after it."""
    first, second = work.follow_begun("here"), work.follow_begun("here")
    for following in (first, second):
        next(following)
        assert "Starting" in status(next(following))
    begun.set()
    for following in (first, second):
        assert "Done." in status(list(following)[-1])
    assert not work.goes_on
    assert len(list(work.follow_begun("here"))) == 1, "what has ended is not told again"


def test_another_page_takes_neither_the_line_nor_stop_from_what_is_about_to_start(work, begun):
    assert "status" not in by_id(work.clear())
    following = work.follow_begun("here")
    next(following)
    assert is_stoppable(next(following))
    assert is_stoppable(next(following)), "an answer that comes late may have taken Stop away"
    assert "status" not in by_id(work.clear())
    begun.set()
    list(following)
    assert "status" in by_id(work.clear())
