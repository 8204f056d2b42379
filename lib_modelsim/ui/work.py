"""Long work as the tab shows it: a line with progress while it goes on, and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from threading import Lock
from typing import Any

import gradio as gr

from ..errors import ModelsimError, no_memory
from ..job import Cancelled, Progress
from ..text import counted
from .choices import LIBRARY
from .status import message, working
from .tasks import Task
from .view_state import ViewState
from .windows import asking_window

Updates = dict[Any, Any]
"""Component → its new value, as gradio takes it."""

HASHED_UNASKED = 20e9
"""Bytes up to which files are hashed as soon as the tree is shown; more only when a button says so."""


class _Begun:
    """Work that was asked for. It is started by the first who follows it; the others follow it, too."""

    def __init__(self, start: Callable[[], Task], stopped: str, done: str | None) -> None:
        self._start, self.stopped, self.done = start, stopped, done
        self._task: Task | None = None
        self._lock = Lock()

    def task(self) -> Task:
        """The work as it goes on."""
        with self._lock:
            self._task = self._task or self._start()
            return self._task


class Work:
    """Starts tasks of the backend and follows them, on the status line and the Stop button."""

    def __init__(self, session: ViewState, status: gr.HTML, stop: gr.Button) -> None:
        self._session, self._status, self._stop = session, status, stop
        self._begun: dict[Hashable, _Begun] = {}  # until it has ended, by who is to follow it
        self.outputs = [status, stop]

    @property
    def goes_on(self) -> bool:
        """Whether a task runs, or is about to."""
        return bool(self._begun) or self._session.backend.busy

    def take_turn(self) -> None:
        """Begin something new: who follows an older task leaves."""
        self._session.backend.turn += 1

    def stop(self) -> None:
        """Stop what runs."""
        self._session.backend.stop()

    def clear(self) -> Updates:
        """Another page is looked at: how work of the one before ended is not told there. What runs is followed on."""
        if self.goes_on:
            return {self._stop: gr.update()}  # gradio 3 takes nothing for None
        return self._resting(message(""))

    def index(self) -> Iterator[Updates]:
        """Read the headers of what is new or has changed."""
        yield from self._follow(self._session.backend.read_index, "Stopped. What was read so far is kept.")

    def compare(self) -> Iterator[Updates]:
        """Compare the models as chosen, unless only the library is looked at."""
        if self._session.choices.view == LIBRARY:
            yield {self._stop: gr.update()}  # gradio 3 takes a generator without a word for one that says None
            return
        self._session.settle_base()
        question = self._session.choices.question
        stopped = "Stopped. What is finished is kept. To go on, press Show families."
        yield from self._follow(lambda: self._session.backend.compare(question), stopped)

    def hash_few(self) -> Iterator[Updates]:
        """Hash the files that were not hashed before, unless they are many, or something else has begun."""
        backend = self._session.backend
        wanted = len(backend.index.models) > 1 and 0 < backend.unhashed <= HASHED_UNASKED
        if wanted and not backend.busy and self._session.choices.question in backend.answers:
            yield from self.hash_all()
        else:
            yield {self._stop: gr.update()}  # as above

    def hash_all(self) -> Iterator[Updates]:
        """Hash the files that were not hashed before."""
        yield from self._follow(self._session.backend.hash_files, "Hashing stopped. The files hashed so far are kept.")

    def begin(self, owner: Hashable, start: Callable[[], Task], stopped: str, done: str | None = None) -> None:
        """What `follow_begun` of this owner is to start and to follow; what the status line says where it is stopped,
        and when it is done, if that is not how many models there are. The owner is the part of the page that shows what
        comes of it, in the window that asks."""
        self.take_turn()
        self._begun[owner, asking_window()] = _Begun(start, stopped, done)

    def follow_begun(self, owner: Hashable) -> Iterator[Updates]:
        """Follow what a button of this owner asked for, if it asked for long work, to its end: also where another event
        has come first and follows it already, as who asked shows the answer after this. Then what was asked for
        meanwhile, as gradio 3 lets nobody else follow that."""
        yield {self._stop: gr.update()}  # as above
        asked = owner, asking_window()
        while (begun := self._begun.get(asked)) is not None:
            try:
                yield from self._follow(begun.task, begun.stopped, begun.done)
            finally:
                if self._begun.get(asked) is begun:
                    self._begun.pop(asked, None)

    def _follow(self, start: Callable[[], Task], stopped: str, done: str | None = None) -> Iterator[Updates]:
        """A task's progress to its end, and how it ended. Whoever asked earlier leaves the queue to the last to ask."""
        backend, turn, task = self._session.backend, self._session.backend.turn, start()
        yield self._working(None, 0, task)
        try:
            for progress, seconds in task.follow():
                if backend.turn != turn:
                    break
                yield self._working(progress, seconds, task)
            status = message(self._summary() if done is None else done)
        except Cancelled:
            status = message(stopped, "stopped")
        except ModelsimError as error:
            status = message(str(error), "error")
        except Exception as error:
            told = no_memory(error)
            if told is not None:
                yield self._resting(message(str(told), "error"))
                return
            yield self._resting(message(f"Unexpected error: {error!r}. The terminal has the details.", "error"))
            raise
        if backend.turn != turn:
            status = message("Replaced by a newer request, here or in another window.", "stopped")
        yield self._resting(status)

    def _working(self, progress: Progress | None, seconds: float, task: Task) -> Updates:
        """Each step lets a person stop it: what was answered late may have taken that away."""
        return {self._status: working(progress, seconds, task.name), self._stop: gr.update(interactive=True)}

    def _summary(self) -> str:
        index = self._session.backend.index
        models, bad = len(index.models), len(index.unreadable)
        return counted(models, "model") + (f", {bad:,} not read" if bad else "") + "."

    def _resting(self, status: str) -> Updates:
        return {self._status: status, self._stop: gr.update(interactive=False)}
