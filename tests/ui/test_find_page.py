"""What the page that finds a picture's model says, asked of its handlers without a browser."""

from __future__ import annotations

import html
import json
import re
from base64 import b64encode
from io import BytesIO
from pathlib import Path
from threading import Event
from types import SimpleNamespace

import pytest

pytest.importorskip("gradio", reason="the tab needs gradio")

import gradio as gr
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from lib_modelsim.hosts.folders import Folders
from lib_modelsim.hosts.host import Settings
from lib_modelsim.identify.evidence.form import Evidence, Kind
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.ui.backend import Backend
from lib_modelsim.ui.choices import TREE
from lib_modelsim.ui.find import answer as answers
from lib_modelsim.ui.find.finder import Finder
from lib_modelsim.ui.tab import Tab
from lib_modelsim.ui.view_state import ViewState
from lib_modelsim.ui.windows import asked_by, asking_window
from lib_modelsim.workspace.catalogue.scan import scan
from tests.probes.fake_engine import FakeEngine
from tests.probes.galleries import fill, noise_of, small_suite
from tests.ui.following import ended


class DrawingFolders(Folders):
    """Folders whose checkpoints a fake engine draws."""

    def engine(self, checkpoints):
        return FakeEngine(list(checkpoints))


@pytest.fixture
def tab(tmp_path, small_family):
    host = DrawingFolders([small_family], tmp_path, Settings(device="cpu"))
    backend = Backend(host, lambda: Library(tmp_path / "library.sqlite"))
    with gr.Blocks():
        yield Tab(ViewState(backend))
    backend.close()


@pytest.fixture
def page(tab):
    return tab.pages["find"]


def answer(updates):
    return updates[next(part for part in updates if part.elem_id == "modelsim_answer")]


def give(page, *contents):
    """Files of these contents, as the script sends them."""
    pictures = [{"name": f"{i}.png", "data": b64encode(each).decode()} for i, each in enumerate(contents)]
    return page.take(json.dumps({"pictures": pictures}))


def followed(page):
    """What the status line says in the end of what was begun."""
    return ended(page.wiring.work)


def ask(page, image, **saving):
    """What is shown for a picture."""
    file = BytesIO()
    image.save(file, "PNG", **saving)
    give(page, file.getvalue())
    followed(page)
    return answer(page.show())


def told(infotext):
    """The texts of a PNG that the WebUI has written."""
    texts = PngInfo()
    texts.add_text("parameters", infotext)
    return texts


def short_hash(folder, family, name):
    with Library(folder / "library.sqlite") as library:
        ((_, identity),) = scan([family / f"{name}.safetensors"], library, Job()).found
    return identity.short_hash


def test_before_a_picture_it_says_what_to_do(page):
    assert "Drop a picture" in answer(page.show())


def test_an_answer_tells_the_script_to_which_question(page):
    assert 'data-asked="7.1"' in answer(page.take(json.dumps({"pictures": [], "number": "7.1"})))
    assert 'data-asked="7.1"' in answer(page.show())


def test_nothing_to_look_for_is_one_line(page):
    page.begin(Finder.find)
    assert "no picture to look up" in followed(page)


def test_while_it_searches_it_asks_for_no_click(page):
    file = BytesIO()
    noise_of("somebody's", (64, 64)).save(file, "PNG")
    begun = answer(give(page, file.getvalue()))
    assert "Searching …" in begun
    assert "Press Find" not in begun
    followed(page)


def test_searching_does_not_stay_where_it_arrives_after_the_answer(page):
    file = BytesIO()
    noise_of("somebody's", (64, 64)).save(file, "PNG")
    begun = give(page, file.getvalue())
    followed(page)
    newest = page._newest.field
    repaired = page.settled(begun[newest])
    assert "Searching …" not in answer(repaired)
    assert list(page.settled(repaired[newest])) == [newest]


def test_a_picture_waits_for_other_work_and_takes_the_place_of_the_one_before(page):
    file, going_on = BytesIO(), Event()
    noise_of("somebody's", (64, 64)).save(file, "PNG")
    other = page.finder.backend.run("other work", lambda *_: going_on.wait(), "Other work")
    for _ in range(2):
        assert "Searching …" in answer(give(page, file.getvalue()))
    jobs = page.wiring.work.jobs
    assert (jobs.running, len(jobs.waiting)) == ([other], 1)
    assert page.finder.answer is None
    going_on.set()
    followed(page)
    assert page.finder.answer is not None


