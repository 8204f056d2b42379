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
from PIL import Image, ImageOps

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

PATIENCE = 900_000
"""Milliseconds for work on 500 pictures."""

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

_DECODED = "all => Promise.all(all.map(one => one.decode().then(() => one.naturalWidth)))"


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
    choice = page.locator("#modelsim_curate_folder").first  # gradio 3 gives the id to two elements
    choice.locator("button", has_text=re.compile(f"^{name}$", re.IGNORECASE)).click()
    expect(choice).to_contain_text(told)


def open_panel(page, name):
    page.locator("#modelsim_curate_panels button", has_text=re.compile(rf"^\s*{name}\s*$")).first.click()


def test_the_output_folder_is_offered_and_a_copy_in_it_is_found(page, webui):
    folder = Path(webui.api("/sdapi/v1/options")["outdir_txt2img_samples"])
    folder = folder if folder.is_absolute() else webui.data / folder
    (own,) = sorted(folder.rglob("*-1.png"))
    with Image.open(own) as picture:
        ImageOps.mirror(picture.convert("RGB")).save(own.with_name("sent to a friend.jpg"), quality=88)
    open_folder(page, "txt2img", "4 pictures by ")
    expect(page.locator("#modelsim_curate_pictures").first.locator(".modelsim-shot")).to_have_count(4)
    open_panel(page, "Duplicates")
    page.locator("#modelsim_duplicates_find").click()
    panel = page.locator("#modelsim_curate_duplicates .modelsim-duplicates").first
    group = panel.locator("> .modelsim-groups > .modelsim-group")  # pairs of the same layout stand deeper
    expect(group).to_have_count(1, timeout=PATIENCE)
    expect(group.locator("figure", has_text="sent to a friend.jpg")).to_contain_text("Mirrored")
    expect(group.locator(".modelsim-kept figcaption")).to_contain_text(own.name)
    assert all(group.locator("img").evaluate_all(_DECODED))


def test_copies_among_the_webui_s_checkpoints_are_listed(page):
    open_panel(page, "Checkpoints")
    page.locator("button", has_text="List copies").click()
    listed = page.locator("#modelsim_curate_checkpoint_copies").first
    expect(listed).to_contain_text(re.compile(r"could go: [\d.]+ MB"), timeout=PATIENCE)
    expect(listed.locator("tr", has_text="inkwell_v2.1 (1)")).to_contain_text("Copy of inkwell_v2.1")
    expect(listed.locator("tr", has_text="inkwell_v2.1-clearvae")).to_contain_text("if you do not need its VAE")


def test_from_a_gallery_of_500_to_its_ten_best(page, tmp_path):
    open_folder(page, "Probes", f"{PICTURES} pictures by {len(MODELS)} models")
    shots = page.locator("#modelsim_curate_pictures").first.locator(".modelsim-shot")
    expect(shots).to_have_count(60)
    page.locator("#modelsim_curate_score").click()
    expect(shots.first.locator(".modelsim-shot-head b")).to_have_text("1", timeout=PATIENCE)

    open_panel(page, "Map")
    page.locator("button", has_text="Make the map").click()
    expect(page.locator("#modelsim_curate_map").first.locator("[data-map]")).to_be_visible(timeout=PATIENCE)

    open_panel(page, "Best")
    page.locator("#modelsim_curate_best").first.locator("button", has_text="Choose the best").click()
    best = page.locator("#modelsim_curate_best").first.locator(".modelsim-small").first.locator("figure")
    expect(best).to_have_count(10, timeout=PATIENCE)
    open_panel(page, "Clusters")
    clusters = page.locator("#modelsim_curate_clusters .modelsim-clusters").first
    expect(clusters).to_contain_text("groups of alike pictures were looked at")

    open_panel(page, "Best")
    page.locator("#modelsim_curate_best").first.locator("button", has_text="Keep these").click()
    line = page.locator("#modelsim_curate_chosen").first
    expect(line).to_contain_text("kept (10)")
    line.locator("[data-name=target]").fill(str(tmp_path / "best"))
    line.locator("button", has_text="Copy").click()
    line.locator("button.modelsim-first", has_text="Copy").click()
    expect(line).to_contain_text("10 pictures copied to")
    assert len(list((tmp_path / "best").glob("*.png"))) == 10


def test_siblings_of_a_gallery_of_500_are_no_copies(page):
    open_folder(page, "Probes", f"{PICTURES} pictures by {len(MODELS)} models")
    open_panel(page, "Duplicates")
    page.locator("#modelsim_duplicates_find").click()
    panel = page.locator("#modelsim_curate_duplicates").first
    expect(panel.locator(".modelsim-summary")).to_contain_text(f"{PICTURES} pictures compared", timeout=PATIENCE)
    expect(panel.locator(".modelsim-apart summary", has_text="with the same layout: no copies")).to_be_visible()
