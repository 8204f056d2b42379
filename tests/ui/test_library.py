"""The library's table in a browser: copies, files that cannot be read, filters, columns, order; also of 3,000 rows."""

from __future__ import annotations

import os
import shutil

import pytest

from tests import chromium
from tests.ui.serving import served
from tests.ui.test_page import browser, needs_chromium  # noqa: F401 - fixtures

expect = pytest.importorskip("playwright.sync_api", reason="needs Playwright").expect
pytestmark = needs_chromium

LONG = "a name as long as the names that people give to merges of merges_v2.0"


@pytest.fixture
def opened(browser, python_path, small_family, tmp_path):  # noqa: F811
    """The page over the small family, a copy, a hard link, a long name and two broken files."""
    for name in ("anna", "bert", "carl", "stranger"):
        shutil.copy(small_family / f"{name}.safetensors", tmp_path)
    shutil.copy(tmp_path / "anna.safetensors", tmp_path / "anna copy.safetensors")
    os.link(tmp_path / "bert.safetensors", tmp_path / "bert linked.safetensors")
    (tmp_path / "carl.safetensors").rename(tmp_path / f"{LONG}.safetensors")
    (tmp_path / "cut.safetensors").write_bytes(b"\xff" * 40)
    (tmp_path / "text.safetensors").write_text("nothing")
    wrong = []
    with served("--models", tmp_path, python_path=python_path) as (_, address):
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(chromium.PATIENCE)
        page.on("pageerror", lambda error: wrong.append(error.stack))
        page.goto(address)
        page.locator("#modelsim_models tbody tr").first.wait_for()
        yield page
        page.close()
    assert wrong == []


def names(page):
    return page.eval_on_selector_all(
        "#modelsim_models tbody tr:not([hidden])", "rows => rows.map(row => row.cells[0].dataset.value)"
    )


def heads(page):
    return page.locator("#modelsim_models th:visible").all_inner_texts()


def test_a_walk_through_the_library(opened):
    page = opened
    told, filter_field = page.locator(".modelsim-told"), page.locator(".modelsim-filter")
    expect(told).to_contain_text("Press Show families to read and compare them.")
    page.locator("[data-press=modelsim_index]").click()
    expect(page.locator("tr[data-model]")).to_have_count(5)
    expect(told).to_contain_text("5 of 5 are not hashed yet: whether they are copies is not known")
    expect(page.locator("button[data-facet=copy]")).to_have_count(0)  # nothing is proven
    page.locator("[data-press=modelsim_hash]").click()
    copies = page.locator("button[data-facet=copy]")
    expect(copies).to_contain_text("1 copy takes 1.07 MB")
    expect(told).not_to_contain_text("not hashed")
    assert heads(page)[:5] == ["Name", "Class", "Same as", "State", "Size"]

    copies.click()  # filters narrow each other, words too
    assert names(page) == ["anna copy"]
    expect(copies).to_have_attribute("aria-pressed", "true")
    copies.click()
    page.locator("button[data-facet=state][data-value=unreadable]").click()
    assert names(page) == ["cut", "text"]
    filter_field.fill("nothing")
    expect(page.locator("#modelsim_models tbody tr:visible")).to_have_count(1)
    expect(page.locator(".modelsim-count")).to_have_text("1 of 7")

    row = page.locator("tr.modelsim-bad:visible")  # short, until it is opened
    before = chromium.box(row)["height"]
    assert before < 50
    row.locator("[aria-expanded]").focus()
    page.keyboard.press("Enter")
    expect(row.locator("[aria-expanded]")).to_have_attribute("aria-expanded", "true")
    expect(row.locator("small")).to_have_css("white-space", "normal")

    page.reload()  # what narrows the rows is this window's
    expect(page.locator("#modelsim_models tbody tr:visible")).to_have_count(1)
    page.locator(".modelsim-facets [data-everything]").click()
    expect(page.locator("#modelsim_models tbody tr:visible")).to_have_count(7)
    filter_field.fill("no such model")
    expect(page.locator(".modelsim-none")).to_be_visible()
    page.locator(".modelsim-none button").click()
    expect(page.locator(".modelsim-none")).to_be_hidden()

    page.locator("th", has_text="Size").click()
    assert names(page)[:2] == ["text", "cut"]  # 7 and 40 bytes: numbers, not words

    name = page.locator(f"tr[data-model='{LONG}'] .modelsim-name")  # the end of a long name is seen
    page.set_viewport_size({"width": 700, "height": 900})
    end = chromium.box(name.locator("span").last)
    cell = chromium.box(page.locator(f"tr[data-model='{LONG}'] td").first)
    assert end["x"] + end["width"] <= cell["x"] + cell["width"]
    assert "Hash" not in heads(page)

    page.set_viewport_size({"width": 1280, "height": 900})
    page.locator(".modelsim-columns summary").click()
    page.locator("[data-column=Precision]").uncheck()
    page.locator("[data-column=Hash]").check()
    assert {"Precision", "Hash"} & set(heads(page)) == {"Hash"}
    page.reload()
    page.locator("#modelsim_models tbody tr").first.wait_for()
    assert {"Precision", "Hash"} & set(heads(page)) == {"Hash"}
    page.locator(".modelsim-columns summary").click()
    page.locator("[data-fit]").click()
    assert heads(page)[:5] == ["Name", "Class", "Same as", "State", "Size"]
