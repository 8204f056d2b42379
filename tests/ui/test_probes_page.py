"""What the page of probes says and shows, asked of its handlers without a browser; a fake engine draws noise."""

from __future__ import annotations

import html
import json
import re
from ast import literal_eval
from base64 import b64encode

import pytest

pytest.importorskip("gradio", reason="the tab needs gradio")

import gradio as gr

from lib_modelsim.engines import diffusers_engine
from lib_modelsim.errors import ModelsimError
from lib_modelsim.hosts.folders import Folders
from lib_modelsim.hosts.host import Settings
from lib_modelsim.library import Library
from lib_modelsim.probes.engine import WITH_WEBUI, CheckpointFailed
from lib_modelsim.ui.backend import Backend
from lib_modelsim.ui.probes.pictures import ONE_MODEL, ONE_PROBE, TWO
from lib_modelsim.ui.probes.studio import Order
from lib_modelsim.ui.probes.suite_menu import suite_label
from lib_modelsim.ui.tab import Tab
from lib_modelsim.ui.view_state import ViewState
from tests.probes import tiny_networks
from tests.probes.fake_engine import FakeEngine
from tests.ui.following import ended

ORDER = Order("cfg1-fast")


class DrawingFolders(Folders):
    """Folders whose checkpoints a fake engine draws."""

    refuses, refuses_all = "", False
    foreseen, lacks = staticmethod(lambda checkpoint: None), None

    def engine(self, checkpoints):
        def load(checkpoint):
            if self.refuses_all or checkpoint.name == self.refuses:
                raise CheckpointFailed("cannot be loaded", checkpoint.name, "fetch it again")

        return FakeEngine(list(checkpoints), loadable=load, foreseen=self.foreseen, lacks=self.lacks)


@pytest.fixture
def host(tmp_path, small_family):
    return DrawingFolders([small_family], tmp_path, Settings(device="cpu"))


@pytest.fixture
def page(host, tmp_path):
    backend = Backend(host, lambda: Library(tmp_path / "library.sqlite"))
    with gr.Blocks():
        yield Tab(ViewState(backend)).pages["probes"]
    backend.close()


def by_id(updates):
    return {
        part.elem_id.removeprefix("modelsim_"): update.get("value") if isinstance(update, dict) else update
        for part, update in updates.items()
    }


def shown(page, view=ONE_PROBE, *looking):
    return by_id(page.show(ORDER.suite, (), 1, view, *(looking or (None, None, None))))


def do(page, task):
    page.work.begin(page.id, lambda: task(ORDER), "Stopped.")
    return ended(page.work)


def test_where_the_models_change_none_stays_chosen(page):
    """gradio keeps places, so that the menu would show names that nobody chose."""
    backend = page.session.backend
    backend.read_index().wait()
    assert by_id(page.show(ORDER.suite, ("bert",), 1, ONE_PROBE, None, None, None))["probe_models"] == ["bert"]
    backend.leave_out(["anna"])
    assert by_id(page.show(ORDER.suite, ("bert",), 1, ONE_PROBE, None, None, None))["probe_models"] == []


def test_nothing_drawn_says_what_to_do(page):
    assert "No images yet" in shown(page)["pictures"]


def test_the_page_asks_for_a_suite_and_keeps_it_and_the_models_over_a_start(page, host):
    first = by_id(page.opened())
    assert first["suite"] is None
    offered = re.findall('data-suite="([^"]*)"', first["pictures"])
    assert offered == ["cfg1-fast", "cfg1", "demonstration", "prior", "standard"]
    begins = "standard — 24 probes, 512 × 512, 28 steps: 24 prompts of"
    assert by_id(page.opened("standard"))["suite"].startswith(begins)
    backend = page.session.backend
    backend.read_index().wait()
    labels = page.show(None, (), 1, ONE_PROBE, None, None, None)[page._suite]["choices"]
    page._taken(labels[0], ["bert", "carl"], 1, ONE_PROBE, None, None, None)
    page.session = ViewState(backend)  # as after a start
    again = by_id(page.opened())
    assert (again["suite"], again["probe_models"]) == (labels[0], ["bert", "carl"])


def test_before_anything_is_generated_the_page_tells_what_and_what_is_not_known(page):
    page.session.choose(suite="cfg1-fast")
    values = ("cfg1-fast", (), 1, ONE_PROBE, None, None, None)

    def asks():
        return page.show(*values)[page._question]["visible"]

    do(page, page.studio.make_plan)
    assert not asks()
    page.studio.ask_about(ORDER)
    assert not asks(), "not before it is known what would be generated"
    do(page, page.studio.make_plan)
    assert asks()
    assert "5 models are not hashed yet" in shown(page)["planned"]
    do(page, page.studio.generate)
    assert "not hashed" not in shown(page)["planned"]
    assert not asks()