def test_an_empty_gallery_and_a_picture_without_a_record_give_an_answer(page):
    shown = ask(page, noise_of("somebody's", (64, 64)))
    assert "modelsim-found" in shown
    assert "<article" not in shown


def test_the_picture_is_shown_until_it_is_forgotten_and_lies_nowhere(page, tmp_path):
    before = set(tmp_path.rglob("*"))
    shown = ask(page, noise_of("somebody's", (64, 64)))
    assert re.search(r'<aside>.*<img alt="0.png" src="data:image/jpeg', shown)
    new = {path.name for path in set(tmp_path.rglob("*")) - before}
    assert new <= {"library.sqlite", "library.sqlite-wal", "library.sqlite-shm"}
    assert "Drop a picture" in answer(page.act(json.dumps({"find": "forget"})))


def test_a_checkpoint_that_was_never_looked_at_is_known_by_its_name(page):
    shown = ask(page, noise_of("somebody's", (64, 64)), pnginfo=told("a cat\nSteps: 2, Sampler: Euler, Model: carl"))
    assert "Made by a model called carl" in shown
    assert re.search(r"<h4>1\. <span[^>]*>carl", shown)


def test_a_hash_in_the_record_names_the_model(page, tmp_path, small_family):
    record = f"a cat\nSteps: 20, Sampler: Euler, Model hash: {short_hash(tmp_path, small_family, 'carl')}, Model: carl"
    shown = ask(page, noise_of("somebody's", (64, 64)), pnginfo=told(record))
    assert "Made by carl" in shown
    assert re.search(r"<h4>1\. <span[^>]*>carl", shown)


@pytest.mark.parametrize(
    ("resource", "heading"),
    [
        (
            '{"type": "checkpoint", "modelName": "Lake Boat", "modelVersionName": "v3"}',
            "Lake Boat: no file of yours is called so",
        ),
        ('{"air": "urn:air:sdxl:checkpoint:civitai:101055@128078"}', "Cannot tell which model"),
    ],
)
def test_the_heading_says_no_more_than_a_title_or_a_number_tells(page, resource, heading):
    record = f"a cat\nSteps: 20, Sampler: Euler, Civitai resources: [{resource}], Civitai metadata: {{}}"
    assert f"<h3>{heading}</h3>" in ask(page, noise_of("somebody's", (64, 64)), pnginfo=told(record))


def test_hashes_of_another_kind_are_compared_at_the_press_of_a_button(page, tmp_path, small_family):
    blake3 = pytest.importorskip("blake3").blake3
    digits = blake3((small_family / "anna.safetensors").read_bytes()).hexdigest()
    model = {"key": "1", "hash": f"blake3:{digits}", "name": "renamed", "base": "sd-1", "type": "main"}
    texts = PngInfo()
    texts.add_text("invokeai_metadata", json.dumps({"positive_prompt": "a boat", "model": model}))
    shown = ask(page, noise_of("stranger", (64, 64), 6.0), pnginfo=texts)
    assert "may be the model named in the record" in shown
    assert "press Compare all hashes" in shown
    assert button(page)["visible"]
    page.begin(Finder.compare_hashes)
    followed(page)
    assert "Made by anna: its record (InvokeAI, PNG text “invokeai_metadata”) names its BLAKE3 hash" in html.unescape(
        answer(page.show())
    )
    assert not button(page)["visible"]


def button(page):
    """What becomes of the button that compares all hashes."""
    shown = page.show()
    return shown[next(part for part in shown if part.elem_id == "modelsim_all_hashes")]


