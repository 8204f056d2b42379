"""Transformers: told apart, found the same under every tool's names, compared with their like alone."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from ..command import run


@pytest.fixture
def cases(shared):
    return shared / "cases" / "weights"


def scanned(folder) -> dict[str, str]:
    rows = run("scan", folder, "--no-library", "--json").document["checkpoints"]
    return {row["name"]: row["architecture"] for row in rows}


def compared(folder) -> tuple[list[str], np.ndarray]:
    document = run("compare", folder, "--no-library", "--json").document
    return document["models"], np.array(document["overall"], float)


@pytest.mark.parametrize(
    ("case", "architecture"), [("c01_ponyv7", "AuraFlow"), ("c02_ltxv", "LTX-Video"), ("c03_hydit", "HunyuanDiT")]
)
def test_two_unrelated_transformers_with_one_vae(cases, case, architecture):
    assert set(scanned(cases / case).values()) == {architecture}
    assert "same weights" not in run("scan", cases / case, "--no-library").out
    _, overall = compared(cases / case)
    assert abs(overall[0, 1]) < 0.05


def test_z_image_and_anima_are_the_same_under_every_prefix(cases):
    for case, network, same, other in (
        (
            "c09_zimage",
            "Z-Image",
            ("zimage-comfy", "zimage-diffusers-keys", "zimage-aio"),
            "attention-lora-merged-comfy",
        ),
        ("c21_anima", "Anima", ("anima-bare", "anima-comfy-saved", "anima-net"), "anima-tuned-net"),
    ):
        assert set(scanned(cases / case).values()) == {network}
        models, overall = compared(cases / case)
        rows = [models.index(name) for name in same]
        assert (overall[np.ix_(rows, rows)] == 1).all()
        assert (overall[rows, models.index(other)] < 0.995).all()


def test_networks_that_look_like_flux(cases):
    assert scanned(cases / "c17_flux_like") == {
        "chroma-tuned": "Chroma",
        "chroma1-hd": "Chroma",
        "flux1-dev": "Flux",
        "flux1-finetune": "Flux",
        "flux2-klein": "Flux.2",
        "hunyuan-video": "HunyuanVideo",
        "hunyuan-video-bare": "HunyuanVideo",
    }
    models, overall = compared(cases / "c17_flux_like")
    kinds = scanned(cases / "c17_flux_like")
    for a, b in itertools.combinations(range(len(models)), 2):
        assert np.isnan(overall[a, b]) == (kinds[models[a]] != kinds[models[b]])


def test_every_network_of_one_folder_is_compared_with_its_like(cases):
    assert scanned(cases / "c25_unknowns") == {
        "anima": "Anima",
        "krea2": "Krea 2",
        "lumina2": "Lumina 2",
        "qwen-image": "Qwen-Image",
        "wan22": "Wan",
        "zimage-a": "Z-Image",
        "zimage-b": "Z-Image",
    }
    models, overall = compared(cases / "c25_unknowns")
    found = [(models[a], models[b]) for a, b in itertools.combinations(range(7), 2) if not np.isnan(overall[a, b])]
    assert found == [("zimage-a", "zimage-b")]


def test_flux_by_diffusers_names_is_the_flux_it_was_made_of(cases):
    assert set(scanned(cases / "c26_flux_diffusers").values()) == {"Flux"}
    document = run("compare", cases / "c26_flux_diffusers", "--measure", "cosine", "--no-library", "--json").document
    assert document["blocks"] == ["IN", "D00", "D01", "S00", "S01", "OUT"]
    stacks = np.array(document["values"])[0, 1, 1:5]
    assert stacks == pytest.approx(1)
    told = " ".join(reason["reason"] for reason in document["reasons"])
    assert "28 only in the second" in told, "the file by diffusers' names lacks what embeds time and prompt"


@pytest.mark.parametrize(
    ("case", "strangers"),
    [
        ("c31_norms_only", [("flux1-dev", "flux2-klein"), ("flux1-other", "flux2-klein")]),
        ("c31b_sd35_norms", [("sd35-large", "sd35-medium"), ("sd35-large-turbo", "sd35-medium")]),
    ],
)
def test_norm_scales_alone_are_no_comparison(cases, case, strangers):
    models, overall = compared(cases / case)
    for pair in strangers:
        assert np.isnan(overall[tuple(models.index(name) for name in pair)])


def test_folders_are_named(cases):
    assert scanned(cases / "c32_folders") == {
        "flux-folder": "Flux",
        "flux-folder-tuned": "Flux",
        "hunyuandit-folder": "HunyuanDiT",
        "sd35-folder": "SD3",
        "zimage-folder": "Z-Image",
    }
    models, overall = compared(cases / "c32_folders")
    tuned = overall[models.index("flux-folder"), models.index("flux-folder-tuned")]
    assert tuned == pytest.approx(0.9895, abs=1e-3)
    pairs = [(models[a], models[b]) for a, b in itertools.combinations(range(5), 2) if not np.isnan(overall[a, b])]
    assert pairs == [("flux-folder", "flux-folder-tuned")]


def test_a_family_of_z_images_has_a_tree(cases, tmp_path):
    outcome = run("classify", cases / "c37_zimage_family", "--out", tmp_path, "--no-library", "--dpi", 20, "--json")
    assert outcome.code == 0
    assert {row["architecture"] for row in outcome.document["classes"]} == {"Z-Image"}
    assert len(outcome.document["classes"]) == 4


def test_ltx_video_beside_sdxl(cases):
    assert scanned(cases / "c39_ltxv_beside_xl") == {
        "ltxv-bare": "LTX-Video",
        "ltxv-checkpoint": "LTX-Video",
        "sdxl": "SDXL",
    }
    models, overall = compared(cases / "c39_ltxv_beside_xl")
    one, two, xl = (models.index(name) for name in ("ltxv-bare", "ltxv-checkpoint", "sdxl"))
    assert overall[one, two] == pytest.approx(1)
    assert np.isnan(overall[one, xl])