def test_a_suite_is_exported_as_the_file_that_is_imported(page):
    html_of = by_id(page.suites.exported("standard"))["suite_exported"]
    text = json.loads(html.unescape(re.search('data-text="([^"]*)"', html_of)[1]))
    sent = {"name": "standard.json", "data": b64encode(text.encode()).decode()}
    assert by_id(page.suites.imported(json.dumps(sent)))["suite_text"] == text
    assert 'data-save-as="standard.json"' in html_of
    assert "no suite is chosen" in by_id(page.suites.exported(None))["suite_said"]


def test_the_plan_is_told_before_anything_is_drawn(page):
    assert "models" in do(page, page.studio.make_plan)
    told = shown(page)["planned"]
    assert "5 models: 0 exist" in told
    assert "No images yet" in shown(page)["pictures"]


def test_what_is_drawn_is_shown_in_every_view(page):
    do(page, page.studio.generate)
    assert "5 exist" in shown(page)["planned"]
    found = shown(page)
    assert found["pictures"].count("<img") == 5
    assert found["column"] == "prior 1337"
    assert shown(page, ONE_MODEL, None, "carl", None)["pictures"].count("<img") == 1
    two = shown(page, TWO, None, "carl", "anna")["pictures"]
    assert two.count("<img") == 2
    assert two.index("<b>carl") < two.index("<b>anna")


def test_pictures_are_addressed_in_the_data_folder_alone(page, host):
    do(page, page.studio.generate)
    for url in re.findall(r'src="([^"]*)"', shown(page)["pictures"]):
        assert url.startswith("/data/gallery/cfg1-fast/")
        assert str(host.data) not in url


def test_a_checkpoint_that_fails_is_told_and_the_others_are_drawn(page, host):
    host.refuses = "carl"
    do(page, page.studio.generate)
    found = shown(page)
    assert "carl" in found["planned"]
    assert "cannot be loaded" in found["planned"]
    assert found["pictures"].count("<img") == 4


def test_nothing_generated_is_told_as_an_error(page, host):
    host.refuses_all = True
    assert "nothing was generated" in do(page, page.studio.generate)


def test_what_cannot_generate_is_told_by_the_estimate_in_one_line_for_each_reason(page, host):
    host.foreseen = lambda checkpoint: CheckpointFailed("the file has no VAE", None, WITH_WEBUI)
    status = do(page, page.studio.make_plan)
    assert "modelsim-error" in status
    assert "no checkpoint can generate pictures: the file has no VAE" in status
    told = shown(page)["planned"]
    assert "anna.safetensors, base.safetensors, bert.safetensors and 2 more cannot generate images" in told
    assert "--webui" not in told + status


def test_missing_packages_are_told_by_the_estimate(page, host):
    host.lacks = ModelsimError("packages needed to generate are missing", "diffusers", "install it")
    do(page, page.studio.make_plan)
    assert "Nothing can be generated yet: packages needed to generate are missing" in shown(page)["planned"]


def test_the_grid_is_composed_once_all_is_drawn_and_offered_as_files(page):
    do(page, page.studio.generate)
    names = [path.rsplit("/", 1)[-1] for path in shown(page)["grid_files"]]
    assert any(name.endswith(".png") for name in names)
    assert any(name.endswith(".html") for name in names)


def test_a_grid_of_nothing_is_one_line(page):
    assert "this suite has no images yet" in do(page, page.studio.make_grid)


def test_a_suite_of_prompts_is_kept_edited_and_removed(page):
    suites = page.suites
    kept = by_id(suites.saved("mine", "a cat\na dog\n"))
    assert "Saved to" in kept["suite_said"]
    assert "mine" in [suite.name for suite in page.studio.backend.suites.all()]
    again = by_id(suites.saved("mine", kept["suite_text"].replace("a cat", "a horse")))
    assert "a horse" in again["suite_text"]
    assert "removed" in by_id(suites.removed("mine", ""))["suite_said"]


@pytest.mark.parametrize("name", ["mine.txt", "../mine.txt", f"{'long' * 60} mine.txt", "\0/mine"])
def test_the_file_of_a_suite_comes_with_its_name(page, name):
    sent = {"name": name, "data": b64encode(b"a cat\na dog\n").decode(), "at": 1}
    read = by_id(page.suites.imported(json.dumps(sent)))
    assert read["suite_name"]
    assert "a dog" in read["suite_text"]
    assert not page.studio.backend.suites.folder.exists(), "nothing is kept before Save"


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("", "a cat", "no name"),
        ("standard", "a cat", "built-in"),
        ("mine", '{"probes": 5}', "probes"),
        ("mine", "", "Fix"),
    ],
)
def test_a_suite_that_cannot_be_is_one_line(page, name, text, told):
    said = by_id(page.suites.saved(name, text))["suite_said"]
    assert "modelsim-error" in said
    assert told in said


