"""The report as a person opens it: from a file, without a server or a network, at a desk and on a phone."""

from __future__ import annotations

import pytest

from lib_modelsim.job import Job
from lib_modelsim.workspace.families.result_files import write_families

from ..chromium import CHROMIUM, launch
from ..workspace.test_export_whole import result

LONG = "a model whose name is as long as names of models are, and then some more_v1.0 "


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    write_families([result([f"{letter * 3} {LONG}" for letter in "abcdefghijkl"])], folder, Job(), dpi=20)
    return (folder / "report.html").as_uri()


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
def test_it_answers_as_the_tab_does_and_nothing_is_cut_off(address):
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with playwright.sync_playwright() as driver:
        page = launch(driver).new_page(viewport={"width": 1280, "height": 900})
        wrong = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.goto(address)
        models = page.locator("section", has=page.locator("h2", has_text="Models"))
        playwright.expect(page.locator(".modelsim-leaves").first.locator(".modelsim-leaf")).to_have_count(12)
        models.locator("th", has_text="distance").first.click()
        near = [float(text) for text in models.locator("tbody td:nth-child(4)").all_inner_texts()]
        assert near == sorted(near)
        models.locator("tbody tr").nth(3).click()
        playwright.expect(page.locator(".modelsim-leaf.modelsim-chosen")).to_have_count(3)  # tree, heat map, map
        models.locator(".modelsim-filter").fill("ccc")
        playwright.expect(models.locator(".modelsim-count")).to_contain_text("of 12")
        assert all("ccc" in text for text in models.locator("tbody tr:visible").all_inner_texts())
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 844})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            narrow = "cells => cells.filter(c => c.innerText.length > 30 && c.clientWidth < 120).length"
            assert page.locator("td:visible").evaluate_all(narrow) == 0, "no name is set letter by letter"
        page.emulate_media(media="print")
        assert models.locator(".modelsim-scroll").evaluate("one => one.scrollHeight <= one.clientHeight + 1")
        assert wrong == []