def test_a_picture_of_the_gallery_is_known_and_the_next_one_can_be_asked_for_and_all_again(page, tmp_path):
    fill(tmp_path / "gallery", small_suite(seeds=(1, 2)), ["anna", "bert", "carl"])
    kept = next((tmp_path / "gallery").rglob("*bert*/*.png"))
    shown = ask(page, Image.open(kept).convert("RGB"))
    assert re.search(r"<h4>1\. <span[^>]*>bert", shown)
    key = re.search(r'data-find="not this" data-name="([^"]*)"', shown).group(1)
    moved_on = answer(page.act(json.dumps({"find": "not this", "name": key})))
    assert not re.search(r"<h4>1\. <span[^>]*>bert", moved_on)
    assert "1 model is left out" in moved_on
    assert answer(page.act(json.dumps({"find": "all again"}))) == shown


def test_a_card_tells_the_class_and_leads_to_the_tree(tab, tmp_path, small_family):
    record = f"a cat\nSteps: 20, Sampler: Euler, Model hash: {short_hash(tmp_path, small_family, 'carl')}, Model: carl"
    shown = ask(tab.pages["find"], noise_of("somebody's", (64, 64)), pnginfo=told(record))
    assert "modelsim-of-class" not in shown
    backend = tab.pages["find"].finder.backend
    backend.compare(tab.pages["families"].session.choices.question).wait()
    shown = answer(tab.pages["find"].show())
    assert re.search(r'modelsim-of-class">class .*data-do="tree" data-name="carl"', shown)
    tab.pages["families"].act(json.dumps({"do": "tree", "name": "carl"}))
    assert (tab.pages["families"].session.choices.chosen, tab.pages["families"].session.choices.view) == ("carl", TREE)


def test_a_card_loads_its_model_where_there_is_a_webui_and_sends_the_record_without_the_other_model(page, monkeypatch):
    record = "a cat, <b>\nSteps: 20, Sampler: Euler, CFG scale: 5, Seed: 1, Model hash: 1234567890, Model: nobody"
    alone = ask(page, noise_of("somebody's", (64, 64)), pnginfo=told(record))
    assert "data-send" not in alone
    monkeypatch.setattr(page.finder.backend.host, "is_webui", True)
    shown = answer(page.show())
    assert f'data-infotext="{html.escape(record)}"' in shown
    assert 'data-infotext="a cat, &lt;b&gt;\nSteps: 20, Sampler: Euler, CFG scale: 5, Seed: 1"' in shown


def test_the_likeliest_models_draw_it_again(page, tmp_path, small_family):
    settings = "a cat\nSteps: 2, Sampler: Euler, CFG scale: 5, Seed: 1, Size: 64x64"
    record = f"{settings}, Model hash: {short_hash(tmp_path, small_family, 'carl')}, Model: carl"
    ask(page, noise_of("somebody's", (64, 64)), pnginfo=told(record))
    page.begin(Finder.plan_verify)
    followed(page)
    asked = answer(page.show())
    assert re.search(r"Verify generates \d pictures?, with [^:]*carl[^:]*: 64 × 64 in 2 steps\.", asked)
    assert "How long that takes is known once a probe was generated here" in asked
    assert "Verify generates" not in answer(page.act(json.dumps({"find": "cancel verify"})))
    page.begin(Finder.plan_verify)
    followed(page)
    page.act(json.dumps({"find": "verify"}))
    followed(page)
    shown = answer(page.show())
    assert "Verify generates" not in shown
    assert "Generated again" in shown
    assert re.search(r"modelsim-again.*carl.*similarity of pixels", shown)


def moving():
    file = BytesIO()
    frames = [noise_of(f"frame {i}", (16, 16)) for i in range(3)]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"no picture at all", "0.png is not a picture"),
        (b"", "0.png is not a picture"),
    ],
)
def test_what_is_no_picture_is_one_line(page, content, words):
    give(page, content)
    status = followed(page)
    assert "modelsim-error" in status
    assert words in status
    assert "Drop a picture" in answer(page.show())


def test_a_refused_picture_leaves_the_last_answer(page, tmp_path):
    fill(tmp_path / "gallery", small_suite(seeds=(1, 2)), ["anna", "bert", "carl"])
    before = ask(page, noise_of("somebody's", (64, 64)))
    kept = page.finder.answer
    for _ in range(2):
        give(page, b"no picture at all")
        assert "modelsim-error" in followed(page)
        assert page.finder.answer is kept
        assert answer(page.show()) == before
    page.act(json.dumps({"find": "forget"}))
    give(page, b"no picture at all")
    followed(page)
    assert "Drop a picture" in answer(page.show())


