"""A piece of long work: what it is, how far it is, and what came out of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from enum import Enum
from threading import Event

from ..errors import ModelsimError, for_page, no_memory
from ..job import Cancelled, Job, Progress
from ..saying import logger_of

_log = logger_of(__name__)

LONG = 5.0
"""Seconds from which on work is long: that it has ended is told, though nothing is to be said of it."""


class TaskState(Enum):
    """Where a task is on its way from the queue to its end."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "error"


class Lane(Enum):
    """Which thread does a task: each does one at a time, beside the other."""

    READS = "reads"
    """All else: files, the library, pictures that are there."""
    GENERATES = "generates"
    """New pictures, for minutes or hours."""


_ENDS = TaskState.DONE, TaskState.STOPPED, TaskState.FAILED


@dataclass(eq=False)
class Task:
    """Work that was asked for. Tasks of one `key` are the same work. `series`: of all that have it only the newest is
    wanted, as they answer one question of one person's. `asked`: a person did, rather than the page itself. It waits
    for others of its `lane` alone.

    `work` takes the Job that it reports to, and may return a sentence of what came out; `done` is that of work that
    says nothing, `stopped` tells what is kept where it is stopped. `owners`: the parts of the page that show what came
    out.
    """

    key: Hashable
    title: str
    work: Callable[[Job], object]
    series: Hashable = None
    asked: bool = True
    lane: Lane = Lane.READS
    stopped: str = "Stopped. What is finished is kept."
    done: str = ""
    owners: set[Hashable] = field(default_factory=set)
    number: int = 0
    state: TaskState = TaskState.WAITING
    said: str = ""  # by the work itself, or of its failure
    progress: Progress | None = None
    within: str = ""  # what is being done of the item in hand
    seconds: float = 0.0  # it ran, in all its turns
    stopping: bool = False
    _stop: Event = field(default_factory=Event)
    _end: Event = field(default_factory=Event)
    _since: float = 0.0
    _item: float = 0.0  # when the item in hand was begun

    @property
    def running(self) -> bool:
        """Whether it has not ended yet; it may be waiting."""
        return self.state not in _ENDS

    @property
    def stage_seconds(self) -> float:
        """How long the stage that it reports has taken."""
        return time.monotonic() - self._since

    @property
    def item_seconds(self) -> float:
        """How long the item in hand has taken."""
        return time.monotonic() - self._item

    @property
    def told(self) -> str:
        """How it ended, in a sentence."""
        return self.said or {TaskState.DONE: self.done or "done.", TaskState.STOPPED: self.stopped}.get(self.state, "")

    @property
    def worth_telling(self) -> bool:
        """Whether its end is: not that of something that was over at once, as it was meant to be."""
        return bool(self.said) or self.state is not TaskState.DONE or self.seconds > LONG

    def interrupt(self) -> None:
        """Ask the work to end; it does so within one item, and keeps what is finished."""
        self.stopping = True
        self._stop.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Until it has ended; False where that takes longer."""
        return self._end.wait(timeout)

    def run(self) -> None:
        """Do the work, in this thread. However it goes, it ends here, with a sentence for people."""
        self.state, self.progress, self.within, begun = TaskState.RUNNING, None, "", time.monotonic()
        self._since = self._item = begun
        try:
            out = self.work(Job(self._report, self._stop.is_set, report_within=self._report_within))
            self.said, state = out if isinstance(out, str) else "", TaskState.DONE
        except Cancelled:
            state = TaskState.STOPPED
        except ModelsimError as error:
            self.said, state = for_page(str(error)), TaskState.FAILED
        except BaseException as error:  # noqa: BLE001 - the thread has other tasks to do
            told = no_memory(error)
            if told is None:
                _log.exception("%s", self.title)
            unexpected = f"Unexpected error: {error!r}. Fix: see the terminal for its details, then try again."
            self.said, state = unexpected if told is None else for_page(str(told)), TaskState.FAILED
        self.seconds += time.monotonic() - begun
        self.state = state

    def wait_again(self) -> None:
        """Back into the queue, for another turn."""
        self.state, self.said, self.stopping, self._stop = TaskState.WAITING, "", False, Event()

    def remove(self) -> None:
        """It gets no turn any more."""
        self.state = TaskState.STOPPED

    def end(self) -> None:
        """Whoever waits for its end goes on."""
        self._end.set()

    def _report(self, progress: Progress) -> None:
        if self.progress is None or self.progress.what != progress.what:
            self._since = time.monotonic()
        if self.progress != progress:
            self.within, self._item = "", time.monotonic()
        self.progress = progress

    def _report_within(self, within: str) -> None:
        self.within = within
