"""What the page Recipe says, asked of its handlers without a browser."""

from __future__ import annotations

import base64
import html
import json
import re
from dataclasses import replace
from types import SimpleNamespace

import pytest

pytest.importorskip("gradio", reason="the tab needs gradio")

import gradio as gr

from lib_modelsim.hosts.folders import Folders
from lib_modelsim.hosts.host import Listed, Settings
from lib_modelsim.library import Library
from lib_modelsim.lineage.recipe import (
    BakedLora,
    Claim,
    ComponentOrigin,
    FoundMethod,
    MissingParent,
    ParentShare,
    Recipe,
)
from lib_modelsim.lineage.scripts.registry import programs
from lib_modelsim.lineage.wording.document import document
from lib_modelsim.text import size_text
from lib_modelsim.ui.backend import Backend
from lib_modelsim.ui.families.drawing import _turned_round
from lib_modelsim.ui.recipe.answer import recipe_card
from lib_modelsim.ui.recipe.bars import chart
from lib_modelsim.ui.recipe.page import AUTOMATIC_BASE
from lib_modelsim.ui.recipe.repeating import merger_fields, scripts_for
from lib_modelsim.ui.tab import Tab
from lib_modelsim.ui.view_state import ViewState
from lib_modelsim.ui.windows import asked_by
from lib_modelsim.workspace.lineage.remembered import Recalled
from lib_modelsim.workspace.lineage.targets import files_for
from tests.ui.following import ended, stop
from tests.workspace.lineage import merged_family


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return merged_family.write(tmp_path_factory.mktemp("models"))


@pytest.fixture
def tab_over(tmp_path):
    made = []

    def tab(*folders):
        host = Folders(folders, tmp_path / "data", Settings(device="cpu"))
        backend = Backend(host, lambda: Library(tmp_path / "library.sqlite"))
        made.append(backend)
        with gr.Blocks():
            return Tab(ViewState(backend))

    yield tab
    for backend in made:
        backend.close()


@pytest.fixture
def page(tab_over, folder):
    return tab_over(folder).pages["recipe"]


def by_id(updates):
    """What each component shows: its value, or of a menu its choices, too."""
    return {component.elem_id.removeprefix("modelsim_recipe_"): update for component, update in updates.items()}


def text_of(page):
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", str(page))).split())


def make(page, name, base=AUTOMATIC_BASE):
    """Choose a model and press the button; all that is shown then, and the last status."""
    page.look()
    page.take(name, base)
    page.begin()
    status = ended(page.wiring.work)
    return by_id(page.look()), text_of(status)


def test_before_a_model_is_chosen_it_says_what_to_do_and_reads_nothing(page):
    shown = by_id(page.look())
    assert "Choose a model" in text_of(shown["answer"])
    assert shown["model"]["choices"] == ["anna", "base", "bert", "carl", "mixed", "sorted"]
    assert page.maker.backend.index.models == []
    page.begin()
    assert "no model is chosen" in ended(page.wiring.work)


def test_without_checkpoints_it_says_where_to_look(tab_over, tmp_path):
    assert "No checkpoints found" in text_of(by_id(tab_over(tmp_path).pages["recipe"].look())["answer"])


def test_what_will_be_read_is_said_before_and_a_recipe_is_remembered(page, folder):
    page.look()
    before = by_id(page.take("mixed", AUTOMATIC_BASE))
    size = size_text(sum(file.stat().st_size for file in folder.iterdir()))
    assert "Not indexed yet: reads the headers of 6 files, then at most all of them" in text_of(before["reading"])
    assert size in text_of(before["reading"])
    assert "Press Make recipe" in before["answer"]
    shown, status = make(page, "mixed")
    assert "nothing to read" in text_of(shown["reading"])
    assert "error" not in status.lower()
    assert "anna" in text_of(shown["answer"])
    assert "From what is indexed; reads samples of up to 6 files" in text_of(
        by_id(page.take("sorted", AUTOMATIC_BASE))["reading"]
    )


def test_each_window_has_its_own_model(page):
    page.look()
    page.take("mixed", AUTOMATIC_BASE)
    with asked_by("another window"):
        other = by_id(page.look())
    assert other["model"]["value"] is None
    assert by_id(page.look())["model"]["value"] == "mixed"


def settled(page, answer, model):
    """What the page is answered when this answer has arrived, and its menu says this model by then."""
    return by_id(page.settled(answer["newest"], answer["seen"], model, AUTOMATIC_BASE))


def test_a_model_that_was_chosen_while_an_answer_was_on_its_way_is_shown_then(page):
    page.look()
    answer = by_id(page.take("mixed", AUTOMATIC_BASE))
    assert settled(page, answer, "mixed").keys() == {"newest"}
    assert "anna" in str(settled(page, answer, "anna")["answer"])


