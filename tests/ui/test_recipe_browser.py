"""Recipe in headless Chromium: choose, make, look, follow a parent, come from Families."""

from __future__ import annotations

import re

import pytest

from tests import chromium
from tests.ui.serving import served
from tests.workspace.lineage import merged_family

pytest.importorskip("gradio", reason="the tab needs gradio")
playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright")
needs_browser = pytest.mark.skipif(chromium.CHROMIUM is None, reason="needs a chromium that is installed")

SIZES = [(1280, 900), (390, 800)]


@pytest.fixture(scope="module")
def address(python_path, tmp_path_factory):
    """The page over a family with merges, with the installed gradio and with the WebUI's."""
    data = tmp_path_factory.mktemp("served")
    models = data / "models"
    models.mkdir()
    merged_family.write(models)
    places = {"XDG_DATA_HOME": str(data / "data"), "HOME": str(data)}
    with served("--models", models, python_path=python_path, forgetful=False, **places) as (_, found):
        yield found


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        yield chromium.launch(driver)


@pytest.fixture
def page(browser, address):
    """The opened page; in the end nothing has gone wrong in the browser."""
    wrong, context = [], browser.new_context(viewport={"width": 1280, "height": 900})
    found = context.new_page()
    found.set_default_timeout(chromium.PATIENCE)
    found.on("pageerror", lambda error: wrong.append(error.stack))
    found.goto(address)
    yield found
    context.close()
    assert wrong == []


def open_recipe(page):
    page.locator("#modelsim_pages button", has_text="Recipe").first.click()
    page.wait_for_selector("#modelsim_recipe_answer .modelsim-note, .modelsim-recipe")


def choose(page, name):
    field = page.locator("#modelsim_recipe_model input").first
    field.click()
    page.locator("ul.options li", has_text=re.compile(rf"^\s*✓?\s*{name}\s*$")).first.click()
    wait_for(page, name)


def wait_for(page, name):
    """Until the page shows this model."""
    page.wait_for_function(
        "name => JSON.parse(document.querySelector('#modelsim_recipe_seen textarea, #modelsim_recipe_seen input')"
        ".value || '[]')[0] === name",
        arg=name,
    )


@needs_browser
def test_a_recipe_from_the_first_click_to_the_parents_own(page):
    open_recipe(page)
    choose(page, "mixed")
    assert "reads" in page.locator("#modelsim_recipe_reading").first.inner_text()
    page.click("#modelsim_recipe_generate")
    page.wait_for_selector(".modelsim-recipe")
    shown = page.locator(".modelsim-recipe").inner_text()
    assert "0.60 anna" in shown
    assert "0.40 bert" in shown
    assert page.locator(".modelsim-share-bars b").count() >= 2
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator(".modelsim-recipe [data-recipe][data-name=anna]").click()
    wait_for(page, "anna")
    assert page.locator("#modelsim_recipe_model input").first.input_value() == "anna"
    assert "Press Make recipe" in page.locator("#modelsim_recipe_answer").first.inner_text()

    page.set_viewport_size({"width": 1280, "height": 900})
    page.locator("#modelsim_pages button", has_text="Families").first.click()
    page.locator("tr[data-model=mixed]").first.click()
    page.wait_for_selector(".modelsim-made-of")
    assert "0.60 anna" in page.locator(".modelsim-made-of").inner_text()
    page.locator("#modelsim_chosen [data-recipe]").click()
    page.wait_for_selector(".modelsim-recipe h3:has-text('mixed')")
