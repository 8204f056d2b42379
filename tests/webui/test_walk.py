"""The walk of a person through the tab of a real WebUI, in headless Chromium."""

from __future__ import annotations

import csv
import json
import re
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise

import pytest

from lib_modelsim.probes.parameters import Parameters
from lib_modelsim.probes.suite import Probe, Suite, to_json
from tests.chromium import CHROMIUM, launch

from . import browsing, running
from .browsing import MENU, WAIT
from .tiny_models import NAMES

playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs a chromium that is installed")

expect = playwright.expect
expect.set_options(timeout=WAIT)

BASE, LANTERN, VELVET, MERGE, STRANGER = NAMES
DRAWN = {"prompt": "a cat", "steps": 2, "width": 64, "height": 64, "seed": 1}

CAT = Parameters("a cat", steps=4, width=64, height=64)
SUITE = Suite("walk", (Probe("cat", CAT, (1, 2)), Probe("dog", replace(CAT, prompt="a dog"), (1, 2))))
PICTURES = 4 * len(NAMES)

OVERPAINTER = """
from modules import script_callbacks, shared

def change(_, app):
    @app.post("/overpaint")
    def overpaint():
        shared.sd_model.model.diffusion_model.out[2].weight.data += 0.1
        return True

script_callbacks.on_app_started(change)
"""
"""An extension that changes weights in memory, as those do that merge."""


@pytest.fixture(scope="module")
def webui(checkout, models, tmp_path_factory):
    """One for all of the walk."""
    data = running.new_data_folder(tmp_path_factory.mktemp("walk") / "data")
    running.add_extension(data)
    other = data / "extensions" / "overpainter" / "scripts"
    other.mkdir(parents=True)
    (other / "overpainter.py").write_text(OVERPAINTER, encoding="utf-8")
    suite = data / "modelsim" / "suites" / "walk.json"
    suite.parent.mkdir(parents=True)
    suite.write_text(to_json(SUITE), encoding="utf-8")
    with running.started(checkout, data, models, "--api", *checkout.serving_its_own()) as found:
        yield found
        assert found.our_errors() == []


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        yield launch(driver)


@pytest.fixture
def tab(browser, webui):
    with browsing.opened(browser, webui) as found:
        yield found


@pytest.fixture
def families(tab):
    """The tab with the tree of all that is hashed, too."""
    tab.show_families()
    tab.show("Tree")
    tab.leaf(MERGE).wait_for()
    expect(tab.page.locator("#modelsim_interrupt")).to_be_disabled()
    return tab


@pytest.fixture
def large(models, webui):
    """Two checkpoints of 12 GB beside the others; they have holes instead of weights, and no place on the disk."""
    files = [models / f"{name}.safetensors" for name in ("large-one", "large-two")]
    for file in files:
        write_holes(file, tensors=240, weights=25_000_000)
    webui.api("/sdapi/v1/refresh-checkpoints", {})
    yield files
    for file in files:
        file.unlink()
    webui.api("/sdapi/v1/refresh-checkpoints", {})


def test_two_clicks_lead_from_the_page_to_the_tree_and_a_third_to_the_relatives(tab):
    tab.show_families()
    tab.leaf(MERGE).hover()
    for words in (MERGE, "class", "nearest", LANTERN):
        expect(tab.page.locator(".modelsim-tip")).to_contain_text(words)
    tab.leaf(MERGE).click()
    expect(tab.page.locator("#modelsim_chosen .modelsim-card h3")).to_have_text(MERGE)
    expect(tab.page.locator(".modelsim-relatives summary")).to_have_count(len(NAMES) - 2)
    expect(tab.page.locator("#modelsim_drawing .modelsim-notes")).to_contain_text(BASE)  # the likely base is in no tree
    assert tab.relatives()[0] == LANTERN
    assert tab.relatives()[-1] == STRANGER
    tab.page.keyboard.press("Escape")  # at which the host's own script looks for buttons in our tab