def test_an_answer_from_before_a_button_was_pressed_does_not_stay_where_it_arrives_last(page):
    page.take("anna", AUTOMATIC_BASE)
    older = by_id(page.look())
    page.act(json.dumps({"recipe": "choose", "name": "mixed"}))
    repaired = settled(page, older, "anna")
    assert repaired["model"]["value"] == "mixed"
    assert settled(page, repaired, "mixed").keys() == {"newest"}


def test_a_button_asks_for_the_recipe_of_a_model_here(page):
    shown = by_id(page.act(json.dumps({"recipe": "choose", "name": "sorted"})))
    assert shown["model"]["value"] == "sorted"


def test_the_model_chosen_in_families_comes_first(page):
    page.maker.backend.read_index().wait()
    page._session.choose(chosen="bert")
    assert by_id(page.look())["model"]["value"] == "bert"


def test_a_stopped_recipe_is_none(page):
    page.look()
    page.take("mixed", AUTOMATIC_BASE)
    page.begin()
    stop(page.wiring.work)
    status = ended(page.wiring.work)
    shown = by_id(page.look())
    assert "Stopped" in status or "nothing to read" in text_of(shown["reading"])


FULL = Recipe(
    "t", "SD 1.x", "block-weighted", FoundMethod("block-weighted", {"alpha": 0.4}, 0.31, "each block by its own share"),
    (
        ParentShare("a", 0.6, 0.58, 0.62, "A", ("a copy", "a cast")),
        ParentShare("b", 0.7, 0.65, 0.75, "B"),
        ParentShare("c", -0.3, -0.35, 0.05, "C"),
    ),
    {"IN00": {"a": 0.8, "b": 0.4, "c": -0.2}, "OUT11": {"a": 1.2, "b": -0.2}},
    {"unet": ComponentOrigin("merged"), "vae": ComponentOrigin("same", "d"), "te": ComponentOrigin("unknown")},
    ("model.diffusion_model.out.2.bias",), 0.0002, None, 0.004, (BakedLora(8, "l", 0.7), BakedLora(4)),
    Claim("a and b, 0.4", ("a", "b"), False, "it names no c"), 0.98, "base", sure=True, remarks=("a remark",),
)  # fmt: skip


def card(recipe, **known):
    return recipe_card(Recalled(recipe, **({"exact": True} | known)))


def test_everything_that_was_found_is_told():
    shown = text_of(card(FULL))
    for words in (
        "proven", "a copy, a cast", "0.58 to 0.62", "cannot be told from 0", "−0.30", "alpha 0.4",
        "0.31 roundings", "the rounding of its precision", "Block-weighted, alpha", "rank 8", "strength 0.70",
        "None that is here, rank 4", "VAE the same as in d", "of none of these models", "does not agree",
        "It names no c", "A remark", "98 %", "0.40 %", "model.diffusion_model.out.2.bias",
    ):  # fmt: skip
        assert words in shown, words
    assert "not proven" not in shown


def test_what_is_not_sure_looks_so():
    doubtful = replace(FULL, sure=False, missing=MissingParent(0.32, "a direction that no candidate has"))
    shown = card(doubtful)
    assert "modelsim-unsure" in shown
    assert "not proven" in text_of(shown)
    assert "A parent is missing 32 % of the way" in text_of(shown)
    assert "Explained" not in shown
    nothing = card(Recipe("t", "SD 1.x", "unknown"))
    assert "modelsim-share" not in nothing
    assert "could not be told" in text_of(nothing)


def test_without_shares_there_is_no_axis():
    ties = FoundMethod("ties", {"alpha": 0.6699}, 0.5)
    parents = (ParentShare("a", None, role="A"), ParentShare("b", None, role="B"))
    shown = card(Recipe("t", "SD 1.x", "ties", ties, parents, sure=True))
    assert "modelsim-share-bars" not in shown
    assert "no constant share" in text_of(shown)
    assert "alpha 0.67" in text_of(shown)
    assert "alpha 0.6699" not in text_of(shown)
    assert "modelsim-share-bars" in card(FULL)
    with_vae = Recipe("t", "SD 1.x", "ties", ties, parents, components={"vae": ComponentOrigin("same", "a")}, sure=True)
    assert "alone" not in text_of(card(with_vae))


def test_who_is_not_sure_for_want_of_a_base_hears_where_to_name_one():
    assert "choose it in the field Base" in text_of(card(replace(FULL, sure=False, base=None)))
    assert "choose it in the field Base" not in text_of(card(FULL))
    assert "Method LoRA" in text_of(card(replace(FULL, kind="lora", method=FoundMethod("lora", {}, 0.3))))


def test_components_are_written_as_labels():
    assert "Text encoder of none of these models" in text_of(card(FULL))


