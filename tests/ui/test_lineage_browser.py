"""The lineage in headless Chromium, without gradio: an edge tells its evidence, a click chooses a model."""

from __future__ import annotations

import pytest

from lib_modelsim.figures.screen.lineage import lineage_svg
from tests import chromium
from tests.lineage.graphs import many, small
from tests.ui.serving import ROOT

playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright")
pytestmark = pytest.mark.skipif(chromium.CHROMIUM is None, reason="needs a chromium that is installed")

MIDDLE = """path => {
    const at = path.getPointAtLength(path.getTotalLength() / 2), to = path.getScreenCTM();
    return [at.x * to.a + to.e, at.y * to.d + to.f];
}"""


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        yield chromium.launch(driver)


@pytest.fixture
def show(browser, tmp_path):
    """A function that shows a graph; in the end nothing has gone wrong in the browser."""
    wrong, contexts = [], []

    def shown(graph, **context):
        scripts = "".join(
            f'<script src="{(ROOT / "javascript" / name).as_uri()}"></script>'
            for name in ("modelsim.js", "modelsim_branches.js", "modelsim_dendrogram.js", "modelsim_drawing.js")
        )
        style = (ROOT / "style.css").as_uri()
        file = tmp_path / "page.html"
        file.write_text(
            f'<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="{style}">'
            f'<div class="gradio-container"><div class="contain"><div id="modelsim_tab">'
            f'<div id="modelsim_chosen_field"><textarea></textarea></div>'
            f'<div id="modelsim_drawing">{lineage_svg(graph)}</div></div></div></div>{scripts}',
            "utf-8",
        )
        contexts.append(browser.new_context(viewport={"width": 1000, "height": 700}, **context))
        page = contexts[-1].new_page()
        page.set_default_timeout(chromium.PATIENCE)
        page.on("pageerror", lambda error: wrong.append(error.stack))
        page.goto(file.as_uri())
        return page

    yield shown
    for each in contexts:
        each.close()
    assert wrong == []


def middle_of(page, source, target):
    edge = page.locator(f'.modelsim-edge[data-source="{source}"][data-target="{target}"] .modelsim-hit')
    return edge.evaluate(MIDDLE)


def test_an_edge_tells_between_whom_it_is_and_how_that_is_known(show):
    page = show(small())
    page.mouse.move(*middle_of(page, "left", "mix"))
    page.wait_for_selector(".modelsim-tip:not([hidden])")
    told = page.locator(".modelsim-tip").inner_text()
    assert "left → mix" in told
    assert "weighted sum, proven" in told
    assert "They leave 0.4 roundings." in told
    page.mouse.move(*middle_of(page, "mix", "near"))
    page.wait_for_function("document.querySelector('.modelsim-tip').textContent.includes('No other is nearer')")
    assert "mix – near" in page.locator(".modelsim-tip").inner_text()
    page.mouse.move(5, 690)
    page.wait_for_selector(".modelsim-tip", state="hidden")


def test_a_finger_reads_an_edge_too(show):
    page = show(small(), has_touch=True)
    page.touchscreen.tap(*middle_of(page, "right", "mix"))
    page.wait_for_selector(".modelsim-tip:not([hidden])")
    assert "right → mix" in page.locator(".modelsim-tip").inner_text()


def test_a_click_on_a_model_chooses_it_as_in_the_tree(show):
    page = show(many(120))
    leaf = page.locator(".modelsim-leaf").nth(7)
    leaf.click()
    assert "modelsim-chosen" in leaf.get_attribute("class")
    assert page.locator("#modelsim_chosen_field textarea").input_value() == leaf.get_attribute("data-model")
    before = chromium.box(page.locator(".modelsim-lineage svg.modelsim-svg").first)["width"]
    page.locator("[data-zoom=in]").click()
    assert chromium.box(page.locator(".modelsim-lineage svg.modelsim-svg").first)["width"] > before
