"""The standalone page over many models: from the click to the tree, and how long the page ever stands still.

python -m benchmarks.page [MODELS]

Needs a Chromium that is installed, and Playwright. The files are a hundredth of a real checkpoint's size, so that what
is measured is the page and what stands behind it, not the disk.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from lib_modelsim import demo
from tests.chromium import launch

WATCH = """
    window.pauses = [];
    new PerformanceObserver((list) => {
        for (const task of list.getEntries()) pauses.push(task.duration);
    }).observe({ type: "longtask", buffered: true });
"""
"""Tasks of more than 50 ms, during which the page answers nobody."""

SHOW = """(models) => new Promise((done) => {
    const painted = () => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)));
    const look = new MutationObserver(() => {
        if (document.querySelectorAll("#modelsim_drawing .modelsim-leaf").length < models) return;
        look.disconnect();
        painted();
    });
    look.observe(document, { childList: true, subtree: true });
    const start = performance.now();
    document.querySelector("#modelsim_generate").click();
})"""
"""Milliseconds from the click until so many leaves have been painted."""


def write_models(folder: Path, count: int) -> None:
    """Twelve bases, and fine-tunes of them."""
    shapes = demo.sd1_shapes(8)
    bases = [demo.draw(shapes, seed) for seed in range(min(12, count))]
    for i in range(count):
        tuned = demo.train(bases[i % len(bases)], seed=100 + i, size=0.05 + 0.3 * (i % 7) / 7)
        demo.save(folder / f"model-{i:03d} with a name as long as names are_v{i % 5}.0.safetensors", tuned)


@contextmanager
def served(models: Path, library: Path) -> Iterator[str]:
    """The address of a page that has just been started."""
    command = [sys.executable, "-m", "lib_modelsim", "serve", "--no-browser", "--models", models, "--library", library]
    environment = os.environ | {"PYTHONUTF8": "1", "XDG_DATA_HOME": str(library.parent)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        yield next(word for word in process.stdout.readline().split() if word.startswith("http"))
    finally:
        process.kill()
        process.wait()


@contextmanager
def opened(driver: Any, address: str) -> Iterator[Any]:  # noqa: ANN401 - Playwright's
    """The page, with its table on it."""
    browser = launch(driver)
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(600_000)
    page.add_init_script(WATCH)
    page.goto(address)
    page.locator(".modelsim-models").wait_for(state="attached")
    yield page
    browser.close()


def walk(page: Any, models: int) -> float:  # noqa: ANN401 - Playwright's
    """Show the families, look at all views, choose a model; seconds from the click to the tree."""
    seconds = page.evaluate(SHOW, models) / 1000
    for view in ("Heat map", "Map", "Library", "Tree"):
        page.locator("#modelsim_view label", has_text=re.compile(rf"^\s*{view}")).click()
        page.locator({"Library": "#modelsim_models table"}.get(view, "#modelsim_drawing svg")).first.wait_for()
    page.locator("#modelsim_drawing .modelsim-leaf").first.dispatch_event("click")
    page.locator(".modelsim-relatives summary").first.wait_for()
    return seconds


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        models, library = Path(folder) / "models", Path(folder) / "library.sqlite"
        models.mkdir()
        write_models(models, count)
        for what in ("nothing known yet", "index in place, just started"):
            with served(models, library) as address, opened(driver, address) as page:
                seconds = walk(page, count)
                page.locator("#modelsim_interrupt:disabled").wait_for()
                pauses = page.evaluate("pauses")
                longest = max(pauses, default=0) / 1000
                print(f"{count} models, {what}: tree after {seconds:.2f} s, longest pause {longest:.2f} s", flush=True)


if __name__ == "__main__":
    main()
