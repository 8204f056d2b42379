"""The page Curate in headless Chromium, as a person uses it: open a folder, score, stars and keep by key, copy and move
after a yes, to "Find my model" and back."""

from __future__ import annotations

import re
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests import chromium
from tests.probes.galleries import fill, small_suite
from tests.ui.serving import served
from tests.ui.test_late_answers import Held, events

pytest.importorskip("gradio", reason="the page needs gradio")
playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright")
pytestmark = pytest.mark.skipif(chromium.CHROMIUM is None, reason="needs a chromium that is installed")

expect = playwright.expect
SHOT = ".modelsim-shot"
OPAQUE = """view => {
    const part = view.closest(".prose").parentElement; // as gradio marks it while an answer is on its way
    part.classList.add("pending");
    part.style.transition = "none";
    return getComputedStyle(part).opacity === "1";
}"""
BEST_FIRST = [f"{i:02}.png" for i in range(11, -1, -1)]


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        yield chromium.launch(driver)


@pytest.fixture(scope="module")
def server(python_path, tmp_path_factory):
    """The page's address, and the gallery of two models that it has."""
    home = tmp_path_factory.mktemp("home")
    places = {"HOME": str(home), "XDG_DATA_HOME": str(home), "LOCALAPPDATA": str(home)}
    gallery = home / "modelsim" / "gallery"
    fill(gallery, small_suite(), ["anna", "bert"])
    (home / "models").mkdir()
    with served("--models", home / "models", python_path=python_path, forgetful=False, **places) as (_, address):
        yield SimpleNamespace(address=address, gallery=gallery)


@pytest.fixture
def page(browser, server):
    """The page Curate as it is opened; in the end nothing has gone wrong in the browser."""
    context, wrong = browser.new_context(viewport={"width": 1280, "height": 900}), []
    opened = context.new_page()
    opened.set_default_timeout(chromium.PATIENCE)
    opened.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: wrong.append(error.stack))
    opened.goto(server.address)
    show_curate(opened)
    yield opened
    context.close()
    assert wrong == []


def picture(path, contrast, prompt):
    """Noise of so much contrast, another one each time, with a record as the WebUI writes it."""
    noise = np.random.default_rng().normal(128, contrast, (64, 64, 3)).clip(0, 255)
    texts = PngInfo()
    texts.add_text("parameters", f"{prompt}\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 5, Size: 64x64, Model: m")
    Image.fromarray(noise.astype(np.uint8)).save(path, pnginfo=texts)


@pytest.fixture
def folder(tmp_path):
    """Twelve pictures, the later the more contrast; one has a caption, and one file is no picture."""
    found = tmp_path / "my pictures"
    found.mkdir()
    for i in range(12):
        picture(found / f"{i:02}.png", 5 + 4 * i, "a red boat" if i % 2 else "a green hill")
    (found / "11.txt").write_text("a boat")
    (found / "no picture.png").write_bytes(b"no picture")
    return found


def show_curate(page):
    page.locator("#modelsim_pages button", has_text=re.compile(r"^\s*Curate\s*$")).first.click()
    page.locator("#modelsim_curate_pictures :is(.modelsim-note, .modelsim-gallery)").first.wait_for()


def open_folder(page, folder):
    """Type its path, as a person does, and wait until its pictures stand there."""
    page.locator("[data-name=path]").fill(str(folder))
    page.locator("[data-name=path]").press("Enter")
    expect(page.locator(".modelsim-curate-folder p").first).to_contain_text(f"{folder.name}: ")


def shot(page, name):
    return page.locator(SHOT, has=page.locator(f"img[alt='{name}.png']"))


def names(page):
    return page.locator(f"{SHOT} img").evaluate_all("all => all.map(each => each.alt)")


def expect_mark(page, name, stars, keep):
    expect(shot(page, name)).to_have_attribute("data-stars", str(stars))
    expect(shot(page, name)).to_have_attribute("data-keep", "1" if keep else "0")


def expect_counted(page, kept):
    """The server knows how many are kept."""
    page.locator("select[data-name=meant] option", has_text=f"kept ({kept})").wait_for(state="attached")


def test_what_is_kept_is_counted_where_an_older_answer_arrives_after_it(page, folder):
    """gradio 3 asks nothing twice at a time: there the second key is told after the first is answered."""
    open_folder(page, folder)
    page.wait_for_load_state("networkidle")
    held, (acted, _) = Held(page), events(page, "modelsim_curate_field", "input")
    held.hold(acted)
    shot(page, "11").click()
    page.keyboard.press("3")
    held.wait(acted)
    page.keyboard.press(" ")
    if page.evaluate("window.gradio_config.version.startsWith('4')"):
        expect_counted(page, 1)
    held.let_go(acted)
    page.wait_for_timeout(500)  # it has arrived by then
    expect_counted(page, 1)
    expect_mark(page, "11", 3, True)
    page.unroute_all(behavior="wait")