def test_an_earlier_answer_says_what_has_changed_since():
    shown = text_of(card(FULL, exact=False, new=("x", "y"), gone=("z",)))
    assert "new since then: x and y; gone since then: z" in shown


def test_bars_start_at_the_zero_line_and_lie_on_one_axis():
    found = chart(FULL)
    first, second = found.blocks
    assert [found.zero, found.one] == pytest.approx([100 * 0.35 / 1.55, 100 * 1.35 / 1.55], abs=0.01)
    a, b, c = first.bars
    assert a.left == found.zero
    assert b.left == pytest.approx(a.left + a.width, abs=0.002)
    assert c.left + c.width == pytest.approx(found.zero, abs=0.002)
    assert [bar.width / a.width for bar in (b, c)] == pytest.approx([0.5, 0.25], abs=0.001)
    assert [row.mark.letter for row in found.parents] == ["A", "B", "C"]
    assert second.told == "A 1.20, B −0.20"
    assert not found.alike


def test_a_model_that_stands_in_a_block_alone_has_a_letter_of_its_own():
    recipe = Recipe("t", "SD 1.x", "x", parents=(ParentShare("b", 1.0, role="B"),), blocks={"IN00": {"c": 1.0}})
    assert chart(recipe).blocks[0].told == "A 1.00"


def test_the_json_is_that_of_the_command_line():
    (address,) = re.findall(r'href="data:application/json;charset=utf-8;base64,([^"]*)"', card(FULL))
    assert json.loads(base64.b64decode(address)) == json.loads(json.dumps(document(FULL)))


class _Files:
    """The part of a backend that scripts need: a host with these titles, and models in files."""

    def __init__(self, index, is_webui, titles):
        self.index, self.host = index, SimpleNamespace(is_webui=is_webui, listed=lambda: titles)


SUM = Recipe("mixed", "SD 1.x", "weighted sum", parents=(ParentShare("anna", 0.6), ParentShare("bert", 0.4)), sure=True)


@pytest.fixture
def index(page):
    backend = page.maker.backend
    backend.read_index().wait()
    return backend.index


def test_the_fields_of_the_webuis_merger_have_the_titles_of_its_own_menus(index):
    titles = [Listed(model.path, f"{model.path.name} [12ab]") for model in index.models]
    fields = json.loads(merger_fields(SUM, _Files(index, True, titles)))
    assert fields == {
        "modelmerger_primary_model_name": "anna.safetensors [12ab]",
        "modelmerger_secondary_model_name": "bert.safetensors [12ab]",
        "modelmerger_interp_method": "Weighted sum",
        "modelmerger_interp_amount": "0.4",
        "modelmerger_save_as_half": "on",
    }
    assert merger_fields(SUM, _Files(index, False, titles)) == ""  # there is no such tab
    assert merger_fields(SUM, _Files(index, True, titles[1:])) == ""  # anna is not in its list
    slerp = replace(SUM, kind="slerp")
    assert merger_fields(slerp, _Files(index, True, titles)) == ""


def test_scripts_are_those_of_the_command_line_or_say_why_there_is_none(index):
    scripts = scripts_for(SUM, _Files(index, False, ()))
    assert scripts
    for script in scripts:
        program = next(each for each in programs() if each.name == script.program)
        assert script.text == program.write(SUM, files_for(SUM, index.models))
    (none,) = scripts_for(Recipe("mixed", "SD 1.x", "unknown"), _Files(index, False, ()))
    assert "nothing to write" in none.why_not
    shown = recipe_card(Recalled(SUM, exact=True), scripts, merger_fields(SUM, _Files(index, False, ())))
    assert "Repeat this merge" in shown
    assert "data-merger" not in shown


def test_a_model_that_gives_a_component_alone_has_no_share_but_says_what_it_gives():
    parents = (ParentShare("a", 1.0), ParentShare("b"), ParentShare("c"))
    origins = {"unet": ComponentOrigin("same", "a"), "vae": ComponentOrigin("same", "b")}
    rows = chart(Recipe("t", "SD 1.x", "component swap", parents=parents, components=origins)).parents
    assert [row.interval for row in rows] == ["", "its VAE alone", "no constant share"]
    assert rows[1].bar is None


def test_the_parent_of_a_proven_merge_is_none_by_turning_it_round():
    """Of three models on a line each can be written by the other two."""
    turned = Recipe("anna", "SD 1.x", "weighted sum", parents=(ParentShare("mixed", 1.67), ParentShare("bert", -0.67)))
    assert _turned_round(turned, {"mixed": SUM, "anna": turned})
    assert not _turned_round(SUM, {"mixed": SUM, "anna": turned})
    assert not _turned_round(turned, {"mixed": replace(SUM, sure=False), "anna": turned})
