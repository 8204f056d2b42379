"""What is chosen, in a browser: a column beside table and tree, on a phone a sheet; gone where nothing is chosen."""

from __future__ import annotations

import re

import pytest

from tests import chromium
from tests.ui.serving import served
from tests.ui.test_page import browser, needs_chromium  # noqa: F401 - fixtures

expect = pytest.importorskip("playwright.sync_api", reason="needs Playwright").expect
pytestmark = needs_chromium


@pytest.fixture
def opened(browser, python_path, small_family):  # noqa: F811
    """Opens the page in a window of this width; nothing goes wrong there."""
    wrong, contexts = [], []

    with served("--models", small_family, python_path=python_path) as (_, address):

        def begin(width):
            contexts.append(browser.new_context(viewport={"width": width, "height": 844}, has_touch=width < 500))
            page = contexts[-1].new_page()
            page.set_default_timeout(chromium.PATIENCE)
            page.on("pageerror", lambda error: wrong.append(error.stack))
            page.goto(address)
            page.locator("#modelsim_models tbody tr, #modelsim_drawing svg").first.wait_for()
            return page

        yield begin
        for context in contexts:
            context.close()
    assert wrong == []


def view(page, name):
    page.locator("#modelsim_view label", has_text=re.compile(f"^\\s*{name}$")).evaluate("label => label.click()")


def leaf(page, name):
    return page.locator(f'.modelsim-leaf[data-model="{name}"]')


def test_the_panel_is_a_column_while_something_is_chosen(opened):
    page = opened(1280)
    side, table = page.locator("#modelsim_side"), page.locator("#modelsim_models .modelsim-scroll")
    expect(side).to_be_hidden()
    assert chromium.box(table)["width"] > 1100
    page.locator("#modelsim_generate").click()
    leaf(page, "carl").click()
    expect(side.locator("h3")).to_have_text("carl")
    assert chromium.box(side)["x"] > chromium.box(page.locator("#modelsim_drawing").first)["width"]
    page.keyboard.press("Escape")
    expect(side).to_be_hidden()
    expect(page.locator(".modelsim-leaf.modelsim-chosen")).to_have_count(0)
    page.reload()
    page.locator("#modelsim_drawing svg").first.wait_for()
    expect(side.locator(".modelsim-card")).to_have_count(0)
    leaf(page, "anna").click()
    side.locator(".modelsim-close").click()
    expect(side).to_be_hidden()


def test_on_a_phone_it_is_a_sheet_that_takes_the_focus_and_gives_it_back(opened):
    page = opened(390)
    side = page.locator("#modelsim_side")
    page.locator("#modelsim_generate").click()
    leaf(page, "carl").tap()
    expect(side.locator("h3")).to_have_text("carl")
    expect(side.locator(".modelsim-close")).to_be_focused()
    box = chromium.box(side)
    assert (box["x"], box["width"], round(box["y"] + box["height"])) == (0, 390, 844)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.keyboard.press("Escape")
    expect(side).to_be_hidden()
    expect(leaf(page, "carl")).to_be_focused()
    expect(side.locator(".modelsim-card")).to_have_count(0)  # the answer to closing has come
    leaf(page, "anna").tap()
    expect(side.locator("h3")).to_have_text("anna")
    expect(side).to_be_visible()
    grip = chromium.box(side.locator(".modelsim-side-head"))
    page.mouse.move(150, grip["y"] + 10)
    page.mouse.down()
    page.mouse.move(150, grip["y"] + 150, steps=5)
    page.mouse.up()
    expect(side).to_be_hidden()
    leaf(page, "bert").tap()
    expect(side.locator("h3")).to_have_text("bert")
    page.reload()
    page.locator("#modelsim_drawing svg").first.wait_for()
    expect(side.locator("h3")).to_have_text("bert")
    expect(side).to_be_hidden()
