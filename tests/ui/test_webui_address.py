"""The address of a running WebUI, entered on the page of probes: checked, used, remembered, and never in the way."""

from __future__ import annotations

import socket

import pytest

pytest.importorskip("gradio", reason="the tab needs gradio")

import gradio as gr

from lib_modelsim.hosts.folders import Folders
from lib_modelsim.hosts.host import Settings
from lib_modelsim.library import Library
from lib_modelsim.ui.backend import Backend
from lib_modelsim.ui.probes.pictures import ONE_PROBE
from lib_modelsim.ui.tab import Tab
from lib_modelsim.ui.view_state import ViewState
from tests import chromium
from tests.probes.fake_webui import FakeWebui
from tests.probes.fake_webui import served as webui_served
from tests.ui.following import ended
from tests.ui.serving import served

playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright")
expect = playwright.expect

needs_chromium = pytest.mark.skipif(chromium.CHROMIUM is None, reason="needs a chromium that is installed")


@pytest.fixture
def open_page(small_family, tmp_path):
    """The page of probes over the small family, as often as it is started."""
    opened = []

    def start(host=None):
        host = host or Folders([small_family], tmp_path, Settings(device="cpu"))
        opened.append(Backend(host, lambda: Library(tmp_path / "library.sqlite")))
        with gr.Blocks():
            return Tab(ViewState(opened[-1])).pages["probes"]

    yield start
    for backend in opened:
        backend.close()


@pytest.fixture
def nobody():
    """An address where nothing answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


def enter(page, text):
    """What the field holds afterwards, and what is said beside it in the end."""
    address = page.webui.entered(text)[page.webui.outputs[0]]
    return address if isinstance(address, str) else text, page.webui.asked()


def estimate(page):
    """The status line and the plan after Estimate."""
    page.begin(page.studio.make_plan, "cfg1-fast", (), 1)
    status = ended(page.work)
    shown = page.show("cfg1-fast", (), 1, ONE_PROBE, None, None, None)
    return status, next(update for part, update in shown.items() if part.elem_id == "modelsim_planned")


def test_a_webui_that_answers_is_told_and_its_checkpoints_are_planned(open_page):
    page = open_page()
    with webui_served(FakeWebui()) as address:
        field, said = enter(page, f"  {address}/ ")
        assert field == address
        assert "AUTOMATIC1111 answers. It generates the images, with its 3 models." in said
        assert "3 models: 0 exist" in estimate(page)[1]
        assert "5 models" not in estimate(page)[1]


def test_it_generates_and_its_images_are_shown(open_page):
    page, webui = open_page(), FakeWebui()
    with webui_served(webui) as address:
        enter(page, address)
        page.begin(page.studio.generate, "cfg1-fast", (), 1)
        ended(page.work)
    assert set(webui.loads) == {"anna", "bert", "carl"}
    assert [row.name for row in page.studio.sheet("cfg1-fast").rows] == ["anna", "bert", "carl"]


def test_where_nothing_answers_one_sentence_says_what_to_do(open_page, nobody):
    page = open_page()
    said = enter(page, nobody)[1]
    assert "modelsim-error" in said
    assert "the WebUI does not answer (" in said
    assert "start it with --api, or change its address" in said
    status, _ = estimate(page)
    assert "the WebUI does not answer" in status
    assert enter(page, "") == ("", "")
    assert "--webui" not in said + status


def test_an_address_that_is_none_is_told_and_changes_nothing(open_page, nobody):
    page = open_page()
    for wrong in ("file:///etc/passwd", "ftp://127.0.0.1/", "http://", "http://a:b"):
        field, said = enter(page, wrong)
        assert field == wrong, "what was entered stays, to be corrected"
        assert "this is not the address of a WebUI" in said
    assert page.session.choices.webui == ""
    assert page.session.backend.host.draws_with_files
    assert enter(page, "") == ("", ""), "a corrected field says nothing of the error"


def test_it_is_remembered(open_page):
    with webui_served(FakeWebui()) as address:
        enter(open_page(), address)
        again = open_page()
        assert again.webui.show()[again.webui.outputs[0]] == address
        assert "AUTOMATIC1111 answers" in again.webui.asked()
        assert "3 models" in estimate(again)[1]


def test_a_login_is_used_and_neither_shown_nor_kept(open_page, tmp_path):
    page, secret = open_page(), "so%20secret"
    with webui_served(FakeWebui(password="anna:so secret")) as address:
        field, said = enter(page, address.replace("://", f"://anna:{secret}@"))
        assert "AUTOMATIC1111 answers" in said
        assert field == address
        assert "AUTOMATIC1111 answers" in enter(page, field)[1], "leaving the field as it is keeps the login"
        status, told = estimate(page)
        assert "3 models" in told
        kept = (tmp_path / "choices.json").read_text()
        assert "secret" not in field + said + status + told + kept
        again = open_page()
        assert "put the user and password of --api-auth into the address" in again.webui.asked()
    for wrong in (f"ftp://anna:{secret}@127.0.0.1", f"anna:{secret}@127.0.0.1:x", f"http://anna:{secret}@"):
        assert "secret" not in enter(page, wrong)[1]


def test_an_address_kept_that_is_none_is_dropped(open_page, tmp_path):
    (tmp_path / "choices.json").write_text('{"webui": "file:///etc/passwd"}')
    page = open_page()
    assert page.session.choices.webui == ""
    assert page.session.backend.host.draws_with_files


def test_a_webui_needs_no_address(open_page, small_family, tmp_path):
    host = Folders([small_family], tmp_path, Settings(device="cpu"))
    host.is_webui = True
    page = open_page(host)
    assert not page.webui.row.visible


@pytest.fixture
def address(python_path, small_family):
    with served("--models", small_family, python_path=python_path) as (_, found):
        yield found


@needs_chromium
def test_entered_in_a_browser(address, nobody):
    with playwright.sync_playwright() as driver, webui_served(FakeWebui()) as webui:
        page = chromium.launch(driver).new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(chromium.PATIENCE)
        page.goto(address)
        probes, families = (page.locator("#modelsim_pages button", has_text=n).first for n in ("Probes", "Families"))
        probes.click()
        page.locator("[data-suite]").first.click()
        field = page.locator("#modelsim_webui_address :is(input, textarea)")
        said = page.locator("#modelsim_webui_said").first
        field.fill(nobody)
        page.locator("#modelsim_plan").click()
        expect(said).to_contain_text("does not answer", timeout=chromium.PATIENCE)
        expect(page.locator("#modelsim_status").first).to_contain_text("does not answer", timeout=chromium.PATIENCE)
        families.click()
        probes.click()
        expect(field).to_have_value(nobody)
        field.fill(webui)
        field.press("Enter")
        expect(said).to_contain_text("AUTOMATIC1111 answers", timeout=chromium.PATIENCE)
        page.locator("#modelsim_plan").click()
        expect(page.locator("#modelsim_planned").first).to_contain_text("3 models: 0 exist", timeout=chromium.PATIENCE)
