"""The map in headless Chromium, without gradio: pointing, lasso, legend, colours, keys, fingers."""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode

import numpy as np
import pytest

from lib_modelsim.workspace.curating.colourings import by_category, by_number, by_stars
from tests import chromium
from tests.ui.map_page import ROOT, MapPage

playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright")
needs_browser = pytest.mark.skipif(chromium.CHROMIUM is None, reason="needs a chromium that is installed")

LIBRARIES = {"d3-7.9.0.min.js": "f2094bbf6141b359722c4fe454eb6c4b0f0e42cc10cc7af921fc158fceb86539"}
"""As npm has it: `npm pack d3@7.9.0`, package/dist/d3.min.js."""

PLACE = """i => {
    const map = modelsim.mapView.seen(), box = map.view.getBoundingClientRect();
    const half = Math.min(box.width, box.height) / 2 * 0.92, { k, x, y } = map.zoomed;
    return [box.x + box.width / 2 * k + map.x[i] * half * k + x, box.y + box.height / 2 * k - map.y[i] * half * k + y];
}"""

COLOUR_AT = """([x, y]) => {
    const { canvas } = modelsim.mapView.seen(), box = canvas.getBoundingClientRect();
    const scale = canvas.width / box.width;
    return [...canvas.getContext("2d").getImageData((x - box.x) * scale, (y - box.y) * scale, 1, 1).data.slice(0, 3)];
}"""

FOUR = np.array([[-0.8, -0.8], [0.8, -0.8], [-0.8, 0.8], [0.8, 0.8]], np.float32)


def colours(n=4):
    random = np.random.default_rng(0)
    return {
        "score:clip": by_number("CLIP score", [*range(n - 1), np.nan], "0 to 100", "no score"),
        "model": by_category("model", [f"model {i % 2}" for i in range(n)], str, "not told"),
        "prompt": by_category("prompt", [f"prompt {i % 12}" for i in random.permutation(n)], str, "not told"),
        "stars": by_stars([i % 6 for i in range(n)]),
    }


def test_libraries_are_the_published_files_with_their_licences():
    folder = ROOT / "javascript" / "libraries"
    scripts = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.js")}
    assert scripts == LIBRARIES
    for name in scripts:
        assert (folder / name.replace(".min.js", ".LICENSE.txt")).read_text("utf-8").startswith("Copyright")
        assert name in (ROOT / "javascript" / "modelsim_map.js").read_text("utf-8")


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        yield chromium.launch(driver)


@pytest.fixture
def open_map(browser, tmp_path):
    """A function that shows a map; in the end nothing has gone wrong in the browser."""
    wrong, contexts = [], []

    def opened(made, before="", wait=True, **context):
        contexts.append(browser.new_context(viewport={"width": 1100, "height": 900}, **context))
        page = contexts[-1].new_page()
        page.set_default_timeout(chromium.PATIENCE)
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(error.stack))
        page.add_init_script(before)
        page.goto(made.write(tmp_path).as_uri())
        if wait:
            page.wait_for_selector(".modelsim-picture-map[data-ready]")
            drawn(page)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


def drawn(page):
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def place(page, i):
    return page.evaluate(PLACE, i)


def selected(page):
    """The places of what the server was told last."""
    points = page.evaluate("acted.filter(({do: what}) => what === 'select').at(-1)?.points")
    count = page.evaluate("modelsim.mapView.seen().count")
    return np.flatnonzero(np.unpackbits(np.frombuffer(b64decode(points), np.uint8))[:count]).tolist()


def lasso(page, *corners):
    page.mouse.move(*corners[0])
    page.mouse.down()
    for corner in corners[1:]:
        page.mouse.move(*corner, steps=4)
    page.mouse.up()


def around(page, i, reach=30):
    x, y = place(page, i)
    return [(x - reach, y - reach), (x + reach, y - reach), (x + reach, y + reach), (x - reach, y + reach)]


