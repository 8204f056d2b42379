"""What the tab says in every state it can be in, asked of its handlers without a browser."""

from __future__ import annotations

import json
import re

import pytest

pytest.importorskip("gradio", reason="the tab needs gradio")

import gradio as gr
import numpy as np
from safetensors.numpy import save_file

from lib_modelsim import demo
from lib_modelsim.hosts.folders import Folders
from lib_modelsim.hosts.host import Settings
from lib_modelsim.library import Library
from lib_modelsim.ui.backend import Backend
from lib_modelsim.ui.tab import Tab
from lib_modelsim.ui.view_state import ViewState
from lib_modelsim.ui.windows import asked_by
from tests.ui.following import ended, stop


@pytest.fixture
def tab_over(tmp_path):
    """Makes tabs over folders, each with the same data folder, and closes them."""
    made = []

    def tab(*folders):
        host = Folders(folders, tmp_path / "data", Settings(device="cpu"))
        backend = Backend(host, lambda: Library(tmp_path / "data" / "library.sqlite"))
        made.append(backend)
        with gr.Blocks():
            return Tab(ViewState(backend)).pages["families"]

    yield tab
    for backend in made:
        backend.close()


def by_id(updates):
    """Id of each component that an update is for → its new value."""
    found = {}
    for component, update in updates.items():
        value = update.get("value") if isinstance(update, dict) else update
        found[component.elem_id.removeprefix("modelsim_")] = value
    return found


def opened(tab):
    return by_id(tab.look())


def families(tab):
    """What a click on Show families does, to the end."""
    tab.towards_tree()
    tab.compare()
    status = ended(tab.work)
    return {**by_id(tab.look()), "status": status}


def table(tab):
    """The library's table, whatever is looked at."""
    view = tab.session.choices.view
    choose(tab, view="Library")
    found = opened(tab)["models"]
    choose(tab, view=view)
    return found


def choose(tab, **choices):
    tab.session.choose(**choices)


def test_nothing_is_read_before_it_is_asked_for(tab_over, small_family):
    shown = opened(tab_over(small_family))
    assert "not indexed <b>5</b>" in shown["models"]
    assert shown["chosen"] == ""


def test_no_models_says_where_to_put_some(tab_over, tmp_path):
    shown = opened(tab_over(tmp_path))
    assert "No checkpoints found" in shown["models"]
    assert str(tmp_path) in shown["models"]


def test_one_model_is_listed_without_a_tree(tab_over, small_family):
    tab = tab_over(small_family / "anna.safetensors")
    shown = families(tab)
    assert "One model" in shown["drawing"]
    choose(tab, view="Library", chosen="anna")
    shown = opened(tab)
    assert "anna" in shown["models"]
    assert "No other model" in shown["relatives"]


def test_all_unreadable_gives_every_reason(tab_over, tmp_path):
    (tmp_path / "cut.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0{")
    (tmp_path / "text.ckpt").write_text("not found")
    tab = tab_over(tmp_path)
    families(tab)
    choose(tab, view="Library")
    shown = opened(tab)
    assert shown["models"].count("not read:") == 2
    assert "unreadable <b>2</b>" in shown["models"]


def test_a_bad_file_stands_beside_the_good_ones(tab_over, small_family, tmp_path):
    (tmp_path / "empty.safetensors").write_bytes(b"")
    tab = tab_over(small_family, tmp_path)
    shown = families(tab)
    assert "data-tree=" in shown["drawing"]
    assert "5 models, 1 not read" in shown["status"]
    assert "not read:" in table(tab)


def test_a_changed_file_is_told(tab_over, small_family, tmp_path):
    file = tmp_path / "one.safetensors"
    file.write_bytes((small_family / "anna.safetensors").read_bytes())
    tab = tab_over(tmp_path)
    tab._index()
    ended(tab.work)
    assert opened(tab)["models"].count('data-state="indexed"') == 1
    file.write_bytes((small_family / "base.safetensors").read_bytes()[:-8] + b"changed!")
    assert "changed <b>1</b>" in opened(tab)["models"]


