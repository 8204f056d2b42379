"""Our work among the WebUI's: its queue, its progress bar, its Interrupt."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib_modelsim.hosts.webui import WebUI
from lib_modelsim.job import Cancelled, Job, Progress, Stage
from lib_modelsim.workspace.turn import turn_for

from .fakes import A1111, Forge, SDNext


@pytest.fixture(params=[A1111, Forge, SDNext])
def webui(request, tmp_path, monkeypatch):
    return request.param(tmp_path).install(monkeypatch)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return A1111(tmp_path_factory.mktemp("plain"))


@pytest.fixture
def pool():
    with ThreadPoolExecutor() as pool:
        yield pool


def fields(webui):
    return dict(vars(webui.state))


class TestTheBar:
    def test_shows_what_is_done_and_how_much_of_it(self, webui):
        with WebUI().at_work("comparing", Job()) as job:
            assert webui.state.job == "comparing"
            Stage(job, "reading headers", 4, "files").advance(1)
            assert webui.state.textinfo == "comparing: reading headers 1 of 4 files"
            assert (webui.state.job_no, webui.state.job_count) == (1, 4)
            assert self.fraction(webui.state) == 0.25
            job.report(Progress("reading", 1, 2, "B"))
            assert self.fraction(webui.state) == 0.5

    def test_counts_the_time_left_from_the_beginning_of_a_stage(self, webui):
        with WebUI().at_work("comparing", Job()) as job:
            webui.state.time_start = 0.0
            job.report(Progress("reading", 1, 2, "B"))
            begun = webui.state.time_start
            assert begun > 0
            job.report(Progress("reading", 2, 2, "B"))
            assert webui.state.time_start == begun

    def test_hears_what_whoever_asked_hears(self, webui):
        heard = []
        with WebUI().at_work("comparing", Job(heard.append)) as job:
            job.report(Progress("reading", 1, 2, "B"))
        assert heard == [Progress("reading", 1, 2, "B")]

    @given(what=st.text(), done=st.integers(0), total=st.integers(0), unit=st.sampled_from(["B", "files"]))
    def test_is_one_line_and_a_part_of_one(self, plain, what, done, total, unit):
        with pytest.MonkeyPatch.context() as patch:
            webui = plain.install(patch)
            with WebUI().at_work("comparing", Job()) as job:
                job.report(Progress(what, min(done, total), total, unit))
                assert len(webui.state.textinfo.splitlines()) == 1
                assert 0 <= self.fraction(webui.state) <= 1

    @staticmethod
    def fraction(state):
        """As modules.progress computes it."""
        step = state.sampling_step / state.sampling_steps if state.sampling_steps else 0
        return (state.job_no + step) / state.job_count


class TestTheStateAfterwards:
    @pytest.fixture(autouse=True)
    def a_running_job(self, webui):
        """Begun outside of the queue, as an interrogation in another tab does."""
        vars(webui.state).update(job="outer", job_no=2, job_count=7, sampling_step=3, sampling_steps=20)
        vars(webui.state).update(textinfo="outer text", time_start=12.5, current_image=object())
        self.before = fields(webui)

    def test_is_what_it_was(self, webui):
        with WebUI().at_work("comparing", Job()) as job:
            Stage(job, "reading", 4).advance(1)
        assert fields(webui) == self.before

    def test_is_what_it_was_after_an_error_and_an_interrupt(self, webui):
        def fail():
            with WebUI().at_work("comparing", Job()):
                webui.state.interrupt()
                raise KeyError

        with pytest.raises(KeyError):
            fail()
        assert fields(webui) == self.before
        assert webui.lock.acquire(blocking=False)

    def test_still_asks_for_a_restart(self, webui):
        with WebUI().at_work("comparing", Job()) as job:
            webui.state.request_restart()
            assert job.cancelled()
        assert webui.state.server_command == "restart"
        assert not webui.state.interrupted


class TestStopping:
    @pytest.mark.parametrize("wish", ["interrupt", "skip", "stop_generating"])
    def test_the_webuis_buttons_stop_it_within_one_item(self, webui, wish):
        with WebUI().at_work("comparing", Job()) as job:
            stage = Stage(job, "reading", 100)
            stage.advance(1)
            getattr(webui.state, wish)()
            with pytest.raises(Cancelled):
                stage.advance(1)

    def test_our_own_button_does_so_too(self, webui):
        stop = Event()
        with WebUI().at_work("comparing", Job(cancelled=stop.is_set)) as job:
            assert not job.cancelled()
            stop.set()
            assert job.cancelled()

    def test_while_it_waits_leaves_the_queue_to_the_others(self, webui, pool):
        stop, begun = Event(), []

        def work():
            with WebUI().at_work("comparing", Job(cancelled=stop.is_set)):
                begun.append("comparing")

        with webui.lock:
            waiting = pool.submit(work)
            webui.lock.wait_until_asked_for()
            stop.set()
            with pytest.raises(Cancelled):
                waiting.result(timeout=30)
            assert webui.state.job == ""
        assert pool.submit(webui.lock.acquire).result(timeout=30), "the turn that nobody wants is passed on"
        assert not begun

    def test_an_interrupt_of_who_is_at_work_does_not_stop_who_waits(self, webui, pool):
        with webui.lock:
            webui.state.begin("a picture")
            waiting = pool.submit(self.work_once, webui)
            webui.lock.wait_until_asked_for()
            webui.state.interrupt()
            webui.state.end("id of a picture") if isinstance(webui, SDNext) else webui.state.end()
        assert waiting.result(timeout=30) == "done"

    @staticmethod
    def work_once(webui):
        with WebUI().at_work("comparing", Job()) as job:
            job.check()
        return "done"


def test_who_came_first_is_served_first(webui, pool):
    served = []

    def picture():
        with webui.lock:
            served.append("picture")

    def ours():
        with WebUI().at_work("comparing", Job()):
            served.append("ours")

    with webui.lock:
        waiting = []
        for number, work in enumerate([picture, ours, picture, ours], 1):
            waiting.append(pool.submit(work))
            webui.lock.wait_until_asked_for(number)
    for work in waiting:
        work.result(timeout=30)
    assert served == ["picture", "ours", "picture", "ours"]


class TestBetweenTwoItems:
    """Whoever waits goes first, and finds everything as they are used to."""

    @pytest.fixture
    def served(self):
        return []

    @staticmethod
    def picture(webui, served):
        with webui.lock:
            begun = webui.state.begin("a picture")
            served.append(webui.state.job)
            webui.state.interrupt()  # their own picture
            webui.state.end() if begun is None else webui.state.end(begun)

    def test_others_have_their_turn_and_then_it_is_ours_again(self, webui, pool, served):
        @contextmanager
        def away():
            served.append("put back")
            yield
            served.append("taken again")

        host = WebUI()
        with host.at_work("comparing", Job()) as job, host.at_work("drawing", job, away):
            stage = Stage(job, "reading", 3, "files")
            stage.advance(1)
            assert served == [], "nobody waits"
            webui.state.time_start -= 50
            waiting = pool.submit(self.picture, webui, served)
            webui.lock.wait_until_asked_for()
            stage.advance(1)
            assert served == ["put back", "a picture", "taken again"]
            assert (webui.state.job, webui.state.job_no, webui.state.job_count) == ("comparing", 2, 3)
            assert time.time() - webui.state.time_start >= 50, "the time left is told from its own beginning"
            waiting.result(timeout=30)
            stage.advance(1)
            assert (webui.state.job, webui.state.job_no, webui.state.job_count) == ("comparing", 3, 3)
            assert not webui.lock.acquire(blocking=False), "it is ours"

    def test_stopped_meanwhile_it_does_not_come_back(self, webui, pool):
        stop, held, begun, stopped = (Event() for _ in range(4))

        def hold():
            with webui.lock:
                held.set()
                stopped.wait(30)

        def ours():
            with WebUI().at_work("comparing", Job(cancelled=stop.is_set)) as job:
                begun.set()
                webui.lock.wait_until_asked_for()
                job.check()

        working = pool.submit(ours)
        assert begun.wait(30)
        holding = pool.submit(hold)
        assert held.wait(30)
        stop.set()
        with pytest.raises(Cancelled):
            working.result(timeout=30)
        stopped.set()
        holding.result(timeout=30)
        assert pool.submit(webui.lock.acquire).result(timeout=30), "it is nobody's"
        assert webui.state.job == ""


@pytest.mark.parametrize(("model", "waits"), [("a file", False), ("in memory", True)])
def test_what_is_compared_on_the_processor_waits_for_nobody_unless_it_is_the_model_in_memory(webui, pool, model, waits):
    opener = object() if model == "in memory" else None

    def compare():
        with turn_for([SimpleNamespace(opener=opener)], WebUI(), "comparing", Job()):
            return webui.state.job

    with webui.lock:
        comparing = pool.submit(compare)
        if waits:
            webui.lock.wait_until_asked_for()
        else:
            assert comparing.result(timeout=30) == ""
    assert comparing.result(timeout=30) == ("comparing" if waits else "")
