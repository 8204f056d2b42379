"""How fast the map of the page Curate is in a browser: bytes sent, time to the first drawing, frames a second in moving
and zooming, and that of ways to draw that were not chosen.

    python -m benchmarks.map_frames [--points 20000] [--scale 1]

Chromium without a graphics card: every pixel is computed by the processor. The map is the page's own, without gradio.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

from lib_modelsim.workspace.curating.colourings import by_category, by_number
from tests import chromium
from tests.ui.map_page import MapPage

FRAMES = """async (move) => {
    const { seen } = modelsim.mapView, map = seen(), view = map.d3.select(map.view), times = [];
    const act = {
        pan: (i) => view.call(map.zoom.translateBy, i % 40 < 20 ? 9 : -9, i % 30 < 15 ? 5 : -5),
        zoom: (i) => view.call(map.zoom.scaleBy, i % 40 < 20 ? 1.12 : 1 / 1.12),
    }[move];
    const next = () => new Promise(requestAnimationFrame);
    await next();
    for (let i = 0; i < 120; i++) {
        const begun = performance.now();
        act(i);
        await next();
        times.push(performance.now() - begun);
    }
    times.sort((a, b) => a - b);
    const draw = Array.from({ length: 20 }, () => {
        const begun = performance.now();
        modelsim.mapView.paint();
        return performance.now() - begun;
    });
    const whole = times.reduce((a, b) => a + b), slowest = times[Math.floor(times.length * 0.95)];
    return { least: Math.min(...draw), frames: 1000 * times.length / whole, slowest };
}"""

OTHER = """async () => {
    const map = modelsim.mapView.seen(), { canvas } = map, other = document.createElement("canvas"), stamps = [];
    Object.assign(other, { width: canvas.width, height: canvas.height });
    document.body.prepend(other);
    for (const { colour } of map.legend.entries) {
        const stamp = document.createElement("canvas"), pen = stamp.getContext("2d");
        stamp.width = stamp.height = 9;
        pen.fillStyle = `rgb(${colour})`;
        pen.arc(4.5, 4.5, 3, 0, 7);
        pen.fill();
        stamps.push(stamp);
    }
    const pen = other.getContext("2d"), half = other.height / 2 * 0.92, begun = performance.now(), many = 30;
    for (let frame = 0; frame < many; frame++) {
        pen.clearRect(0, 0, other.width, other.height);
        for (let i = 0; i < map.count; i++) {
            const x = other.width / 2 + map.x[i] * half + frame, y = other.height / 2 - map.y[i] * half;
            pen.drawImage(stamps[map.entryOf[i]], Math.round(x) - 4, Math.round(y) - 4);
        }
        await new Promise(requestAnimationFrame);
    }
    const frames = 1000 * many / (performance.now() - begun);
    other.remove();
    return frames;
}"""


def a_map(count: int) -> MapPage:
    """Twenty clouds of points, with a score and a model each."""
    random = np.random.default_rng(0)
    which = random.integers(0, 20, count)
    points = random.uniform(-0.8, 0.8, (20, 2))[which] + random.standard_normal((count, 2)) * 0.06
    colours = {
        "score": by_number("score", which + random.standard_normal(count), "", "no score"),
        "model": by_category("model", [f"model {each}" for each in which], str, "not told"),
    }
    return MapPage(np.clip(points, -1, 1).astype(np.float32), colours)


def measured(page: Page, address: str) -> dict[str, float]:
    page.goto(address)
    page.wait_for_selector(".modelsim-picture-map[data-ready]", timeout=chromium.PATIENCE)
    found = {"first drawing, ms after the page began": page.evaluate("modelsim.mapView.seen().drawn")}
    for move in ("pan", "zoom"):
        frames = page.evaluate(FRAMES, move)
        found[f"{move}, frames a second"] = frames["frames"]
        found[f"one drawing after {move}, ms, the quickest of 20"] = frames["least"]
        found[f"{move}, ms of all but the slowest 5 % of frames"] = frames["slowest"]
    found["the canvas' own commands, frames a second"] = page.evaluate(OTHER)
    return {name: round(value, 1) for name, value in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=20_000)
    parser.add_argument("--scale", type=float, default=1, help="pixels of the screen per pixel of the page")
    asked = parser.parse_args()
    made = a_map(asked.points)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        browser = chromium.launch(driver)
        context = browser.new_context(viewport={"width": 1280, "height": 800}, device_scale_factor=asked.scale)
        found = measured(context.new_page(), made.write(Path(folder)).as_uri())
    print(json.dumps({"points": asked.points, "kB sent": round(made.bytes_sent / 1000), **found}, indent=1))


if __name__ == "__main__":
    main()
