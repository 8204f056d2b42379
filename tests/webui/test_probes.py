"""Three checkpoints draw a suite with the real WebUI, from inside and by HTTP: stopped in the middle, gone on, and the
user's checkpoint and options as before.

What is inside is asked by a script of the tests' own, as the tab would.
"""

from __future__ import annotations

import os
import time
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lib_modelsim.engines.diffusers_engine import Diffusers
from lib_modelsim.engines.webui_http import WebuiByHttp
from lib_modelsim.job import Cancelled, Job
from lib_modelsim.pictures.records.infotext import parse
from lib_modelsim.probes.gallery import Gallery
from lib_modelsim.probes.parameters import Parameters
from lib_modelsim.probes.plan import make_plan
from lib_modelsim.probes.run import draw_missing
from lib_modelsim.probes.suite import Probe, Suite, to_json

from . import running
from .tiny_models import BARE, FEW_BITS, MODULES, NAMES, write_few_bits, write_parts

CHOSEN = ("lantern-tune", "velvet-tune", "broken", "granite-stranger")
SMALL = Parameters("a (cat:1.2)", "(bad:0)", steps=2, width=64, height=64, noise="CPU", clip_skip=1)
SUITE = Suite(
    "small",
    (
        Probe("cat", SMALL, (1, 2)),
        Probe("dog", replace(SMALL, prompt="a dog", sampler="Euler a", options={"eta_noise_seed_delta": 5})),
    ),
)
PICTURES = 3 * 3
UNETS = (BARE, *FEW_BITS)

SCRIPT = """
from modules import script_callbacks, sd_models


def answers(_, app):
    @app.post("/test/draw")
    def draw(order: dict):
        from dataclasses import replace
        from pathlib import Path

        from lib_modelsim.hosts.webui import WebUI
        from lib_modelsim.job import Cancelled, Job
        from lib_modelsim.probes.gallery import Gallery
        from lib_modelsim.probes.plan import make_plan
        from lib_modelsim.probes.run import draw_missing
        from lib_modelsim.probes.suite import read_suite

        host, job = WebUI(), Job()
        engine = host.engine(())
        chosen = [each for each in engine.checkpoints() if each.name in order["checkpoints"]]
        chosen = [replace(each, bare=each.name in order["bare"]) for each in chosen]
        with host.at_work("probes", job) as visible, Gallery(Path(order["folder"])) as gallery:
            plan = make_plan(read_suite(Path(order["suite"])), chosen, engine, gallery)
            try:
                outcome = draw_missing(plan, engine, gallery, visible)
            except Cancelled:
                return {"name": engine.name, "drawn": [], "failures": [], "stopped": True}
        failures = [failure.name for failure in outcome.failures]
        return {"name": engine.name, "drawn": len(outcome.drawn), "failures": failures, "stopped": False}

    @app.get("/test/memory")
    def memory():
        return getattr(getattr(sd_models.model_data.sd_model, "sd_checkpoint_info", None), "name_for_extra", None)


script_callbacks.on_app_started(answers)
"""


@pytest.fixture(scope="module")
def webui(checkout, models, tmp_path_factory):
    """With the tests' script, a checkpoint that is none, and the first of the family chosen."""
    folder = tmp_path_factory.mktemp("probes")
    data = running.new_data_folder(folder / "data")
    running.add_extension(data)
    scripts = data / "extensions" / "z-test" / "scripts"
    scripts.mkdir(parents=True)
    (scripts / "answers.py").write_text(SCRIPT, encoding="utf-8")
    (folder / "models").mkdir()
    for file in models.iterdir():
        os.link(file, folder / "models" / file.name)
    (folder / "models" / "broken.safetensors").write_bytes(b"no checkpoint at all")
    if checkout.is_forge:
        write_parts(folder / "models", data)
    if checkout.is_neo:
        write_few_bits(folder / "models")
    with running.started(checkout, data, folder / "models", "--api") as webui:
        chosen = {"sd_model_checkpoint": f"{NAMES[0]}.safetensors", "randn_source": "NV", "eta_noise_seed_delta": 7}
        webui.api("/sdapi/v1/options", chosen)
        yield webui
        for file in (folder / "models").iterdir():
            file.unlink()


@pytest.fixture
def before(webui):
    """The user's options, and the checkpoint that is in memory."""
    return with_the_next_picture(webui)


