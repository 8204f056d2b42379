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


def launch(driver):
    """A browser of Playwright's `driver`."""
    return driver.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