def test_work_shows_how_far_it_is_and_can_be_stopped(tab_over, small_family):
    tab = tab_over(small_family)
    tab.towards_tree()
    tab.compare()
    assert "modelsim-working" in tab.work.line()
    stop(tab.work)
    assert "Stopped" in ended(tab.work)
    assert "Press Show families" in opened(tab)["drawing"]
    assert "data-tree=" in families(tab)["drawing"]


def test_the_newest_question_of_a_window_takes_the_place_of_the_one_before(tab_over, small_family):
    tab = tab_over(small_family)
    tab.towards_tree()
    tab.compare()
    older = tab.session.choices.question
    choose(tab, measure="cosine")
    tab.compare()
    ended(tab.work)
    told = [task.told for task in tab.work.jobs.ended if task.key == older]
    assert told == ["Replaced by a newer request."]
    assert "data-tree=" in opened(tab)["drawing"]


def test_another_measure_is_compared_only_where_families_are_looked_at(tab_over, small_family):
    tab = tab_over(small_family)
    choose(tab, measure="cosine")
    tab.compare()
    assert not tab.session.backend.busy
    assert not tab.session.backend.answers


def test_too_few_models_for_a_mean_are_compared_by_what_needs_no_base_and_it_is_said(tab_over, small_family):
    tab = tab_over(*(small_family / f"{name}.safetensors" for name in ("anna", "bert", "carl")))
    families(tab)
    choose(tab, measure="delta-cosine", chosen="anna")
    shown = families(tab)
    assert "compared by sampled-relative-l2" in shown["drawing"]
    assert {"bert", "carl"} <= set(re.findall(r'<b title="(\w+)">', shown["relatives"]))
    assert "not comparable" not in shown["relatives"]


def test_who_is_left_out_of_the_tree_is_told_below_it(tab_over, small_family, tmp_path):
    demo.save(tmp_path / "odd & one.safetensors", demo.draw(demo.sd1_shapes(8, 16, 1), seed=6))
    tab = tab_over(small_family, tmp_path)
    choose(tab, measure="cosine")
    drawing = families(tab)["drawing"]
    notes = drawing[drawing.index('<ul class="modelsim-notes">') :]
    assert "<li>Left out of the tree, cannot be compared with any other: odd &amp; one</li>" in notes


def test_models_of_which_no_two_are_comparable_give_the_reason_in_place_of_a_tree(tab_over, small_family, tmp_path):
    demo.save(tmp_path / "odd.safetensors", demo.draw(demo.sd1_shapes(8, 16, 1), seed=6))
    tab = tab_over(small_family / "anna.safetensors", tmp_path)
    choose(tab, measure="cosine")
    drawing = families(tab)["drawing"]
    assert "No tree" in drawing
    assert "cannot be compared with any other: anna and odd" in drawing


def test_an_architecture_without_a_tree_takes_none_from_the_others(tab_over, small_family, tmp_path):
    for seed in range(3):
        demo.save(tmp_path / f"large{seed}.safetensors", demo.draw(demo.sdxl_shapes(4, 16, (1, 1)), seed=seed))
    tab = tab_over(small_family, tmp_path)
    choose(tab, measure="cosine", references=("anna", "bert", "carl", "large0"))
    drawing = families(tab)["drawing"]
    assert "data-tree=" in drawing
    assert "No tree for SDXL: a tree of features needs three references or more" in drawing


def test_facts_appear_once_the_files_are_hashed(tab_over, small_family, tmp_path):
    (tmp_path / "twin.safetensors").write_bytes((small_family / "anna.safetensors").read_bytes())
    tab = tab_over(small_family, tmp_path)
    families(tab)
    assert "same file as twin" in table(tab)


def test_more_classes_than_models_are_as_many_as_models(tab_over, small_family):
    tab = tab_over(small_family)
    choose(tab, classes=20, measure="cosine")
    assert families(tab)["named_classes"].count("<tr><td>") == 5