def found_again(webui, checkout):
    """What the user finds after another program drew; on Forge, which loads when it draws, with the next picture."""
    return with_the_next_picture(webui) if checkout.is_forge else told(webui)


def with_the_next_picture(webui):
    webui.api("/sdapi/v1/txt2img", {"steps": 1, "width": 64, "height": 64})
    return told(webui)


def told(webui):
    return webui.api("/sdapi/v1/options"), webui.api("/test/memory")


def pictures(folder):
    return sorted(folder.glob("small/*/*.png"))


def by_http(webui, folder, stop_at=None, names=CHOSEN):
    engine = WebuiByHttp(webui.url)
    chosen = [replace(each, bare=each.name in UNETS) for each in engine.checkpoints() if each.name in names]
    job = Job(cancelled=lambda: stop_at is not None and len(pictures(folder)) >= stop_at)
    with Gallery(folder) as gallery:
        return draw_missing(make_plan(SUITE, chosen, engine, gallery), engine, gallery, job)


def from_inside(webui, folder, stop_at=None, names=CHOSEN):
    """What the script answers; at so many pictures a person presses Interrupt."""
    order = {"checkpoints": names, "bare": UNETS, "folder": str(folder), "suite": str(folder.parent / "suite.json")}
    Path(order["suite"]).write_text(to_json(SUITE), encoding="utf-8")
    with ThreadPoolExecutor() as threads:
        answer = threads.submit(webui.api, "/test/draw", order)
        while wait([answer], 0.05).not_done:
            if stop_at is not None and len(pictures(folder)) >= stop_at:
                webui.api("/sdapi/v1/interrupt", {})
        return answer.result()


def test_by_http_what_was_stopped_goes_on_and_the_user_finds_everything_as_before(webui, before, checkout, tmp_path):
    folder = tmp_path / "gallery"
    with pytest.raises(Cancelled):
        by_http(webui, folder, stop_at=4)
    first = pictures(folder)
    assert 4 <= len(first) < PICTURES
    assert found_again(webui, checkout) == before
    outcome = by_http(webui, folder)
    assert [failure.name for failure in outcome.failures] == ["broken"]
    assert len(first) + len(outcome.drawn) == len(pictures(folder)) == PICTURES
    assert {stored.record.engine for stored in outcome.drawn} == {WebuiByHttp(webui.url).name}
    assert found_again(webui, checkout) == before


def test_from_inside_what_was_interrupted_goes_on_and_the_user_finds_everything_as_before(webui, before, tmp_path):
    folder = tmp_path / "gallery"
    assert from_inside(webui, folder, stop_at=4)["stopped"]
    first = pictures(folder)
    assert 4 <= len(first) < PICTURES
    assert told(webui) == before
    answer = from_inside(webui, folder)
    assert answer["failures"] == ["broken"]
    assert len(first) + answer["drawn"] == len(pictures(folder)) == PICTURES
    assert told(webui) == before
    assert webui.our_errors() == []


def test_a_person_s_picture_comes_between_two_of_ours(webui, before, tmp_path, record_property):
    """It waits for one picture, is drawn with the person's checkpoint and options, and takes nothing from ours."""
    folder, user = tmp_path / "gallery", {"prompt": "a cat", "steps": 2, "width": 64, "height": 64, "seed": 5}
    alone, undisturbed = timed(webui, user)
    with ThreadPoolExecutor() as threads:
        answer = threads.submit(from_inside, webui, folder)
        while len(pictures(folder)) < 2:
            assert not answer.done()
            time.sleep(0.02)
        at = len(pictures(folder))
        seconds, picture = timed(webui, user)
        meanwhile = len(pictures(folder)) - at
        assert not answer.done(), "it had to wait for all of them"
        assert answer.result()["drawn"] == PICTURES
    record_property("seconds alone and between ours", (alone, seconds))
    print(f"a picture alone {alone:.1f} s, between probes {seconds:.1f} s, {meanwhile} probes meanwhile")
    assert meanwhile <= 3  # the one in hand, and what is drawn before and after ours is looked at
    assert picture == undisturbed
    assert told(webui) == before
    assert webui.our_errors() == []


def timed(webui, asked):
    """How long a picture takes, and its pixels."""
    start = time.monotonic()
    (image,) = webui.api("/sdapi/v1/txt2img", asked)["images"]
    return time.monotonic() - start, np.asarray(Image.open(BytesIO(b64decode(image)))).tolist()


