"""Find my model in the tab of a real WebUI: pictures that it drew are asked about with every kind of evidence."""

from __future__ import annotations

import base64
import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from lib_modelsim.engines.webui_http import WebuiByHttp
from lib_modelsim.job import Job
from lib_modelsim.probes.gallery import Gallery
from lib_modelsim.probes.parameters import Parameters
from lib_modelsim.probes.plan import make_plan
from lib_modelsim.probes.run import draw_missing
from lib_modelsim.probes.suite import Probe, Suite
from tests.chromium import CHROMIUM, launch

from . import browsing, running
from .browsing import MENU, WAIT
from .tiny_models import NAMES

playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs a chromium that is installed")

expect = playwright.expect

BASE, LANTERN, VELVET, MERGE, STRANGER = NAMES
SMALL = Parameters("a cat", steps=2, width=128, height=128, noise="CPU")
SUITE = Suite("small", tuple(Probe(name, replace(SMALL, prompt=f"a {name}"), (1, 2)) for name in ("cat", "dog", "car")))
NEW = {"prompt": "a lighthouse", "steps": 2, "width": 128, "height": 128, "seed": 1}

FINE = {"quality": 90, "subsampling": 0}
"""What leaves noise of single pixels its colours."""


@pytest.fixture(scope="module")
def temporary(tmp_path_factory):
    """Where the WebUI's process, gradio among it, puts what it does not want to keep."""
    folder = tmp_path_factory.mktemp("temporary")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("TMPDIR", "TEMP", "TMP"):
            patch.setenv(name, str(folder))
        yield folder


@pytest.fixture(scope="module")
def webui(checkout, models, temporary, tmp_path_factory):
    """One for all tests, with a gallery that it has drawn, and a file of deepbooru's that is none."""
    data = running.new_data_folder(tmp_path_factory.mktemp("find") / "data")
    draw_small_by_default(data)
    running.add_extension(data)
    with running.started(checkout, data, models, "--api", *checkout.serving_its_own()) as found:
        engine = WebuiByHttp(found.url)
        with Gallery(data / "modelsim" / "gallery") as gallery:
            draw_missing(make_plan(SUITE, engine.checkpoints(), engine, gallery), engine, gallery, Job())
        yield found
        assert found.our_errors() == []


def draw_small_by_default(data):
    """On the page txt2img; Forge's sizes come from its settings."""
    sampler = "customscript/sampler.py/txt2img/Sampling steps/value"
    page = {"txt2img/Width/value": 128, "txt2img/Height/value": 128, sampler: 2}
    (data / "ui-config.json").write_text(json.dumps(page), encoding="utf-8")
    settings = json.loads((data / "config.json").read_text("utf-8")) | {"sd_t2i_width": 128, "sd_t2i_height": 128}
    (data / "config.json").write_text(json.dumps(settings), encoding="utf-8")


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        found = launch(driver)
        expect.set_options(timeout=WAIT)
        yield found


@pytest.fixture
def page(browser, webui):
    """The page "Find my model" in a tab of its own."""
    with browsing.opened(browser, webui) as tab:
        tab.page.locator("#modelsim_pages button", has_text="Find my model").first.click()
        yield tab.page


@pytest.fixture
def drawn(webui):
    """What the WebUI draws with a checkpoint, as it comes: a PNG with its record."""

    def draw(model, **settings):
        titles = {each["model_name"]: each["title"] for each in webui.api("/sdapi/v1/sd-models")}
        wanted = NEW | settings | {"override_settings": {"sd_model_checkpoint": titles[model], "randn_source": "CPU"}}
        return base64.b64decode(webui.api("/sdapi/v1/txt2img", wanted)["images"][0])

    return draw


def bare(content, kind="JPEG", **saving):
    """The same pixels without a word about them."""
    with Image.open(io.BytesIO(content)) as picture:
        pixels = picture.convert("RGB")
    pixels.info.clear()
    out = io.BytesIO()
    pixels.save(out, kind, **saving)
    return out.getvalue()


