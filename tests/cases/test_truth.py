"""Cases that people reported: what two files hold besides weights, numbers that are not finite, EMA copies."""

from __future__ import annotations

import pytest

from tests.command import run

CASES = "cases/weights"


@pytest.fixture
def scanned(shared, tmp_path):
    """A case's folder → the row of each file in the JSON of `scan`, and what is printed."""

    def of(case):
        command = ("scan", "--library", tmp_path / "library.sqlite", shared / CASES / case)
        rows = {row["name"]: row for row in run(*command, "--json").document["checkpoints"]}
        return rows, run(*command).out

    return of


def test_c06_a_marker_of_v_prediction_is_named(scanned):
    rows, text = scanned("c06_vpred")
    assert rows["noob-eps"]["facts"]["sampling"] == []
    assert rows["noob-vpred-marked"]["facts"]["markers"] == ["v_pred", "ztsnr"]
    assert "note: noob-vpred-marked: v-prediction (v_pred)\n" in text
    assert "note: noob-vpred-marked: zero-terminal SNR (ztsnr)\n" in text
    assert "v_pred, ztsnr only in this one" in text
    assert "could go" not in text


def test_c07_cosxl_is_named(scanned):
    rows, text = scanned("c07_cosxl")
    assert rows["cosxl"]["facts"]["sampling"] == ["EDM v-prediction, as CosXL (edm_vpred.sigma_max)"]
    assert rows["xl"]["facts"]["sampling"] == []
    assert "note: cosxl: EDM v-prediction, as CosXL" in text


def test_c08_broken_position_ids_are_told(scanned):
    rows, text = scanned("c08_position_ids")
    found = {name: row["facts"]["position_ids"] for name, row in rows.items()}
    assert found == {"broken": {"te": "broken"}, "good": {"te": "good"}, "none": {"te": "absent"}}
    assert "note: broken: text encoder: position_ids broken\n" in text
    assert "copy of broken" not in text
    assert "broken: copy of" not in text


def test_c20_scan_says_which_file_is_broken(scanned):
    rows, text = scanned("c20_nan")
    found = {
        name: {part: (own["nans"], own["infinities"]) for part, own in row["components"].items()}
        for name, row in rows.items()
    }
    numbers = rows["ok"]["components"]["unet"]["parameters"]
    assert found["ok"] == {"te": (0, 0), "unet": (0, 0), "vae": (0, 0)}
    assert found["all-nan-unet"]["unet"] == (numbers, 0)
    assert found["one-key-nan"]["unet"] == (64, 0)
    assert found["vae-overflow-f16"]["vae"] == (0, 72)
    assert "note: all-nan-unet: UNet: all NaN\n" in text
    assert "note: one-key-nan: UNet: 64 NaN\n" in text
    assert "note: vae-overflow-f16: VAE: 72 infinities\n" in text
    assert "note: ok" not in text


def test_c23_whose_weights_an_ema_copy_is(scanned):
    rows, text = scanned("c23_ema")
    assert {name: row["facts"]["ema"] for name, row in rows.items()} == {
        "v1-5-emaonly": None,
        "v1-5-pruned-with-ema": "beside",
    }
    assert "its EMA weights are those of v1-5-emaonly" in text
    assert "its UNet is the EMA copy in v1-5-pruned-with-ema" in text
    assert "note: v1-5-pruned-with-ema: with EMA" in text
