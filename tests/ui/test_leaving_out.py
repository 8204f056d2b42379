"""A model is left out by a click, stays visible as left out, comes back as easily, and survives a restart."""

from __future__ import annotations

import html
import json
import re
import time
import zipfile

import pytest

pytest.importorskip("gradio", reason="the tab needs gradio")

from lib_modelsim.ui.probes.studio import Order, Studio

from ..probes import tiny_networks
from .following import ended
from .test_states import by_id, choose, families, opened, tab_over, table  # noqa: F401 - a fixture


def act(tab, what, name):
    """A click on a button in a panel, and what it leads to, to the end."""
    at_once = by_id(tab.act(json.dumps({"do": what, "name": name})))
    ended(tab.work)
    return at_once, by_id(tab._look_after())


def leaves(drawing):
    told = re.search(r'data-tree="([^"]+)"', drawing)
    return set(json.loads(html.unescape(told[1]))["names"])


def test_a_leaf_is_left_out_and_brought_back(tab_over, small_family):  # noqa: F811
    tab = tab_over(small_family)
    drawing = families(tab)["drawing"]
    before = leaves(drawing)
    assert {"anna", "stranger"} < before
    _, after = act(tab, "leave out", "stranger")
    assert leaves(after["drawing"]) == before - {"stranger"}
    assert 'data-do="bring back" data-name="stranger"' in after["drawing"]
    _, again = act(tab, "bring back", "stranger")
    assert leaves(again["drawing"]) == before
    assert "bring back" not in again["drawing"]


def test_the_chosen_model_has_a_button_and_loses_its_card_once_it_is_left_out(tab_over, small_family):  # noqa: F811
    tab = tab_over(small_family)
    families(tab)
    tab._chosen.choose("carl")
    assert 'data-do="leave out" data-name="carl"' in by_id(tab.show())["chosen"]
    _, after = act(tab, "leave out", "carl")
    assert "carl" not in after["chosen"]


def test_a_row_stays_in_the_table_as_left_out_and_its_file_is_not_read(tab_over, small_family):  # noqa: F811
    tab = tab_over(small_family)
    opened(tab)
    act(tab, "leave out", "bert")
    tab.session.backend.read_index().wait()
    shown = table(tab)
    assert re.search(r'<tr class="modelsim-left"[^>]*>\s*<td data-value="bert"', shown)
    assert 'data-do="bring back" data-name="bert"' in shown
    assert "left out <b>1</b>" in shown
    assert tab.session.backend.model("bert") is None
    act(tab, "bring back", "bert")
    assert tab.session.backend.model("bert") is not None
    assert "left out" not in table(tab)


def test_it_survives_a_restart_and_the_base_and_the_references_go_with_it(tab_over, small_family):  # noqa: F811
    tab = tab_over(small_family)
    families(tab)
    choose(tab, base="base", references=("base", "anna"))
    act(tab, "leave out", "base")
    assert (tab.session.choices.base, tab.session.choices.references) == (None, ("anna",))
    again = tab_over(small_family)
    opened(again)
    assert again.session.choices.left_out == ("base",)
    assert "base" not in [model.name for model in again.session.backend.index.models]
    choose(again, references=())  # one alone makes no tree
    assert leaves(families(again)["drawing"]) == {"anna", "bert", "carl", "stranger"}


def test_an_export_names_no_folder_unless_it_is_asked_to(tab_over, small_family):  # noqa: F811
    tab = tab_over(small_family)
    families(tab)
    for paths in (False, True):
        choose(tab, export_paths=paths)
        tab._export()
        while tab.session.backend.jobs.busy:
            time.sleep(0.01)
        with zipfile.ZipFile(by_id(tab._families.show_exported())["exported"]) as archive:
            texts = [archive.read(name) for name in archive.namelist() if name.endswith((".csv", ".html"))]
        assert any(str(small_family).encode() in text for text in texts) == paths


def test_probes_generate_with_the_others(tab_over, tmp_path):  # noqa: F811
    for seed, name in enumerate(("anna", "bert", "stranger")):
        tiny_networks.write(tmp_path, name, tiny_networks.sd1(), seed)
    tab = tab_over(tmp_path)
    opened(tab)
    act(tab, "leave out", "stranger")
    studio, order = Studio(tab.session.backend), Order("cfg1-fast")
    studio.make_plan(order).wait()
    names = {picture.checkpoint.name for picture in studio.planned[order].plan.pictures}
    assert names == {"anna", "bert"}