def ask(page, name, content):
    """Drop a picture; wait for the answer about it."""
    kinds = {"png": "image/png", "jpg": "image/jpeg"}
    query = {"name": name, "mimeType": kinds[name.split(".")[-1]], "buffer": content}
    page.locator("#modelsim_query input[type=file]").set_input_files([query])
    expect(page.locator("#modelsim_answer .modelsim-asked:not(.modelsim-alike) figcaption")).to_have_text(name)
    expect(page.locator("#modelsim_interrupt")).to_be_disabled()


def verdict(page):
    return page.locator("#modelsim_answer h3")


def evidence(page, kind):
    return page.locator("#modelsim_answer .modelsim-evidence li", has_text=kind)


def first_card(page):
    return page.locator("#modelsim_answer .modelsim-found-card").first


def test_a_picture_s_record_names_its_model(page, drawn):
    ask(page, "recorded.png", drawn(VELVET))
    expect(verdict(page)).to_contain_text(VELVET)
    expect(evidence(page, "By its record")).to_contain_text(re.compile(f"Made by {VELVET}: .* short hash"))
    expect(first_card(page).locator("h4")).to_contain_text(f"1. {VELVET}")
    expect(first_card(page).locator(".modelsim-sure")).to_contain_text("99 %")


def test_a_button_beside_the_webui_s_own_picture_asks_about_it(page):
    page.locator("#tabs button", has_text=re.compile(r"^\s*txt2img\s*$", re.IGNORECASE)).first.click()
    page.locator("#txt2img_prompt textarea").fill("a bridge in the mist")
    page.locator("#txt2img_generate").click()
    page.locator("#txt2img_gallery img").first.wait_for()
    page.locator("#txt2img_results button.modelsim-find").click()
    expect(evidence(page, "By its record")).to_contain_text("short hash")
    expect(page.locator("#modelsim_answer .modelsim-prompt")).to_contain_text("a bridge in the mist")
    expect(page.locator("#modelsim_interrupt")).to_be_disabled()


def test_a_picture_of_the_gallery_is_known_without_its_record(page, webui):
    kept = next((webui.data / "modelsim" / "gallery").glob(f"small/{LANTERN}*/car 2.png"))
    ask(page, "known.jpg", bare(kept.read_bytes(), **FINE))
    expect(evidence(page, "By your pictures").first).to_contain_text(f"generated by {LANTERN}: car 2.png")
    expect(first_card(page).locator("h4")).to_contain_text(f"1. {LANTERN}")
    expect(page.locator("#modelsim_answer .modelsim-prompt")).to_contain_text("a car")
    expect(evidence(page, "By its record")).to_have_count(0)


def test_a_new_picture_without_a_record_is_told_by_its_style(page, drawn):
    ask(page, "new.png", bare(drawn(STRANGER), "PNG"))
    expect(evidence(page, "By style")).to_contain_text("of your 5 models")
    expect(evidence(page, "By your pictures")).to_have_count(0)
    expect(first_card(page).locator("h4")).to_contain_text(f"1. {STRANGER}")
    expect(first_card(page).locator(".modelsim-nearest img")).to_have_count(3)


def test_what_none_of_them_drew_is_said_to_be_none_of_these(page):
    out = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").save(out, "PNG")
    ask(page, "gradient.png", out.getvalue())
    expect(verdict(page)).to_have_text("None of these")


def test_the_next_one_please(page, webui):
    kept = next((webui.data / "modelsim" / "gallery").glob(f"small/{VELVET}*/dog 1.png"))
    ask(page, "not this.jpg", bare(kept.read_bytes(), **FINE))
    expect(first_card(page).locator("h4")).to_contain_text(VELVET)
    models = page.locator("#modelsim_answer .modelsim-found-card, #modelsim_answer .modelsim-rest li")
    expect(models).to_have_count(5)
    first_card(page).locator("button", has_text="Not this one").click()
    expect(models).to_have_count(4)
    expect(first_card(page).locator("h4")).not_to_contain_text(VELVET)


