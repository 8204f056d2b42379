"""The page in a browser: opened, read and used as a person does, in headless Chromium."""

from __future__ import annotations

import csv
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import zipfile
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("gradio", reason="the page needs gradio")
playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs a chromium that is installed")

ROOT = Path(__file__).parents[2]
HOSTILE = "<img src=x onerror=alert(1)>"
CLASS = "<b title=class>odd ones</b>"
QUIET = (
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def served(*arguments):
    """The page's process and its address, until it is interrupted."""
    command = [sys.executable, "-m", "lib_modelsim", "serve", "--no-browser", "--no-library", *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    watchdog = threading.Timer(300, process.kill)
    watchdog.start()
    try:
        line = process.stdout.readline()
        yield process, next((word for word in line.split() if word.startswith("http")), None)
    finally:
        process.kill()
        process.communicate()
        watchdog.cancel()


@pytest.fixture(scope="module")
def address(small_family, tmp_path_factory):
    """The page over the small family, a copy with a hostile name and a broken file."""
    folder = tmp_path_factory.mktemp("models")
    if os.name != "nt":  # no such names on Windows
        shutil.copyfile(small_family / "bert.safetensors", folder / f"{HOSTILE}.safetensors")
    (folder / "broken & cut.safetensors").write_bytes(b"nothing")
    with served("--models", small_family, folder) as (_, found):
        yield found


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        yield driver.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))


@pytest.fixture
def page(browser, address):
    """The page after its first comparison and the hashing; in the end nothing has gone wrong in the browser."""
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    wrong, outside = [], []
    opened.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: wrong.append(error.stack))
    opened.on("dialog", lambda dialog: (wrong.append(f"dialog {dialog.message}"), dialog.dismiss()))
    opened.on(
        "request",
        lambda request: None if request.url.startswith((address, "data:", "blob:")) else outside.append(request.url),
    )
    opened.goto(address)
    opened.wait_for_selector("#modelsim_models code:not(:empty)", timeout=60_000)
    yield opened
    opened.close()
    assert (wrong, outside) == ([], [])


def ranked(page):
    """Names and numbers of the relatives, from the first on."""
    names = page.locator(".modelsim-relatives summary b").all_inner_texts()
    numbers = [float(text.rstrip(" %")) for text in page.locator(".modelsim-relatives output").all_inner_texts()]
    return names, numbers


def choose(page, where, word):
    page.locator(f"{where} input").first.click()
    page.locator(f"{where} [data-testid=dropdown-option]", has_text=word).first.click()


def choose_third_of_three_classes(page):
    choose(page, "#modelsim_classes", "3")
    playwright.expect(page.locator("#modelsim_trust .modelsim-class")).to_have_count(3)  # gradio 4 closes lists before
    choose(page, "#modelsim_named", "3:")


@needs_chromium
def test_the_tree_comes_without_a_click(page):
    texts = page.locator("#modelsim_tree svg text").all_text_contents()
    assert any("carl" in text for text in texts)
    assert any(" models, " in text for text in texts)


@needs_chromium
def test_a_click_on_a_row_ranks_the_relatives_of_its_model(page):
    page.locator("#modelsim_models tr[data-model=carl]").click()
    page.locator(".modelsim-relatives summary b", has_text="anna").first.wait_for()
    playwright.expect(page.locator(".modelsim-relatives summary b").first).to_have_text("anna")
    names, numbers = ranked(page)
    assert names[-1] == "stranger"
    assert numbers == sorted(numbers, reverse=True)
    assert page.locator(".modelsim-relatives summary").first.locator("i[title]").count() == 16
    assert page.locator("#modelsim_chosen input").input_value() == "carl"


@needs_chromium
def test_another_measure_brings_other_numbers_and_shortest_distances_first(page):
    choose(page, "#modelsim_chosen", "carl")
    playwright.expect(page.locator(".modelsim-relatives summary b").first).to_have_text("anna")
    before = ranked(page)[1]
    choose(page, "#modelsim_measure", "(l2)")
    playwright.expect(page.locator(".modelsim-relatives output").first).not_to_contain_text("%", timeout=60_000)
    names, numbers = ranked(page)
    assert names[0] == "anna"
    assert numbers == sorted(numbers) != before


