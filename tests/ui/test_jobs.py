"""The queue of long work: nothing is lost, nothing runs twice, the order is kept, and stopping one stops no other."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib_modelsim.errors import ModelsimError
from lib_modelsim.job import Progress
from lib_modelsim.ui.jobs import LISTED, Jobs
from lib_modelsim.ui.tasks import Lane, Task, TaskState

WAYS = "asks", "asks by itself", "stops", "stops what runs", "runs now", "joins"
STEP = st.tuples(st.sampled_from(WAYS), st.integers(1, 12))
BODY = st.tuples(st.lists(STEP, max_size=3), st.sampled_from(["done", "fails", "breaks", "says"]))


@dataclass
class World:
    """A queue whose thread is this one, and what people did while its work went on."""

    bodies: deque
    turns: deque = field(default_factory=deque)
    tasks: dict[int, Task] = field(default_factory=dict)
    running: list[int] = field(default_factory=list)
    begun: list[int] = field(default_factory=list)  # number, each time it got a turn
    over: set[int] = field(default_factory=set)
    asked_to_stop: set[int] = field(default_factory=set)

    def __post_init__(self):
        self.jobs = Jobs(lambda _, turn: self.turns.append(turn))

    def do(self, way, number):
        jobs = self.jobs
        running = next(iter(jobs.running), None)
        if way in ("asks", "asks by itself"):
            key = len(self.tasks) + 1
            task = jobs.add(Task(key, f"task {key}", self.work(key), asked=way == "asks"))
            self.tasks[key] = task
            assert task.number == key
        elif way == "joins" and number in self.tasks:
            goes_on, task = self.tasks[number].running and not self.ends(number), self.tasks[number]
            if goes_on:
                assert jobs.add(Task(number, "again", self.work(number))) is task
        elif way == "stops":
            jobs.stop(number)
            self.asked_to_stop.add(number)
        elif way == "stops what runs":
            if running is not None:
                jobs.stop(running.number)
                self.asked_to_stop.add(running.number)
        elif way == "runs now":
            jobs.run_now(number)
            if number in self.tasks and self.tasks[number] in jobs.waiting and self.tasks[number] is not running:
                assert jobs.waiting[0].number == number

    def ends(self, number):
        """Whether it runs and was stopped for good."""
        task = self.tasks[number]
        return task.stopping and task not in self.jobs.waiting

    def work(self, number):
        def body(job):
            assert not self.running, "two at once"
            assert number not in self.over, "again after its end"
            self.running.append(number)
            self.begun.append(number)
            steps, end = self.bodies.popleft() if self.bodies else ([], "done")
            try:
                for way, which in steps:
                    self.do(way, which)
                    job.check()
                if end == "fails":
                    raise ModelsimError("it fails", None, "do something")
                if end == "breaks":
                    raise SystemExit
                return "what came out" if end == "says" else None
            finally:
                self.running.pop()

        return body

    def go_on(self):
        """Give the queue all turns that it has asked for."""
        while self.turns:
            self.turns.popleft()()
            self.over = {number for number, task in self.tasks.items() if not task.running}


@given(st.lists(STEP, min_size=1, max_size=8), st.lists(BODY, max_size=12))
def test_nothing_is_lost_nothing_runs_twice_and_a_stop_is_for_one_alone(asked, bodies):
    world = World(deque(bodies))
    for way, number in asked:
        world.do(way, number)
    world.go_on()
    jobs = world.jobs
    assert not jobs.busy
    for number, task in world.tasks.items():
        assert not task.running, "it was lost"
        assert task.wait(0)
        assert (number in world.begun) or number in world.asked_to_stop, "it never had its turn"
        if task.state is TaskState.STOPPED:
            assert number in world.asked_to_stop, "another was stopped with it"
        elif task.state is TaskState.FAILED:
            assert task.told
    assert len(jobs.ended) <= LISTED


@given(st.lists(st.booleans(), min_size=1, max_size=9))
def test_the_order_is_kept_and_what_nobody_asked_for_comes_last(asked):
    world = World(deque())
    for each in asked:
        world.do("asks" if each else "asks by itself", 0)
    assert [task.asked for task in world.jobs.waiting] == sorted(asked, reverse=True)
    world.go_on()
    people = [number for number in world.begun if asked[number - 1]]
    page = [number for number in world.begun if not asked[number - 1]]
    assert world.begun == people + page
    assert people == sorted(people)
    assert page == sorted(page)


def test_what_nobody_asked_for_makes_way_and_goes_on_afterwards():
    world = World(deque([([("asks", 0)], "done"), ([], "done"), ([], "says")]))
    world.do("asks by itself", 0)
    world.go_on()
    assert world.begun == [1, 2, 1]
    assert [task.told for task in world.jobs.ended] == ["what came out"]


def test_run_now_instead_lets_the_other_go_on_afterwards_unless_it_is_stopped():
    for further, begun in ([], [1, 3, 1, 2]), ([("stops", 1)], [1, 3, 2]):
        world = World(deque([([("asks", 0), ("asks", 0)], "done")]))
        world.do("asks", 0)
        steps, end = world.bodies[0]
        world.bodies[0] = ([*steps, ("runs now", 3), *further], end)
        jobs = world.jobs
        run_now = jobs.run_now

        def and_at_once(number, run_now=run_now, further=further, world=world):
            """All before the work asks whether it is to stop."""
            run_now(number)
            for way, which in further:
                world.do(way, which)

        jobs.run_now = and_at_once
        world.go_on()
        assert world.begun == begun


def test_what_reads_goes_on_beside_what_generates_and_neither_makes_way_for_the_other():
    turns, begun = {lane: deque() for lane in Lane}, []
    jobs = Jobs(lambda lane, turn: turns[lane].append(turn))

    def task(name, lane, body=lambda: None, **more):
        def work(_):
            begun.append(name)
            body()

        return jobs.add(Task(name, name, work, lane=lane, **more))

    def beside():
        find = task("find", Lane.READS)
        assert not probes.stopping, "it makes way for nothing that reads"
        turns[Lane.READS].popleft()()
        assert find.state is TaskState.DONE
        assert jobs.running == [probes]
        assert [each.title for each in jobs.waiting] == ["more probes"]

    probes = task("probes", Lane.GENERATES, beside, asked=False)
    task("more probes", Lane.GENERATES, asked=False)
    turns[Lane.GENERATES].popleft()()
    jobs.run_now(task("last", Lane.GENERATES).number)
    for turn in turns[Lane.GENERATES]:
        turn()
    assert begun == ["probes", "find", "last", "more probes"]
    assert not jobs.busy


def test_work_of_a_series_takes_the_place_of_older_work():
    jobs = Jobs(lambda *_: None)
    older, other, newer = (Task(key, key, str, series=series) for key, series in (("a", "x"), ("c", "y"), ("b", "x")))
    for task in (older, other, newer):
        jobs.add(task)
    assert jobs.waiting == [other, newer]
    assert older.state is TaskState.STOPPED


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ModelsimError("it is so", "this", "do that"), "it is so: this. Fix: do that"),
        (MemoryError(), "there is not enough memory for this. Fix: "),
        (ZeroDivisionError("a bug"), "Unexpected error: ZeroDivisionError('a bug'). Fix: "),
        (KeyboardInterrupt(), "Unexpected error: KeyboardInterrupt(). Fix: "),
    ],
)
def test_an_error_is_told_with_what_to_do_and_the_queue_goes_on(error, told):
    def fail(_):
        raise error

    turns = deque()
    jobs = Jobs(lambda _, turn: turns.append(turn))
    failed, next_one = jobs.add(Task(1, "one", fail)), jobs.add(Task(2, "two", lambda _: "fine"))
    for turn in turns:
        turn()
    assert failed.state is TaskState.FAILED
    assert failed.told.startswith(told)
    assert failed.told.count("Fix:") == 1
    assert next_one.told == "fine"


def test_owners_learn_of_ends_also_of_those_that_were_quicker_than_they():
    turns = deque()
    jobs = Jobs(lambda _, turn: turns.append(turn))
    task = jobs.add(Task(1, "one", lambda job: job.report(Progress("reading", 1, 2, "files"))))
    jobs.show_to(task, "first")
    turns.popleft()()
    jobs.show_to(task, "second")
    assert (jobs.ends("first"), jobs.ends("second"), jobs.ends("first", "second")) == (1, 1, 2)
    assert jobs.ended == [], "it was over at once, and said nothing"
    assert task.progress == Progress("reading", 1, 2, "files")


def test_ended_ones_stay_until_they_are_dismissed_or_there_are_newer():
    turns = deque()
    jobs = Jobs(lambda _, turn: turns.append(turn))
    for number in range(LISTED + 2):
        jobs.add(Task(number, f"{number}", lambda _: "done"))
    while turns:
        turns.popleft()()
    listed = [task.number for task in jobs.ended]
    assert listed == list(range(LISTED + 2, 2, -1))
    jobs.dismiss(listed[1])
    assert [task.number for task in jobs.ended] == [listed[0], *listed[2:]]
    jobs.dismiss()
    assert jobs.ended == []


def test_closing_ends_all_of_them():
    never, turns = Event(), deque()
    jobs = Jobs(lambda _, turn: turns.append(turn))
    tasks = [jobs.add(Task(number, "a task", lambda _: never.set())) for number in range(3)]
    jobs.close()
    for turn in turns:
        turn()
    assert all(task.wait(0) for task in [*tasks, jobs.add(Task("late", "a task", lambda _: never.set()))])
    assert not never.is_set()
