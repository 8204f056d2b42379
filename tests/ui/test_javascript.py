"""The page's scripts in headless Chromium, on a page without gradio: drawings and table answer to mouse, wheel, key."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from lib_modelsim.figures.screen.heatmap import heatmap_svg
from lib_modelsim.figures.screen.tree import tree_drawing
from tests import chromium
from tests.figures.families import BLOCKS, family, table

playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright")
pytestmark = pytest.mark.skipif(chromium.CHROMIUM is None, reason="needs a chromium that is installed")

ROOT = Path(__file__).parents[2]
_NAMES = ("", "_branches", "_dendrogram", "_drawing", "_find", "_pictures", "_side", "_tab", "_table", "_table_library")
SCRIPTS = [(ROOT / "javascript" / f"modelsim{name}.js") for name in _NAMES]
FIELDS = ("chosen", "family", "action", "find", "query", "window", "picture", "suite")

TABLE = """
<div class="modelsim-table"><input class="modelsim-filter"><output class="modelsim-count"></output>
<table class="modelsim-models"><thead><tr><th data-sort="text">Name</th><th data-sort="number">Size</th><th></th></tr>
</thead><tbody>
<tr data-model="model 10"><td>model 10</td><td data-value="2000">2 kB</td><td>SDXL indexed</td></tr>
<tr data-model="model 9"><td>model 9</td><td data-value="30">30 B</td><td>SD 1.x indexed</td></tr>
<tr data-model="Äpfel"><td>Äpfel</td><td data-value="2000">2 kB</td><td>SD 1.x</td></tr>
<tr class="modelsim-bad"><td>broken</td><td></td><td>unreadable</td></tr>
</tbody></table></div>
"""

ZOOM = "document.querySelector('.modelsim-leaf > rect').height.baseVal.value / modelsim.branches.ROW"
"""How many times as high as they are drawn first the rows of a tree are."""


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        yield chromium.launch(driver)


@pytest.fixture
def open_page(browser, tmp_path):
    """A function that shows HTML with the style and the scripts; in the end nothing has gone wrong in the browser."""
    wrong, context = [], browser.new_context(viewport={"width": 1100, "height": 800}, has_touch=True)
    context.grant_permissions(["clipboard-read", "clipboard-write"])

    def opened(body, before="", files=1):
        fields = "".join(f"<div id=modelsim_{name}_field><textarea></textarea></div>" for name in FIELDS)
        scripts = "".join(f"<script>{path.read_text('utf-8')}</script>" for path in SCRIPTS) * files
        style = (ROOT / "style.css").read_text("utf-8")
        html = (
            f"<!doctype html><meta charset=utf-8><script>{before}</script><style>{style}</style>"
            f"<body style='height:3000px'><div id=modelsim_tab style='width:1000px'>{body}</div>{fields}{scripts}"
        )
        file = tmp_path / "page.html"
        file.write_text(html, "utf-8")
        page = context.new_page()
        page.set_default_timeout(chromium.PATIENCE)
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(error.stack))
        page.goto(file.as_uri())
        return page

    yield opened
    context.close()
    assert wrong == []


@pytest.fixture
def tree():
    return family(30, 6)


@pytest.fixture
def page(open_page, tree):
    facts = {name: [("hash", f"hash of {name}"), ("nearest", "another 99 %")] for name in tree[0].models}
    return open_page(tree_drawing(tree[0], tree[1], "1 − r", facts=facts))


def leaf(page, row):
    return page.locator(".modelsim-leaf").nth(row)


def chosen(page):
    return page.locator("#modelsim_chosen_field textarea").input_value()


def expect_family(page, names):
    field = page.locator("#modelsim_family_field textarea")
    playwright.expect(field).to_have_value(json.dumps(names, ensure_ascii=False, separators=(",", ":")))


def marked(page, kind):
    return page.eval_on_selector_all(f".modelsim-{kind}", "found => found.map(e => e.dataset.model)")


def names_of(page):
    return page.eval_on_selector_all(".modelsim-leaf", "leaves => leaves.map(e => e.dataset.model)")


def zoom(page):
    return pytest.approx(page.evaluate(ZOOM), abs=0.01)


def place(page):
    return page.evaluate("(v => [v.scrollLeft, v.scrollTop])(document.querySelector('.modelsim-view'))")


def drawn_again(page):
    """gradio puts the same drawing in once more."""
    page.evaluate("(d => { d.parentElement.innerHTML = d.outerHTML; })(document.querySelector('.modelsim-drawing'))")


def frames(page):
    """Wait until what was asked for is drawn."""
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def test_pointing_at_a_leaf_tells_its_whole_name_and_facts(page):
    tip, name = page.locator(".modelsim-tip"), names_of(page)[4]
    leaf(page, 4).hover()
    playwright.expect(tip).to_contain_text(f"hash of {name}")
    playwright.expect(tip).to_contain_text("another 99 %")
    page.mouse.move(2, 2)
    playwright.expect(tip).to_be_hidden()


def test_a_click_on_a_leaf_chooses_its_model(page):
    leaf(page, 4).click()
    assert chosen(page) == names_of(page)[4]
    assert marked(page, "chosen") == [chosen(page)]
    leaf(page, 6).click()
    assert marked(page, "chosen") == [names_of(page)[6]]


def test_a_click_on_a_branch_shows_its_models_of_which_none_is_chosen(page):
    leaf(page, 4).click()
    box = page.locator(".modelsim-box").nth(1)
    first, last = (int(box.get_attribute(f"data-{end}")) for end in ("from", "to"))
    field, end = box.locator("rect").first.bounding_box(), leaf(page, first).locator("rect").bounding_box()
    between = end["x"] - 1, field["y"] + 2  # beside the lines, before the names
    page.mouse.click(*between)
    expect_family(page, names_of(page)[first : last + 1])
    assert marked(page, "family") == names_of(page)[first : last + 1]
    assert marked(page, "chosen") == []
    page.mouse.click(*between)
    expect_family(page, [])
    branch = page.locator(".modelsim-branches > [data-from]").first.locator("path").first
    box = branch.bounding_box()  # the root: its upright line is at the left edge of its box
    page.mouse.click(box["x"] + 1, box["y"] + box["height"] / 2)
    expect_family(page, names_of(page))
    leaf(page, 6).click()
    assert (marked(page, "chosen"), marked(page, "family")) == ([names_of(page)[6]], [])


def test_the_keyboard_reaches_every_leaf_chooses_and_selects(page):
    page.locator("[data-zoom=fit]").focus()
    page.keyboard.press("Tab")
    for key, row in (("ArrowDown", 1), ("End", 29), ("ArrowDown", 29), ("PageUp", 19), ("Home", 0), ("ArrowDown", 1)):
        page.keyboard.press(key)
        assert page.evaluate("document.activeElement.dataset.model") == names_of(page)[row]
    playwright.expect(page.locator(".modelsim-tip")).to_contain_text(f"hash of {names_of(page)[1]}")
    page.keyboard.press("Enter")
    assert chosen(page) == names_of(page)[1]
    sizes = []
    for key in ("ArrowLeft", "ArrowLeft", "ArrowRight"):
        page.keyboard.press(key)
        assert names_of(page)[1] in marked(page, "family")
        sizes.append(len(marked(page, "family")))
    assert sizes[0] == sizes[2] < sizes[1]
    expect_family(page, marked(page, "family"))
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement") == page.evaluate("document.body")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.dataset.model") == names_of(page)[1], "one stop, where one left"


def test_a_wheel_with_control_zooms_around_the_pointer_and_a_plain_one_scrolls(page):
    before = leaf(page, 8).bounding_box()
    x, y = before["x"] + 50, before["y"] + before["height"] / 2
    page.mouse.move(x, y)
    page.mouse.wheel(0, 60)
    page.wait_for_function("document.querySelector('.modelsim-view').scrollTop === 60")
    page.mouse.wheel(0, -60)
    page.wait_for_function("document.querySelector('.modelsim-view').scrollTop === 0")
    assert zoom(page) == 1
    page.keyboard.down("Control")
    page.mouse.wheel(0, -200)
    page.keyboard.up("Control")
    page.wait_for_function(f"{ZOOM} > 1.5")
    after = leaf(page, 8).bounding_box()
    assert after["y"] <= y <= after["y"] + after["height"], "what is under the pointer stays there"
    page.locator(".modelsim-view").dblclick(position={"x": 20, "y": 200})
    assert (zoom(page), place(page)) == (1, [0, 0])


def test_a_drag_moves_and_is_no_click(page):
    page.locator("[data-zoom=in]").click()
    page.locator("[data-zoom=in]").click()
    before, box = place(page), page.locator(".modelsim-view").bounding_box()
    page.mouse.move(box["x"] + 400, box["y"] + 300)
    page.mouse.down()
    page.mouse.move(box["x"] + 350, box["y"] + 200, steps=3)
    page.mouse.up()
    frames(page)
    assert place(page) == [before[0] + 50, before[1] + 100]
    assert (chosen(page), marked(page, "family")) == ("", [])
    leaf(page, 12).click()
    assert chosen(page), "the next click is one"


def test_two_fingers_zoom(page):
    box, session = page.locator(".modelsim-view").bounding_box(), page.context.new_cdp_session(page)

    def touch(kind, *apart):
        at = [{"x": box["x"] + 300 + side * x, "y": box["y"] + 200, "id": side} for x in apart for side in (0, 1)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    touch("touchStart", 50)
    for apart in (60, 80, 100):
        touch("touchMove", apart)
    touch("touchEnd")
    page.wait_for_function(f"{ZOOM} > 1.5")
    assert page.evaluate("visualViewport.scale") == 1, "the page itself stays as it is"


def test_zoom_and_marks_stay_when_the_same_tree_is_drawn_again(page):
    leaf(page, 4).focus()
    page.keyboard.press("ArrowLeft")
    page.locator("[data-zoom=in]").click()
    before = zoom(page), place(page), marked(page, "family")
    drawn_again(page)
    frames(page)
    assert (zoom(page), place(page), marked(page, "family")) == before
    assert (before[0], len(before[2]) > 1) == (1.25, True)
    leaf(page, 6).click()
    assert chosen(page) == names_of(page)[6], "the new drawing answers, too"


def test_a_small_zoom_shows_all_of_a_long_tree(open_page):
    page = open_page(tree_drawing(*family(300, 19)[:2], "1 − r"))
    for _ in range(15):
        page.locator("[data-zoom=out]").click()
    view = page.locator(".modelsim-view")
    assert view.evaluate("v => v.scrollHeight - v.clientHeight") <= 1


def test_the_heat_map_tells_the_cell_under_the_pointer(open_page):
    tree, classes, _ = family(12, 3)
    features = table(tree.models, tree.models)
    page = open_page(heatmap_svg(features, tree, classes, "cosine", references=tree.models, blocks=BLOCKS))
    names, box = names_of(page), page.locator(".modelsim-heat image").bounding_box()
    row, reference, block = 2, 5, 3
    column = reference * len(BLOCKS) + block
    y = box["y"] + (row + 0.5) * box["height"] / 12
    page.mouse.move(box["x"] + (column + 0.5) * box["width"] / (12 * len(BLOCKS)), y)
    tip = page.locator(".modelsim-tip")
    value = features.values[tree.leaves[row], tree.leaves[reference] * len(BLOCKS) + block]
    for text in (names[row], names[reference], BLOCKS[block], f"{float(f'{100 * value:.4g}'):g}"):
        playwright.expect(tip).to_contain_text(text)
    page.mouse.move(box["x"] + (row + 0.5) * box["width"] / 12, y)
    playwright.expect(tip).to_contain_text("missing")
    page.mouse.down()
    page.mouse.up()
    assert chosen(page) == names[row]


def rows(page):
    return page.eval_on_selector_all("tbody tr:not([hidden])", "rows => rows.map(r => r.cells[0].textContent)")


def test_the_filter_finds_rows_with_all_words_and_is_kept(open_page):
    page = open_page(TABLE)
    count = page.locator(".modelsim-count")
    playwright.expect(count).to_have_text("")
    page.locator(".modelsim-filter").fill("INDEXED sd")
    playwright.expect(count).to_have_text("2 of 4")
    assert rows(page) == ["model 10", "model 9"]
    page.locator(".modelsim-filter").press_sequentially(" 1.x")
    playwright.expect(count).to_have_text("1 of 4")
    page.evaluate("(t => { t.outerHTML = t.outerHTML; })(document.querySelector('.modelsim-table'))")
    playwright.expect(count).to_have_text("1 of 4")
    playwright.expect(page.locator(".modelsim-filter")).to_be_focused()
    page.reload()
    assert rows(page) == ["model 9"]
    playwright.expect(page.locator(".modelsim-filter")).to_have_value("INDEXED sd 1.x")


def test_a_click_on_a_head_orders_the_rows_and_is_kept(open_page):
    page = open_page(TABLE)
    size = page.locator("th", has_text="Size")
    came = rows(page)
    for way, wanted in (
        ("ascending", ["model 9", "model 10", "Äpfel", "broken"]),
        ("descending", ["model 10", "Äpfel", "model 9", "broken"]),
        ("none", came),
    ):
        size.click()
        playwright.expect(size).to_have_attribute("aria-sort", way)
        assert rows(page) == wanted
    page.locator("th", has_text="Name").focus()
    page.keyboard.press("Enter")
    by_name = ["Äpfel", "broken", "model 9", "model 10"]
    assert rows(page) == by_name
    page.reload()
    assert rows(page) == by_name


def test_rows_are_chosen_by_click_and_key(open_page):
    page = open_page(TABLE)
    page.locator("tr", has_text="model 9").click()
    assert (chosen(page), marked(page, "chosen")) == ("model 9", ["model 9"])
    page.locator(".modelsim-filter").focus()
    for key in ("Tab", "Tab", "Tab", "ArrowDown"):  # two heads, then the chosen row
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    assert chosen(page) == "Äpfel"
    page.evaluate("(t => { t.outerHTML = t.outerHTML; })(document.querySelector('.modelsim-table'))")
    assert marked(page, "chosen") == ["Äpfel"]


def test_a_name_goes_out_though_the_table_is_drawn_anew_while_one_types(open_page):
    fields = "".join(f"<td><input type=text data-class=k data-field={field}></td>" for field in ("name", "remark"))
    page = open_page(f"<table class=modelsim-classes><tr>{fields}</tr></table>")
    anew = "(t => { t.outerHTML = t.outerHTML; })(document.querySelector('.modelsim-classes'))"
    sent = "JSON.parse(document.querySelector('#modelsim_action_field textarea').value || '{}')"
    page.locator("[data-field=remark]").fill("seen")
    page.locator("[data-field=name]").focus()
    page.evaluate(anew)  # before the server knows of the remark
    page.keyboard.type("odd")
    page.evaluate(anew)
    page.keyboard.type(" ones")
    page.keyboard.press("Enter")
    told = page.evaluate(sent)
    assert (told["do"], told["class"], told["name"], told["remark"]) == ("name", "k", "odd ones", "seen")


def test_a_field_that_is_drawn_anew_is_not_left_and_sends_nothing(open_page):
    """Else what is typed half is sent, and gradio 3 drops the whole, which comes before that is answered."""
    fields = "".join(f"<td><input type=text data-class=k data-field={field}></td>" for field in ("name", "remark"))
    page = open_page(f"<table class=modelsim-classes><tr>{fields}</tr></table><button id=other>other</button>")
    page.evaluate("window.asked = []; modelsim_action_field.oninput = (e) => asked.push(e.target.value); 0")
    page.locator("[data-field=remark]").fill("seen")
    page.evaluate("(t => { t.outerHTML = t.outerHTML; })(document.querySelector('.modelsim-classes'))")
    page.locator("[data-field=name]").fill("odd")
    page.wait_for_timeout(50)
    assert page.evaluate("asked") == []
    page.locator("#other").focus()
    page.wait_for_function("asked.length")
    (told,) = map(json.loads, page.evaluate("asked"))
    assert (told["name"], told["remark"]) == ("odd", "seen")


@pytest.mark.parametrize("before", ["", "Object.defineProperty(navigator, 'clipboard', {value: undefined})"])
def test_names_are_copied_with_and_without_a_clipboard_of_the_browser(open_page, before):
    page = open_page("<button data-copy='one, two'>Copy the names</button>", before)
    page.locator("[data-copy]").click()
    playwright.expect(page.locator("[data-copy]")).to_have_text("Copied")
    page.locator("#modelsim_chosen_field textarea").focus()
    page.keyboard.press("Control+V")
    assert chosen(page) == "one, two"
    playwright.expect(page.locator("[data-copy]")).to_have_text("Copy the names")


def test_scripts_that_run_twice_answer_once(open_page, tree):
    page = open_page(tree_drawing(tree[0], tree[1], "1 − r"), files=2)
    page.evaluate("window.asked = 0; modelsim_chosen_field.addEventListener('input', () => asked++)")
    leaf(page, 2).click()
    assert page.evaluate("asked") == 1


def test_a_drawing_without_the_fields_and_without_storage_still_marks(open_page, tree):
    before = "Object.defineProperty(window, 'localStorage', {get() { throw new Error('forbidden'); }})"
    page = open_page(tree_drawing(tree[0], tree[1], "1 − r") + TABLE, before)
    page.evaluate("modelsim_chosen_field.remove()")
    leaf(page, 2).click()
    assert marked(page, "chosen") == [names_of(page)[2]]
    page.locator(".modelsim-filter").fill("9")
    playwright.expect(page.locator(".modelsim-count")).to_have_text("1 of 4")


def test_what_the_server_shows_as_chosen_is_marked_and_brought_into_view(open_page):
    tree, classes, _ = family(300, 19)
    page = open_page(tree_drawing(tree, classes, "1 − r"))
    last = tree.models[tree.leaves[-1]]
    page.evaluate(
        "name => { const side = document.createElement('div'); side.id = 'modelsim_side';"
        " side.innerHTML = '<div class=modelsim-card></div>'; side.firstChild.dataset.model = name;"
        " document.getElementById('modelsim_tab').append(side); }",
        last,
    )
    playwright.expect(leaf(page, 299)).to_have_class("modelsim-leaf modelsim-chosen")
    playwright.expect(leaf(page, 299)).to_be_in_viewport()
    assert page.evaluate("scrollY") == 0, "the page itself does not move"


def test_a_button_with_the_name_of_a_model_chooses_it(open_page, tree):
    name = tree[0].models[7]
    page = open_page(tree_drawing(tree[0], tree[1], "1 − r") + f"<button data-model='{name}'>{name}</button>")
    page.locator("#modelsim_tab > button").click()
    assert chosen(page) == name
    assert page.locator(".modelsim-leaf.modelsim-chosen").count() == 1


def test_a_cell_for_each_of_many_blocks_fits_a_narrow_list(open_page):
    cells = '<span class="modelsim-cells">' + "<i></i>" * 27 + "</span>"
    row = f"<details><summary><div><b>anna</b></div><div>{cells}<em>close relative</em></div></summary></details>"
    page = open_page(f'<div class="modelsim-scroll modelsim-relatives" style="width:300px">{row}</div>')
    listed = page.locator(".modelsim-relatives")
    assert listed.evaluate("list => list.scrollWidth <= list.clientWidth")
    listed.evaluate("list => { list.style.width = '600px'; }")
    assert page.locator(".modelsim-cells i").first.evaluate("cell => cell.offsetWidth") == 11


# pictures to find a model for

RED, BLUE = (f"data:image/png;base64,{b64encode(content).decode()}" for content in (b"red", b"blue"))

HOST = f"""
<div id=tabs><div class=tab-nav><button>txt2img</button><button>img2img</button>
<button onclick="shown.push('modelsim')">modelsim</button></div></div>
<div id=txt2img_gallery><button class="thumbnail-item"><img src="{RED}"></button>
<button class="thumbnail-item selected"><img src="{BLUE}"></button></div>
<div id=image_buttons_txt2img><button class="lg tool" id=txt2img_send_to_extras>extras</button></div>
<div id=img2img_gallery></div>
<div id=image_buttons_img2img><button class="lg tool" id=img2img_send_to_extras>extras</button></div>
<div id=img2img_prompt><textarea></textarea></div>
<div id=img2img_tools><button id=paste onclick="pasted.push(img2img_prompt.firstChild.value)">paste</button></div>
<div id=img2img_image><button aria-label=Clear onclick="this.outerHTML = '<input type=file>'">x</button></div>
"""

FIND_PAGE = """
<div id=modelsim_pages><div class=tab-nav>
<button onclick="shown.push('Find my model')">Find my model</button></div></div>
<div id=modelsim_query><label class=modelsim-drop><input type=file multiple>Drop</label></div>
<div id=modelsim_answer><div data-infotext="a cat
Steps: 4"><button data-send=img2img>Send</button></div></div>
<div id=modelsim_picture></div>
"""

HANDED_OVER = """
modelsim_picture_field.addEventListener("input", () => { modelsim_picture.innerHTML = `
    <i hidden data-picture="of the server.png" data-type="image/png" data-at="1">${btoa("whole")}</i>`; });
