"""How long-running work reports its progress and is stopped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from .errors import ModelsimError


class Cancelled(ModelsimError):  # noqa: N818  no error, a wish
    """The work was stopped on request; what was finished is kept."""


@dataclass(frozen=True)
class Progress:
    """One report: what is being done, and how much of it; `unit` is "B" for bytes, a word in the plural, or empty where
    there is nothing to count."""

    what: str
    done: int
    total: int
    unit: str


@dataclass(frozen=True)
class Job:
    """`report` receives each Progress; `cancelled` is asked between items, and `between` called, in which others may
    have a turn at what the work holds. `report_within` receives what is being done of the item in hand, as "step 4 of
    20"."""

    report: Callable[[Progress], None] = lambda progress: None
    cancelled: Callable[[], bool] = lambda: False
    between: Callable[[], None] = lambda: None
    report_within: Callable[[str], None] = lambda within: None

    def check(self) -> None:
        """Between two items. Raises Cancelled when the work is to stop."""
        if self.cancelled():
            raise Cancelled("stopped", None, "start it again: it continues where it stopped")
        self.between()


class Stage:
    """One stage of a job: counts what is done and reports it. Raises Cancelled within one item when asked to stop."""

    def __init__(self, job: Job, what: str, total: int, unit: str = "B"):
        self._job, self._what, self._total, self._unit, self._done = job, what, total, unit, 0
        self._lock = Lock()

    def advance(self, amount: int) -> None:
        """`amount` more is done. May be called by several threads."""
        with self._lock:
            self._done += amount
            self._job.report(Progress(self._what, self._done, max(self._total, self._done), self._unit))
        self._job.check()
