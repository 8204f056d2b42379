"""A suite's pictures side by side are those that belong to it as it is now."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lib_modelsim.errors import ModelsimError
from lib_modelsim.job import Job
from lib_modelsim.probes.sheet import Column
from lib_modelsim.probes.suite import Suite
from lib_modelsim.workspace.probing.probes import draw_plan, plan_suite, sheet_of
from tests.probes.fake_engine import FakeEngine, drawable
from tests.probes.suites import CHECKPOINTS, forty_pictures


def draw(folder, suite, checkpoints=CHECKPOINTS, name="fake"):
    engine = FakeEngine(checkpoints, name=name)
    draw_plan(plan_suite(suite, checkpoints, engine, folder), engine, folder, Job())
    return engine


def test_one_probe_across_all_checkpoints_and_all_probes_of_one(tmp_path):
    draw(tmp_path, forty_pictures())
    sheet = sheet_of(tmp_path, forty_pictures())
    assert [row.name for row in sheet.rows] == ["anna", "bert", "carl", "dora"]
    assert len(sheet.columns) == 10
    across = sheet.of_column(Column("dog", 3))
    assert [stored.record.checkpoint_name for stored in across] == ["anna", "bert", "carl", "dora"]
    assert {(stored.record.probe, stored.record.seed) for stored in across} == {("dog", 3)}
    of_bert = sheet.of_checkpoint(CHECKPOINTS[1].sha256)
    assert [(stored.record.probe, stored.record.seed) for stored in of_bert] == sheet.columns


def test_of_an_edited_suite_only_what_changed_is_drawn_and_shown_anew(tmp_path):
    suite = forty_pictures()
    draw(tmp_path, suite)
    cat, dog = suite.probes
    edited = replace(suite, probes=(cat, replace(dog, parameters=replace(dog.parameters, prompt="a big dog"))))
    assert len(draw(tmp_path, edited).drawn) == 20
    shown = sheet_of(tmp_path, edited).of_column(Column("dog", 1))
    assert {stored.record.drawn_with.prompt for stored in shown} == {"a big dog"}
    before = sheet_of(tmp_path, suite).of_column(Column("dog", 1))
    assert {stored.record.drawn_with.prompt for stored in before} == {"a dog"}


def test_pictures_drawn_for_another_suite_are_not_drawn_again(tmp_path):
    suite = forty_pictures()
    draw(tmp_path, suite)
    other = Suite("other", (replace(suite.probes[0], name="kitten"),))
    assert draw(tmp_path, other).drawn == []
    assert len(sheet_of(tmp_path, other).of_column(Column("kitten", 1))) == 4


def test_architectures_stand_side_by_side_each_in_its_form(tmp_path):
    suite = forty_pictures()
    forms = {"SDXL": {"width": 1024, "height": 1024}}
    suite = replace(suite, probes=tuple(replace(probe, forms=forms) for probe in suite.probes))
    draw(tmp_path, suite, [*CHECKPOINTS[:1], drawable("xl", "SDXL")])
    anna, xl = sheet_of(tmp_path, suite).of_column(Column("cat", 1))
    assert (anna.record.drawn_with.width, xl.record.drawn_with.width) == (512, 1024)


def test_two_engines_never_share_a_sheet(tmp_path):
    draw(tmp_path, forty_pictures())
    draw(tmp_path, forty_pictures(), CHECKPOINTS[:1], "other")
    assert len(sheet_of(tmp_path, forty_pictures()).rows) == 4
    assert [row.name for row in sheet_of(tmp_path, forty_pictures(), "other").rows] == ["anna"]
    with pytest.raises(ModelsimError, match="use one of fake, other"):
        sheet_of(tmp_path, forty_pictures(), "third")


def test_a_renamed_checkpoint_has_one_row_under_its_new_name(tmp_path):
    suite = forty_pictures()
    draw(tmp_path, replace(suite, probes=suite.probes[:1]), CHECKPOINTS[:1])
    draw(tmp_path, suite, [replace(CHECKPOINTS[0], name="anna-final")])
    sheet = sheet_of(tmp_path, suite)
    assert [row.name for row in sheet.rows] == ["anna-final"]
    assert None not in sheet.of_checkpoint(CHECKPOINTS[0].sha256)
