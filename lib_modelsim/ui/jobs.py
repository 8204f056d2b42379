"""The queue of long work: one task of a lane runs, the others wait in their order, those that ended stay listed for a
while.

There are two lanes, as what people ask for takes seconds or hours. Whoever has begun sixty pictures and then drops one
into Find my model, or wants the tree, expects the answer now: reading needs neither the engine nor its checkpoint. So
what generates waits for what generates, and all else goes on beside it, comparing too: where that needs the host's
GPU, it takes its turn in the host's own queue between two pictures, as a person's picture does. What reads stays one
queue, as two readings of one drive are slower than one after the other.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Hashable
from functools import partial
from itertools import count
from threading import Lock

from .tasks import LONG, Lane, Task, TaskState

Turn = Callable[[Lane, Callable[[], None]], object]

_REPLACED = "Replaced by a newer request."

LISTED = 5
"""So many that ended are listed, unless they are dismissed."""


class Jobs:
    """What was asked for is done in its order; what nobody asked for comes after that, and makes way for it at once.
    No task is lost, none runs twice beside itself or after its end, and stopping one stops no other.

    `turn` has a function called in the thread that does the work of a lane, once for each time that it is given it;
    `after` is called there after long work. A task that runs and makes way for another lies in the queue already, where
    it goes on: that is how a task that makes way and one that was stopped are told apart. All else may be called from
    any thread.
    """

    def __init__(self, turn: Turn, after: Callable[[], None] = lambda: None) -> None:
        self._turn, self._after = turn, after
        self._lock, self._numbers = Lock(), count(1)
        self._running: dict[Lane, Task] = {}
        self._waiting: list[Task] = []
        self._ended: deque[Task] = deque(maxlen=LISTED)
        self._ends: Counter[Hashable] = Counter()
        self._closed = False

    # what there is

    @property
    def running(self) -> list[Task]:
        """Those that have their turn, at most one of a lane; what was asked for last comes first."""
        return sorted(self._running.copy().values(), key=lambda task: (task.asked, task.number), reverse=True)

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
            running = self._running.get(task.lane)
            if task.asked and running is not None and not running.asked:
                self._make_way(running)
        self._give_turn(task.lane)
        return task

    def show_to(self, task: Task, owner: Hashable) -> None:
        """Have this owner know when the task ends, or that it has ended already."""
        with self._lock:
            task.owners.add(owner)
            if not task.running:
                self._ends[owner] += 1

    def tell(self, owner: Hashable) -> None:
        """Have what came of this owner's work shown, though the work goes on."""
        with self._lock:
            self._ends[owner] += 1

    def stop(self, number: int) -> None:
        """Stop the task of this number, or take it out of the queue; others go on."""
        with self._lock:
            for task in self._all():
                if task.number == number:
                    self._stop(task)

    def run_now(self, number: int) -> None:
        """Give the turn to a task that waits; the one that runs in its lane makes way and goes on after it."""
        with self._lock:
            task = next((each for each in self._waiting if each.number == number), None)
            if task is None or self._runs(task):
                return
            task.asked = True
            self._waiting.remove(task)
            self._waiting.insert(0, task)
            if (running := self._running.get(task.lane)) is not None:
                self._make_way(running)

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
        running = self._running.values()
        going_on = [each for each in running if not each.stopping or each in self._waiting]
        return [*going_on, *(each for each in self._waiting if each not in running)]

    def _runs(self, task: Task) -> bool:
        return self._running.get(task.lane) is task

    def _give_turn(self, lane: Lane) -> None:
        self._turn(lane, partial(self._next, lane))

    def _place(self, task: Task) -> None:
        """After all that was asked for, if it was, too; else at the end."""
        before = sum(each.asked for each in self._waiting) if task.asked else len(self._waiting)
        self._waiting.insert(before, task)

    def _make_way(self, running: Task) -> None:
        if running.stopping:
            return
        self._waiting.insert(1 if running.asked else sum(each.asked for each in self._waiting), running)
        running.interrupt()
        self._give_turn(running.lane)

    def _stop_waiting(self, task: Task) -> None:
        if task in self._waiting:
            self._waiting.remove(task)

    def _stop(self, task: Task) -> None:
        self._stop_waiting(task)
        if self._runs(task):
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

    def _next(self, lane: Lane) -> None:
        """The turn of the first of a lane that waits."""
        with self._lock:
            task = next((each for each in self._waiting if each.lane is lane), None)
            if task is None:
                return
            self._waiting.remove(task)
            self._running[lane] = task
        task.run()
        with self._lock:
            del self._running[lane]
            if task in self._waiting and task.state is TaskState.STOPPED:
                task.wait_again()
            else:
                self._stop_waiting(task)  # where it was done before it made way
                self._end(task)
        if task.seconds > LONG:
            self._after()
