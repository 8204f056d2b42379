"""Grids and kinship on the command line."""

from __future__ import annotations

import csv

import pytest
from PIL import Image

from tests.command import run
from tests.probes.galleries import fill, small_suite
from tests.workspace.test_kinship import BLUE, RED, look


@pytest.fixture(scope="module")
def gallery(tmp_path_factory):
    """A gallery of two families."""
    folder = tmp_path_factory.mktemp("gallery")
    fill(folder, small_suite(), [*RED, *BLUE], look)
    return folder


def suite(gallery):
    return ("--suite", gallery / "pets" / "suite.json")


def test_compare_by_pictures_prints_the_document_of_every_measure(gallery, small_family):
    document = run("compare", "--measure", "pictures", "--gallery", gallery, *suite(gallery), "--json").document
    assert document["measure"] == "pictures"
    assert document["models"] == sorted([*RED, *BLUE])
    assert document["blocks"] == ["cat", "dog"]
    assert document["overall"][0][4] == 1  # anna and emil
    assert (document["base"], document["components"], document["errors"]) == (None, {}, [])
    of_weights = run("compare", small_family, "--no-library", "--json").document
    assert document.keys() == of_weights.keys()


def test_compare_by_pictures_in_words(gallery):
    outcome = run("compare", "--measure", "pictures", "--gallery", gallery, *suite(gallery))
    assert outcome.code == 0
    assert "5 emil" in outcome.out


def test_classify_by_pictures_writes_what_it_writes_for_weights(gallery, tmp_path):
    outcome = run(
        "classify", "--measure", "pictures", "--gallery", gallery, *suite(gallery),
        "--classes", 2, "--name", "1=red ones", "--out", tmp_path, "--json", figures=True,
    )  # fmt: skip
    assert {row["class"] for row in outcome.document["classes"] if row["model"] in RED} == {1}
    assert {row["name"] for row in outcome.document["classes"] if row["model"] in RED} == {"red ones"}
    assert outcome.document["trees"][0]["measure"] == "pictures"
    assert {"report.html", "dendrogram.svg", "distances.csv"} <= {path.name for path in tmp_path.iterdir()}
    with open(tmp_path / "classes.csv", encoding="utf-8", newline="") as file:
        assert [row["model"] for row in csv.DictReader(file)] == sorted([*RED, *BLUE])


def test_classify_lays_weights_and_pictures_side_by_side(small_family, tmp_path):
    names = [path.stem for path in small_family.glob("*.safetensors")]
    fill(tmp_path / "gallery", small_suite(), names, look)
    command = ("classify", small_family, "--gallery", tmp_path / "gallery", *suite(tmp_path / "gallery"))
    document = run(*command, "--out", tmp_path / "out", "--no-library", "--json").document
    drawn = (tmp_path / "out" / "tanglegram.svg").read_text("utf-8")
    assert str(tmp_path / "out" / "tanglegram.png") in document["written"]
    leaves = [row["model"] for row in document["classes"] if row["model"] in names]
    assert all(drawn.count(f">{name}<") == 2 for name in leaves)
    assert "ophenetic correlation between the trees: " in document["notes"][-1]
    assert document["notes"][-1].endswith(f"({len(leaves)} models)")


def test_without_pictures_of_three_there_is_no_tanglegram(small_family, gallery, tmp_path):
    some = [small_family / f"{name}.safetensors" for name in ("anna", "bert", "base")]
    command = ("classify", *some, "--gallery", gallery, *suite(gallery), "--out", tmp_path, "--no-library", "--json")
    document = run(*command).document
    assert "no tanglegram" in document["notes"][-1]
    assert not (tmp_path / "tanglegram.svg").exists()


def test_grid_tells_what_it_wrote(gallery, tmp_path):
    outcome = run(
        "grid", gallery, *suite(gallery), "--cell", 64, "--max-pixels", 110_000, "--format", "jpeg",
        "--out", tmp_path, "--order", "similarity", "emil", "--json",
    )  # fmt: skip
    document = outcome.document
    assert document["checkpoints"][:2] == ["emil", "anna"]
    assert document["missing"] == 0
    assert len(document["pages"]) > 1
    assert all(Image.open(path).format == "JPEG" for path in document["pages"])
    assert document["html"].endswith("grid pets.html")


def test_grid_lies_in_its_gallery_and_is_no_picture_of_it(gallery):
    first = run("grid", gallery, *suite(gallery), "--order", "family", "--json").document
    assert [page.startswith(str(gallery)) for page in first["pages"]] == [True]
    there = run("gallery", gallery, *suite(gallery), "--json").document
    assert len(there["checkpoints"]) == 5
    again = run("grid", gallery, *suite(gallery), "--order", "family", "--json").document
    assert again == first


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("grid", "--order", "size"), "unknown order: size"),
        (("grid", "--order", "similarity"), "similarity NAME"),
        (("grid", "--order", "similarity", "nobody"), "nobody"),
        (("grid", "--format", "gif"), "use one of png, jpeg"),
        (("grid", "--engine", "other"), "this engine has no pictures here"),
        (("compare", "--measure", "pictures"), "needs a gallery"),
        (("compare", "--measure", "pictures", "--gallery", "nowhere"), "no such folder: nowhere"),
        (("compare", "--measure", "pictures", "model.ckpt"), "cannot be combined with PATH"),
        (("compare",), "no checkpoints given"),
        (("compare", "model.ckpt", "--gallery", "here"), "--gallery needs --measure pictures"),
        (("classify", "--features", "t.csv", "--gallery", "here", "--out", "."), "cannot be combined with --gallery"),
        (("classify", "--measure", "pictures", "--base", "anna", "--out", "."), "cannot be combined with --base"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(gallery, arguments, said):
    command, *rest = arguments
    outcome = run(command, *([gallery, *suite(gallery)] if command == "grid" else []), *rest, "--no-library")
    assert outcome.code == 2
    assert said in outcome.err
    assert len(outcome.err.splitlines()) == 1