def test_both_ways_draw_the_same_pictures(webui, tmp_path):
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    name = from_inside(webui, inside)["name"]
    by_http(webui, outside)
    assert name == WebuiByHttp(webui.url).name
    assert pixels_of(inside) == pixels_of(outside)
    assert len(set(pixels_of(inside))) == PICTURES


def test_a_bare_network_generates_with_the_modules_that_are_chosen(webui, checkout, tmp_path):
    if not checkout.is_forge:
        pytest.skip("Forge's: A1111 has no files of networks alone")
    whole, inside, outside = (tmp_path / name for name in ("whole", "inside", "outside"))
    from_inside(webui, whole, names=NAMES[:1])  # Forge Neo has a list of modules from now on
    chosen = {"forge_additional_modules": list(MODULES)}
    webui.api("/sdapi/v1/options", chosen)
    before = with_the_next_picture(webui)
    for draw, folder in ((from_inside, inside), (by_http, outside)):
        draw(webui, folder, names=(BARE,))
        assert pixels_of(folder) == pixels_of(whole)
        assert {stored.record.drawn_with.modules for stored in all_of(folder)} == {tuple(sorted(MODULES))}
    assert with_the_next_picture(webui) == before
    webui.api("/sdapi/v1/options", {"forge_additional_modules": []})


def test_weights_of_few_bits_generate_where_the_webui_knows_their_form(webui, checkout, tmp_path):
    if not checkout.is_neo:
        pytest.skip("Forge Neo's forms")
    webui.api("/sdapi/v1/options", {"forge_additional_modules": list(MODULES)})
    answer = from_inside(webui, tmp_path, names=(BARE, *FEW_BITS))
    assert (answer["failures"], answer["drawn"]) == ([], 3 * (1 + len(FEW_BITS)))
    drawn = {}
    for stored in all_of(tmp_path):
        with Image.open(stored.path) as picture:
            drawn[stored.record.checkpoint_name] = np.asarray(picture.convert("RGB")).astype(int)
    apart = {name: np.abs(drawn[name] - drawn[BARE]).mean() for name in FEW_BITS}
    print("mean difference of the pixels, of 255:", apart)
    assert all(0 < each < 64 for each in apart.values())
    webui.api("/sdapi/v1/options", {"forge_additional_modules": []})


def test_the_webui_s_own_infotext_tells_what_was_asked_for(webui, tmp_path):
    by_http(webui, tmp_path)
    for stored in all_of(tmp_path):
        asked, settings = stored.record.drawn_with, parse(infotext_of(stored.path)).settings
        assert (settings["Seed"], settings["Sampler"], settings["RNG"]) == (str(asked.seed), asked.sampler, "CPU")
        assert settings["Model"] == stored.record.checkpoint_name
        assert settings.get("ENSD") == ("5" if asked.sampler == "Euler a" else None)


@pytest.mark.parametrize("sampler", ["Euler", "Euler a", "DPM++ 2M", "DDIM"])
def test_diffusers_draws_what_a1111_draws(checkout, webui, sampler):
    if checkout.is_forge:
        pytest.skip("the checkpoints that Forge recognises need CLIP's whole vocabulary")
    pytest.importorskip("diffusers", reason="requirements/standalone.txt is not installed")
    asked = replace(SMALL, prompt="", negative_prompt="", sampler=sampler, steps=4)  # the tokens of words differ
    by_http = WebuiByHttp(webui.url)
    (checkpoint,) = (each for each in by_http.checkpoints() if each.name == CHOSEN[0])
    pixels = []
    for engine in (by_http, Diffusers([checkpoint], "cpu")):
        with engine.session(Job()) as session:
            session.load(checkpoint)
            pixels.append(np.asarray(session.draw([asked])[0].image).astype(int))
    assert np.abs(pixels[0] - pixels[1]).max() <= 2


def pixels_of(folder):
    return [stored.path.read_bytes().split(b"IDAT", 1)[1] for stored in all_of(folder)]


def all_of(folder):
    with Gallery(folder) as gallery:
        gallery.take_in()
        return sorted(gallery.pictures(), key=lambda stored: stored.path.relative_to(folder))


def infotext_of(path):
    with Image.open(path) as image:
        return image.info["parameters"]
