"""Reported pictures of the WebUI's family, Civitai, Fooocus and its forks, TensorArt: `find` names their model."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    "name",
    [
        *("brace_prompt_png", "png_comment_infotext", "fooocus_a1111_jpg_ifd0", "fooocus_json_webp_ifd0"),
        *("fooocusplus_comment_png", "tensorart"),
    ],
)
def test_its_record_names_the_model_and_nothing_else(found, name):
    told = found(name)
    (piece,) = told["evidence"]
    assert (piece["kind"], piece["model"]) == ("record", "lakeboat_v3")
    digits = "0123456789" + "ab" * 27 if name == "tensorart" else "0123456789"
    assert f"made by lakeboat_v3 [{digits}], which you do not have: its record (" in piece["detail"]
    assert not any("cannot be read" in remark or "no record of" in remark for remark in told["remarks"])


def test_hires_checkpoint(found):
    told = found("hires_checkpoint")
    (piece,) = told["evidence"]
    assert piece["model"] == "lakeboat_v3"
    assert "lakeboat_v3 [0123456789]" in piece["detail"]
    assert piece["detail"].endswith(
        "; its hires checkpoint is otherboat_v1 [9876543210], its ADetailer checkpoint faceboat_v2 [aaaaaaaaaa]"
    )