def test_verify_proves_it_and_leaves_the_user_s_checkpoint_and_options(page, webui, drawn):
    # a model that no other one draws like: where two do, both share the proof
    content = with_record(drawn(STRANGER), lambda text: re.sub(r"Model hash: \w+, ", "", text))
    drawn(BASE)
    before = webui.api("/sdapi/v1/options")
    ask(page, "to verify.png", content)
    expect(evidence(page, "By its record")).to_contain_text("gives no hash")
    plan = page.locator(".modelsim-verify-plan")
    page.locator("#modelsim_verify").click()
    told = re.compile(r"Verify generates 4 pictures, with .*: 128 × 128 in 2 steps\.\s+That takes about")
    expect(plan).to_contain_text(told)
    plan.get_by_role("button", name="Cancel").click()
    expect(plan).to_have_count(0)
    page.locator("#modelsim_verify").click()
    plan.get_by_role("button", name="Generate").click()
    proof = re.compile(f"Proof: .*{STRANGER} generates the same picture")
    expect(evidence(page, "By generating it again")).to_contain_text(proof, timeout=4 * WAIT)  # four checkpoints draw
    pictures = page.locator("#modelsim_answer .modelsim-again figure")
    expect(pictures).to_have_count(1 + 4)
    expect(pictures.nth(1)).to_contain_text(STRANGER)
    assert all(width > 0 for width in pictures.locator("img").evaluate_all("all => all.map(one => one.naturalWidth)"))
    expect(page.locator("#modelsim_interrupt")).to_be_disabled()
    assert webui.api("/sdapi/v1/options") == before


def test_a_card_loads_its_checkpoint_and_the_webui_s_menu_follows(page, drawn):
    ask(page, "to load.png", drawn(MERGE))
    first_card(page).locator("button", has_text=re.compile("^Load$")).click()
    expect(page.locator(MENU).first).to_have_value(re.compile(f"^{MERGE}"))


def test_an_interrogator_that_fails_costs_a_line_and_not_the_answer(page, webui, drawn):
    file = webui.data / "models" / "torch_deepdanbooru" / "model-resnet_custom_v3.pt"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"no weights")
    ask(page, "unwilling.png", bare(drawn(STRANGER), "PNG"))
    expect(page.locator("#modelsim_answer .modelsim-told")).to_contain_text(
        "deepbooru could not interrogate the picture"
    )
    expect(first_card(page).locator("h4")).to_contain_text(STRANGER)
    file.unlink(missing_ok=True)  # Forge puts what it cannot read out of the way


def test_nothing_of_the_picture_is_on_disk_after_it_was_asked_about(page, webui, temporary):
    def files():
        return {path for folder in (temporary, webui.data) for path in folder.rglob("*") if path.is_file()}

    noise = np.random.default_rng(5).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(noise).save(out, "PNG")
    before = files()
    ask(page, "secret.png", out.getvalue())
    new = files() - before
    assert [path for path in new if out.getvalue() in path.read_bytes()] == []
    assert [path for path in new if path.suffix in (".png", ".webp", ".jpg", ".jpeg")] == []


def with_record(content, change):
    """The same pixels with another record."""
    with Image.open(io.BytesIO(content)) as picture:
        texts, out = PngInfo(), io.BytesIO()
        texts.add_text("parameters", change(picture.info["parameters"]))
        picture.save(out, "PNG", pnginfo=texts)
    return out.getvalue()


def test_after_a_reload_img2img_gets_the_settings_and_the_picture(page, drawn):
    ask(page, "to send.png", drawn(VELVET, prompt="a mill by the river"))
    page.reload()
    page.locator("#tabs button", has_text=re.compile(r"^\s*modelsim\s*$")).first.click()
    page.locator("#modelsim_pages button", has_text="Find my model").first.click()
    expect(page.locator("#modelsim_answer .modelsim-asked:not(.modelsim-alike) figcaption")).to_have_text("to send.png")
    page.locator("#modelsim_answer .modelsim-told button", has_text="Send to img2img").click()
    expect(page.locator("#img2img_prompt textarea")).to_have_value("a mill by the river")
    expect(page.locator("#img2img_seed input").first).to_have_value("1")
    expect(page.locator("#img2img_image img").first).to_be_visible()
    page.locator("#tabs button", has_text=re.compile(r"^\s*modelsim\s*$")).first.click()
    page.locator("#modelsim_answer .modelsim-told button", has_text="Send to txt2img").click()
    expect(page.locator("#txt2img_prompt textarea")).to_have_value("a mill by the river")