def test_the_best_of_a_folder_are_starred_kept_and_copied(page, folder, tmp_path):
    open_folder(page, folder)
    assert names(page)[:3] == ["00.png", "01.png", "02.png"]
    for box in page.locator(".modelsim-scores > .modelsim-actions input[data-name^='use:']").all():
        box.set_checked(box.get_attribute("data-name") == "use:contrast")
    page.locator("#modelsim_curate_score").click()
    expect(shot(page, "11").locator("b")).to_have_text("1")
    assert names(page)[:12] == BEST_FIRST
    for part in ("b", "i", ".modelsim-shot-foot"):
        expect(shot(page, "11").locator(part)).to_have_css("color", "rgb(255, 255, 255)")  # on dark, in any theme
    expect(page.locator(f"{SHOT} img[data-later]")).to_have_count(0)
    expect(page.locator(f"{SHOT} img[data-refused]")).to_have_attribute("alt", "no picture.png: cannot be shown")
    assert page.locator(f"{SHOT} img").evaluate_all("all => all.filter(each => each.naturalWidth).length") == 12

    shot(page, "11").click()
    for key in ("3", "ArrowRight", "5", " "):
        page.keyboard.press(key)
    expect_mark(page, "11", 3, False)
    expect_mark(page, "10", 5, True)
    expect_counted(page, 1)
    page.reload()
    show_curate(page)
    expect(shot(page, "11").locator("b")).to_have_text("1")
    assert names(page)[:12] == BEST_FIRST, "a reload keeps the order"
    expect_mark(page, "11", 3, False)
    expect_mark(page, "10", 5, True)

    page.locator("[data-name=target]").fill(str(tmp_path / "best"))
    page.locator("[data-name=count]").fill("2")
    page.locator("button[data-act='keep first']").click()
    expect_mark(page, "11", 3, True)
    expect_counted(page, 2)
    assert page.locator("[data-name=count]").input_value() == "2", "what is typed stays while the panel is made anew"
    page.locator("button[data-act=copy]").click()
    question = page.locator(".modelsim-question")
    expect(question).to_contain_text("Copy 2 pictures and 1 file beside them")
    expect(question).to_contain_text("a new folder")
    assert not (tmp_path / "best").exists(), "nothing before a person says yes"
    page.locator("button[data-act=yes]").click()
    expect(page.locator("#modelsim_curate_chosen").first).to_contain_text("2 pictures copied to")
    assert {each.name for each in (tmp_path / "best").iterdir()} == {"10.png", "11.png", "11.txt"}
    assert len(list(folder.iterdir())) == 14


def test_a_picture_is_looked_at_filtered_out_and_moved_after_a_yes(page, folder, tmp_path):
    open_folder(page, folder)
    shot(page, "01").click()
    page.keyboard.press("Enter")
    larger = page.locator(".modelsim-larger")
    expect(larger).to_contain_text("a red boat")
    expect(larger).to_contain_text(str(folder / "01.png"))
    assert larger.evaluate(OPAQUE), "a part that gradio fades would lie below what follows it"
    page.keyboard.press("ArrowRight")
    expect(larger).to_contain_text("a green hill")
    page.keyboard.press("4")
    page.keyboard.press("Escape")
    expect(larger).to_have_count(0)
    expect_mark(page, "02", 4, False)

    page.locator("input[data-look=words]").press_sequentially("boat red")
    expect(page.locator(".modelsim-curate-tools output")).to_have_text("6 pictures of 13")
    shot(page, "01").click()
    page.keyboard.press(" ")
    expect_counted(page, 1)
    page.locator("button[data-act=copy]").click()
    expect(page.locator("#modelsim_curate_said").first).to_contain_text("no folder is named")
    page.locator("[data-name=target]").fill(str(tmp_path / "moved"))
    for answer in ("no", "yes"):
        page.locator("button[data-act=move]").click()
        expect(page.locator(".modelsim-question")).to_contain_text("Move 1 picture")
        assert (folder / "01.png").exists(), "nothing before a person says yes"
        page.locator(f"button[data-act={answer}]").click()
    expect(page.locator("#modelsim_curate_chosen").first).to_contain_text("1 picture moved to")
    assert (tmp_path / "moved" / "01.png").exists()
    assert not (folder / "01.png").exists()
    expect(shot(page, "01")).to_have_count(0)

    page.locator("[data-name=path]").fill(str(tmp_path / "nowhere"))
    page.locator("#modelsim_curate_open").click()
    expect(page.locator("#modelsim_status").first).to_contain_text("there is no such folder")


def test_from_the_gallery_to_its_model_and_back_and_it_is_not_moved(page, server, tmp_path):
    page.locator(".modelsim-curate-folder button", has_text="Probes").click()
    expect(page.locator(SHOT)).to_have_count(4)
    page.locator("[data-name=count]").fill("1")
    page.locator("button[data-act='keep first']").click()
    expect_counted(page, 1)
    page.locator("[data-name=target]").fill(str(tmp_path / "moved"))
    page.locator("button[data-act=move]").click()
    expect(page.locator("#modelsim_curate_said").first).to_contain_text("none of them can be moved")
    assert len(list(server.gallery.rglob("*.png"))) == 4

    page.locator(SHOT).first.dblclick()
    name = page.locator(f"{SHOT} img").first.get_attribute("alt").rpartition("/")[2]  # its folder stands before it
    page.locator(".modelsim-larger button[data-act=find]").click()
    answer = page.locator("#modelsim_answer").first
    expect(answer.locator("figcaption").first).to_have_text(name)
    expect(answer.locator("h4").first).to_contain_text("anna")
    answer.locator("button", has_text="In its folder").first.click()
    expect(page.locator(".modelsim-larger")).to_contain_text(name)
    expect(page.locator(".modelsim-larger")).to_contain_text("anna")
    page.keyboard.press("Escape")
    expect(page.locator(SHOT).first).to_be_visible()
