"""The page in a browser: opened, read and used as a person does, in headless Chromium."""

from __future__ import annotations

import csv
import os
import re
import shutil
import signal
import socket
import zipfile
from contextlib import contextmanager
from io import BytesIO

import pytest

from tests import chromium
from tests.probes.galleries import noise_of
from tests.ui.serving import origin, served

pytest.importorskip("gradio", reason="the page needs gradio")
playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright")
expect = playwright.expect

needs_chromium = pytest.mark.skipif(chromium.CHROMIUM is None, reason="needs a chromium that is installed")

HOSTILE = "<img src=x onerror=alert(1)>"
CLASS = "<b title=class>odd ones</b>"
WIDE = {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def address(small_family, tmp_path_factory, python_path):
    """The page over the small family, a copy with a hostile name and a broken file."""
    folder = tmp_path_factory.mktemp("models")
    if os.name != "nt":  # no such names on Windows
        shutil.copyfile(small_family / "bert.safetensors", folder / f"{HOSTILE}.safetensors")
    (folder / "broken & cut.safetensors").write_bytes(b"nothing")
    with served("--models", small_family, folder, python_path=python_path) as (_, found):
        yield found


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        yield chromium.launch(driver)


@contextmanager
def opened(browser, address):
    """The tab as it is opened, and what goes wrong in the browser or is asked for outside from then on."""
    page = browser.new_page(viewport=WIDE, accept_downloads=True)
    page.set_default_timeout(chromium.PATIENCE)
    wrong, own = [], (f"{origin(address)}/", "data:", "blob:")
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(error.stack))
    page.on("dialog", lambda dialog: (wrong.append(f"dialog {dialog.message}"), dialog.dismiss()))
    page.on("request", lambda request: None if request.url.startswith(own) else wrong.append(request.url))
    page.goto(address)
    shown = "#modelsim_models tbody tr, #modelsim_drawing :is(svg, .modelsim-note)"
    page.locator(shown).first.wait_for(state="attached")
    yield page, wrong
    page.close()


@pytest.fixture
def page(browser, address):
    """The tab as it is opened; in the end nothing has gone wrong in the browser, and nothing was asked for outside."""
    with opened(browser, address) as (page, wrong):
        yield page
    assert wrong == []


@pytest.fixture(scope="module")
def one_page(browser, address):
    with opened(browser, address) as found:
        yield found


@pytest.fixture
def families(one_page):
    """A tab that stays open, with the tree on it, whatever another test has looked at; nothing goes wrong there."""
    page, wrong = one_page
    page.set_viewport_size(WIDE)
    page.locator("#modelsim_generate").click()
    show(page, "Tree")
    page.locator("#modelsim_drawing .modelsim-leaf").first.wait_for()
    page.locator(".modelsim-leaf[data-facts*=hash]").first.wait_for(state="attached")  # the hashing is over, too
    yield page
    told = wrong.copy()
    wrong.clear()
    assert told == []


def show(page, view):
    page.locator("#modelsim_view label", has_text=re.compile(f"^\\s*{view}")).click()


def leaf(page, name):
    return page.locator(f'.modelsim-leaf[data-model="{name}"]')


def ranked(page):
    """Names and numbers of the relatives, from the first on."""
    names = page.locator(".modelsim-relatives summary b").all_inner_texts()
    numbers = [float(text.rstrip(" %")) for text in page.locator(".modelsim-relatives output").all_inner_texts()]
    return names, numbers


def choose(page, where, word):
    page.locator(f"{where} input").first.click()
    page.locator(f"{where} [data-testid=dropdown-option], {where} ul.options li", has_text=word).first.click()


@needs_chromium
def test_two_clicks_lead_from_the_open_tab_to_relatives(page):
    show(page, "Library")
    page.locator("#modelsim_generate").click()
    leaf(page, "carl").click()
    expect(page.locator(".modelsim-relatives summary b").first).to_have_text("anna")
    names, numbers = ranked(page)
    assert names[-1] == "stranger"
    assert numbers[:-1] == sorted(numbers[:-1], reverse=True)
    assert page.locator(".modelsim-relatives summary").first.locator("i[title]").count() == 26
    expect(page.locator(".modelsim-card h3")).to_have_text("carl")


@needs_chromium
def test_hovering_a_leaf_tells_who_it_is(families):
    leaf(families, "carl").hover()
    expect(families.locator(".modelsim-tip")).to_contain_text("carl")


@needs_chromium
def test_a_branch_is_a_family(families):
    families.locator(".modelsim-branches .modelsim-branch").first.dispatch_event("click")
    expect(families.locator(".modelsim-card h3")).to_contain_text(re.compile(r"Branch of \d+ models"))
    families.locator(".modelsim-members button").first.click()
    expect(families.locator(".modelsim-card h3")).not_to_contain_text("Branch")


