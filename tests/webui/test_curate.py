"""The page Curate in the tab of a real WebUI: a gallery of 500 that the probes have generated with the demonstration's
models, and the folder into which the WebUI saves its own pictures.

The pictures are 128 × 128 in 8 steps: the demonstration's models draw smaller ones, too, but then a house is a blot.
Ten models make fifty each; on two cores without a graphics card that takes some seven minutes. CURATE_GALLERY may name
a copy of that gallery of an earlier run: then only what it lacks is generated.
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from lib_modelsim import demo
from lib_modelsim.engines.webui_http import WebuiByHttp
from lib_modelsim.job import Job
from lib_modelsim.probes.gallery import Gallery
from lib_modelsim.probes.parameters import Parameters
from lib_modelsim.probes.plan import make_plan
from lib_modelsim.probes.run import draw_missing
from lib_modelsim.probes.suite import Probe, Suite
from tests.chromium import CHROMIUM, launch

from . import browsing, running
from .browsing import WAIT

playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs a chromium that is installed")

expect = playwright.expect

MODELS = (
    "harborlight-base_v1",
    "inkwell_v2.1",
    "inkwell-neon_v1",
    "pastel-dots_v1",
    "pixelwords_v1",
    "tidewater_v3",
    "tidewater-sepia_v1",
    "tidepool-mix_v1",
    "granite-fantasy_v4",
    "neon-tide_v1",
)
SUBJECTS = (
    "a red house",
    "a blue fish",
    "a purple cat",
    "a green tree",
    "a yellow boat",
    "a white bird",
    "an orange car",
    "a pink flower",
    "a brown dog",
    "a black horse",
)
SEEDS = (1, 2, 3, 4, 5)
PICTURES = len(MODELS) * len(SUBJECTS) * len(SEEDS)

SMALL = Parameters(
    "a house", steps=8, cfg_scale=4.0, width=128, height=128, sampler="DPM++ 2M", scheduler="Karras", noise="CPU"
)
SUITE = Suite(
    "fifty",
    tuple(Probe(what.split()[-1], replace(SMALL, prompt=f"{what}, ink drawing"), SEEDS) for what in SUBJECTS),
)


@pytest.fixture(scope="module")
def webui(checkout, tmp_path_factory):
    """Over the demonstration's models, with a gallery of 500 that it has generated, and three pictures of its own in
    its output folder."""
    if checkout.is_forge:
        pytest.skip("Forge recognises SD 1.x by its published widths only")
    folder = tmp_path_factory.mktemp("curate")
    demo.write_demo_family(folder / "family", lambda _: None)
    data = running.new_data_folder(folder / "data")
    running.add_extension(data)
    gallery = data / "modelsim" / "gallery"
    if "CURATE_GALLERY" in os.environ:
        shutil.copytree(Path(os.environ["CURATE_GALLERY"]), gallery)
    with running.started(checkout, data, folder / "family", "--api") as webui:
        engine = WebuiByHttp(webui.url)
        chosen = [each for each in engine.checkpoints() if each.name in MODELS]
        with Gallery(gallery) as made:
            assert draw_missing(make_plan(SUITE, chosen, engine, made), engine, made, Job()).failures == []
            assert len(made.pictures()) == PICTURES
        for seed in SEEDS[:3]:
            own = {"prompt": "a red house", "seed": seed, "steps": 8, "width": 128, "height": 128, "save_images": True}
            webui.api("/sdapi/v1/txt2img", own)
        yield webui
        assert webui.our_errors() == []


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        found = launch(driver)
        expect.set_options(timeout=WAIT)
        yield found


@pytest.fixture
def page(browser, webui):
    """The page Curate in a tab of its own."""
    with browsing.opened(browser, webui) as tab:
        tab.page.locator("#modelsim_pages button", has_text="Curate").first.click()
        yield tab.page


def open_folder(page, name, told):
    """Choose a folder that is offered, and wait until its pictures are known."""
    page.locator("#modelsim_curate_folder button", has_text=re.compile(f"^{name}$", re.IGNORECASE)).click()
    expect(page.locator("#modelsim_curate_folder")).to_contain_text(told)


def open_panel(page, name):
    page.locator("#modelsim_curate_panels button", has_text=re.compile(rf"^\s*{name}\s*$")).first.click()


def test_the_gallery_of_500_and_the_output_folder_are_offered_and_shown(page):
    open_folder(page, "Probes", f"{PICTURES} pictures by {len(MODELS)} models")
    shots = page.locator("#modelsim_curate_pictures .modelsim-shot")
    expect(shots).to_have_count(60)
    shots.first.locator("img:not([data-later])").wait_for()
    assert shots.locator("img:not([data-later])").first.evaluate("one => one.decode().then(() => one.naturalWidth)") > 0
    open_folder(page, "txt2img", "3 pictures by 1 model")
    expect(shots).to_have_count(3)


def test_copies_among_the_webui_s_checkpoints_are_listed(page):
    open_panel(page, "Checkpoints")
    page.locator("button", has_text="List copies").click()
    listed = page.locator("#modelsim_curate_checkpoint_copies")
    expect(listed).to_contain_text(re.compile(r"could go: [\d.]+ MB"))
    expect(listed.locator("tr", has_text="inkwell_v2.1 (1)")).to_contain_text("Copy of inkwell_v2.1")
    expect(listed.locator("tr", has_text="inkwell_v2.1-clearvae")).to_contain_text("if you do not need its VAE")