def test_load_makes_it_the_checkpoint_of_the_host_and_of_its_menu(families):
    webui, page = families.webui, families.page
    drawn_with(webui)
    for name in (VELVET, MERGE):
        before = state_of(webui)
        families.leaf(name).click()
        expect(page.locator("#modelsim_chosen .modelsim-card h3")).to_have_text(name)
        page.locator("#modelsim_chosen [data-do=load]").click()
        expect(page.locator(MENU).first).to_have_value(re.compile(f"^{name}"))
        assert state_of(webui) == before
        assert webui.api("/sdapi/v1/options")["sd_model_checkpoint"].startswith(name)
        assert drawn_with(webui) == name
    families.open()  # Forge Neo's menu shows its preset's checkpoint then
    expect(page.locator(MENU).first).to_have_value(re.compile(f"^{MERGE}"))


def test_probes_are_counted_in_the_webui_s_own_bar_and_a_person_s_picture_goes_first(tab):
    page, webui = tab.page, tab.webui
    loaded = drawn_with(webui)
    before = webui.api("/sdapi/v1/options"), state_of(webui)
    page.locator("#modelsim_pages button", has_text="Probes").first.click()
    tab.choose("#modelsim_suite", SUITE.name)
    page.locator("#modelsim_probes_generate").click()
    told = f"{PICTURES} images by {len(NAMES)} models: 0 exist"
    expect(page.locator("#modelsim_planned").first).to_contain_text(told)
    page.locator("#modelsim_probes_start").click()
    looks, theirs = watched(webui, ask_at=PICTURES // 4)
    expect(tab.status).to_contain_text(f"{PICTURES} generated")
    expect(page.locator("#modelsim_pictures img").first).to_be_visible()
    expect(page.locator(MENU).first).to_have_value(re.compile(f"^{loaded}"))
    assert drawn_with(webui) == loaded
    assert (webui.api("/sdapi/v1/options"), state_of(webui)) == before

    assert theirs["model"] == loaded
    assert theirs["meanwhile"] <= 2, "a picture that is asked for starts within one of ours"
    assert {look["count"] for look in looks} == {PICTURES}
    shares = [look["share"] for look in looks]
    assert all(after > before - 1.1 / PICTURES for before, after in pairwise(shares))  # the host counts a load as one
    ended, middle = looks[-1]["at"], [look for look in looks if 0.3 < look["share"] < 0.9]
    few = middle[:: len(middle) // 5]
    print("time left, told and true:", [(round(each["left"], 1), round(ended - each["at"], 1)) for each in few])
    assert all(ended - each["at"] < 4 * each["left"] + 2 for each in middle)


def watched(webui, ask_at):
    """Looks at the WebUI's progress while we generate probes, until five seconds after the last of these; and what
    became of a picture that was asked for when `ask_at` of ours were done."""
    looks, theirs, asked, until = [], {}, None, time.monotonic() + 60
    with ThreadPoolExecutor() as threads:
        while time.monotonic() < until:
            progress = webui.api("/sdapi/v1/progress?skip_current_image=true")
            state, now = progress["state"], time.monotonic()
            if state["job"].startswith("modelsim") and "pictures" in (progress["textinfo"] or ""):
                done, until = state["job_no"], now + 5
                look = {"share": progress["progress"], "left": progress["eta_relative"], "at": now}
                looks.append(look | {"count": state["job_count"]})
                if asked is None and done >= ask_at:
                    asked, at = threads.submit(drawn_with, webui), done
                elif asked is not None and asked.done() and not theirs:
                    theirs = {"model": asked.result(), "meanwhile": done - at}
            elif asked is not None and not asked.done():
                until = now + 5
            time.sleep(0.02)
    return looks, theirs


def test_a_picture_is_drawn_while_files_are_hashed_and_what_was_stopped_goes_on(tab, large):
    page, webui = tab.page, tab.webui
    before = webui.api("/sdapi/v1/options")
    tab.show("Library")
    page.locator("[data-press=modelsim_index]").click()
    page.locator("[data-press=modelsim_hash]").click()
    expect(tab.status).to_contain_text("Hash files: hashing")
    drawn_with(webui)
    expect(tab.status).to_contain_text("Hash files: hashing")
    page.locator("#modelsim_interrupt").click()
    expect(tab.status).to_contain_text("Stopped. The files hashed so far are kept.")
    expect(page.locator("#modelsim_interrupt")).to_be_disabled()
    page.locator("[data-press=modelsim_hash]").click()
    expect(tab.status).to_contain_text("Hash files: hashing")
    page.locator("#modelsim_interrupt").click()
    expect(tab.status).to_contain_text("Stopped. The files hashed")
    assert webui.api("/sdapi/v1/options") == before


def test_a_picture_is_drawn_while_models_are_compared_and_everything_is_left_as_it_was(families, large):
    """On the processor nobody waits for a comparison: the host knows nothing of it."""
    webui, stop = families.webui, families.page.locator("#modelsim_interrupt")
    loaded = drawn_with(webui)
    before = webui.api("/sdapi/v1/options"), state_of(webui)
    families.choose("#modelsim_measure", "(cosine)")
    expect(families.status).to_contain_text("GB")
    start = time.monotonic()
    assert drawn_with(webui) == loaded
    print(f"a picture during a comparison: {time.monotonic() - start:.1f} s")
    expect(families.status).to_contain_text("GB")
    stop.click()
    expect(families.status).to_contain_text("Stopped. What is finished is kept")
    expect(stop).to_be_disabled()
    assert (webui.api("/sdapi/v1/options"), state_of(webui)) == before
    families.choose("#modelsim_measure", "(sampled-delta-cosine;")
    families.leaf(MERGE).wait_for()


def test_a_class_keeps_its_name_over_a_reload_and_is_exported_with_it(families, tmp_path):
    page = families.page
    families.choose("#modelsim_classes", "3")
    rows = page.locator(".modelsim-classes tbody tr")
    expect(rows).to_have_count(3)
    rows.nth(2).locator("[data-field=name]").fill("harbour")
    rows.nth(2).locator("[data-field=name]").press("Enter")
    expect(page.locator("#modelsim_said").first).to_contain_text("Class 3 saved")
    expect(page.locator("#modelsim_drawing svg").first).to_contain_text("harbour")
    families.leaf(VELVET).click()
    expect(page.locator("#modelsim_chosen .modelsim-card h3")).to_have_text(VELVET)
    families.open()
    expect(rows.nth(2).locator("[data-field=name]")).to_have_value("harbour")
    expect(page.locator("#modelsim_chosen .modelsim-card h3")).to_have_text(VELVET)
    expect(families.leaf(VELVET)).to_have_class(re.compile("modelsim-chosen"))
    page.locator("#modelsim_export").click()
    with page.expect_download() as download:
        page.locator("#modelsim_exported a").first.click()
    download.value.save_as(tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert archive.testzip() is None
        assert set(archive.namelist()) >= {"report.html", "families.xlsx", "dendrogram.svg", "heatmap.png", "tree.nwk"}
        named = list(csv.DictReader(archive.read("classes.csv").decode().splitlines()))
    assert {row["name"] for row in named if row["class"] == "3"} == {"harbour"}
    families.choose("#modelsim_classes", "Automatic")


def test_the_model_in_memory_has_a_row_once_its_weights_are_no_longer_its_file_s(families, checkout):
    page = families.page
    if checkout.is_forge:
        families.show("Library")
        why = page.locator("#modelsim_models .modelsim-why")
        expect(why).to_contain_text("The model in memory is not listed")
        expect(why).to_have_attribute("title", re.compile("Forge"))
        return
    memory = page.locator("#modelsim_drawing .modelsim-leaf[data-model^='(in memory)']")
    expect(memory).to_have_count(0)
    families.webui.api("/overpaint", {})
    families.show_families()
    memory.click()
    loaded = families.webui.api("/sdapi/v1/options")["sd_model_checkpoint"].split(".")[0]
    expect(page.locator(".modelsim-relatives summary b").first).to_have_text(loaded)


def drawn_with(webui):
    """The name of the checkpoint that drew a picture."""
    return json.loads(webui.api("/sdapi/v1/txt2img", DRAWN)["info"])["sd_model_name"]


def state_of(webui):
    """What the host says of its jobs, the last one's left-overs among it, but for when that was."""
    state = webui.api("/sdapi/v1/progress?skip_current_image=true")["state"]
    return {name: value for name, value in state.items() if name != "job_timestamp"}


def write_holes(file, tensors, weights):
    """A checkpoint of float16 zeros that nobody has written."""
    size = 2 * weights
    header = {
        f"layers.{i}.weight": {"dtype": "F16", "shape": [weights], "data_offsets": [i * size, (i + 1) * size]}
        for i in range(tensors)
    }
    packed = json.dumps(header).encode()
    with file.open("wb") as out:
        out.write(len(packed).to_bytes(8, "little") + packed)
        out.truncate(8 + len(packed) + tensors * size)
