"""Work in the background that can be followed and stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from secrets import token_hex
from threading import Event

from ..job import Job, Progress


def task_name() -> str:
    """A name that the WebUI's own bar can be asked for by."""
    return f"task({token_hex(8)})"


class Task:
    """Work in the background thread, which can be followed and stopped."""

    def __init__(self, pool: ThreadPoolExecutor, work: Callable[[Job], object], name: str | None) -> None:
        self.name = name  # under which the host shows it, where it does
        self._stop = Event()
        self._progress: Progress | None = None
        self._since = 0.0
        self._future = pool.submit(work, Job(self._report, self._stop.is_set))

    def _report(self, progress: Progress) -> None:
        if self._progress is None or self._progress.what != progress.what:
            self._since = time.monotonic()
        self._progress = progress

    @property
    def running(self) -> bool:
        return not self._future.done()

    def stop(self) -> None:
        """Ask it to end; it does so within one item, and keeps what is finished."""
        self._stop.set()

    def follow(self, every: float = 0.2) -> Iterator[tuple[Progress | None, float]]:
        """The latest progress and the seconds since its stage began, time and again until the work is done.

        Raises what the work raised: Cancelled where it was stopped.
        """
        while wait([self._future], timeout=every).not_done:
            yield self._progress, time.monotonic() - self._since
        self._future.result()
