"""The browser of the tests: a Chromium that is installed, headless, without traffic of its own."""

from __future__ import annotations

import shutil

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = (
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

PATIENCE = 60_000
"""Milliseconds to wait for what is to come: machines under load are no failure."""


def launch(driver):
    """A browser of Playwright's `driver`; all that is expected of it from now on is waited for with patience."""
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE)
    return driver.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))


def box(locator):
    """Where an element is in the window, once it is there: gradio may draw it anew meanwhile."""
    return locator.evaluate("element => element.getBoundingClientRect().toJSON()")
