"""Pictures in headless Chromium: the grid of a suite, one of them large, its neighbours, and a help mark."""

from __future__ import annotations

import re

import pytest

from lib_modelsim.probes.suite import to_json
from tests import chromium
from tests.probes.galleries import fill, small_suite
from tests.ui.serving import served

pytest.importorskip("gradio", reason="the page needs gradio")
playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright")
pytestmark = pytest.mark.skipif(chromium.CHROMIUM is None, reason="needs a chromium that is installed")

expect = playwright.expect
SWIPE = """picture => {
    const put = (kind, x) => picture.dispatchEvent(new PointerEvent(kind, {
        bubbles: true, isPrimary: true, pointerType: "touch", clientX: x, clientY: 300,
    }));
    put("pointerdown", 300);
    put("pointerup", 100);
}"""


@pytest.fixture(scope="module")
def address(python_path, tmp_path_factory):
    """The page over a gallery of three models and a suite of two probes."""
    home = tmp_path_factory.mktemp("home")
    places = {"HOME": str(home), "XDG_DATA_HOME": str(home), "LOCALAPPDATA": str(home)}
    suite, data = small_suite(), home / "modelsim"
    fill(data / "gallery", suite, ["anna", "bert", "carl"])
    (data / "suites").mkdir()
    (data / "suites" / "pets.json").write_text(to_json(suite))
    (home / "models").mkdir()
    with served("--models", home / "models", python_path=python_path, forgetful=False, **places) as (_, found):
        yield found


def test_a_picture_opens_large_with_its_neighbours_and_the_suite_is_there_after_a_reload(address):
    with playwright.sync_playwright() as driver:
        page, wrong = chromium.launch(driver).new_page(viewport={"width": 1280, "height": 900}), []
        page.set_default_timeout(chromium.PATIENCE)
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(error.stack))
        page.goto(address)

        def show_probes():
            page.locator("#modelsim_pages button", has_text=re.compile(r"^\s*Probes\s*$")).first.click()

        show_probes()
        page.locator("[data-suite=pets]").click()
        expect(page.locator("#modelsim_pictures figure img")).to_have_count(3)
        page.reload()
        show_probes()
        expect(page.locator("#modelsim_pictures figure img")).to_have_count(3)
        page.locator("#modelsim_pictures_view label", has_text="All").click()
        expect(page.locator(".modelsim-grid img")).to_have_count(6)

        page.locator(".modelsim-grid [data-cell='0 0']").click()
        view, name, place = (page.locator(f".modelsim-larger{part}") for part in ("", " h3", " .modelsim-larger-place"))
        expect(name).to_have_text("anna")
        expect(view.locator(".modelsim-larger-prompt")).to_have_text("This picture tells no settings.")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowDown")
        expect(name).to_have_text("bert")
        expect(place).to_have_text("2 of 3 · probe dog 1, 2 of 2")
        page.keyboard.press("ArrowDown")
        expect(place).to_have_text("2 of 3 · probe dog 1, 2 of 2")
        view.locator(".modelsim-frame").evaluate(SWIPE)
        expect(name).to_have_text("carl")
        view.locator("select").select_option(label="anna")
        expect(view.locator(".modelsim-two img")).to_have_count(2)
        view.locator("[data-zoom]").click()
        expect(view.locator(".modelsim-frame")).to_have_css("width", "64px")
        page.keyboard.press("Escape")
        expect(view).to_have_count(0)
        assert page.evaluate("document.activeElement.dataset.cell") == "2 1"

        mark = page.locator("#modelsim_suite .modelsim-help")
        mark.click()
        expect(page.locator(".modelsim-tip")).to_contain_text("When unsure")
        page.keyboard.press("Escape")
        expect(page.locator(".modelsim-tip")).to_be_hidden()
        assert wrong == []
