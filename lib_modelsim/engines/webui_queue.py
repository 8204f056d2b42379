"""Work of ours among a WebUI's own: its turn in the queue, its progress in the bar, its end on Interrupt."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from threading import Thread
from typing import Any

from ..job import Job, Progress

STEPS = 1000
"""Our one job has this many sampling steps: so the WebUI computes its bar and its time left from our progress."""

FIELDS = (
    "skipped",
    "interrupted",
    "stopping_generation",
    "job",
    "job_no",
    "job_count",
    "processing_has_refined_job_count",
    "job_timestamp",
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


@contextmanager
def turn(lock: Any, job: Job) -> Iterator[None]:  # noqa: ANN401 - a lock of the host's own making
    """Wait for our turn, and hold the lock. Raises Cancelled where the job is stopped first.

    The WebUIs' FIFOLock can only be waited for without end, so a thread of its own stands in line. Where nobody wants
    the turn any more, it is passed on when it comes.
    """
    ours: Future[None] = Future()
    Thread(target=lambda: ours.set_result(lock.acquire()), name="modelsim in the queue", daemon=True).start()
    try:
        while wait([ours], timeout=0.1).not_done:
            job.check()
        yield
    finally:
        ours.add_done_callback(lambda _: lock.release())  # at once where it is ours already


@contextmanager
def shown(state: Any, what: str, job: Job) -> Iterator[Job]:  # noqa: ANN401 - the host's State
    """A job that the WebUI shows and can stop. Its State is afterwards what it was."""
    before = {name: getattr(state, name) for name in FIELDS if hasattr(state, name)}
    begun = state.begin(what)
    stage = ""

    def report(progress: Progress) -> None:
        nonlocal stage
        if progress.what != stage:
            stage, state.time_start = progress.what, time.time()
        state.job, state.job_count, state.job_no, state.sampling_steps = what, 1, 0, STEPS  # others may wipe them
        state.sampling_step = STEPS * progress.done // max(progress.total, 1)
        state.textinfo = _line(what, progress)
        job.report(progress)

    def cancelled() -> bool:
        return job.cancelled() or any(
            getattr(state, wish, False) for wish in ("interrupted", "stopping_generation", "skipped")
        )

    try:
        yield Job(report, cancelled)
    finally:
        if begun is None:
            state.end()
        else:  # SD.Next tells its jobs apart
            state.end(begun)
        for name, value in before.items():
            setattr(state, name, value)


def _line(what: str, progress: Progress) -> str:
    """One line: the WebUIs show no text with breaks, and write per cent and time left behind it."""
    count = "" if progress.unit == "B" else f" {progress.done} of {progress.total} {progress.unit}"
    return " ".join(f"{what}: {progress.what}{count}".split())


@contextmanager
def announced(progress: Any, task: str | None) -> Iterator[None]:  # noqa: ANN401 - the host's module
    """A task that the page's `requestProgress(task, …)` asks for: in the queue from the start, over at the end."""
    if task is None:
        yield
        return
    progress.add_task_to_queue(task)
    try:
        yield
    finally:
        progress.pending_tasks.pop(task, None)  # where it was stopped in the queue
        progress.finish_task(task)