@needs_browser
def test_the_library_comes_with_the_first_map_and_leaves_what_others_loaded(open_map):
    page = open_map(MapPage(FOUR, colours()), before="window.d3 = 'theirs';")
    assert page.evaluate("window.d3") == "theirs"
    assert page.evaluate("'define' in window && window.define !== undefined") is False
    loaded = "document.querySelectorAll('script[src*=libraries]').length"
    assert page.evaluate(loaded) == 1
    page.evaluate("document.getElementById('panel').innerHTML = document.getElementById('panel').innerHTML")
    page.wait_for_selector(".modelsim-picture-map[data-ready]")
    assert page.evaluate(loaded) == 1


@needs_browser
def test_without_a_map_no_library_is_loaded(open_map):
    page = open_map(MapPage(FOUR, colours(), key=""), wait=False)
    page.wait_for_selector(".modelsim-note")
    drawn(page)
    assert page.evaluate("document.querySelectorAll('script[src*=libraries]').length") == 0


@needs_browser
def test_pointing_tells_what_is_known_and_asks_for_it_once(open_map):
    name = "<b>long</b> " + "x" * 300
    page = open_map(MapPage(FOUR, colours(), names=("a.png", name, "c.png", "d.png")))
    tip = page.locator(".modelsim-tip")
    page.mouse.move(*place(page, 1))
    playwright.expect(tip).to_contain_text(name)
    playwright.expect(tip).to_contain_text("a model")
    box = tip.bounding_box()
    assert box["x"] + box["width"] <= 1100
    page.mouse.move(5, 5)
    playwright.expect(tip).to_be_hidden()
    page.mouse.move(*place(page, 1))
    playwright.expect(tip).to_be_visible()
    assert page.evaluate("sent.filter(({ask}) => ask === 'tell').length") == 1


@needs_browser
def test_a_question_that_was_lost_is_asked_again(open_map):
    page = open_map(MapPage(FOUR, colours()), before="window.silent = true;", wait=False)
    page.wait_for_function("window.sent.length > 0")
    page.evaluate("window.silent = false")
    page.wait_for_selector(".modelsim-picture-map[data-ready]")


@needs_browser
def test_a_lasso_selects_what_lies_in_it_and_shift_adds(open_map):
    page = open_map(MapPage(FOUR, colours()))
    page.click("[data-mode=lasso]")
    lasso(page, *around(page, 2))
    assert selected(page) == [2]
    page.keyboard.down("Shift")
    lasso(page, *around(page, 1))
    page.keyboard.up("Shift")
    assert selected(page) == [1, 2]
    playwright.expect(page.locator(".modelsim-map-count")).to_have_text("2 pictures selected")
    page.click("[data-map-act=none]")
    assert selected(page) == []
    playwright.expect(page.get_by_role("button", name="Contact sheet")).to_be_disabled()


@needs_browser
def test_after_moving_and_zooming_a_lasso_selects_what_is_seen_in_it(open_map):
    page = open_map(MapPage(FOUR, colours()))
    page.mouse.move(*place(page, 3))
    page.keyboard.down("Control")
    page.mouse.wheel(0, -300)
    page.keyboard.up("Control")
    page.wait_for_function("modelsim.mapView.seen().zoomed.k > 1.2")
    box = page.locator(".modelsim-map-view").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    lasso_free = [(x, y), (x - 50, y + 40)]  # in the mode "move" this moves the map
    lasso(page, *lasso_free)
    drawn(page)
    page.keyboard.down("Shift")
    lasso(page, *around(page, 3, 15))
    page.keyboard.up("Shift")
    assert selected(page) == [3]


