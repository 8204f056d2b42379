"""A run of probes while it goes on: pictures come one by one and move nothing, and other work goes on beside it."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.chromium import PATIENCE
from tests.ui.serving import ROOT
from tests.ui.test_page import browser, needs_chromium  # noqa: F401 - fixtures

expect = pytest.importorskip("playwright.sync_api", reason="needs Playwright").expect
pytestmark = needs_chromium


@pytest.fixture
def server(python_path, tmp_path, small_family):
    """Its address, and how to let it draw so many pictures."""
    command = [sys.executable, "-m", "tests.ui.probes_server", str(tmp_path), str(small_family)]
    environment = os.environ | {"PYTHONPATH": python_path}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, text=True, **pipes)
    try:
        address = next(word for word in process.stdout.readline().split() if word.startswith("http"))
        yield address, lambda count: print("\n" * count, end="", file=process.stdin, flush=True)
    finally:
        process.kill()
        process.communicate()


def test_pictures_come_one_by_one_and_a_tree_is_made_meanwhile(browser, server):  # noqa: F811
    address, draw = server
    page, wrong = browser.new_page(viewport={"width": 1280, "height": 900}), []
    page.set_default_timeout(PATIENCE)
    page.on("pageerror", lambda error: wrong.append(error.stack))
    page.goto(address)

    def tab(name):
        page.locator("#modelsim_pages button", has_text=re.compile(rf"^\s*{name}\s*$")).first.click()

    status, pictures = page.locator(".modelsim-status"), page.locator("#modelsim_pictures figure img")
    tab("Probes")
    page.locator("[data-suite=cfg1-fast]").click()
    page.locator("#modelsim_probes_generate").click()
    page.locator("#modelsim_probes_start").click()
    expect(status).to_contain_text("the next: step 4 of 20")
    expect(status).to_contain_text(re.compile(r"0 of 5 pictures, 0 %, the next: step 4 of 20, \d+ s"))
    draw(1)
    expect(pictures).to_have_count(1)
    expect(page.locator(".modelsim-plan").first).to_contain_text("Now 5 images are generated, 1 of them are done")
    first = pictures.first
    first.evaluate("image => { image.ours = true; }")
    first.locator("xpath=..").focus()
    draw(1)
    expect(pictures).to_have_count(2)
    assert pictures.evaluate_all("images => images.filter((image) => image.ours).length") == 1, "it is loaded anew"
    assert page.evaluate("document.activeElement.querySelector('img')?.ours") is True, "it has lost the focus"

    tab("Families")
    page.locator("#modelsim_generate").click()
    page.locator(".modelsim-tree .modelsim-leaf").first.wait_for()
    expect(status).to_contain_text("2 of 5 pictures")
    tab("Probes")
    draw(3)
    expect(pictures).to_have_count(5)
    expect(status).to_contain_text("5 generated.")
    page.close()
    assert wrong == []
