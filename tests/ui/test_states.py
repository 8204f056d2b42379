"""What the page says in every state it can be in, asked of its handlers without a browser."""

from __future__ import annotations

import pytest

pytest.importorskip("gradio", reason="the page needs gradio")

import gradio as gr

from lib_modelsim.library import Library
from lib_modelsim.ui.desk import Desk
from lib_modelsim.ui.drawing import TREE
from lib_modelsim.ui.handlers import AUTOMATIC, MEAN, Handlers, Parts
from lib_modelsim.ui.words import MEASURES

PARTS = Parts(*Parts.__dataclass_fields__)
"""Each component stood for by its name."""


@pytest.fixture
def desk_over():
    """Makes desks over folders, and closes them."""
    made = []

    def desk(*folders):
        made.append(Desk(folders, "cpu", lambda: Library(None)))
        return made[-1]

    yield desk
    for desk in made:
        desk.close()


def controls(measure="asimilarity", base=MEAN, classes=AUTOMATIC):
    label = next(label for label, known in MEASURES.items() if known == measure)
    return label, base, classes, None, TREE, None, None


def walk(desk, *view):
    """What opening the page does: every update in turn."""
    handlers, view = Handlers(desk, PARTS), view or controls()
    handlers.take_turn()
    steps = list(handlers.compare(*view))
    return [*steps, handlers.show(*view), *handlers.hash_few(*view), handlers.show_facts(*view)]


def drawn(update):
    """What an update changes."""
    return {part: value for part, value in update.items() if value != gr.update()}


def last(updates):
    """What every component shows in the end."""
    return {part: value for update in updates for part, value in update.items()}


def test_no_models_says_where_to_put_some(desk_over, tmp_path):
    shown = last(walk(desk_over(tmp_path)))
    assert "Put checkpoints into the folder" in shown["drawing"]
    assert "no checkpoints in this folder" in shown["models"]


def test_one_model_is_listed_without_a_tree(desk_over, small_family):
    shown = last(walk(desk_over(small_family / "anna.safetensors")))
    assert "One model, no tree" in shown["drawing"]
    assert "anna" in shown["models"]
    assert "Put more checkpoints" in shown["relatives"]


def test_all_unreadable_gives_every_reason(desk_over, tmp_path):
    (tmp_path / "cut.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0{")
    (tmp_path / "text.ckpt").write_text("not found")
    shown = last(walk(desk_over(tmp_path)))
    assert "No models that can be read" in shown["drawing"]
    assert shown["models"].count("not read:") == 2


def test_a_bad_file_stands_beside_the_good_ones(desk_over, small_family, tmp_path):
    (tmp_path / "empty.safetensors").write_bytes(b"")
    shown = last(walk(desk_over(small_family, tmp_path)))
    assert "<svg" in shown["drawing"]
    assert "anna" in shown["models"]
    assert shown["models"].count("not read:") == 1
    assert "5 models, 1 not read" in shown["status"]


def test_work_shows_how_far_it_is_and_offers_to_stop(desk_over, small_family):
    first = walk(desk_over(small_family))[0]
    assert "modelsim-working" in first["status"]
    assert first["stop"]["interactive"]


def test_stopped_keeps_what_is_there_and_says_how_to_go_on(desk_over, small_family):
    desk = desk_over(small_family)
    handlers = Handlers(desk, PARTS)
    steps = handlers.compare(*controls())
    shown = next(steps)
    handlers.stop()
    shown = last([shown, *steps, handlers.show(*controls())])
    assert "Stopped" in shown["status"]
    assert "Press Compare again" in shown["drawing"]
    assert not shown["stop"]["interactive"]
    assert "<svg" in last(walk(desk))["drawing"]


def test_a_newer_question_is_served_and_the_older_one_leaves(desk_over, small_family):
    handlers = Handlers(desk_over(small_family), PARTS)
    older = handlers.compare(*controls())
    next(older)
    handlers.take_turn()
    newer = handlers.compare(*controls("cosine"))
    next(newer)
    assert "Another question" in last(older)["status"]
    assert "drawing" not in drawn(handlers.show(*controls())), "what the older one would show"
    assert "5 models" in last(newer)["status"]
    assert "<svg" in handlers.show(*controls("cosine"))["drawing"]


def test_two_models_take_the_first_as_base_as_their_mean_is_none(desk_over, small_family):
    desk = desk_over(
        small_family / "anna.safetensors", small_family / "bert.safetensors", small_family / "base.safetensors"
    )
    walk(desk)
    shown = last(walk(desk, *controls("delta-cosine")))
    assert shown["base"]["visible"]
    assert shown["base"]["value"] == "anna"
    assert "This is the base" in shown["relatives"]


def test_facts_appear_once_the_files_are_hashed(desk_over, small_family, tmp_path):
    (tmp_path / "twin.safetensors").write_bytes((small_family / "anna.safetensors").read_bytes())
    updates = walk(desk_over(small_family, tmp_path))
    tables = [update["models"] for update in updates if "models" in update]
    assert "same file as" not in tables[0]
    assert "same file as twin" in tables[-1]


def test_more_classes_than_models_are_as_many_as_models(desk_over, small_family):
    shown = last(walk(desk_over(small_family), *controls(classes="20")))
    assert "5 models, 5 classes" in shown["drawing"]


def test_a_name_typed_is_saved_for_the_class_chosen_and_only_while_it_is_there(desk_over, small_family):
    desk, view = desk_over(small_family), list(controls(classes="2"))
    walk(desk, *view)
    handlers = Handlers(desk, PARTS)
    view[5] = handlers.show_family(*view)["named"]["choices"][1]
    saved = handlers.save_name(" odd ", "", *view)
    assert "saved" in saved["said"]
    assert "odd" in saved["drawing"]
    assert "odd" in saved["models"]
    assert handlers.show_name(*view)["name"] == "odd"
    view[2] = "5"
    gone = handlers.save_name("even", "", *view)
    assert "have changed" in gone["said"]
    assert "drawing" not in gone
