"""A queue of jobs as two windows of a browser see it."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests import chromium
from tests.chromium import PATIENCE
from tests.ui.serving import ROOT
from tests.ui.test_page import browser, needs_chromium  # noqa: F401 - fixtures

expect = pytest.importorskip("playwright.sync_api", reason="needs Playwright").expect
pytestmark = needs_chromium


@pytest.fixture
def server(python_path, tmp_path):
    """Its address, and how to say something to it."""
    command = [sys.executable, "-m", "tests.ui.jobs_server", str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": python_path}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, text=True, **pipes)
    try:
        address = next(word for word in process.stdout.readline().split() if word.startswith("http"))
        yield address, lambda *words: print(*words, file=process.stdin, flush=True)
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def windows(browser, server):  # noqa: F811
    """One window as wide as a desk's, one as wide as a phone's; nothing goes wrong in either."""
    wrong, found = [], []
    for width in (1280, 390):
        page = browser.new_page(viewport={"width": width, "height": 844})
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(error.stack))
        page.goto(server[0])
        page.locator("#modelsim_models .modelsim-note").first.wait_for()
        found.append(page)
    yield found
    for page in found:
        page.close()
    assert wrong == []


TABS = "#modelsim_pages button[role=tab], #modelsim_pages > .tab-nav button"

COVERED = """(() => {
    const list = document.querySelector(".modelsim-jobs > ol");
    const { left, top, right, bottom } = list.getBoundingClientRect();
    return [...document.querySelectorAll("#modelsim_pages [data-testid=block-info]")].map((label) => {
        const box = label.getBoundingClientRect(), x = box.left + 5, y = box.top + box.height / 2;
        const behind = box.width && x > left && x < right && y > top && y < bottom;
        return behind && !list.contains(document.elementFromPoint(x, y)) ? label.textContent : "";
    }).filter(Boolean);
})()"""
"""The labels of controls that lie above the list of jobs."""


def line(page):
    return page.locator("#modelsim_status .modelsim-status")


def rows(page):
    return page.locator(".modelsim-jobs > ol > li > b")


def row(page, title):
    return page.locator(".modelsim-jobs > ol > li", has=page.locator("b", has_text=re.compile(f"^{title}$")))


def test_two_windows_see_one_queue_and_nothing_is_lost(windows, server):
    desk, phone = windows
    _, say = server
    for title in ("First", "Second", "Third"):
        say("add", title)
    for page in windows:
        expect(line(page)).to_contain_text("First: working, 1 of 4 steps, 25 %")
        expect(page.locator(".modelsim-jobs > summary")).to_have_text("2 waiting")
        assert chromium.box(page.locator("#modelsim_bar"))["height"] < 60, "one line, that opens"
        page.locator(".modelsim-jobs > summary").click()
        expect(rows(page)).to_have_text(["First", "Second", "Third"])
        box = chromium.box(page.locator(".modelsim-jobs > ol"))
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= page.viewport_size["width"]
        assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
        page.keyboard.press("Escape")
        expect(page.locator(".modelsim-jobs")).not_to_have_attribute("open", "")
        page.locator(TABS, has_text="Recipe").click()
        page.locator(".modelsim-jobs > summary").click()
        assert page.evaluate(COVERED) == [], "labels of the page lie above the list"
    expect(row(phone, "Third")).to_contain_text("2. in the queue")

    row(desk, "Second").get_by_role("button", name="Remove").click()
    for page in windows:
        expect(rows(page)).to_have_text(["First", "Third"])

    row(phone, "Third").get_by_text("Run now instead").click()
    question = "“First” makes way and goes on afterwards. What it has finished is kept."
    expect(row(phone, "Third")).to_contain_text(question)
    row(phone, "Third").get_by_role("button", name="Run “Third” now").click()
    for page in windows:
        expect(line(page)).to_contain_text("Third: working")
        expect(row(page, "First")).to_contain_text("1. in the queue, goes on where it was")

    say("finish", "Third")
    for page in windows:
        expect(line(page)).to_contain_text("First: working")
        expect(row(page, "Third")).to_contain_text("Third has come out.")

    desk.reload()
    expect(line(desk)).to_contain_text("First: working")
    stop = desk.locator("#modelsim_interrupt")
    expect(stop).to_be_enabled()
    stop.click()
    for page in windows:
        expect(line(page)).to_contain_text("First: Stopped. What is finished is kept.")
    expect(stop).to_be_disabled()
    row(phone, "Third").get_by_role("button", name="Dismiss").click()
    desk.locator(".modelsim-jobs > summary").click()
    for page in windows:
        expect(rows(page)).to_have_text(["First"])
