"""The map's panel of the page Curate, asked of the page's handlers without a browser."""

from __future__ import annotations

import html
import json
import re
from base64 import b64decode, b64encode

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

pytest.importorskip("gradio", reason="the tab needs gradio")

import gradio as gr

from lib_modelsim.hosts.folders import Folders
from lib_modelsim.hosts.host import Settings
from lib_modelsim.library import Library
from lib_modelsim.ui.backend import Backend
from lib_modelsim.ui.tab import Tab
from lib_modelsim.ui.view_state import ViewState
from lib_modelsim.ui.windows import asked_by
from lib_modelsim.workspace.curating import encoding
from tests.ui.following import ended


@pytest.fixture
def folder(tmp_path):
    random, found = np.random.default_rng(0), tmp_path / "pictures"
    found.mkdir()
    for n in range(24):
        info = PngInfo()
        info.add_text("parameters", f"prompt {n % 3} <b>\nSteps: 20, Seed: {n}, Model: model {n % 2}")
        tiles = random.integers(0, 256, (6, 6, 3), np.uint8)
        Image.fromarray(tiles).resize((96, 96), Image.Resampling.NEAREST).save(found / f"{n:02d}.png", pnginfo=info)
    return found


@pytest.fixture
def page(tmp_path, folder, monkeypatch):
    monkeypatch.setattr(encoding, "usual_encoder", lambda host: "builtin")  # the quickest one
    backend = Backend(Folders([], tmp_path / "data", Settings(device="cpu")), lambda: Library(None))
    with gr.Blocks():
        found = Tab(ViewState(backend)).pages["curate"]
    act(found, panel="folder", do="open", path=str(folder))
    yield found
    backend.close()


def act(page, **action):
    """What the page shows after an action, and after the work that it began."""
    number = page.curator.acted + 1
    updates = page.act(json.dumps({"actions": [{"number": number, **action}]}))
    ended(page._wiring.work)
    return {**updates, **page.show()}


def panel(updates):
    found = {part.elem_id: update for part, update in updates.items()}
    return str(found["modelsim_curate_map"])


def key_of(text):
    return re.search(r'data-map="(\w+)"', text).group(1)


def asked(page, key, *questions):
    """The answers to what the script asks."""
    sent = json.dumps({"map": key, "questions": [{**each, "name": each["ask"]} for each in questions], "at": 1})
    found = str(page.panels["map"].answers(sent, page.curator))
    if not found:
        return []
    return json.loads(html.unescape(re.search(r'data-map-answers="(.*)"', found).group(1)))["answers"]


@pytest.fixture
def key(page):
    return key_of(panel(act(page, panel="map", do="project", method="pca")))


def test_before_there_is_a_map_it_says_what_to_press(page):
    text = panel(page.show())
    assert "No map yet" in text
    assert "Press “Make the map”" in text
    assert "data-map=" not in text


def test_a_map_says_how_far_to_trust_it_and_what_it_can_be_coloured_by(page):
    text = panel(act(page, panel="map", do="project", method="pca"))
    assert "Of a picture's neighbours on the map" in html.unescape(text)
    about = json.loads(html.unescape(re.search(r'data-about="(.*?)"', text).group(1)))
    assert about["count"] == 24
    assert [name for name, *_ in about["colours"]] == ["model", "prompt"]


def test_points_and_colours_come_packed(page, key):
    points, colours = asked(page, key, {"ask": "points"}, {"ask": "colours", "by": "model"})
    assert points["question"] == "points"
    assert np.frombuffer(b64decode(points["points"]), "<i2").shape == (48,)
    assert colours["names"] == ["model 0", "model 1"]
    assert np.frombuffer(b64decode(colours["codes"]), "<u2").tolist() == [0, 1] * 12


def test_pointing_makes_the_small_copy_and_tells_what_is_known(page, key, tmp_path):
    (told,) = asked(page, key, {"ask": "tell", "at": 4})
    assert told["name"] == "04.png"
    assert told["lines"] == [["model", "model 0"], ["prompt", "prompt 1 <b>"]]
    assert told["url"].startswith("/data/thumbnails/192/")
    assert (tmp_path / "data" / told["url"].removeprefix("/data/")).is_file()


def test_what_cannot_be_answered_is_not(page, key):
    assert asked(page, "another", {"ask": "points"}) == []
    assert asked(page, key, {"ask": "colours", "by": "no such"}, {"ask": "tell", "at": 24}, {"ask": "else"}) == []


def test_a_selection_goes_to_the_gallery_and_to_files(page, key):
    bits = np.zeros(24, bool)
    bits[[3, 7]] = True
    act(page, panel="map", do="select", map=key, points=b64encode(np.packbits(bits).tobytes()).decode())
    curator = page.curator
    assert curator.selected == {curator.pictures[3].about.content, curator.pictures[7].about.content}
    updates = act(page, panel="map", do="write", kind="list")
    file = next(update for part, update in updates.items() if part.elem_id == "modelsim_map_file")
    with open(file["value"], encoding="utf-8") as lines:
        assert [line.strip()[-6:] for line in lines] == ["03.png", "07.png"]


def test_a_selection_can_be_copied_at_once(page, key):
    sent = {"panel": "map", "do": "select", "map": key, "points": b64encode(b"\xe0").decode()}
    number = page.curator.acted + 1
    updates = page.act(json.dumps({"actions": [{**sent, "number": number}]}))
    shown = {part.elem_id: str(each) for part, each in updates.items()}
    assert "selected (3)" in shown["modelsim_curate_chosen"]


def test_a_selection_on_a_map_of_other_pictures_changes_nothing(page, key):
    act(page, panel="map", do="select", map="another", points="/w==")
    assert page.curator.selected == frozenset()


def test_a_click_opens_the_picture(page, key):
    act(page, panel="map", do="open", map=key, at=5)
    curator = page.curator
    assert curator.opened == curator.pictures[5].about.content


def test_stars_are_a_colour_as_soon_as_there_are_some(page, key):
    from lib_modelsim.workspace.curating.remembered import Mark

    curator = page.curator
    curator.mark({curator.pictures[2].about.content: Mark(5)})
    (stars,) = asked(page, key, {"ask": "colours", "by": "stars"})
    assert np.frombuffer(b64decode(stars["codes"]), "<u2").tolist()[:4] == [65535, 65535, 5, 65535]


def test_other_pictures_have_no_map_until_one_is_made(page, key, folder, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (folder / "00.png").rename(other / "a.png")
    assert "No map yet" in panel(act(page, panel="folder", do="open", path=str(other)))
    assert "No map yet" in panel(act(page, panel="folder", do="open", path=str(folder))), "one picture less"


def test_what_one_window_does_no_other_sees(page, key):
    assert "No map yet" not in panel(page.show())
    with asked_by("another window"):
        assert "data-map=" not in panel(page.show())