def test_the_heading_and_the_first_card_give_the_same_percentage(page, tmp_path):
    fill(tmp_path / "gallery", small_suite(seeds=(1, 2)), ["anna", "bert", "carl"])
    kept = next((tmp_path / "gallery").rglob("*bert*/*.png"))
    shown = ask(page, Image.open(kept).convert("RGB"))
    heading = re.search(r"<h3>Most likely bert: ([^<]*)</h3>", shown).group(1)
    assert re.search(r"modelsim-sure.*?<span>\s*([^<]*?)\s*</span>", shown, re.DOTALL).group(1) == heading
    style = re.search(r"<span>By style(.*?)</span>", shown, re.DOTALL).group(1)
    assert "%" not in style


def test_of_a_picture_that_moves_and_of_one_that_is_cut_short_the_page_says_what_it_looked_at(page):
    file = BytesIO()
    noise_of("somebody's", (64, 64)).save(file, "PNG", pnginfo=told("a\nSteps: 2, Seed: 1, Size: 8x8, Model: zoe"))
    give(page, moving(), file.getvalue()[:4000])
    assert "modelsim-error" not in followed(page)
    shown = answer(page.show())
    assert "0.png has more than one frame: only the first was looked at" in shown
    assert "only the record was read: 1.png is damaged or incomplete" in shown
    assert "zoe" in shown
    assert shown.count("<figure>") == 2
    assert shown.count("cannot be shown") == 1
    give(page, file.getvalue()[:4000])
    assert "modelsim-error" not in followed(page)
    assert "zoe" in answer(page.show())


def test_of_a_record_alone_it_does_not_say_that_there_are_no_images(page, tmp_path):
    fill(tmp_path / "gallery", small_suite(seeds=(1, 2)), ["anna", "bert", "carl"])
    file = BytesIO()
    noise_of("somebody's", (64, 64)).save(file, "PNG", pnginfo=told("a\nSteps: 2, Seed: 1, Size: 8x8, Model: zoe"))
    give(page, file.getvalue()[:4000])
    followed(page)
    shown = answer(page.show())
    assert "zoe" in shown
    assert "No images to compare" not in shown


def test_beside_a_record_of_another_model_every_card_says_its_condition(page, tmp_path):
    record = "a\nSteps: 2, Seed: 1, Size: 8x8, Model hash: 0123456789, Model: zoe"
    fill(tmp_path / "gallery", small_suite(seeds=(1, 2)), ["anna", "bert", "carl"])
    kept = next((tmp_path / "gallery").rglob("*bert*/*.png"))
    shown = ask(page, Image.open(kept).convert("RGB"), pnginfo=told(record))
    assert not page.finder.answer.found.none_of_these
    assert shown.count("if it is one of these at all") >= 2, "but for bert, whose picture it is"


def test_one_that_is_no_picture_among_others_is_told_by_its_name(page):
    file = BytesIO()
    noise_of("somebody's", (64, 64)).save(file, "PNG")
    give(page, file.getvalue(), b"no picture at all")
    followed(page)
    shown = answer(page.show())
    assert "1.png is not a picture" in shown
    assert shown.count("<figure>") == 1


def test_each_window_has_its_own_picture_and_one_without_a_name_has_none(page):
    ask(page, noise_of("somebody's", (64, 64)))
    with asked_by(f"{asking_window()} "):
        assert "0.png" in answer(page.show())
    for other in ("another window", ""):
        with asked_by(other):
            assert "Drop a picture" in answer(page.show())
    give(page, b"no picture")
    for other in ("another window", *(f"window {number}" for number in range(20))):
        with asked_by(other):
            assert "Drop a picture" in answer(page.show())
    assert "Drop a picture" in answer(page.show()), "of so many windows the first is forgotten"


def test_the_picture_of_the_answer_is_sent_whole(page):
    assert 'data-picture=""' in page.send()
    file = BytesIO()
    noise_of("somebody's", (64, 64)).save(file, "PNG")
    give(page, file.getvalue())
    followed(page)
    sent = page.send()
    assert 'data-picture="0.png" data-type="image/png"' in sent
    assert b64encode(file.getvalue()).decode() in sent
    with asked_by("another window"):
        assert 'data-picture=""' in page.send()


