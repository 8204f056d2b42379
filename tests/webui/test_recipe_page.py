"""Recipe and lineage in the tab of a real WebUI: from a merge to the fields of the host's own Checkpoint Merger."""

from __future__ import annotations

import re

import pytest

from tests.chromium import CHROMIUM, launch

from . import browsing, running
from .browsing import WAIT
from .tiny_models import NAMES

playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs a chromium that is installed")

expect = playwright.expect
expect.set_options(timeout=WAIT)

BASE, LANTERN, VELVET, MERGE, STRANGER = NAMES


@pytest.fixture(scope="module")
def webui(checkout, models, tmp_path_factory):
    """One for both tests."""
    data = running.new_data_folder(tmp_path_factory.mktemp("recipe") / "data")
    running.add_extension(data)
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


def test_a_recipe_is_made_and_sent_to_the_host_s_merger(tab, checkout):
    page = tab.page
    page.locator("#modelsim_pages button", has_text="Recipe").first.click()
    tab.choose("#modelsim_recipe_model", MERGE)
    expect(page.locator("#modelsim_recipe_reading").first).to_contain_text(re.compile("[Rr]eads|nothing to read"))
    page.locator("#modelsim_recipe_generate").click()
    recipe = page.locator(".modelsim-recipe").first
    expect(recipe.locator("h3")).to_contain_text(f"{MERGE} = 0.70 {LANTERN} + 0.30 {VELVET}")
    expect(recipe).to_contain_text("proven")
    recipe.get_by_role("button", name="Send to Checkpoint Merger").click()
    for letter, name in (("primary", LANTERN), ("secondary", VELVET)):
        field = page.locator(f"#modelmerger_{letter}_model_name input").first
        expect(field).to_have_value(re.compile(re.escape(name)))
    expect(page.locator("#modelmerger_interp_amount input[type=number]").first).to_have_value("0.3")


def test_the_lineage_has_the_merge_below_its_parents(tab):
    page = tab.page
    tab.show("Lineage")
    page.locator("#modelsim_drawing button", has_text="Make lineage").click()
    for parent in (LANTERN, VELVET):
        edge = page.locator(f'.modelsim-edge[data-source="{parent}"][data-target="{MERGE}"]')
        expect(edge).to_have_count(1)
    expect(page.locator(f'.modelsim-edge[data-target="{STRANGER}"]')).to_have_count(0)
    expect(page.locator(f'.modelsim-edge[data-source="{STRANGER}"]')).to_have_count(0)
