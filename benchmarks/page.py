"""The standalone page over many models: how long a person waits, and how long the page ever stands still.

python -m benchmarks.page [--models 300] [--folder FOLDER] [--starts 3] [--clicks 0]

Needs Linux, a Chromium that is installed, and Playwright. The files are a hundredth of a real checkpoint's size, so
that what is measured is the page and what stands behind it, not the disk. Each line is one step of a walk: until what
was asked for is painted, the longest task of the page meanwhile (nobody is answered during one), and afterwards, until
all is quiet, the processor time of the server and the bytes that it sent. First with nothing known, then after
`--starts` restarts, of which the least and the median are told. `--clicks` presses Show families so many times and
tells how memory grew.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from lib_modelsim import demo
from tests.chromium import launch

WATCH = """
    window.pauses = [];
    new PerformanceObserver((list) => {
        for (const { startTime, duration } of list.getEntries()) pauses.push([startTime, duration]);
    }).observe({ type: "longtask", buffered: true });
    performance.setResourceTimingBufferSize(10000);

    /** Milliseconds from a time until `there()` holds and has been painted. */
    window.painted = (there, start) => new Promise((done) => {
        const end = () => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)));
        if (there()) return end();
        const look = new MutationObserver(() => {
            if (!there()) return;
            look.disconnect();
            end();
        });
        look.observe(document, { childList: true, subtree: true, attributes: true });
    });
    window.opening = painted(() => document.querySelector("#modelsim_models tbody tr, #modelsim_drawing svg"), 0);
"""
"""Notes tasks of more than 50 ms, during which the page answers nobody, and when the table was first there, or the tree
from before the start."""

CLICK = """([click, there]) => {
    const find = new Function("return " + click), is = new Function("return " + there), start = performance.now();
    find().dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, view: window }));
    return painted(is, start);
}"""
"""Clicks on what the first expression finds; milliseconds until the second one holds and has been painted."""

SINCE = """(start) => ({
    pause: Math.max(0, ...pauses.filter(([at, lasts]) => at + lasts > start).map(([, lasts]) => lasts)),
    bytes: performance.getEntriesByType("resource").filter((one) => one.responseEnd > start)
        .reduce((sum, one) => sum + one.encodedBodySize, 0),
})"""

ASKED = """performance.getEntriesByType("resource").find(({ name }) => /run.predict|queue.join/.test(name)).startTime"""
"""When the page, once gradio had made it, first asked the server for something: what comes before is gradio's."""

LEAVES = "document.querySelectorAll('#modelsim_drawing .modelsim-tree .modelsim-leaf').length"
RENEWED = "!document.querySelector('.modelsim-before')"
LEAF = "document.querySelectorAll('#modelsim_drawing .modelsim-leaf')[5]"
CALM = 20
"""Looks, 50 ms apart, at which a server has nothing to do that is said to rest."""

COLUMNS = ("seconds", "", "s"), ("pause", "pause ", "s"), ("work", "server ", "s"), ("megabytes", "sent ", "MB")
"""Fields of a step, what they are called, and their units."""


def write_models(folder: Path, count: int) -> None:
    """Twelve bases, and fine-tunes of them."""
    shapes = demo.sd1_shapes(8)
    bases = [demo.draw(shapes, seed) for seed in range(min(12, count))]
    for i in range(count):
        tuned = demo.train(bases[i % len(bases)], seed=100 + i, size=0.05 + 0.3 * (i % 7) / 7)
        demo.save(folder / f"model-{i:03d} with a name as long as names are_v{i % 5}.0.safetensors", tuned)


