"""The jobs as the page shows them: one line, a list, Stop; in every window, also after a reload."""

from __future__ import annotations

import html
import json
import re
import time
from threading import Event

import pytest

pytest.importorskip("gradio", reason="the tab needs gradio")

import gradio as gr

from lib_modelsim.errors import ModelsimError
from lib_modelsim.hosts.folders import Folders
from lib_modelsim.hosts.host import Settings
from lib_modelsim.job import Progress
from lib_modelsim.library import Library
from lib_modelsim.ui.backend import Backend
from lib_modelsim.ui.tab import Tab
from lib_modelsim.ui.view_state import ViewState
from lib_modelsim.ui.windows import asked_by

from .following import PATIENCE, ended


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
def going_on(work):
    """Work that goes on until it is let go, and has told how far it is."""
    told, go_on = Event(), Event()

    def body(job):
        job.report(Progress("generating", 24, 90, "pictures"))
        told.set()
        while not go_on.wait(0.01):
            job.check()
        return "90 generated."

    found = add(work, "Probes", body)
    assert told.wait(PATIENCE)
    found.go_on = go_on
    yield found
    go_on.set()


def add(work, title, body=lambda _: "fine", owner="models", asked=True):
    from lib_modelsim.ui.tasks import Task

    return work.begin(owner, lambda: work.jobs.add(Task(title, title, body, asked=asked)), "Stopped: it is kept.")


def shown(work, had="", window="a window"):
    """What a window gets that has this list: what the script is told, the line, the list, whether one can stop."""
    with asked_by(window):
        told, line, listed, stop = work.show(json.dumps({"at": 1, "list": had})).values()
    told = json.loads(html.unescape(re.search('told="([^"]*)"', told).group(1)))
    return told, str(line), listed if isinstance(listed, str) else None, stop["interactive"]


def test_one_runs_with_its_progress_and_a_second_waits_with_its_place(work, going_on):
    add(work, "Second")
    add(work, "Third")
    told, line, listed, stoppable = shown(work)
    assert told["live"]
    assert stoppable
    assert "Probes: generating, 24 of 90 pictures, 27 %" in line
    assert "2 waiting" in listed
    assert [listed.index(words) for words in ("Probes", "Second", "Third")] == sorted(
        listed.index(words) for words in ("Probes", "Second", "Third")
    )
    assert "1. in the queue" in listed
    assert "2. in the queue" in listed
    version = re.search('jobs-list="([^"]*)"', listed).group(1)
    assert shown(work, version)[2] is None, "a window that has the list is not sent it again"


def test_that_a_long_item_goes_on_is_seen():
    from lib_modelsim.ui.status import working
    from lib_modelsim.ui.tasks import Task, TaskState

    def line(*progress, seconds=35.2, within=""):
        began = time.monotonic() - seconds
        told = {"progress": Progress(*progress), "within": within, "state": TaskState.RUNNING}
        return str(working(Task("Probes", "Probes", str, **told, _item=began, _since=time.monotonic())))

    pictures = "generating", 2, 60, "pictures"
    assert "2 of 60 pictures, 3 %, the next: step 4 of 20, 36 s" in line(*pictures, within="step 4 of 20")
    assert 'the next: step 4 of 20"' in line(*pictures, seconds=1, within="step 4 of 20"), "and no seconds yet"
    assert "the next" not in line(*pictures, seconds=1)
    assert "1 MB of 2 MB, 50 %, working for 36 s" in line("reading", 1e6, 2e6, "B")
    assert "waiting … 36 s" in line("waiting", 0, 0, "")


def test_removed_stopped_and_run_first(work, going_on):
    second, third = add(work, "Second"), add(work, "Third")
    _, _, listed, _ = shown(work)
    assert "“Probes” makes way and goes on afterwards. What it has finished is kept." in listed
    work.act(json.dumps({"job": "stop", "number": str(second.number)}))
    assert "Second" not in shown(work)[2]
    work.act(json.dumps({"job": "run now", "number": str(third.number)}))
    assert third.wait(PATIENCE)
    assert going_on.running, "it makes way and goes on"
    work.act(json.dumps({"job": "stop", "number": str(going_on.number)}))
    assert "Probes: Stopped: it is kept." in ended(work)


def test_what_ended_says_what_came_out_until_it_is_dismissed(work, going_on):
    going_on.go_on.set()

    def fail(_):
        raise ModelsimError("it fails", None, "do that")

    add(work, "Second", fail)
    assert "Second: it fails. Fix: do that" in ended(work)
    told, _, listed, stoppable = shown(work)
    assert (told["live"], stoppable) == (False, False)
    assert "90 generated." in listed
    work.act(json.dumps({"job": "dismiss", "number": str(going_on.number)}))
    assert "90 generated." not in shown(work)[2]


def test_each_window_is_told_of_the_ends_that_it_is_to_show(work):
    before = shown(work)[0]["ends"]
    add(work, "Everybody's")
    with asked_by("a window"):
        work.begin_own("find", lambda: add(work, "Its own", owner="nobody"))
    ended(work)
    mine, others = shown(work)[0]["ends"], shown(work, window="another")[0]["ends"]
    assert (mine["models"] - before["models"], mine["find"] - before["find"]) == (1, 1)
    assert (others["models"] - before["models"], others["find"] - before["find"]) == (1, 0)
