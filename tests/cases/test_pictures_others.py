"""Reported pictures of NovelAI, Draw Things, Mochi Diffusion, a Hugging Face space: `find` names their model."""

from __future__ import annotations

import pytest


@pytest.fixture
def piece(found):
    """A function: name of a case → the one piece of evidence that `find` has for its picture."""

    def of(name):
        (evidence,) = found(name)["evidence"]
        assert evidence["kind"] == "record"
        return evidence

    return of


def test_novelai_webp_exif(piece):
    found = piece("novelai_webp_exif")
    assert found["model"] == "NovelAI Diffusion V4.5"
    assert "4bde2a90" in found["detail"]


def test_drawthings_xmp(piece):
    assert piece("drawthings_xmp")["model"] == "lakeboat_v3_f16"


def test_mochi_iptc(piece):
    assert piece("mochi_iptc")["model"] == "lakeboat_v3"


def test_hf_space_json(piece):
    found = piece("hf_space_json")
    assert found["model"] == "lakeboat_v3"
    assert "0123456789" + "ab" * 27 in found["detail"]
