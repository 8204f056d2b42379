"""A variant of a network has a form of its own in a suite, and its pictures stand in the same columns."""

from __future__ import annotations

import pytest

from lib_modelsim.checkpoints.header import header_of
from lib_modelsim.checkpoints.reader import open_checkpoint
from lib_modelsim.demo.shapes import UnetLayout, unet_shapes
from lib_modelsim.probes.suite import SHIPPED, from_document, read_suite

from .tiny_networks import write

SUITE = from_document(
    {
        "name": "sizes",
        "parameters": {"width": 512, "height": 512, "steps": 5},
        "forms": {"SD 1.x": {"steps": 7}, "SD 1.x tiny": {"width": 128, "height": 128}, "SDXL": {"width": 1024}},
        "probes": [{"name": "cat", "prompt": "a cat"}],
    }
)


def sizes(*kind: object) -> tuple[int, int, int]:
    (picture,) = SUITE.probes[0].pictures(*kind)
    return picture.width, picture.height, picture.steps


def test_the_form_of_a_variant_comes_on_top_of_its_architecture():
    assert sizes("SD 1.x") == (512, 512, 7)
    assert sizes("SD 1.x", 1, "tiny") == (128, 128, 7)
    assert sizes("SD 1.x", 1, "inpainting") == (512, 512, 7)
    assert sizes("SDXL", 1, "tiny") == (1024, 512, 5)
    assert sizes(None, 1, None) == (512, 512, 5)


def test_variants_with_forms_are_listed_by_architecture():
    assert SUITE.probes[0].variants("SD 1.x") == [None, "tiny"]
    assert SUITE.probes[0].variants("SDXL") == [None]
    assert SUITE.probes[0].variants(None) == [None]


@pytest.mark.parametrize(("channels", "variant"), [(64, "tiny"), (32, None), (320, None)])
def test_a_narrow_network_is_tiny(channels, variant, tmp_path):
    layout = UnetLayout(channels, 768, multipliers=(1, 1), depths=(1, 0))
    with open_checkpoint(write(tmp_path, "narrow", unet_shapes(layout)).path) as checkpoint:
        assert header_of(checkpoint).layout.variant == variant


@pytest.mark.parametrize("name", ["cfg1", "cfg1-fast", "prior", "standard", "demonstration"])
def test_shipped_suites_ask_tiny_networks_for_what_they_were_trained_on(name):
    pictures = read_suite(SHIPPED / f"{name}.json").probes[0].pictures("SD 1.x", 1, "tiny")
    assert {(picture.width, picture.height) for picture in pictures} == {(128, 128)}
