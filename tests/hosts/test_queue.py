"""Our work among the WebUI's: its queue, its progress bar, its Interrupt."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib_modelsim.hosts.webui import WebUI
from lib_modelsim.job import Cancelled, Job, Progress, Stage

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
            assert self.fraction(webui.state) == 0.25

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
        return (state.job_no + state.sampling_step / state.sampling_steps) / state.job_count


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


class TestATaskThatThePageFollows:
    """With the host's own `requestProgress`, by its id."""

    def test_is_active_and_then_over(self, webui):
        progress = webui.progress
        with WebUI().at_work("comparing", Job(), "task(abc)"):
            assert progress.module.current_task == "task(abc)"
            assert not progress.module.pending_tasks
        assert progress.module.current_task is None
        assert progress.finished_tasks == ["task(abc)"]

    def test_is_queued_while_it_waits_and_over_when_it_is_stopped_there(self, webui, pool):
        stop, progress = Event(), webui.progress

        def work():
            with WebUI().at_work("comparing", Job(cancelled=stop.is_set), "task(abc)"):
                pass

        progress.start_task("task(picture)")
        with webui.lock:
            waiting = pool.submit(work)
            webui.lock.wait_until_asked_for()
            assert list(progress.module.pending_tasks) == ["task(abc)"]
            stop.set()
            with pytest.raises(Cancelled):
                waiting.result(timeout=30)
        assert progress.module.current_task == "task(picture)"
        assert not progress.module.pending_tasks
        assert progress.finished_tasks == ["task(abc)"]

    def test_needs_no_id(self, webui):
        with WebUI().at_work("comparing", Job()):
            assert webui.progress.module.current_task is None
        assert webui.progress.finished_tasks == []
