"""Pictures of every page for the documentation, made of the demonstration: light and dark, wide and as a phone has it.

python -m benchmarks.screens FOLDER

FOLDER gets `<page>-<theme>-<width>.jpg`. Needs a Chromium that is installed, and Playwright; minutes.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.chromium import launch
from tests.ui.serving import served

SIZES = {1280: 900, 390: 844}
THEMES = "light", "dark"
PATIENCE = 600_000
MERGE = "tidepool-mix_v1"
QUALITY = 82


def library(page: Any) -> None:  # noqa: ANN401 - Playwright's
    page.locator("#modelsim_jobs_told [data-jobs-told]").wait_for(state="attached")
    page.locator("#modelsim_view label", has_text="Library").click()
    page.locator(".modelsim-models tbody tr").first.wait_for()


def tree(page: Any) -> None:  # noqa: ANN401 - the same
    page.locator("#modelsim_generate").click()
    page.locator("#modelsim_drawing .modelsim-leaf").first.wait_for()
    page.locator("#modelsim_status .modelsim-done").first.wait_for()


def recipe(page: Any) -> None:  # noqa: ANN401 - the same
    _open(page, "Recipe")
    page.locator("#modelsim_recipe_model input").first.click()
    page.locator("ul.options li", has_text=re.compile(rf"^\s*✓?\s*{MERGE}\s*$")).first.click()
    page.locator("#modelsim_recipe_answer", has_text=MERGE).first.wait_for()
    page.locator("#modelsim_recipe_generate").click()
    page.locator(".modelsim-recipe").first.wait_for()


def probes(page: Any) -> None:  # noqa: ANN401 - the same
    _open(page, "Probes")
    page.locator("#modelsim_pictures img").first.wait_for()


def find(page: Any) -> None:  # noqa: ANN401 - the same
    _open(page, "Find my model")
    page.locator("#modelsim_samples button").first.click()
    page.locator("#modelsim_answer figcaption").first.wait_for()


def curate(page: Any) -> None:  # noqa: ANN401 - the same
    _open(page, "Curate")
    page.locator(".modelsim-curate-folder button", has_text="Probes").first.click()
    page.locator(".modelsim-shot img").first.wait_for()


PAGES: dict[str, Callable[[Any], None]] = {
    "library": library,
    "tree": tree,
    "recipe": recipe,
    "probes": probes,
    "find": find,
    "curate": curate,
}


def _open(page: Any, title: str) -> None:  # noqa: ANN401 - the same
    page.locator("#modelsim_pages button", has_text=title).first.click()


def take(folder: Path) -> None:
    """All pictures, one window of a browser for each theme and width."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as home,
        served(forgetful=False, XDG_DATA_HOME=home, HOME=home) as (_, address),
        sync_playwright() as driver,
    ):
        browser = launch(driver)
        for theme in THEMES:
            for width, height in SIZES.items():
                page = browser.new_page(viewport={"width": width, "height": height}, has_touch=width < 700)
                page.set_default_timeout(PATIENCE)
                page.goto(f"{address}&__theme={theme}")
                for name, show in PAGES.items():
                    show(page)
                    page.wait_for_load_state("networkidle")
                    page.mouse.move(1, 1)
                    page.screenshot(path=folder / f"{name}-{theme}-{width}.jpg", type="jpeg", quality=QUALITY)
                page.close()
        browser.close()


if __name__ == "__main__":
    take(Path(sys.argv[1]))