@needs_chromium
def test_delta_cosine_asks_for_its_base(page):
    assert not page.locator("#modelsim_base").is_visible()
    choose(page, "#modelsim_measure", "(delta-cosine)")
    page.locator("#modelsim_base").wait_for(timeout=60_000)
    choose(page, "#modelsim_base", "base")
    playwright.expect(page.locator(".modelsim-relatives b[title=base]")).to_have_count(0, timeout=60_000)
    choose(page, "#modelsim_chosen", "carl")
    playwright.expect(page.locator(".modelsim-relatives summary b").first).to_have_text("anna", timeout=60_000)
    assert "base" not in ranked(page)[0]


@needs_chromium
def test_the_number_of_classes_can_be_chosen(page):
    choose(page, "#modelsim_classes", "4")
    playwright.expect(page.locator("#modelsim_tree svg")).to_contain_text("4 classes")


@needs_chromium
def test_heat_map_and_map_stand_where_the_tree_stood(page):
    svg = page.locator("#modelsim_tree svg")
    for view, word in (("Heat map", "asimilarity"), ("Map", "Classical"), ("Tree", "Pearson")):
        page.locator("#modelsim_view label", has_text=re.compile(f"^\\s*{view}")).click()
        playwright.expect(svg).to_contain_text(word)
        assert (svg.locator("image").count() > 0) == (view == "Heat map"), "cells are one picture"


@needs_chromium
def test_how_far_to_trust_the_classes_is_told(page):
    playwright.expect(page.locator(".modelsim-trust")).to_contain_text("Cophenetic correlation")
    assert page.locator("#modelsim_trust .modelsim-class").count() > 1


@needs_chromium
def test_a_named_class_keeps_its_name_and_is_exported_with_it(page, tmp_path):
    choose_third_of_three_classes(page)
    page.locator("#modelsim_name :is(input, textarea)").fill(CLASS)
    page.locator("#modelsim_remark :is(input, textarea)").fill("to be looked at")
    page.locator("#modelsim_save").click()
    for place in ("#modelsim_tree svg", ".modelsim-models"):
        playwright.expect(page.locator(place)).to_contain_text(CLASS)
    page.reload()
    page.wait_for_selector("#modelsim_models code:not(:empty)", timeout=60_000)
    choose_third_of_three_classes(page)
    playwright.expect(page.locator("#modelsim_tree svg")).to_contain_text(CLASS)
    playwright.expect(page.locator("#modelsim_name :is(input, textarea)")).to_have_value(CLASS)
    page.locator("#modelsim_export").click()
    with page.expect_download() as download:
        page.locator("#modelsim_exported a").first.click(timeout=60_000)
    download.value.save_as(tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert set(archive.namelist()) >= {"report.html", "families.xlsx", "dendrogram.svg", "heatmap.png", "tree.nwk"}
        rows = list(csv.DictReader(archive.read("classes.csv").decode().splitlines()))
        assert {(row["name"], row["remark"]) for row in rows if row["class"] == "3"} == {(CLASS, "to be looked at")}
    assert page.locator("b[title=class]").count() == 0, "a hostile name is only a name"


@needs_chromium
@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_a_hostile_name_is_only_a_name(page):
    row = page.locator("#modelsim_models tr[data-model*=onerror]")
    assert HOSTILE in row.inner_text()
    row.click()
    playwright.expect(page.locator(".modelsim-relatives summary b").first).to_have_text("bert")
    assert page.locator("img[src=x]").count() == 0


@needs_chromium
def test_the_bad_file_is_told_with_its_reason(page):
    assert "not read:" in page.locator("#modelsim_models tr.modelsim-bad").inner_text()


@needs_chromium
def test_a_narrow_window_scrolls_its_panels_not_the_page(page):
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_taken_port_is_one_line(tmp_path):
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        served("--models", tmp_path, "--port", taken.getsockname()[1]) as (process, _),
    ):
        _, told = process.communicate()
    assert process.returncode == 2
    assert told.count("\n") == 1
    assert "--port" in told


def test_other_names_for_this_machine_are_refused(address):
    host, port = address.removeprefix("http://").rstrip("/").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: elsewhere.example\r\nConnection: close\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 400")


@pytest.mark.skipif(os.name == "nt", reason="Windows gives Ctrl-C to the whole console")
def test_ctrl_c_ends_it_cleanly(small_family):
    with served("--models", small_family) as (process, found):
        assert found
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=30)
    assert (process.returncode, told) == (0, "")
