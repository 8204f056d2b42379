"""Work of ours among a WebUI's own: its turn in the queue, its progress in the bar, its end on Interrupt."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import AbstractContextManager, ExitStack, contextmanager
from threading import Lock, Thread
from typing import Any

from ..job import Job, Progress

STEPS = 1000
"""What is counted in bytes has one job of this many sampling steps: so the WebUI computes its bar and its time left."""

FIELDS = (
    "skipped",
    "interrupted",
    "stopping_generation",
    "job",
    "job_no",
    "job_count",
    "processing_has_refined_job_count",
    "job_timestamp",
    "preview_step",  # Forge Neo's
    "sampling_step",
    "sampling_steps",
    "current_latent",
    "current_image",
    "current_image_sampling_step",
    "id_live_preview",
    "textinfo",
    "time_start",
)
"""What `State.begin` and `end` change. Not the server's commands: a restart asked for meanwhile has to happen."""

_TO_WAKE = 1.0
"""Seconds that a thread has for waking up; one that was quicker than we look has been and gone."""

_WISHES = "interrupted", "stopping_generation", "skipped"

Away = Callable[[], AbstractContextManager[object]]
"""Entered before others have their turn, left after it."""


class Turn:
    """Our turn in the queue, while this is entered. Where somebody waits it is theirs between two items, as `check` of
    the turn's `job` comes between them; then it is ours again. The WebUI's State is afterwards what it was.

    Entering it, and coming back, raises Cancelled where the job is stopped first.
    """

    def __init__(self, lock: Any, state: Any, what: str, job: Job) -> None:  # noqa: ANN401 - the host's own
        self._lock, self._state, self._what, self._job = lock, state, what, job
        self.job = Job(self._report, self._cancelled, self._between, job.report_within)
        self._aways: list[Away] = []
        self._gives, self._ours = Lock(), False
        self._shown: Progress | None = None
        self._spent = 0.0
        self._before: dict[str, Any] = {}
        self._begun: Any = None

    def __enter__(self) -> Turn:
        self._take()
        return self

    def __exit__(self, *_: object) -> None:
        if self._ours:
            self._leave()

    @contextmanager
    def leaving(self, away: Away) -> Iterator[None]:
        """For the time of this, others find what they are used to: `away` puts it back, and takes it again."""
        self._aways.append(away)
        try:
            yield
        finally:
            self._aways.remove(away)

    def _take(self) -> None:
        _acquire(self._lock, self._job)
        self._ours, state = True, self._state
        self._before = {name: getattr(state, name) for name in FIELDS if hasattr(state, name)}
        self._begun = state.begin(self._what)
        if self._shown is not None:  # it goes on where it was, and others' time is not counted
            self._show(self._shown)
            state.time_start = time.time() - self._spent

    def _leave(self) -> None:
        self._ours, state = False, self._state
        self._spent = time.time() - state.time_start
        try:
            if self._begun is None:
                state.end()
            else:  # SD.Next tells its jobs apart
                state.end(self._begun)
            for name, value in self._before.items():
                setattr(state, name, value)
        finally:
            self._lock.release()

    def _between(self) -> None:
        """Let those go first who wait."""
        if not (self._ours and is_wanted(self._lock)) or not self._gives.acquire(blocking=False):
            return
        try:
            with ExitStack() as stack:
                for away in reversed(self._aways):
                    stack.enter_context(away())
                self._leave()
                _wait_until_taken(self._lock)
                self._take()
        finally:
            self._gives.release()

    def _report(self, progress: Progress) -> None:
        if self._shown is None or progress.what != self._shown.what:
            self._state.time_start = time.time()
        self._show(progress)
        self._job.report(progress)

    def _show(self, progress: Progress) -> None:
        state, self._shown = self._state, progress
        state.job = self._what  # others may wipe it, and the numbers, too
        if progress.unit == "B":
            state.job_count, state.job_no, state.sampling_steps = 1, 0, STEPS
            state.sampling_step = STEPS * progress.done // max(progress.total, 1)
        else:
            state.job_count, state.job_no = max(progress.total, 1), min(progress.done, progress.total)
            state.sampling_step = 0  # of the next item; a sampler counts its own
        state.textinfo = _line(self._what, progress)

    def _cancelled(self) -> bool:
        wishes = (getattr(self._state, wish, False) for wish in _WISHES)
        return self._job.cancelled() or (self._ours and any(wishes))


def is_wanted(lock: Any) -> bool:  # noqa: ANN401 - a lock of the host's own making
    """Whether somebody waits for the lock: the WebUIs' FIFOLock has a list of them; of others nobody can tell."""
    return bool(getattr(lock, "_pending_threads", ()))


def _wait_until_taken(lock: Any) -> None:  # noqa: ANN401 - the same
    """Until whoever was woken has the lock. A FIFOLock lets them wake first and take it then: who asks meanwhile would
    be before them."""
    inner, until = getattr(lock, "_lock", None), time.monotonic() + _TO_WAKE
    while inner is not None and not inner.locked() and time.monotonic() < until:
        time.sleep(0.001)


def _acquire(lock: Any, job: Job) -> None:  # noqa: ANN401 - the same
    """Wait for our turn. Raises Cancelled where the job is stopped first.

    The WebUIs' FIFOLock can only be waited for without end, so a thread of its own stands in line. Where nobody wants
    the turn any more, it is passed on when it comes.
    """
    if lock.acquire(False):
        return
    ours: Future[None] = Future()
    Thread(target=lambda: ours.set_result(lock.acquire()), name="modelsim in the queue", daemon=True).start()
    try:
        while wait([ours], timeout=0.1).not_done:
            job.report(Progress("waiting for the WebUI's own work", 0, 0, ""))
            job.check()
    except BaseException:
        ours.add_done_callback(lambda _: lock.release())
        raise


def _line(what: str, progress: Progress) -> str:
    """One line: the WebUIs show no text with breaks, and write per cent and time left behind it."""
    count = "" if progress.unit == "B" else f" {progress.done} of {progress.total} {progress.unit}"
    return " ".join(f"{what}: {progress.what}{count}".split())
