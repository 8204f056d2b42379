"""A run draws what is missing, once, and keeps only what is right."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lib_modelsim.errors import ModelsimError
from lib_modelsim.job import Cancelled, Job
from lib_modelsim.pictures.records.infotext import parse
from lib_modelsim.pictures.records.reading import read_records
from lib_modelsim.probes.engine import CheckpointFailed, OutOfMemory, PictureFailed
from lib_modelsim.probes.gallery import Gallery
from lib_modelsim.probes.plan import make_plan
from lib_modelsim.probes.run import draw_missing
from tests.probes.fake_engine import FakeEngine, black, drawable
from tests.probes.suites import CHECKPOINTS, forty_pictures, one_picture


@pytest.fixture
def gallery(tmp_path):
    with Gallery(tmp_path / "gallery") as gallery:
        yield gallery


def draw(engine, gallery, suite=None, job=None, batch=1, checkpoints=CHECKPOINTS):
    plan = make_plan(suite or forty_pictures(), checkpoints, engine, gallery, batch)
    return draw_missing(plan, engine, gallery, job or Job())


def missing(engine, gallery, suite=None):
    return make_plan(suite or forty_pictures(), CHECKPOINTS, engine, gallery).missing


def test_each_checkpoint_is_loaded_once_beginning_with_the_one_that_is_loaded(gallery):
    engine = FakeEngine(CHECKPOINTS, user=CHECKPOINTS[2])
    outcome = draw(engine, gallery)
    assert engine.loads == ["carl", "anna", "bert", "dora"]
    assert len(outcome.drawn) == len(engine.drawn) == 40
    assert not missing(engine, gallery)


def test_a_second_run_loads_and_draws_nothing(gallery):
    draw(FakeEngine(CHECKPOINTS), gallery)
    engine = FakeEngine(CHECKPOINTS)
    assert draw(engine, gallery).drawn == []
    assert engine.loads == engine.drawn == []


def test_pictures_lie_where_a_person_looks_for_them_and_say_how_they_were_made(gallery):
    draw(FakeEngine(CHECKPOINTS), gallery, one_picture())
    path = gallery.folder / "one" / f"anna [{CHECKPOINTS[0].sha256[:10]}]" / "cat 1.png"
    record = parse(read_records(path).drawable.infotext)
    assert record.prompt == "a cat"
    assert record.settings["Model hash"] == CHECKPOINTS[0].sha256[:10]
    assert record.settings["Seed"] == "1"


def test_a_picture_that_another_checkpoint_drew_is_refused_and_its_checkpoint_passed_over(gallery):
    def lie(checkpoint, parameters, drawn):
        return replace(drawn, checkpoint_hash=CHECKPOINTS[0].sha256[:10])

    engine = FakeEngine(CHECKPOINTS, mishap=lie)
    outcome = draw(engine, gallery)
    assert {stored.record.checkpoint_name for stored in outcome.drawn} == {"anna"}
    assert len(outcome.drawn) == 10
    assert [failure.name for failure in outcome.failures] == ["bert", "carl", "dora"]
    assert "the engine used another checkpoint" in outcome.failures[0].error
    assert len(engine.drawn) == 13  # one look at each of the three was enough


@pytest.mark.parametrize(("digits", "title"), [(None, None), ("abc", "anna.safetensors [old]")])
def test_a_picture_is_refused_where_nothing_proves_who_drew_it(gallery, digits, title):
    def silent(checkpoint, parameters, drawn):
        return replace(drawn, checkpoint_hash=digits, checkpoint_title=title)

    assert draw(FakeEngine(CHECKPOINTS, mishap=silent), gallery).drawn == []


def test_where_hashes_are_unknown_the_title_proves_who_drew(gallery):
    unhashed = [replace(checkpoint, sha256=None) for checkpoint in CHECKPOINTS]

    engine = FakeEngine(unhashed)
    assert len(draw(engine, gallery, checkpoints=unhashed).drawn) == 40
    assert not missing(engine, gallery), "once the hashes are known, the pictures are still theirs"


def test_black_pictures_are_kept_and_marked(gallery):
    engine = FakeEngine(CHECKPOINTS[:1], mishap=lambda checkpoint, parameters, drawn: black(drawn))
    (stored,) = draw(engine, gallery, one_picture(), checkpoints=CHECKPOINTS[:1]).drawn
    assert stored.record.black
    (found,) = gallery.pictures()
    assert found.record.black


def test_half_a_picture_is_thrown_away_and_ends_the_run(gallery):
    def stop_at_third(checkpoint, parameters, drawn):
        return replace(drawn, finished=len(engine.drawn) < 2)

    engine = FakeEngine(CHECKPOINTS, mishap=stop_at_third, user=CHECKPOINTS[3])
    with pytest.raises(Cancelled):
        draw(engine, gallery)
    assert len(gallery.pictures()) == 2
    assert len(engine.drawn) == 3
    assert engine.loaded is CHECKPOINTS[3]


def test_interrupt_ends_within_one_picture_and_the_next_run_does_the_rest(gallery):
    engine = FakeEngine(CHECKPOINTS)
    with pytest.raises(Cancelled):
        draw(engine, gallery, job=Job(cancelled=lambda: len(engine.drawn) >= 13))
    assert len(engine.drawn) == len(gallery.pictures()) == 13
    again = FakeEngine(CHECKPOINTS)
    assert len(draw(again, gallery).drawn) == 27
    assert again.loads == ["bert", "carl", "dora"]


def test_out_of_memory_costs_one_picture(gallery):
    def too_big(checkpoint, parameters, drawn):
        if (checkpoint.name, parameters.seed) == ("bert", 3):
            raise OutOfMemory("out of memory", "512x512", "use a smaller size")
        return drawn

    outcome = draw(FakeEngine(CHECKPOINTS, mishap=too_big), gallery)
    assert len(outcome.drawn) == 38
    assert [failure.name for failure in outcome.failures] == ["bert, cat", "bert, dog"]
    assert [failure.error for failure in gallery.failures()] == [failure.error for failure in outcome.failures]
    assert len(draw(FakeEngine(CHECKPOINTS), gallery).drawn) == 2
    assert gallery.failures() == []


@pytest.mark.parametrize("error", [CheckpointFailed, OutOfMemory])
def test_a_checkpoint_that_does_not_load_is_noted_and_passed_over(gallery, error):
    def broken(checkpoint):
        if checkpoint.name == "bert":
            raise error("cannot load", checkpoint.name, "download it again")

    engine = FakeEngine(CHECKPOINTS, loadable=broken)
    outcome = draw(engine, gallery)
    assert engine.loads == ["anna", "bert", "carl", "dora"]
    assert len(outcome.drawn) == 30
    assert [failure.name for failure in outcome.failures] == ["bert"]


def test_nan_is_noted_for_its_picture(gallery):
    def nan(checkpoint, parameters, drawn):
        if parameters.seed == 2:
            raise PictureFailed("all of the picture is NaN", checkpoint.name, "try --no-half")
        return drawn

    outcome = draw(FakeEngine(CHECKPOINTS, mishap=nan), gallery)
    assert (len(outcome.drawn), len(outcome.failures)) == (32, 8)


@pytest.mark.parametrize(
    "error", [ModelsimError("the WebUI does not answer"), RuntimeError("a defect"), KeyboardInterrupt()]
)
def test_whatever_ends_a_run_the_user_finds_the_engine_as_it_was_and_the_pictures_kept(gallery, error):
    def end(checkpoint, parameters, drawn):
        if len(engine.drawn) == 15:
            raise error
        return drawn

    engine = FakeEngine(CHECKPOINTS, user=CHECKPOINTS[1], mishap=end)
    with pytest.raises(type(error)):
        draw(engine, gallery)
    assert engine.loaded is CHECKPOINTS[1]
    assert engine.options == {"s_churn": 7.0}
    assert len(gallery.pictures()) == 15


def test_batches_are_drawn_at_once_and_are_other_pictures(gallery):
    engine = FakeEngine(CHECKPOINTS)
    calls = []
    plain = engine.draw
    engine.draw = lambda batch: calls.append([parameters.seed for parameters in batch]) or plain(batch)
    draw(engine, gallery, batch=3)
    assert calls[:4] == [[1, 2, 3], [4, 5], [1, 2, 3], [4, 5]]
    assert len(missing(engine, gallery)) == 40
    removed = gallery.pictures()[1].path
    removed.unlink()
    calls.clear()
    (stored,) = draw(engine, gallery, batch=3).drawn
    assert len(calls) == 1
    assert stored.path == removed


def test_copies_of_a_checkpoint_are_drawn_once(gallery):
    copy = replace(CHECKPOINTS[0], title="copy.safetensors", name="copy")
    engine = FakeEngine([CHECKPOINTS[0], copy])
    plan = make_plan(one_picture(), engine.available, engine, gallery)
    assert len(plan.pictures) == 1
    assert plan.copies == [copy]


def test_a_renamed_checkpoint_has_its_pictures_already(gallery):
    draw(FakeEngine(CHECKPOINTS), gallery)
    renamed = [replace(checkpoint, name=f"{checkpoint.name}-v2") for checkpoint in CHECKPOINTS]
    assert draw(FakeEngine(renamed), gallery, checkpoints=renamed).drawn == []


def test_another_engine_draws_its_own_pictures_beside(gallery):
    first = draw(FakeEngine(CHECKPOINTS), gallery, one_picture())
    second = draw(FakeEngine(CHECKPOINTS, name="other"), gallery, one_picture())
    assert len(second.drawn) == 4
    assert not {stored.path for stored in first.drawn} & {stored.path for stored in second.drawn}
    assert all(stored.path.exists() for stored in first.drawn)


def test_checkpoints_of_one_name_without_a_hash_keep_their_pictures_apart(gallery):
    twins = [replace(drawable(name), title=name, sha256=None) for name in ("a/x", "a_x")]
    drawn = [draw(FakeEngine([twin]), gallery, one_picture(), checkpoints=[twin]).drawn for twin in twins]
    assert len({stored.path for (stored,) in drawn}) == 2


def test_time_and_disk_are_foretold_from_the_last_pictures(gallery):
    plan = make_plan(forty_pictures(), CHECKPOINTS, FakeEngine(CHECKPOINTS), gallery)
    assert (plan.seconds, plan.bytes) == (None, None)
    draw(FakeEngine(CHECKPOINTS), gallery, one_picture())
    took = sorted(stored.record.seconds for stored in gallery.pictures())
    sizes = sorted(stored.bytes for stored in gallery.pictures())
    plan = make_plan(forty_pictures(), CHECKPOINTS, FakeEngine(CHECKPOINTS), gallery)
    assert len(plan.missing) == 36
    assert 36 * took[0] <= plan.seconds <= 36 * took[-1] + 1
    assert 36 * sizes[0] <= plan.bytes <= 36 * sizes[-1]