@needs_chromium
def test_the_filter_answers_while_one_types_and_a_click_on_a_row_chooses(families):
    show(families, "Library")
    families.locator(".modelsim-filter").click()
    families.keyboard.type("car")
    rows = families.locator(".modelsim-models tbody tr:visible")
    expect(rows).to_have_count(1)
    rows.click()
    expect(families.locator(".modelsim-card h3")).to_have_text("carl")
    families.locator(".modelsim-filter").fill("")


@needs_chromium
def test_another_measure_brings_other_numbers_and_shortest_distances_first(families):
    leaf(families, "carl").click()
    expect(families.locator(".modelsim-relatives summary b").first).to_have_text("anna")
    before = ranked(families)[1]
    choose(families, "#modelsim_measure", "(l2)")
    expect(families.locator(".modelsim-relatives output").first).not_to_contain_text("%")
    names, numbers = ranked(families)
    assert names[0] == "anna"
    assert numbers == sorted(numbers) != before
    choose(families, "#modelsim_measure", "(asimilarity;")
    expect(families.locator(".modelsim-relatives output").first).to_contain_text("%")


@needs_chromium
def test_heat_map_and_map_stand_where_the_tree_stood(families):
    for view, kind in (("Heat map", "heatmap"), ("Map", "map"), ("Tree", "tree")):
        show(families, view)
        expect(families.locator(f"#modelsim_drawing .modelsim-{kind}")).to_be_visible()


@needs_chromium
def test_an_answer_that_comes_late_leaves_the_drawing_that_was_chosen_last(families):
    """What a slow machine does now and then: the answer to the first of two clicks arrives after that to the second."""
    held = []

    def hold_the_first(route):
        answer = route.fetch()
        if held:
            route.fulfill(response=answer)
        else:
            held.append((route, answer))

    show(families, "Map")
    expect(families.locator("#modelsim_drawing .modelsim-map")).to_be_visible()
    families.wait_for_load_state("networkidle")
    families.route("**/run/predict*", hold_the_first)
    show(families, "Heat map")
    while not held:
        families.wait_for_timeout(20)
    show(families, "Tree")
    families.wait_for_timeout(500)  # gradio 4 has answered the second click by then; gradio 3 has dropped it
    route, answer = held[0]
    route.fulfill(response=answer)
    expect(families.locator("#modelsim_drawing .modelsim-tree")).to_be_visible()
    expect(families.locator("#modelsim_view input[value=Tree]")).to_be_checked()
    families.unroute_all(behavior="wait")


