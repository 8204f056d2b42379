"""Files of many networks from end to end: told apart, compared with their like alone, remembered by version."""

from __future__ import annotations

import itertools
import sqlite3

import numpy as np
import pytest
from safetensors.numpy import save_file

from lib_modelsim.checksums import Checksums

from ..command import run


@pytest.fixture
def cases(shared):
    return shared / "cases" / "weights"


@pytest.mark.parametrize(
    ("case", "architecture"), [("c01_ponyv7", "AuraFlow"), ("c02_ltxv", "LTX-Video"), ("c03_hydit", "HunyuanDiT")]
)
def test_two_unrelated_transformers_with_one_vae_are_told_apart(cases, case, architecture):
    rows = run("scan", cases / case, "--no-library", "--json").document["checkpoints"]
    assert [row["architecture"] for row in rows] == [architecture] * 2
    assert {"unet", "vae"} <= set(rows[0]["components"])
    assert "same weights" not in run("scan", cases / case, "--no-library").out
    document = run("compare", cases / case, "--no-library", "--json").document
    assert abs(document["overall"][0][1]) < 0.05
    assert document["components"]["vae"][0][1] == pytest.approx(1)


def test_one_z_image_in_three_layouts_is_one(cases):
    document = run("compare", cases / "c09_zimage", "--no-library", "--json").document
    overall, models = np.array(document["overall"]), document["models"]
    same = [models.index(name) for name in ("zimage-comfy", "zimage-diffusers-keys", "zimage-aio")]
    merged = models.index("attention-lora-merged-comfy")
    for a, b in itertools.combinations(same, 2):
        assert overall[a, b] == 1
        assert overall[a, merged] < 0.99
    told = run("scan", cases / "c09_zimage", "--no-library").out
    assert "same weights as zimage-diffusers-keys" in told


def test_a_family_of_z_images_has_a_tree_by_default(cases, tmp_path):
    outcome = run("classify", cases / "c37_zimage_family", "--out", tmp_path, "--no-library", "--dpi", 20, "--json")
    assert outcome.code == 0
    assert {row["architecture"] for row in outcome.document["classes"]} == {"Z-Image"}
    assert outcome.document["base"] == "zimage-base", "by its name and its place: it is left out of the tree"
    assert {row["model"] for row in outcome.document["classes"]} == {
        "zimage-merge-ab",
        "zimage-sibling-a",
        "zimage-tuned-a",
        "zimage-tuned-b",
    }


def test_networks_of_different_layers_are_never_compared(cases):
    document = run("compare", cases / "c25_unknowns", "--no-library", "--json").document
    pairs = [(a, b) for a, b in itertools.combinations(range(7), 2) if document["overall"][a][b] is not None]
    assert [tuple(document["models"][i] for i in pair) for pair in pairs] == [("zimage-a", "zimage-b")]
    assert any("different networks: Anima and Krea 2" in reason["reason"] for reason in document["reasons"])


def test_ltx_video_beside_sdxl_is_one_network_in_two_layouts(cases):
    document = run("compare", cases / "c39_ltxv_beside_xl", "--no-library", "--json").document
    one, two, xl = (document["models"].index(name) for name in ("ltxv-bare", "ltxv-checkpoint", "sdxl"))
    assert document["overall"][one][two] == pytest.approx(1)
    assert document["overall"][one][xl] is None


def unknowns(folder, stem: str, seeds: range) -> None:
    for seed in seeds:
        generator = np.random.default_rng(seed)
        layers = {f"{stem}.{n}.w.weight": generator.standard_normal((8, 8), dtype=np.float32) for n in range(4)}
        save_file(layers, folder / f"{stem}-{seed}.safetensors")


def test_two_kinds_of_unknown_networks_have_a_tree_each(tmp_path):
    models = tmp_path / "models"
    models.mkdir()
    unknowns(models, "blocks", range(3))
    unknowns(models, "layers", range(3, 6))
    options = ("--measure", "cosine", "--out", tmp_path / "out", "--no-library", "--dpi", 20, "--json")
    document = run("classify", models, *options).document
    assert {row["architecture"] for row in document["classes"]} == {"unknown"}
    assert len(document["trees"]) == len(list((tmp_path / "out").iterdir())) == 2
    rows = run("scan", models, "--no-library", "--quick", "--json").document["checkpoints"]
    assert {row["architecture"] for row in rows} == {"unknown"}


def test_a_library_of_an_older_version_opens_and_its_headers_are_read_anew(cases, tmp_path):
    library = tmp_path / "library.sqlite"
    scan = ("scan", cases / "c02_ltxv", "--library", library, "--quick", "--json")

    def formats() -> set[str]:
        return {row["format"] for row in run(*scan).document["checkpoints"]}

    def change(statement: str) -> None:
        connection = sqlite3.connect(library)
        Checksums(connection)  # as a program writes there, not as damage
        with connection:
            connection.execute(statement)
        connection.close()

    assert formats() == {"safetensors"}
    change("UPDATE files SET header = replace(header, 'safetensors', 'remembered')")
    assert formats() == {"remembered"}
    change("UPDATE files SET version = '2'")
    assert formats() == {"safetensors"}
