"""Choosing copies in the panel of duplicates, in headless Chromium without gradio."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import chromium

playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright")
pytestmark = pytest.mark.skipif(chromium.CHROMIUM is None, reason="needs a chromium that is installed")

expect = playwright.expect
ROOT = Path(__file__).parents[2]


def panel(answer):
    boxes = "".join(f'<input type="checkbox" data-duplicate="{number}">' for number in range(4))
    return (
        f'<div class="modelsim-duplicates" data-answer="{answer}" data-going="[1, 3]">'
        f'<input type="hidden" data-name="chosen" value="[]"><span data-count></span>{boxes}'
        '<button data-choose="going">all</button><button data-choose="none">none</button>'
        "<button data-of-chosen>list</button></div>"
    )


@pytest.fixture
def page(tmp_path):
    scripts = "".join(
        f"<script>{(ROOT / 'javascript' / name).read_text('utf-8')}</script>"
        for name in ("modelsim.js", "modelsim_duplicates.js")
    )
    file = tmp_path / "page.html"
    file.write_text(f"<!doctype html><meta charset=utf-8><div id=modelsim_tab>{panel(1)}</div>{scripts}", "utf-8")
    with playwright.sync_playwright() as driver:
        browser, wrong = chromium.launch(driver), []
        page = browser.new_page()
        page.on("pageerror", lambda error: wrong.append(error.stack))
        page.goto(file.as_uri())
        yield page
        browser.close()
    assert wrong == []


def redraw(page, answer):
    page.evaluate("html => { document.getElementById('modelsim_tab').innerHTML = html; }", panel(answer))


def test_what_is_chosen_is_counted_sent_and_kept_while_the_answer_is_the_same(page):
    chosen, listing = page.locator("[data-name=chosen]"), page.locator("[data-of-chosen]")
    expect(listing).to_be_disabled()
    page.locator("[data-duplicate='2']").check()
    expect(chosen).to_have_value("[2]")
    expect(page.locator("[data-count]")).to_have_text("1 chosen")
    expect(listing).to_be_enabled()
    redraw(page, 1)
    expect(page.locator("[data-duplicate='2']")).to_be_checked()
    redraw(page, 2)
    expect(page.locator("[data-duplicate='2']")).not_to_be_checked()
    expect(chosen).to_have_value("[]")


def test_all_but_the_kept_ones_are_chosen_at_once_and_none_again(page):
    page.locator("[data-choose=going]").click()
    expect(page.locator("[data-name=chosen]")).to_have_value("[1,3]")
    expect(page.locator("[data-duplicate]:checked")).to_have_count(2)
    page.locator("[data-choose=none]").click()
    expect(page.locator("[data-count]")).to_have_text("None chosen")