# pictures of a person's own


def ask_import(page, **asked):
    """What the panel shows after a button of it, and what the status line says in the end."""
    page.imports.act(json.dumps(asked), page.wiring)
    status = followed(page)
    return page.imports.shown(), status


def test_pictures_of_a_person_s_own_are_imported_as_they_chose_and_taken_out_again(page, tmp_path):
    own = tmp_path / "own"
    for name in ("2023-05-01/1.png", "2023-05-01/2.png", "other/1.png", "left/1.png"):
        (own / name).parent.mkdir(parents=True, exist_ok=True)
        noise_of(name, (32, 32)).save(own / name)
    (own / "other" / "torn.png").write_bytes(b"no picture")
    noise_of("loose", (32, 32)).save(own / "loose.png")
    shown, _ = ask_import(page, **{"import": "look", "path": f'"{own}"', "chosen": {}})
    assert re.findall(r'data-import-folder="([^"]*)" value="([^"]*)"', shown) == [
        ("2023-05-01", "2023-05-01"),
        ("left", "left"),
        ("other", "other"),
    ]
    assert "2023-05-01 does not look like a model's name" in html.unescape(shown)
    assert '<option value="anna"></option>' in shown
    chosen = {"2023-05-01": "anna", "left": "", "other": "other"}
    shown, _ = ask_import(page, **{"import": "take", "path": str(own), "chosen": chosen})
    lines = ("anna: 2 pictures imported", "other: 1 picture imported", "Skipped: torn.png is not", "Skipped: 1 in no")
    for line in lines:
        assert f"<p>{line}" in shown
    assert "data-import-folder" not in shown
    assert len(list((tmp_path / "gallery").rglob("*.png"))) == 3
    shown, _ = ask_import(page, **{"import": "undo", "path": "", "chosen": {}})
    assert "anna: 2 removed from the gallery" in shown
    assert list((tmp_path / "gallery").rglob("*.png")) == []
    assert "nothing was imported" in ask_import(page, **{"import": "undo", "path": "", "chosen": {}})[1]


def test_an_import_of_many_models_is_told_in_one_line_with_the_rest_below(page, tmp_path):
    own = tmp_path / "own"
    for i in range(8):
        (own / f"model {i}").mkdir(parents=True)
        noise_of(str(i), (32, 32)).save(own / f"model {i}" / "1.png", pnginfo=told("a\nSteps: 2, Model: zoe, Seed: 1"))
    shown, _ = ask_import(page, **{"import": "look", "path": str(own), "chosen": {}})
    assert shown.split("<details")[0].count("modelsim-doubt") <= 3
    chosen = {f"model {i}": f"model {i}" for i in range(8)}
    shown, _ = ask_import(page, **{"import": "take", "path": str(own), "chosen": chosen})
    assert "<p>8 pictures of 8 models imported</p>" in shown.split("<details")[0]
    shown, _ = ask_import(page, **{"import": "undo", "path": "", "chosen": {}})
    assert "<p>8 pictures removed from the gallery</p>" in shown.split("<details")[0]


@pytest.mark.parametrize(
    ("typed", "words"),
    [("", "no folder is named"), ("pictures", "only a part of a path"), (str(Path("/nowhere").absolute()), "no such")],
)
def test_a_path_that_is_no_folder_is_one_line(page, typed, words):
    shown, status = ask_import(page, **{"import": "look", "path": typed, "chosen": {}})
    assert words in status
    assert "data-import-folder" not in shown


def test_pictures_of_one_layout_are_told_together_but_never_below_one_that_is_claimed():
    copy = Evidence(Kind.PICTURE, "anna", 0.95, "it is a picture in the gallery", "a")
    alike = [Evidence(Kind.PICTURE, name, None, f"the layout of {name}'s", name) for name in ("bert", "carl")]
    rows = answers._evidence(SimpleNamespace(evidence=(copy, *alike)))
    assert [(row["sure"], row["detail"], row["more"]) for row in rows] == [
        (0.95, "it is a picture in the gallery", []),
        (None, "the layout of bert's", ["the layout of carl's"]),
    ]
