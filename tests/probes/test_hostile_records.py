"""What a stranger's picture in a gallery says of itself does no harm."""

from __future__ import annotations

import json
import os
import sys

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from lib_modelsim.probes.gallery import CHUNK, Gallery
from tests.probes.galleries import fill, small_suite

HOSTILE = {
    "identity": [[], {}, 3, None, "\ud800", True],
    "checkpoint": [["a"], {"b": 1}, 1.5, None, "\udfff"],
    "checkpoint_name": [[], 3, None, "\ud800"],
    "architecture": [[], {}, 3],
    "suite": [[], None, 7],
    "probe": [{}, None, 7],
    "parameters": [
        [], None, "a", {"steps": "many"}, {"steps": -1}, {"cfg_scale": 10**400}, {"new": 1}, {"options": []},
        {"options": {"x": 1}}, {"batch": 3}, {"width": 10**30}, {"seed": None}, {"prompt": {}},
    ],
    "engine": [[], None, 4, "\ud800"],
    "engine_version": [[], None],
    "black": [[], None, "yes", 1],
    "seconds": [[], None, "1", -1, 1e999, float("nan"), 10**400, True],
}  # fmt: skip


def test_hostile_records_in_a_gallery_s_own_pictures_are_left_out(tmp_path):
    """Whatever a stranger's picture says, the others are listed."""
    fill(tmp_path, small_suite(), ["anna", "bert"])
    (first, *others) = sorted(tmp_path.rglob("*.png"))
    with Image.open(first) as picture:
        good = json.loads(picture.info[CHUNK])
    texts = ["", "[]", "{", "[" * 100_000, '{"a":' * 100_000, "null", json.dumps({**good, "identity": "9" * 5000})]
    texts += [json.dumps({**good, field: value}) for field, values in HOSTILE.items() for value in values]
    texts += [json.dumps({name: value for name, value in good.items() if name != field}) for field in HOSTILE]
    for i, text in enumerate(texts):
        info = PngInfo()
        info.add_text(CHUNK, text)
        Image.new("RGB", (8, 8)).save(first.with_name(f"hostile {i}.png"), pnginfo=info)
    if os.name != "nt":
        os.mkfifo(first.with_name("fifo.png"))
        first.with_name("link.png").symlink_to(tmp_path / "nowhere")
    if sys.platform == "linux":
        first.with_name("\udcff.png").symlink_to(first)
    with Gallery(tmp_path) as gallery:
        gallery.take_in()
        found = gallery.pictures()
        assert len(found) == len(others) + 2  # all that was drawn, and the one with a long identity
        assert gallery.pace(found[0].record.engine).seconds >= 0