@needs_chromium
def test_a_named_class_keeps_its_name_and_is_exported_with_it(families, tmp_path):
    page = families
    choose(page, "#modelsim_classes", "3")
    rows = page.locator(".modelsim-classes tbody tr")
    expect(rows).to_have_count(3)
    rows.nth(2).locator("[data-field=remark]").fill("to be looked at")
    rows.nth(2).locator("[data-field=name]").fill(CLASS)
    rows.nth(2).locator("[data-field=name]").press("Enter")
    expect(page.locator("#modelsim_said").first).to_contain_text("Class 3 saved")
    expect(page.locator("#modelsim_drawing svg").first).to_contain_text(CLASS[:10])
    page.reload()
    expect(rows.nth(2).locator("[data-field=name]")).to_have_value(CLASS)
    page.locator("#modelsim_export").click()
    with page.expect_download() as download:
        page.locator("#modelsim_exported a").first.click()
    download.value.save_as(tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert set(archive.namelist()) >= {"report.html", "families.xlsx", "dendrogram.svg", "heatmap.png", "tree.nwk"}
        named = list(csv.DictReader(archive.read("classes.csv").decode().splitlines()))
        assert {(row["name"], row["remark"]) for row in named if row["class"] == "3"} == {(CLASS, "to be looked at")}
    assert page.locator("b[title=class]").count() == 0, "a hostile name is only a name"


@needs_chromium
def test_choices_survive_a_reload(families):
    leaf(families, "carl").click()
    expect(families.locator(".modelsim-card h3")).to_have_text("carl")
    families.reload()
    expect(families.locator(".modelsim-card h3")).to_have_text("carl")
    expect(leaf(families, "carl")).to_have_class(re.compile("modelsim-chosen"))


@needs_chromium
@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_a_hostile_name_is_only_a_name(families):
    show(families, "Library")
    row = families.locator("#modelsim_models tr[data-model*=onerror]")
    assert HOSTILE in row.inner_text()
    row.click()
    expect(families.locator(".modelsim-relatives summary b").first).to_have_text("bert")
    assert families.locator("img[src=x]").count() == 0


@needs_chromium
def test_the_bad_file_is_told_with_its_reason(families):
    show(families, "Library")
    expect(families.locator("#modelsim_models tr.modelsim-bad")).to_contain_text("not read:")


@needs_chromium
def test_a_narrow_window_scrolls_its_panels_not_the_page(families):
    families.set_viewport_size({"width": 390, "height": 844})
    assert families.evaluate("document.documentElement.scrollWidth") <= 390
    text, arrow = families.evaluate(
        """() => {
            const input = document.querySelector("#modelsim_measure input");
            const padding = parseFloat(getComputedStyle(input).paddingRight);
            const arrow = document.querySelector("#modelsim_measure :is(.icon-wrap, .dropdown-arrow)");
            return [input.getBoundingClientRect().right - padding, arrow.getBoundingClientRect().left];
        }"""
    )
    assert text <= arrow, "the arrow lies over the text"


def test_a_picture_gets_an_answer_and_another_takes_its_place(page):
    page.locator("#modelsim_pages button", has_text="Find my model").first.click()
    for name in ("one.png", "two.png"):  # the second while the first is looked at
        picture = BytesIO()
        noise_of(name, (64, 64)).save(picture, "PNG")
        query = {"name": name, "mimeType": "image/png", "buffer": picture.getvalue()}
        page.locator("#modelsim_query input[type=file]").set_input_files([query])
    expect(page.locator("#modelsim_answer figcaption")).to_have_text("two.png")
    expect(page.locator("#modelsim_answer h3")).to_have_text("No model found")
    page.locator("#modelsim_answer button", has_text="Forget").click()
    expect(page.locator("#modelsim_answer figcaption")).to_have_count(0)


def ask_about(page, name):
    """Drop a picture without a record; wait for the answer."""
    picture = BytesIO()
    noise_of(name, (64, 64)).save(picture, "PNG")
    query = {"name": name, "mimeType": "image/png", "buffer": picture.getvalue()}
    page.locator("#modelsim_query input[type=file]").set_input_files([query])
    expect(page.locator("#modelsim_answer figcaption")).to_have_text(name)


@needs_chromium
def test_each_browser_has_its_own_view_and_picture_also_after_a_reload(page, browser, address):
    other = browser.new_context().new_page()
    other.goto(address)
    for window, view in ((page, "Two trees"), (other, "Heat map")):
        there = window.locator("#modelsim_panels :is(.modelsim-note, .modelsim-models, .modelsim-drawing)")
        there.first.wait_for(state="attached")
        window.locator("#modelsim_view label", has_text=view).click()
        expect(window.locator("#modelsim_view label.selected")).to_have_text(view)
    for window, view in ((page, "Two trees"), (other, "Heat map")):
        window.reload()
        expect(window.locator("#modelsim_view label.selected")).to_have_text(view)
    for window in (page, other):
        window.locator("#modelsim_pages button", has_text="Find my model").first.click()
    ask_about(page, "mine.png")
    expect(other.locator("#modelsim_answer").first).to_contain_text("Drop a picture")
    other.reload()
    other.locator("#modelsim_pages button", has_text="Find my model").first.click()
    expect(other.locator("#modelsim_answer").first).to_contain_text("Drop a picture")
    ask_about(other, "theirs.png")
    for window, name in ((page, "mine.png"), (other, "theirs.png")):
        window.reload()
        window.locator("#modelsim_pages button", has_text="Find my model").first.click()
        expect(window.locator("#modelsim_answer figcaption")).to_have_text(name)
    other.locator("#modelsim_answer button", has_text="Forget").click()
    expect(other.locator("#modelsim_answer figcaption")).to_have_count(0)
    expect(page.locator("#modelsim_answer figcaption")).to_have_text("mine.png")
    other.context.close()


@needs_chromium
def test_an_error_says_of_what_job_on_all_pages_until_it_is_dismissed(page):
    find, families = (
        page.locator("#modelsim_pages button", has_text=title).first for title in ("Find my model", "Families")
    )
    find.click()
    page.locator("#modelsim_find_generate").click()
    expect(page.locator("#modelsim_status").first).to_contain_text("no picture to look up")
    families.click()
    expect(page.locator("#modelsim_status").first).to_contain_text("Find my model: no picture to look up")
    page.locator(".modelsim-jobs > summary").click()
    row = page.locator(".modelsim-jobs li", has_text="Find my model")
    row.get_by_role("button", name="Dismiss").click()
    expect(row).to_have_count(0)
    expect(page.locator("#modelsim_status").first).not_to_contain_text("no picture")


def test_a_taken_port_is_one_line(tmp_path):
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        served("--models", tmp_path, "--port", taken.getsockname()[1]) as (process, _),
    ):
        _, told = process.communicate(timeout=60)
    assert process.returncode == 2
    assert told.count("\n") == 1
    assert "--port" in told


@pytest.mark.skipif(os.name == "nt", reason="Windows gives Ctrl-C to the whole console")
@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_ends_it_cleanly(small_family, python_path):
    with served("--models", small_family, python_path=python_path) as (process, found):
        assert found
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
    assert (process.returncode, told) == (0, "")