def test_choices_and_index_survive_a_restart(tab_over, small_family):
    first = tab_over(small_family)
    families(first)
    choose(first, measure="cosine", chosen="carl", view="Library", classes=3, linkage="average")
    shown = opened(tab_over(small_family))
    assert "cosine" in shown["measure"]
    assert (shown["classes"], shown["linkage"], shown["view"]) == ("3", "Average", "Library")
    assert "carl" in shown["chosen"]
    assert shown["models"].count('data-state="indexed"') == 5


def test_each_window_has_its_own_choices_and_a_new_one_begins_with_the_latest(tab_over, small_family):
    tab = tab_over(small_family)
    tab.session.choose(view="Tree", classes=3)
    with asked_by("another window"):
        assert tab.session.choices.view == "Tree"
        tab.session.choose(view="Heat map")
        tab.session.leave_out("anna")
    assert tab.session.choices.view == "Tree"
    assert tab.session.choices.left_out == ("anna",), "what is left out is left out for everybody"
    with asked_by("a third one"):
        assert (tab.session.choices.view, tab.session.choices.classes) == ("Heat map", 3)


@pytest.mark.parametrize("kept", ["", "{", "[]", '{"measure": 5}', '{"unknown": 1}', '{"references": 3}'])
def test_choices_that_cannot_be_used_begin_anew(tab_over, small_family, tmp_path, kept):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "choices.json").write_text(kept)
    assert "sampled-delta-cosine" in opened(tab_over(small_family))["measure"]


def test_references_make_other_features(tab_over, small_family):
    tab = tab_over(small_family)
    every = families(tab)["drawing"]
    for name in ("base", "anna", "stranger"):
        tab.act(json.dumps({"do": "reference", "name": name}))
    assert tab.session.choices.references == ("base", "anna", "stranger")
    assert opened(tab)["drawing"] != every
    tab.act(json.dumps({"do": "reference", "name": "anna"}))
    assert "needs three references" in opened(tab)["drawing"], "why there is no tree"


def test_a_name_is_saved_for_the_class_typed_at_and_only_while_it_is_there(tab_over, small_family):
    tab = tab_over(small_family)
    choose(tab, classes=2)
    key = re.findall(r'data-class="(\w+)"', families(tab)["named_classes"])[-1]
    typed = {"do": "name", "class": key, "name": " odd ", "remark": ""}
    saved = by_id(tab.act(json.dumps(typed)))
    assert "saved" in saved["said"]
    assert 'value="odd"' in saved["named_classes"]
    assert "odd" in table(tab)
    choose(tab, classes=5)
    assert "have changed" in by_id(tab.act(json.dumps(typed | {"name": "even"})))["said"]
    choose(tab, classes=2)
    assert 'value="odd"' in opened(tab)["named_classes"]


def test_what_the_host_cannot_do_is_a_word_on_the_button(tab_over, small_family):
    tab = tab_over(small_family)
    families(tab)
    choose(tab, chosen="anna")
    assert re.search(r"<button[^>]* disabled [^>]*without a WebUI", opened(tab)["chosen"])


def test_two_trees_need_a_second_kind_of_evidence(tab_over, small_family):
    tab = tab_over(small_family)
    families(tab)
    choose(tab, view="Two trees")
    assert "pictures of the probes too" in opened(tab)["drawing"]
    choose(tab, measure="pictures")
    assert "generate a suite first" in families(tab)["status"]


def sent(updates):
    """Id of each component → its update as gradio gets it."""
    return {part.elem_id.removeprefix("modelsim_"): update for part, update in updates.items()}


def test_a_control_is_sent_a_value_only_by_an_answer_that_changes_it(tab_over, small_family):
    """A person may have chosen another one before the answer arrives."""
    tab = tab_over(small_family)
    families(tab)
    controls = {field: control for control, field, _ in tab._taken}
    answer = sent(tab._taker(controls["classes"], "classes", int)("2"))
    kept = [answer[name] for name in ("view", "measure", "classes", "distance", "linkage", "optimal_order")]
    assert kept == [gr.update()] * 6
    assert tab._newest.is_in(answer["families_seen"])
    assert all("value" not in update for update in (sent(tab._look_after())[name] for name in ("view", "measure")))
    tree = sent(tab._changes(lambda: tab.act(json.dumps({"do": "reference", "name": "anna"}))))
    assert (tree["references"]["value"], tree["classes"]) == (["anna"], gr.update())