@needs_browser
def test_the_wheel_scrolls_the_page_until_the_map_was_clicked(open_map):
    page = open_map(MapPage(FOUR, colours()))
    box = page.locator(".modelsim-map-view").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.wheel(0, 100)
    page.wait_for_function("scrollY > 0")
    assert page.evaluate("modelsim.mapView.seen().zoomed.k") == 1
    page.evaluate("scrollTo(0, 0)")
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.wheel(0, -100)
    page.wait_for_function("modelsim.mapView.seen().zoomed.k > 1")


@needs_browser
def test_a_legend_shows_one_alone_and_selects_it_by_key(open_map):
    page = open_map(MapPage(FOUR, colours()))
    page.select_option(".modelsim-map-colour", "model")
    entry = page.locator("[data-entry='1']")
    playwright.expect(entry).to_contain_text("model 1")
    entry.focus()
    page.keyboard.press("Enter")
    playwright.expect(entry).to_have_attribute("aria-pressed", "true")
    only = page.get_by_role("button", name="Select these 2")
    only.focus()
    page.keyboard.press("Enter")
    assert selected(page) == [1, 3]
    entry.focus()
    page.keyboard.press("Enter")
    playwright.expect(entry).to_have_attribute("aria-pressed", "false")
    playwright.expect(page.locator(".modelsim-map-only")).to_be_hidden()


@needs_browser
def test_what_is_not_seen_is_neither_told_nor_selected(open_map):
    page = open_map(MapPage(FOUR, colours()))
    page.select_option(".modelsim-map-colour", "model")
    page.locator("[data-entry='1']").click()
    page.mouse.move(*place(page, 0))
    page.wait_for_timeout(200)
    assert page.evaluate("sent.filter(({ask}) => ask === 'tell').length") == 0
    page.click("[data-mode=lasso]")
    box = page.locator(".modelsim-map-view").bounding_box()
    left, top, right, bottom = box["x"] + 2, box["y"] + 2, box["x"] + box["width"] - 2, box["y"] + box["height"] - 2
    lasso(page, (left, top), (right, top), (right, bottom), (left, bottom))
    assert selected(page) == [1, 3]


@needs_browser
@pytest.mark.parametrize("dark", [False, True])
def test_colours_are_those_of_the_legend_and_a_lack_of_a_score_is_hollow(open_map, dark):
    page = open_map(MapPage(FOUR, colours(), dark=dark))
    ground = [11, 15, 25] if dark else [255, 255, 255]
    seen = [page.evaluate(COLOUR_AT, place(page, i)) for i in range(4)]
    assert seen[3] == ground, "the middle of a ring"
    assert len({tuple(each) for each in seen}) == 4
    for entry, i in ((0, 0), (7, 2)):
        legend = page.locator(f"[data-entry='{entry}'] i").evaluate("e => getComputedStyle(e).backgroundColor")
        wanted = np.array([int(each) for each in re.findall(r"\d+", legend)])
        assert np.abs(0.85 * wanted + 0.15 * np.array(ground) - seen[i]).max() <= 3
        assert np.abs(wanted - ground).sum() > 120, "it can be seen"


@needs_browser
def test_of_many_categories_seven_have_a_colour_and_any_other_can_be_given_one(open_map):
    page = open_map(MapPage(np.random.default_rng(0).uniform(-1, 1, (240, 2)).astype(np.float32), colours(240)))
    page.select_option(".modelsim-map-colour", "prompt")
    legend = page.locator(".modelsim-map-legend")
    playwright.expect(legend.locator("[data-entry]")).to_have_count(8)
    playwright.expect(legend.locator("[data-entry='7']")).to_contain_text("others (5)")
    signs = legend.locator("[data-entry] i").all_inner_texts()[:7]
    assert len(set(signs)) == 7, "shapes tell them apart, not colours alone"
    option = legend.locator("option").nth(3).get_attribute("value")
    name = legend.locator("option").nth(3).inner_text().split(" (")[0]
    legend.locator("select").select_option(option)
    playwright.expect(legend.locator("[data-entry='6']")).to_contain_text(name)
    playwright.expect(legend.locator("[data-entry]")).to_have_count(8)


