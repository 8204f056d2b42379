"""The first minutes on the page, in a browser: the greeting's cards, and a folder of one's own."""

from __future__ import annotations

import re
import shutil

import pytest

from tests.ui.serving import served
from tests.ui.test_page import browser, needs_chromium  # noqa: F401 - fixtures

expect = pytest.importorskip("playwright.sync_api", reason="needs Playwright").expect
pytestmark = needs_chromium


@pytest.fixture
def start(browser, python_path, small_family, tmp_path):  # noqa: F811
    """Starts the page over the demonstration, again and again in one home, and opens it; nothing goes wrong there."""
    demonstration = tmp_path / "demonstration"
    demonstration.mkdir()
    for name in ("anna", "bert", "stranger"):
        shutil.copy(small_family / f"{name}.safetensors", demonstration)
    home = str(tmp_path / "home")
    places = {"HOME": home, "XDG_DATA_HOME": home, "LOCALAPPDATA": home}
    running, pages, wrong = [], [], []

    def begin(width=1280):
        stop()
        running.append(served("--demo", demonstration, python_path=python_path, forgetful=False, **places))
        _, address = running[-1].__enter__()
        page = browser.new_page(viewport={"width": width, "height": 900})
        pages.append(page)
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(error.stack))
        page.goto(address)
        page.locator("#modelsim_models :is(.modelsim-models, .modelsim-note), #modelsim_drawing svg").first.wait_for()
        return page

    def stop():
        while pages:
            pages.pop().close()
        while running:
            running.pop().__exit__(None, None, None)

    yield begin
    stop()
    assert wrong == []


def card(page, title):
    return page.locator(".modelsim-starts button", has_text=re.compile(f"^\\s*{title}"))


def test_the_cards_lead_to_the_pages_and_the_first_tree_ends_the_greeting(start):
    page = start()
    tabs = page.locator("#modelsim_pages button[role=tab], #modelsim_pages > .tab-nav button")
    for title, shown in (("Probes", "#modelsim_plan"), ("Find my model", "#modelsim_query")):
        card(page, title).click()
        expect(page.locator(shown).first).to_be_visible()
        expect(page.locator(".modelsim-greeting")).to_be_hidden()
        tabs.filter(has_text="Families").first.click()
        expect(page.locator(".modelsim-greeting")).to_be_visible()
    card(page, "Families").click()
    expect(page.locator("#modelsim_drawing .modelsim-leaf").first).to_be_visible()
    expect(page.locator(".modelsim-greeting")).to_be_hidden()
    page.reload()
    expect(page.locator("#modelsim_drawing .modelsim-leaf").first).to_be_visible()
    expect(page.locator(".modelsim-greeting")).to_be_hidden()


def test_a_greeting_that_fits_a_narrow_window_and_is_closed_stays_closed(start):
    page = start(width=390)
    expect(page.locator(".modelsim-greeting")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, "nothing scrolls sideways"
    page.locator(".modelsim-greeting button[aria-label=Close]").click()
    expect(page.locator(".modelsim-greeting")).to_be_hidden()
    page = start()
    expect(page.locator("#modelsim_models tbody tr")).to_have_count(3)
    expect(page.locator(".modelsim-greeting")).to_be_hidden()


def test_my_folder_takes_the_place_of_the_demonstration_and_is_there_again_after_a_start(start, small_family, tmp_path):
    page = start()
    field, rows = page.locator("#modelsim_folders [data-folder]"), page.locator("#modelsim_models tbody tr")
    status = page.locator("#modelsim_status").first
    field.fill(str(tmp_path / "nowhere"))
    page.locator("button[data-do='add folder']").click()
    expect(status).to_contain_text(re.compile("there is no such folder", re.IGNORECASE))
    expect(field).to_have_value(str(tmp_path / "nowhere"))
    field.fill(str(small_family))
    field.press("Enter")
    expect(rows).to_have_count(5)
    folders = page.locator("#modelsim_folders details")
    expect(folders.locator("summary")).to_contain_text("1 folder")
    page = start()
    rows, folders = page.locator("#modelsim_models tbody tr"), page.locator("#modelsim_folders details")
    expect(rows).to_have_count(5)
    folders.locator("summary").click()
    folders.locator("button[data-do='show demonstration']").click()
    expect(rows).to_have_count(8)
    expect(folders.locator("summary")).to_contain_text("2 folders")
    folders.locator("summary").click()
    folders.locator("button[data-do='remove folder']").first.click()
    expect(rows).to_have_count(3)
    expect(page.locator("#modelsim_folders").first).to_contain_text("small demonstration")
