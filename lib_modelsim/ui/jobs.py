"""The queue of long work: one task runs, the others wait in their order, those that ended stay listed for a while."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Hashable
from itertools import count
from threading import Lock

from .tasks import LONG, Task, TaskState

_REPLACED = "Replaced by a newer request."

LISTED = 5
"""So many that ended are listed, unless they are dismissed."""


class Jobs:
    """What was asked for is done in its order; what nobody asked for comes after that, and makes way for it at once.
    No task is lost, none runs twice beside itself or after its end, and stopping one stops no other.

    `turn` has a function called in the thread that does the work, once for each time that it is given it; `after` is
    called there after long work. A task that runs and makes way for another lies in the queue already, where it goes
    on: that is how a task that makes way and one that was stopped are told apart. All else may be called from any
    thread.
    """

    def __init__(self, turn: Callable[[Callable[[], None]], object], after: Callable[[], None] = lambda: None) -> None:
        self._turn, self._after = turn, after
        self._lock, self._numbers = Lock(), count(1)
        self._running: Task | None = None
        self._waiting: list[Task] = []
        self._ended: deque[Task] = deque(maxlen=LISTED)
        self._ends: Counter[Hashable] = Counter()
        self._closed = False

    # what there is

    @property
    def running(self) -> Task | None:
        """The one that has its turn."""
        return self._running

    @property
    def waiting(self) -> list[Task]:
        """Those that wait, in their order; what runs and makes way is among them."""
        with self._lock:
            return list(self._waiting)

    @property
    def ended(self) -> list[Task]:
        """Those that ended, the latest first."""
        with self._lock:
            return list(reversed(self._ended))

    @property
    def busy(self) -> bool:
        """Whether anything runs or waits."""
        with self._lock:
            return bool(self._running or self._waiting)

    def ends(self, *owners: Hashable) -> int:
        """How many tasks of these owners have ended since the start: who has seen fewer has something to show."""
        with self._lock:
            return sum(self._ends[owner] for owner in owners)

    # what people do

    def add(self, task: Task) -> Task:
        """Put a task into the queue, or join the same work where that runs or waits; returns which it is."""
        with self._lock:
            if self._closed:
                task.remove()
                task.end()
                return task
            same = next((each for each in self._all() if each.key == task.key), None)
            if same is not None and not (task.asked and not same.asked):
                return same
            if same is not None:  # a person asks for what the page had begun by itself
                same.asked = True
                if same in self._waiting:
                    self._stop_waiting(same)
                    self._place(same)
                task = same
            else:
                task.number = next(self._numbers)
                for older in self._all():
                    if task.series is not None and older.series == task.series:
                        older.stopped = _REPLACED
                        self._stop(older)
                self._place(task)
            running = self._running
            if task.asked and running is not None and not running.asked:
                self._make_way(running)
        self._turn(self._next)
        return task

    def show_to(self, task: Task, owner: Hashable) -> None:
        """Have this owner know when the task ends, or that it has ended already."""
        with self._lock:
            task.owners.add(owner)
            if not task.running:
                self._ends[owner] += 1

    def stop(self, number: int) -> None:
        """Stop the task of this number, or take it out of the queue; others go on."""
        with self._lock:
            for task in self._all():
                if task.number == number:
                    self._stop(task)

    def stop_running(self) -> None:
        """Stop the one that runs."""
        if (running := self._running) is not None:
            self.stop(running.number)

    def run_now(self, number: int) -> None:
        """Give the turn to a task that waits; the one that runs makes way and goes on after it."""
        with self._lock:
            task = next((each for each in self._waiting if each.number == number), None)
            if task is None or task is self._running:
                return
            task.asked = True
            self._waiting.remove(task)
            self._waiting.insert(0, task)
            if self._running is not None:
                self._make_way(self._running)

    def dismiss(self, number: int | None = None) -> None:
        """List this one that ended no longer; None is all of them."""
        with self._lock:
            kept = [] if number is None else [each for each in self._ended if each.number != number]
            self._ended = deque(kept, LISTED)

    def close(self) -> None:
        """Stop all there is, and take no more."""
        with self._lock:
            self._closed = True
            for task in self._all():
                self._stop(task)

    # within the lock

    def _all(self) -> list[Task]:
        """All that runs or waits, but for what is ending."""
        running = self._running
        ending = running is not None and running.stopping and running not in self._waiting
        others = [each for each in self._waiting if each is not running]
        return others if running is None or ending else [running, *others]

    def _place(self, task: Task) -> None:
        """After all that was asked for, if it was, too; else at the end."""
        before = sum(each.asked for each in self._waiting) if task.asked else len(self._waiting)
        self._waiting.insert(before, task)

    def _make_way(self, running: Task) -> None:
        if running.stopping:
            return
        self._waiting.insert(1 if running.asked else sum(each.asked for each in self._waiting), running)
        running.interrupt()
        self._turn(self._next)

    def _stop_waiting(self, task: Task) -> None:
        if task in self._waiting:
            self._waiting.remove(task)

    def _stop(self, task: Task) -> None:
        self._stop_waiting(task)
        if task is self._running:
            task.interrupt()
        else:
            task.remove()
            self._end(task, listed=task.seconds > 0)

    def _end(self, task: Task, listed: bool = True) -> None:
        if listed and task.worth_telling:
            self._ended.append(task)
        self._ends.update(task.owners)
        task.end()

    # in the thread that does the work

    def _next(self) -> None:
        """The turn of the first that waits."""
        with self._lock:
            if not self._waiting:
                return
            task = self._running = self._waiting.pop(0)
        task.run()
        with self._lock:
            self._running = None
            if task in self._waiting and task.state is TaskState.STOPPED:
                task.wait_again()
            else:
                self._stop_waiting(task)  # where it was done before it made way
                self._end(task)
        if task.seconds > LONG:
            self._after()
