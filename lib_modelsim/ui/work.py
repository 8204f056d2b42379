"""The jobs as every browser window shows them: one line of what runs, a list that opens, a Stop button."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import gradio as gr
from markupsafe import Markup

from ..templates import render
from ..text import percent
from .jobs import Jobs
from .status import message, working
from .tasks import Task
from .windows import Windows, asking_window

Updates = dict[Any, Any]
"""Component → its new value, as gradio takes it."""


@dataclass
class _InLine:
    """Whose line a browser window shows: its Stop is for that one."""

    number: int | None = None


class Work:
    """The backend's jobs on the page. The script asks for them again and again, more often while something goes on, and
    says which list it has: so all windows see the same, also after a reload."""

    def __init__(self, jobs: Jobs) -> None:
        self.jobs = jobs
        self._owners: list[str] = []
        self._in_line = Windows(_InLine, share=True)
        with gr.Row(elem_id="modelsim_bar"):
            self._line = gr.HTML(message(""), elem_id="modelsim_status")
            self._list = gr.HTML(elem_id="modelsim_jobs")
            self.stop = gr.Button("Stop", elem_id="modelsim_interrupt", interactive=False, scale=0, min_width=80)
        with gr.Row(elem_id="modelsim_jobs_hidden") as self._hidden:
            self._told = gr.HTML(elem_id="modelsim_jobs_told")
            self.asked, self.action = (
                gr.Textbox(elem_id=name, show_label=False) for name in ("modelsim_jobs_asked", "modelsim_jobs_action")
            )
        self.outputs = [self._told, self._line, self._list, self.stop]

    def begin(self, owner: Hashable, start: Callable[[], Task], stopped: str = "", done: str = "") -> Task:
        """Put work into the queue. The owner is the part of the page that shows what comes of it, in all windows; then
        what is said where it is stopped, and where it is done and says nothing itself."""
        task = start()
        task.stopped, task.done = stopped or task.stopped, done or task.done
        self.jobs.show_to(task, owner)
        return task

    def begin_own(self, owner: str, start: Callable[[], Task], stopped: str = "", done: str = "") -> Task:
        """The same, where what comes of it is shown in the window alone that asks."""
        return self.begin((owner, asking_window()), start, stopped, done)

    def field_of(self, owner: str) -> tuple[gr.Textbox, gr.HTML]:
        """The field into which the script writes how often work of this owner has ended, where that is more than the
        page has shown; and where the page is told that it has shown so many."""
        self._owners.append(owner)
        with self._hidden:
            return gr.Textbox(elem_id=f"modelsim_ended_{owner}", show_label=False), gr.HTML()

    def show(self, asked: str) -> Updates:
        """What goes on, for a window that asks and says which list it has."""
        question, window = json.loads(asked) if asked else {}, asking_window()
        running, listed = next(iter(self.jobs.running), None), self._listed()
        self._in_line.here().number = None if running is None else running.number
        version = f"{crc32(listed.encode()):x}"
        same = question.get("list") == version
        ends = {owner: self.jobs.ends(owner, (owner, window)) for owner in self._owners}
        told = {"at": question.get("at"), "live": self.jobs.busy, "named": bool(window), "ends": ends}
        return {
            self._told: render("ui/templates/jobs_told.html", told=json.dumps(told)),
            self._line: self.line(),
            self._list: gr.update() if same else render("ui/templates/jobs_list.html", listed=listed, version=version),
            self.stop: gr.update(interactive=running is not None and not running.stopping),
        }

    def stop_shown(self) -> None:
        """Stop what the window's line shows, and nothing that has begun since."""
        if (number := self._in_line.here().number) is not None:
            self.jobs.stop(number)

    def act(self, asked: str) -> None:
        """What a button in the list asks for."""
        match json.loads(asked) if asked else {}:
            case {"job": "stop", "number": str(number)}:
                self.jobs.stop(int(number))
            case {"job": "run now", "number": str(number)}:
                self.jobs.run_now(int(number))
            case {"job": "dismiss", "number": str(number)}:
                self.jobs.dismiss(int(number) if number else None)

    def line(self) -> str:
        """What runs and how far it is, else how the last that ended did."""
        jobs = self.jobs
        if (running := next(iter(jobs.running), None)) is not None:
            if running.stopping:
                return message(f"{running.title}: {_ending(running, jobs)} …", "working")
            return working(running)
        if waiting := jobs.waiting:
            return working(waiting[0])
        last = next(iter(jobs.ended), None)
        return message("") if last is None else message(f"{last.title}: {last.told}", last.state.value)

    def _listed(self) -> Markup:
        """What runs, what waits, what has ended; with a button each for what can be done with it."""
        jobs = self.jobs
        running, waiting, ended = jobs.running, jobs.waiting, jobs.ended
        at_work = {each.lane: each for each in running}
        counts = [f"{len(running)} run"] if len(running) > 1 else []
        counts += [f"{len(waiting):,} waiting"] if waiting else []
        return render(
            "ui/templates/jobs.html",
            running=[(each, _state(each, jobs)) for each in running],
            waiting=[(each, at_work.get(each.lane)) for each in waiting if each not in running],
            ended=ended,
            summary=", ".join(counts) or "Jobs",
        )


def _ending(task: Task, jobs: Jobs) -> str:
    return "making way" if task in jobs.waiting else "stopping"


def _state(task: Task, jobs: Jobs) -> str:
    """What the list says of one that runs: how far it is, where no line does, in steps that leave the list at rest."""
    if task.stopping:
        return "ends its item"
    progress, in_line = task.progress, next(iter(jobs.running), None) is task
    if in_line or progress is None or not progress.total:
        return "runs"
    return f"runs, {percent(progress.done / progress.total)}"