def test_a_base_that_is_gone_leaves_its_control(tab_over, small_family):
    tab = tab_over(small_family)
    families(tab)
    choose(tab, base="gone")
    (control,) = [control for control, field, _ in tab._taken if field == "measure"]
    answer = tab._taker(control, "measure", lambda _: "delta-cosine")("")
    assert tab.session.choices.base is None
    assert sent(answer)["base"]["value"].startswith("Automatic")


def test_the_view_that_the_page_says_it_shows_is_drawn(tab_over, small_family):
    tab = tab_over(small_family)
    families(tab)
    seen = opened(tab)["families_seen"]
    assert list(tab._settled(seen, "Tree")) == [tab._newest.field]
    choose(tab, view="Map")
    assert "modelsim-map" in by_id(tab._settled(seen, "Tree"))["drawing"], "an answer that came late is not the last"
    assert "modelsim-heatmap" in by_id(tab._settled(tab._newest.told(), "Heat map"))["drawing"], "the click was lost"


def test_references_behind_the_closed_panel_are_named_and_cleared_by_a_click(tab_over, small_family):
    tab = tab_over(small_family)
    families(tab)
    assert sent(tab.show())["using"] == gr.update(visible=False)
    choose(tab, references=("anna", "bert", "carl", "gone"))
    assert "3 references: anna, bert, carl<" in opened(tab)["using"]
    assert 'data-do="clear references"' in opened(tab)["using"]
    cleared = sent(tab._changes(lambda: tab.act(json.dumps({"do": "clear references"}))))
    assert (tab.session.choices.references, cleared["references"]["value"]) == ((), [])
    assert cleared["using"] == gr.update(visible=False)


def test_what_a_file_says_of_itself_is_shown_of_a_model_alone(tab_over, tmp_path):
    weights = demo.draw(demo.sd1_shapes(8, 16, 1), seed=1)
    demo.save(tmp_path / "alone.safetensors", weights, metadata={"modelspec.title": "Alone at last"})
    tab = tab_over(tmp_path / "alone.safetensors")
    tab._index()
    ended(tab.work)
    choose(tab, chosen="alone")
    card = opened(tab)["chosen"]
    assert "Says of itself" in card
    assert "Alone at last" in card
    assert "text encoder" in card


def test_what_the_card_says_is_not_said_again(tab_over, tmp_path):
    for name in ("one", "two"):
        save_file({"emb_params": np.full((2, 768), len(name), "f4")}, tmp_path / f"{name}.safetensors")
    tab = tab_over(tmp_path)
    choose(tab, chosen="one")
    shown = families(tab)
    assert "not comparable: a textual inversion" in shown["chosen"]
    assert 'class="modelsim-own"' not in shown["relatives"]


def test_a_model_that_equals_the_base_says_so(tab_over, small_family, tmp_path):
    weights = demo.draw(demo.sd1_shapes(4, 16, 1), seed=1)
    demo.save(tmp_path / "same.safetensors", weights, metadata={"note": "another header"})
    tab = tab_over(small_family, tmp_path / "same.safetensors")
    choose(tab, base="base", chosen="same")
    told = families(tab)["relatives"].split('class="modelsim-own">')[1]
    assert told.startswith("no difference in a sample of the UNet beside base, the base")


def test_two_models_of_another_network_do_not_take_the_tree_from_more(tab_over, small_family, tmp_path):
    for i in range(2):
        weights = demo.train(demo.draw(demo.sd2_shapes(4, 16, 1), seed=7), seed=i, size=0.1)
        demo.save(tmp_path / f"a foreign {i}.safetensors", weights)
    tab = tab_over(tmp_path, small_family)
    assert "anna" in families(tab)["drawing"]
    assert tab.session.shown().family.architecture == "SD 1.x"
    choose(tab, architecture="SD 2.x")
    assert "a foreign 1" in by_id(tab.show())["drawing"]