def test_one_bad_suite_is_told_and_stops_no_other(page, host):
    (host.data / "suites").mkdir()
    (host.data / "suites" / "bad.json").write_text('{"name": "bad", "probes": [{"name": "x", "unknown": 1}]}')
    found = by_id(page.opened("cfg1-fast"))
    assert found["suite"].startswith("cfg1-fast — 1 probe")
    assert "bad.json" in found["planned"]


def test_a_control_is_not_sent_the_value_that_it_has_as_a_person_may_have_chosen_another_by_then(page):
    do(page, page.studio.generate)
    label = shown(page)["suite"]
    updates = page._asked(label, ["anna"], 2, ONE_MODEL, "gone", "anna", "bert")
    sent = {part.elem_id.removeprefix("modelsim_"): update for part, update in updates.items()}
    assert [sent[name] for name in ("batch", "suite", "pictures_view", "first")] == [
        gr.update(),
        gr.update(choices=sent["suite"]["choices"]),
        gr.update(visible=True),
        gr.update(choices=sent["first"]["choices"], visible=True),
    ]
    assert sent["column"]["value"] == "prior 1337", "what makes no sense gives way"


def test_what_the_page_shows_is_asked_for_again_where_its_controls_say_something_else(page):
    do(page, page.studio.generate)
    values = [shown(page)["suite"], [], 1, ONE_MODEL, "prior 1337", "anna", "bert"]
    answer = by_id(page.show(*values))
    arrived = answer["probes_newest"], answer["probes_seen"]
    assert list(page._settled(*arrived, *values)) == [page._newest.field]
    assert "pictures" in by_id(page._settled(*arrived, *values[:3], ONE_PROBE, *values[4:]))


def test_an_answer_from_before_another_suite_was_chosen_does_not_stay_where_it_arrives_last(page):
    first, second = page.session.backend.suites.all()[:2]
    older = by_id(page.opened(first.name))
    page.opened(second.name)
    values = literal_eval(older["probes_seen"])
    repaired = by_id(page._settled(older["probes_newest"], older["probes_seen"], *values))
    assert repaired["suite"] == suite_label(second)
    values = literal_eval(repaired["probes_seen"])
    assert list(page._settled(repaired["probes_newest"], repaired["probes_seen"], *values)) == [page._newest.field]


@pytest.fixture
def real(tmp_path):
    """The page over files that diffusers can and cannot generate with."""
    folder, shapes = tmp_path / "models", tiny_networks.sd1()
    folder.mkdir()
    tiny_networks.write(folder, "whole", shapes)
    no_vae = {key: shape for key, shape in shapes.items() if not key.startswith("first_stage_model.")}
    for seed, name in enumerate(("bare", "naked")):
        tiny_networks.write(folder, name, no_vae, seed)
    tiny_networks.write(folder, "strange", {"double_blocks.0.img_attn.qkv.weight": (48, 16), "img_in.weight": (16, 64)})
    tiny_networks.write(folder, "odd", {"layers.0.weight": (16, 16), "layers.1.weight": (16, 16)})
    host = Folders([folder], tmp_path, Settings(device="cpu"))
    backend = Backend(host, lambda: Library(tmp_path / "library.sqlite"))
    with gr.Blocks():
        yield Tab(ViewState(backend)).pages["probes"]
    backend.close()


def test_before_anything_is_generated_files_without_parts_and_unknown_networks_are_told(real):
    do(real, real.studio.make_plan)
    told = html.unescape(shown(real)["planned"])
    assert "1 image by 1 model: 0 exist, 1 is missing." in told
    assert "bare.safetensors and naked.safetensors cannot generate images: the file has no VAE. Fix: use a" in told
    for name in ("strange", "odd"):
        assert re.search(rf"{name}.*cannot generate", told), told


def test_before_anything_is_generated_missing_packages_are_told_and_how_to_get_them(real, monkeypatch):
    there = ("torch",)
    monkeypatch.setattr(diffusers_engine, "find_spec", lambda name: name if name in there else None)
    do(real, real.studio.make_plan)
    told = html.unescape(shown(real)["planned"])
    assert "Nothing can be generated yet: packages needed to generate are missing: diffusers, transformers" in told
    assert "installing.py" in told
    assert "enter its address" in told