"""
"""What the server does when it is asked for the picture of the answer."""


@pytest.fixture
def find_page(open_page):
    return open_page(HOST + FIND_PAGE, "window.shown = []; window.pasted = [];", files=2)


def asked(page):
    """Name and content of each picture that the server is asked about."""
    field = page.locator("#modelsim_query_field textarea")
    playwright.expect(field).not_to_have_value("")
    pictures = json.loads(field.input_value())["pictures"]
    field.evaluate("field => { field.value = ''; }")
    return [(each["name"], b64decode(each["data"])) for each in pictures]


def test_pictures_that_are_chosen_dropped_or_pasted_are_asked_about(find_page):
    files = [{"name": f"{name}.png", "mimeType": "image/png", "buffer": name.encode()} for name in ("one", "two")]
    find_page.locator(".modelsim-drop input").set_input_files(files)
    assert asked(find_page) == [("one.png", b"one"), ("two.png", b"two")]
    given = find_page.evaluate_handle(
        "() => { const given = new DataTransfer(); given.items.add(new File(['three'], '3.png', {type: 'image/png'}));"
        " return given; }"
    )
    for place in (".modelsim-drop", "#modelsim_answer"):
        find_page.dispatch_event(place, "drop", {"dataTransfer": given})
        assert asked(find_page) == [("3.png", b"three")]
    find_page.evaluate(
        "given => document.body.dispatchEvent(new ClipboardEvent('paste', {clipboardData: given, bubbles: true}))",
        given,
    )
    assert asked(find_page) == [("3.png", b"three")]


def test_a_question_that_was_dropped_on_its_way_is_asked_again_until_it_is_taken(find_page):
    file = {"name": "two.png", "mimeType": "image/png", "buffer": b"two"}
    find_page.locator(".modelsim-drop input").set_input_files(file)
    field = find_page.locator("#modelsim_query_field textarea")
    playwright.expect(field).not_to_have_value("")
    number = json.loads(field.input_value())["number"]
    assert asked(find_page) == [("two.png", b"two")]
    answer = "number => { modelsim_answer.innerHTML = `<div data-asked='${number}'></div>`; }"
    find_page.evaluate(answer, "of the question before")
    assert asked(find_page) == [("two.png", b"two")]
    for answered in (number, "of somebody else's in another window"):
        find_page.evaluate(answer, answered)
        find_page.wait_for_timeout(300)
        assert field.input_value() == ""


def test_pictures_that_take_longer_to_read_do_not_take_the_place_of_later_ones(find_page):
    find_page.evaluate(
        """() => {
            const read = FileReader.prototype.readAsDataURL;
            FileReader.prototype.readAsDataURL = function (file) {
                setTimeout(() => read.call(this, file), file.name === "one.png" ? 300 : 0);
            };
        }"""
    )
    for name in ("one", "two"):
        file = {"name": f"{name}.png", "mimeType": "image/png", "buffer": name.encode()}
        find_page.locator(".modelsim-drop input").set_input_files(file)
    assert asked(find_page) == [("two.png", b"two")]
    find_page.wait_for_timeout(600)
    assert find_page.locator("#modelsim_query_field textarea").input_value() == ""


def test_beside_the_webui_s_own_button_one_asks_about_the_picture_looked_at(find_page):
    find_page.locator("#image_buttons_txt2img .modelsim-find").click()
    assert asked(find_page) == [("picture.png", b"blue")]
    assert find_page.evaluate("shown") == ["modelsim", "Find my model"]


def test_the_button_comes_again_with_the_row_that_it_is_in(find_page):
    find_page.evaluate(
        "image_buttons_txt2img.outerHTML = image_buttons_txt2img.outerHTML.replace(/<button[^>]*find.*/, '')"
    )
    find_page.locator("#image_buttons_txt2img .modelsim-find").wait_for()
    assert find_page.locator(".modelsim-find").count() == 2


def test_the_half_finished_picture_that_the_webui_shows_while_it_generates_is_none(find_page):
    preview = f"<div class=livePreview><img src='{RED}'></div>"  # before all others (its progressbar.js)
    find_page.evaluate(f"img2img_gallery.innerHTML = `{preview}`")
    find_page.locator("#image_buttons_img2img .modelsim-find").click()
    playwright.expect(find_page.locator(".modelsim-tip")).to_contain_text("No picture yet")
    find_page.evaluate(f"img2img_gallery.innerHTML += `<button><img src='{BLUE}'></button>`")
    find_page.locator("#image_buttons_img2img .modelsim-find").click()
    assert asked(find_page) == [("picture.png", b"blue")]


def test_a_gallery_without_a_picture_says_so(find_page):
    find_page.locator("#image_buttons_img2img .modelsim-find").click()
    playwright.expect(find_page.locator(".modelsim-tip")).to_contain_text("No picture yet")
    assert find_page.evaluate("shown") == []


def test_an_answer_goes_to_img2img_with_the_server_s_picture_in_the_place_of_another(find_page):
    find_page.evaluate(HANDED_OVER)
    find_page.locator("[data-send]").click()
    find_page.wait_for_function("pasted.length && img2img_image.querySelector('input')?.files.length")
    assert find_page.evaluate("pasted") == ["a cat\nSteps: 4"]
    given = "(async ([file]) => [file.name, file.type, await file.text()])(img2img_image.querySelector('input').files)"
    assert find_page.evaluate(given) == ["of the server.png", "image/png", "whole"]
    assert find_page.evaluate("modelsim_picture.textContent.trim()") == "", "it is not kept twice"


def test_a_window_has_a_name_of_its_own_over_a_reload(find_page, open_page):
    def name(page):
        page.keyboard.press("Tab")
        return page.evaluate("modelsim_window_field.firstChild.value.trim()")

    first = name(find_page)
    assert len(first) == 32
    find_page.reload()
    assert name(find_page) == first
    assert name(open_page(HOST + FIND_PAGE, "window.shown = []; window.pasted = [];")) not in ("", first)


def test_a_picture_of_the_probes_goes_to_img2img_with_its_own_record(find_page):
    texts, file = PngInfo(), BytesIO()
    texts.add_text("parameters", "a dog\nSteps: 8")
    Image.new("RGB", (8, 8)).save(file, "PNG", pnginfo=texts)
    url = f"data:image/png;base64,{b64encode(file.getvalue()).decode()}"
    button = f"<button data-send=img2img data-url='{url}'>to img2img</button>"
    find_page.evaluate("button => modelsim_tab.insertAdjacentHTML('beforeend', button)", button)
    find_page.locator("[data-url]").click()
    find_page.wait_for_function("pasted.length && img2img_image.querySelector('input')?.files.length")
    assert find_page.evaluate("pasted") == ["a dog\nSteps: 8"]


def test_the_file_of_a_suite_is_sent_with_its_name(open_page):
    page = open_page("<button id=modelsim_suite_import>Import a file</button>")
    with page.expect_file_chooser() as chooser:
        page.locator("#modelsim_suite_import").click()
    chooser.value.set_files([{"name": "mine.txt", "mimeType": "text/plain", "buffer": "a cät".encode()}])
    field = page.locator("#modelsim_suite_field textarea")
    playwright.expect(field).not_to_have_value("")
    sent = json.loads(field.input_value())
    assert (sent["name"], b64decode(sent["data"]).decode()) == ("mine.txt", "a cät")
