"""`--exclude`: a model is left out by its name or a pattern, and the file is not looked at."""

from __future__ import annotations

import shutil

import pytest

from tests.command import run
from tests.probes import tiny_networks
from tests.workspace.finding import draw_gallery


@pytest.fixture
def folder(small_family, tmp_path):
    """anna in two folders, bert, carl, and a file that is no checkpoint."""
    folder = tmp_path / "models"
    (folder / "inner").mkdir(parents=True)
    for name in ("anna", "bert", "carl"):
        shutil.copy(small_family / f"{name}.safetensors", folder)
    shutil.copy(small_family / "base.safetensors", folder / "inner" / "anna.safetensors")
    (folder / "torn [old].safetensors").write_bytes(b"nothing")
    return folder


def names(document) -> list[str]:
    return [row["name"] for row in document["checkpoints"]]


@pytest.mark.parametrize(
    ("pattern", "gone"),
    [
        ("bert", {"bert"}),
        ("BERT.safetensors", {"bert"}),
        ("?er*", {"bert"}),
        ("inner/anna", {"inner/anna"}),
        ("anna", {"models/anna", "inner/anna"}),
        ("torn [old]", {"torn [old]"}),
    ],
)
def test_scan_leaves_out_what_is_meant_and_calls_the_others_as_before(folder, pattern, gone):
    every = set(names(run("scan", folder, "--no-library", "--quick", "--json").document))
    kept = set(names(run("scan", folder, "--no-library", "--quick", "--json", "--exclude", pattern).document))
    assert every - kept == gone
    assert kept <= every


def test_a_file_left_out_is_not_read(folder):
    told = run("scan", folder, "--no-library", "--exclude", "torn*")
    assert (told.code, "not read" in told.out) == (0, False)


@pytest.mark.parametrize(
    "command",
    [
        ("scan",),
        ("compare",),
        ("classify", "--out", "out"),
        ("probe", "--suite", "cfg1-fast", "--out", "gallery", "--dry-run"),
    ],
    ids=lambda command: command[0],
)
def test_a_name_that_is_no_model_s_is_one_line(folder, tmp_path, command):
    name, *more = (str(tmp_path / each) if each in ("out", "gallery") else each for each in command)
    paths = ["--models", folder] if name == "probe" else [folder]
    told = run(name, *paths, *more, "--no-library", "--exclude", "dora")
    assert (told.code, told.out, told.err.count("\n")) == (2, "", 1)
    assert "no model to exclude is called: dora" in told.err


def test_it_can_be_repeated_and_not_all_can_be_left_out(folder):
    told = run("compare", folder, "--no-library", "--json", "--exclude", "torn*", "--exclude", "bert")
    assert told.document["models"] == ["models/anna", "carl", "inner/anna"]
    assert run("scan", folder, "--no-library", "--exclude", "*").code == 2


def test_classify_leaves_it_out(folder, tmp_path):
    wanted = ("--exclude", "torn*", "--exclude", "inner/*", "--no-library", "--json")
    told = run("classify", folder, "--measure", "relative-l2", "--out", tmp_path / "out", *wanted)
    assert {row["model"] for row in told.document["classes"]} == {"models/anna", "bert", "carl"}
    assert told.document["errors"] == []


def test_probe_leaves_it_out(tmp_path):
    for seed, name in enumerate(("anna", "bert", "carl")):
        tiny_networks.write(tmp_path, name, tiny_networks.sd1(), seed)
    (tmp_path / "torn.safetensors").write_bytes(b"nothing")
    wanted = ("--models", tmp_path, "--exclude", "torn*", "--exclude", "bert", "--no-library", "--json")
    told = run("probe", "--suite", "cfg1-fast", "--out", tmp_path / "gallery", "--dry-run", *wanted)
    assert {job["checkpoint"] for job in told.document["jobs"]} == {"anna", "carl"}
    assert told.document["errors"] == []


def test_find_answers_with_the_others_and_says_who_is_left_out(tmp_path):
    drew = draw_gallery(tmp_path / "gallery")
    picture = next((tmp_path / "gallery").glob(f"*/{drew[0].name}*/*.png"))
    asked = ("find", picture, "--gallery", tmp_path / "gallery", "--no-library", "--json")
    assert run(*asked).document["ranking"][0]["model"] == drew[0].name
    told = run(*asked, "--exclude", drew[0].name).document
    assert drew[0].name not in [card["model"] for card in told["ranking"]]
    assert f"left out of this answer: {drew[0].name}" in told["remarks"]
    assert run(*asked, "--exclude", "nobody").code == 2
