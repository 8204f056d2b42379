"""No page is wider than the screen of a phone, with long names; the table begins on the first screen."""

from __future__ import annotations

import re

import pytest

from lib_modelsim.ui.choices import VIEWS
from lib_modelsim.ui.pages import PAGES
from tests import chromium
from tests.ui.serving import served
from tests.ui.test_page import browser, needs_chromium  # noqa: F401 - fixtures

expect = pytest.importorskip("playwright.sync_api", reason="needs Playwright").expect
pytestmark = needs_chromium

LONG = "a_name_without_a_space_as_people_give_to_merges_of_merges_of_merges_pruned_emaonly_fp16_v12.5"

TOO_WIDE = """() => [document.documentElement.scrollWidth, ...[...document.querySelectorAll("#modelsim_tab *")]
    .filter(e => e.getClientRects().length && e.getBoundingClientRect().right > innerWidth + 1)
    .filter(e => !hidden(e.parentElement)).slice(0, 5).map(e => e.tagName + "#" + e.id + "." + e.className)];
    function hidden(e) {
        for (; e; e = e.parentElement) if (getComputedStyle(e).overflowX !== "visible") return true;
        return false;
    }"""


def test_no_page_is_wider_than_a_phone(browser, python_path, small_family, tmp_path):  # noqa: F811
    for i, name in enumerate(("anna", "bert", "carl", "stranger")):
        (tmp_path / f"{LONG}_{i}.safetensors").write_bytes((small_family / f"{name}.safetensors").read_bytes())
    (tmp_path / f"{LONG}_cut.safetensors").write_bytes(b"nothing")
    with served("--models", tmp_path, python_path=python_path) as (_, address):
        context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
        page = context.new_page()
        page.set_default_timeout(chromium.PATIENCE)
        page.goto(address)
        rows = page.locator("#modelsim_models tbody tr")
        rows.first.wait_for()
        wide = {"Library": page.evaluate(TOO_WIDE)}
        page.locator(".modelsim-greeting button[aria-label=Close]").click()
        expect(page.locator(".modelsim-greeting")).to_be_hidden()
        assert chromium.box(rows.first)["y"] < 844 * 0.6, "the table begins on the first screen"
        page.locator("#modelsim_how > .label-wrap").click()
        expect(page.locator("#modelsim_measure").first).to_be_visible()
        wide["Options"] = page.evaluate(TOO_WIDE)
        page.locator("#modelsim_how > .label-wrap").click()
        page.locator("#modelsim_generate").click()
        leaf = page.locator("#modelsim_drawing .modelsim-leaf").first
        leaf.wait_for()
        assert chromium.box(leaf)["y"] < 844 * 0.6
        for view in VIEWS:
            label = page.locator("#modelsim_view label", has_text=re.compile(rf"^\s*{view}\s*$"))
            label.evaluate("label => label.click()")
            expect(label.locator("input")).to_be_checked()
            page.wait_for_timeout(300)  # what is drawn for it
            wide[view] = page.evaluate(TOO_WIDE)
        for kind in PAGES:
            page.evaluate("title => window.modelsimTab.openPage(title)", kind.title)
            page.wait_for_timeout(300)
            wide[kind.title] = page.evaluate(TOO_WIDE)
        context.close()
    assert {what: found for what, found in wide.items() if found != [390]} == {}