@needs_browser
@pytest.mark.parametrize("count", [1, 2, 3, 300])
def test_maps_of_any_size_are_shown(open_map, count):
    points = np.random.default_rng(count).uniform(-1, 1, (count, 2)).astype(np.float32)
    page = open_map(MapPage(points, {"stars": by_stars([i % 6 for i in range(count)])}))
    page.mouse.move(*place(page, 0))
    playwright.expect(page.locator(".modelsim-tip")).to_be_visible()


@needs_browser
def test_all_at_one_place_and_those_without_a_place(open_map):
    points = np.zeros((50, 2), np.float32)
    points[10:20] = np.nan
    page = open_map(MapPage(points, colours(50)))
    page.mouse.move(*place(page, 0))
    playwright.expect(page.locator(".modelsim-tip")).to_contain_text("and 39 more at the same place")
    page.click("[data-mode=lasso]")
    lasso(page, *around(page, 0, 60))
    assert selected(page) == [*range(10), *range(20, 50)]


@needs_browser
def test_gradio_making_the_map_anew_keeps_view_colour_and_selection(open_map):
    page = open_map(MapPage(FOUR, colours()))
    page.select_option(".modelsim-map-colour", "model")
    page.keyboard.down("Shift")
    lasso(page, *around(page, 1))
    page.keyboard.up("Shift")
    page.click("[data-map-act=in]")
    page.wait_for_function("modelsim.mapView.seen().zoomed.k > 1.4")
    page.evaluate("document.getElementById('panel').innerHTML = document.getElementById('panel').innerHTML")
    page.wait_for_selector(".modelsim-picture-map[data-ready]")
    assert page.evaluate("modelsim.mapView.seen().zoomed.k") > 1.4
    assert page.locator(".modelsim-map-colour").input_value() == "model"
    playwright.expect(page.locator(".modelsim-map-count")).to_have_text("1 picture selected")


@needs_browser
def test_keys_move_zoom_and_show_all(open_map):
    page = open_map(MapPage(FOUR, colours()))
    page.locator(".modelsim-map-view").focus()
    before = place(page, 0)
    page.keyboard.press("ArrowLeft")
    assert place(page, 0) == pytest.approx([before[0] + 60, before[1]], abs=0.5)
    page.keyboard.press("+")
    page.wait_for_function("modelsim.mapView.seen().zoomed.k > 1.4")
    page.keyboard.press("0")
    page.wait_for_function("modelsim.mapView.seen().zoomed.k === 1")
    assert place(page, 0) == pytest.approx(before, abs=0.5)


@needs_browser
def test_a_finger_tells_opens_and_draws_a_lasso_on_a_phone(open_map):
    page = open_map(MapPage(FOUR, colours(), width="374px"), has_touch=True)
    page.set_viewport_size({"width": 390, "height": 800})
    drawn(page)
    drawn(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.touchscreen.tap(*place(page, 1))
    playwright.expect(page.locator(".modelsim-tip")).to_contain_text("1.png")
    assert page.evaluate("acted.length") == 0
    page.touchscreen.tap(*place(page, 1))
    page.wait_for_function("acted.length === 1 && acted[0].do === 'open' && acted[0].at === 1")
    page.click("[data-mode=lasso]")
    corners = around(page, 2)
    page.evaluate(
        """corners => {
            const view = document.querySelector(".modelsim-map-view"); view.setPointerCapture = () => {};
            const tell = (type, [clientX, clientY]) => view.dispatchEvent(new PointerEvent(type, {
                clientX, clientY, pointerType: "touch", isPrimary: true, button: 0, bubbles: true, pointerId: 9 }));
            tell("pointerdown", corners[0]);
            for (const corner of corners) tell("pointermove", corner);
            tell("pointerup", corners.at(-1));
        }""",
        corners,
    )
    assert selected(page) == [2]
