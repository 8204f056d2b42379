"""The grid as a page: complete by itself, safe whatever names hold, and it answers in a browser."""

from __future__ import annotations

import re
import shutil
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest
from PIL import Image

from lib_modelsim.exports.contact_sheet import write_contact_sheet
from lib_modelsim.workspace.probing.probes import sheet_of
from tests.probes.galleries import fill, noise, small_suite

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
HOSTILE = "</script><img src=x onerror=alert(1)> & 100% #1"


class References(HTMLParser):
    """Every address, tag and handler of a page."""

    def __init__(self, text):
        super().__init__()
        self.addresses, self.tags, self.handlers, self.words = [], [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        for name, value in attributes:
            if name in ("href", "src"):
                self.addresses.append(value)
            if name.startswith("on"):
                self.handlers.append(value)

    def handle_data(self, data):
        self.words += data


def gallery(folder, checkpoints=("anna", "bert", HOSTILE), draw=noise):
    suite = small_suite(("cat", "dog", "<b>fish"))
    fill(folder, suite, checkpoints, draw)
    return sheet_of(folder, suite)


def gaps(checkpoint, parameters):
    """bert has no dog, and his fish is black."""
    if checkpoint.name == "bert" and "dog" in parameters.prompt:
        return None
    black = checkpoint.name == "bert" and "fish" in parameters.prompt
    return Image.new("RGB", (64, 64)) if black else noise(checkpoint, parameters)


def test_everything_it_refers_to_is_there(tmp_path):
    path = write_contact_sheet(gallery(tmp_path), tmp_path / "grid #1")
    found = References(path.read_text("utf-8"))
    assert len(found.addresses) == 18
    for address in found.addresses:
        assert not urlsplit(address).scheme
        Image.open(path.parent / unquote(address)).verify()


def test_it_moves_with_its_gallery(tmp_path):
    path = write_contact_sheet(gallery(tmp_path / "gallery"), tmp_path / "gallery" / "grid")
    shutil.move(tmp_path / "gallery", tmp_path / "elsewhere")
    moved = tmp_path / "elsewhere" / "grid"
    addresses = References((moved / path.name).read_text("utf-8")).addresses
    assert all((moved / unquote(address)).is_file() for address in addresses)


def test_names_and_prompts_are_words_only(tmp_path):
    found = References(write_contact_sheet(gallery(tmp_path), tmp_path).read_text("utf-8"))
    assert found.handlers == []
    assert found.tags.count("script") == 1
    assert HOSTILE in found.words
    assert "<b>fish" in found.words


def test_it_asks_for_nothing_from_elsewhere(tmp_path):
    text = write_contact_sheet(gallery(tmp_path), tmp_path).read_text("utf-8")
    assert not re.search(r"https?:|//[a-z]+\.|@import|url\(", text)


def test_thumbnails_are_made_once_and_anew_where_a_picture_is_drawn_anew(tmp_path):
    out = tmp_path / "out"
    write_contact_sheet(gallery(tmp_path), out)
    before = {path: path.stat().st_mtime_ns for path in (out / "thumbnails").iterdir()}
    assert len(before) == 9
    write_contact_sheet(gallery(tmp_path), out)
    assert {path: path.stat().st_mtime_ns for path in (out / "thumbnails").iterdir()} == before
    (tmp_path / "pets" / f"anna [{'616e6e61'.ljust(10, '0')}]" / "cat 1.png").unlink()
    write_contact_sheet(gallery(tmp_path, ["anna"], lambda c, p: Image.new("RGB", (64, 64), "red")), out)
    assert len(list((out / "thumbnails").iterdir())) == 10


def test_missing_torn_and_black_pictures_are_told(tmp_path):
    sheet = gallery(tmp_path, draw=gaps)
    torn = sheet.of_checkpoint(sheet.rows[0].checkpoint)[0]
    torn.path.write_bytes(torn.path.read_bytes()[:99])
    text = write_contact_sheet(sheet, tmp_path / "out").read_text("utf-8")
    assert text.count('<span class="missing">not generated</span>') == 1
    assert text.count('<span class="missing">cannot be read</span>') == 1
    assert text.count('<a class="black"') == 1


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """The page as it is opened from the disk."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright")
    if CHROMIUM is None:
        pytest.skip("needs a chromium that is installed")
    folder = tmp_path_factory.mktemp("gallery")
    path = write_contact_sheet(gallery(folder, draw=gaps), folder / "grid")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        troubles = []
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("requestfailed", lambda request: troubles.append(request.url))
        page.goto(path.as_uri())
        yield page
        assert troubles == []


def test_a_click_enlarges_and_arrows_go_on_past_what_is_missing(opened):
    opened.locator(".row:nth-child(3) a").first.click()
    told = opened.locator("#large p")
    assert told.inner_text().startswith("anna · 616e6e61")
    opened.keyboard.press("ArrowDown")
    assert told.inner_text().startswith("bert")
    opened.keyboard.press("ArrowRight")
    assert "fish" in told.inner_text()
    opened.keyboard.press("ArrowRight")
    assert "fish" in told.inner_text()
    assert opened.evaluate("document.querySelector('#large img').decode().then(() => true)")
    opened.keyboard.press("Escape")
    assert not opened.locator("#large").is_visible()


def test_rows_and_columns_can_be_filtered(opened):
    opened.fill("#rows", "ANN 616e")
    opened.fill("#columns", "a dog")
    assert opened.locator("#count").inner_text() == "1 checkpoint × 1 picture"
    assert opened.locator(".row:not(.head) a:visible").count() == 1
    opened.fill("#rows", "")
    opened.fill("#columns", "")
    assert opened.locator("#count").inner_text() == "3 checkpoints × 3 pictures"


def test_labels_stay_in_sight(opened):
    opened.set_viewport_size({"width": 400, "height": 300})
    opened.evaluate("document.querySelector('main').scrollTo(150, 250)")
    assert opened.locator(".head .column").last.bounding_box()["y"] > 0
    assert opened.locator(".row .label").last.bounding_box()["x"] == 0