class Server:
    """The process of a page."""

    def __init__(self, process: subprocess.Popen, address: str) -> None:
        self.address, self._folder = address, Path("/proc", str(process.pid))

    @property
    def work(self) -> float:
        """Seconds of processor time so far, those of the system for it included."""
        user, system = (self._folder / "stat").read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    @property
    def memory(self) -> float:
        """Resident megabytes."""
        status = (self._folder / "status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024

    def rest(self) -> None:
        """Wait until none of its threads has had anything to do for a while; one that waits for a core has."""
        calm = 0
        while calm < CALM:
            time.sleep(0.05)
            try:
                stats = [path.read_text() for path in self._folder.glob("task/*/stat")]
            except (FileNotFoundError, ProcessLookupError):  # a thread that has just ended
                calm = 0
                continue
            calm = 0 if any(stat.rpartition(")")[2].split()[0] in "RD" for stat in stats) else calm + 1


@contextmanager
def served(models: Path, library: Path) -> Iterator[Server]:
    """A page that has just been started."""
    command = [sys.executable, "-m", "lib_modelsim", "serve", "--no-browser", "--models", models, "--library", library]
    environment = os.environ | {"PYTHONUTF8": "1", "XDG_DATA_HOME": str(library.parent), "HOME": str(library.parent)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        address = next(word for word in process.stdout.readline().split() if word.startswith("http"))
        yield Server(process, address)
    finally:
        process.kill()
        process.wait()


@contextmanager
def opened(driver: Any, address: str) -> Iterator[Any]:  # noqa: ANN401 - Playwright's
    """The page in a window, from before it is there."""
    browser = launch(driver)
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(600_000)
    page.add_init_script(WATCH)
    page.goto(address)
    yield page
    browser.close()


@dataclass(frozen=True)
class Step:
    """What one thing asked for took: seconds until it was painted, the longest pause, processor seconds of the server
    and megabytes until all was quiet."""

    what: str
    seconds: float
    pause: float
    work: float
    megabytes: float


class Walk:
    """Everything that is measured, done once in a window."""

    def __init__(self, page: Any, server: Server) -> None:  # noqa: ANN401 - Playwright's
        self._page, self._server, self._work = page, server, 0.0
        self.steps: list[Step] = []

    def do(self, models: int) -> None:
        """Open the page, show the families, look at all views, choose a model."""
        self._page.locator("#modelsim_models tbody tr, #modelsim_drawing svg").first.wait_for(state="attached")
        opening, asked = self._page.evaluate("opening"), self._page.evaluate(ASKED)
        self._end("table or last tree, from nothing", opening, 0)
        self._end("table or last tree, from asking", opening - asked, asked)
        self.click("Show families: tree", "modelsim_generate", f"{LEAVES} >= {models} && {RENEWED}")
        for view, there in (
            ("Heat map", "document.querySelector('#modelsim_drawing .modelsim-heatmap svg')"),
            ("Library", "document.querySelector('#modelsim_models tbody tr')?.offsetParent"),
            ("Map", "document.querySelector('#modelsim_drawing .modelsim-map svg')"),
            ("Tree", f"{LEAVES} >= {models}"),
        ):
            radio = f"[...document.querySelectorAll('#modelsim_view input')].find(one => one.value === '{view}')"
            self._click(view, radio, there)
        self._click("a leaf: marked", LEAF, f"{LEAF}.classList.contains('modelsim-chosen')")
        other = LEAF.replace("[5]", "[6]")
        chosen = f"document.querySelector('#modelsim_chosen')?.textContent.includes({other}.dataset.model)"
        self._click("a leaf: its panel", other, chosen)

    def click(self, what: str, elem_id: str, there: str) -> None:
        """Press the button of this id."""
        self._click(what, f"document.getElementById('{elem_id}')", there)

    def _click(self, what: str, click: str, there: str) -> None:
        start = self._page.evaluate("performance.now()")
        self._end(what, self._page.evaluate(CLICK, [click, there]), start)

    def _end(self, what: str, milliseconds: float, start: float) -> None:
        self._server.rest()
        since = self._page.evaluate(SINCE, start)
        work, self._work = self._server.work - self._work, self._server.work
        self.steps.append(Step(what, milliseconds / 1000, since["pause"] / 1000, work, since["bytes"] / 1e6))


def tell(title: str, walks: list[list[Step]]) -> None:
    """A line per step: the least and the median of each, the load of the machine beside."""
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg()[:2])
    print(f"\n{title} (least / median of {len(walks)}; load of {os.cpu_count()} cores: {load})")
    for same in zip(*walks, strict=True):
        columns = ((name, unit, [getattr(step, field) for step in same]) for field, name, unit in COLUMNS)
        words = (f"{name}{min(all_):.2f} / {statistics.median(all_):.2f} {unit}" for name, unit, all_ in columns)
        print(f"  {same[0].what:34s}", ", ".join(words), flush=True)


def press(page: Any, server: Server, models: int, clicks: int) -> None:  # noqa: ANN401 - Playwright's
    """Press Show families many times, and tell the memory of the server and the browser from time to time."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    walk = Walk(page, server)
    for click in range(clicks + 1):
        if click % max(clicks // 5, 1) == 0:
            session.send("HeapProfiler.collectGarbage")
            told = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
            heap, nodes = told["JSHeapUsedSize"] / 1e6, int(told["Nodes"])
            print(f"  {click} clicks: server {server.memory:.0f} MB, page {heap:.0f} MB, {nodes:,} nodes", flush=True)
        walk.click("", "modelsim_generate", f"{LEAVES} >= {models}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=int, default=300)
    parser.add_argument("--folder", type=Path, help="of models that there are, instead of new ones")
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("--clicks", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, sync_playwright() as driver:
        models, library = asked.folder or Path(home) / "models", Path(home) / "library.sqlite"
        if asked.folder is None:
            models.mkdir()
            write_models(models, asked.models)
        count = len(list(models.glob("*.safetensors")))
        walks = []
        for start in range(asked.starts + 1):
            with served(models, library) as server, opened(driver, server.address) as page:
                server.rest()
                idle, walk = server.memory, Walk(page, server)
                walk.do(count)
                walks.append(walk.steps)
                if start == 0:
                    tell(f"{count} models, nothing known yet", walks)
                if start == asked.starts:
                    tell(f"{count} models, just started again", walks[1:] or walks)
                    print(f"  memory of the server: {idle:.0f} MB with its table, {server.memory:.0f} MB at the end")
                    press(page, server, count, asked.clicks)


if __name__ == "__main__":
    main()
