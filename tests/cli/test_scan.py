"""What `scan` tells a person: folders, sizes, what copies take, what to do next; and what it refuses."""

from __future__ import annotations

import re
import shutil

import pytest

from lib_modelsim import demo
from lib_modelsim.cli.text import table

from ..command import run


@pytest.fixture
def folders(small_family, tmp_path):
    """Two folders, a copy among them; one model is called like a number."""
    for folder, name in (("one", "anna"), ("one", "bert"), ("two", "2024")):
        (tmp_path / folder).mkdir(exist_ok=True)
        origin = "anna" if name == "2024" else name
        shutil.copy(small_family / f"{origin}.safetensors", tmp_path / folder / f"{name}.safetensors")
    return tmp_path


def test_several_folders_are_named_above_their_models(folders):
    lines = run("scan", folders, "--no-library").out.splitlines()
    one, two = lines.index(f"{folders / 'one'}:"), lines.index(f"{folders / 'two'}:")
    assert lines[one + 1].startswith("anna ")
    assert lines[one + 2].startswith("bert ")
    assert lines[two + 1].startswith("2024 ")


def test_one_folder_is_named_in_the_sum(folders):
    lines = run("scan", folders / "one", "--no-library").out.splitlines()
    assert any(line.startswith(f"2 checkpoints in {folders / 'one'}: ") for line in lines)
    assert f"{folders / 'one'}:" not in lines


def test_what_copies_take_and_what_comes_next(folders):
    out = run("scan", folders, "--no-library").out
    size = (folders / "two" / "2024.safetensors").stat().st_size
    assert f"copies: 1 to keep, 1 could go: {size / 1e6:.3g} MB. Nothing is deleted." in out
    assert "Next: classify" in out
    quick = run("scan", folders, "--no-library", "--quick").out
    assert "copies: " not in quick
    assert "without --quick" in quick


def test_sizes_have_one_unit_and_end_in_one_column(small_family, tmp_path):
    shutil.copy(small_family / "anna.safetensors", tmp_path)
    shutil.copy(small_family / "bert.safetensors", tmp_path)
    demo.save(tmp_path / "large.safetensors", demo.draw(demo.sd1_shapes(16, 16, 1), seed=1))
    rows = [line for line in run("scan", tmp_path, "--quick", "--no-library").out.splitlines() if "SD 1.x" in line]
    ends = {re.search(r"\d (\wB)", row).end() for row in rows}
    assert len(rows) == 3
    assert len(ends) == 1


def test_a_very_long_name_does_not_move_the_other_lines():
    long, marked = "x" * 120, "a\u202eb"
    lines = table([("name", "network"), (long, "SDXL"), ("short", "Flux"), (marked, "Wan")])
    assert lines == ["name      network", f"{long}  SDXL", "short     Flux", "a\\u202eb  Wan"]


def test_names_are_flush_left_though_they_are_numbers(folders):
    """Right-aligned as a number it would stand under the end of the longest name."""
    lines = run("compare", folders, "--no-library", "--measure", "cosine").out.splitlines()
    assert any(line.startswith("3 2024 ") for line in lines)
    scanned = run("scan", folders, "--no-library").out.splitlines()
    assert any(line.startswith("2024  SD 1.x") for line in scanned)


@pytest.mark.parametrize("command", [("scan",), ("compare",), ("classify", "--out", "OUT"), ("serve", "--models")])
def test_an_empty_path_is_not_the_current_folder(folders, monkeypatch, command):
    monkeypatch.chdir(folders)
    outcome = run(*command, "")
    assert (outcome.code, outcome.out) == (2, "")
    assert "the path is empty" in outcome.err


def test_a_missing_path_is_refused_after_the_others_were_told(folders):
    outcome = run("scan", folders / "one", folders / "nowhere", "--no-library")
    assert outcome.code == 2
    assert "2 checkpoints in" in outcome.out
    assert outcome.err.startswith(f"modelsim: no such file or folder: {folders / 'nowhere'}. Fix: ")


@pytest.mark.parametrize("command", [("scan",), ("compare",)])
def test_a_library_in_a_folder_that_is_not_there_is_refused(folders, command):
    outcome = run(*command, folders, "--library", folders / "x" / "y" / "l.sqlite")
    assert outcome.code == 2
    assert "the folder of the library does not exist" in outcome.err
    assert not (folders / "x").exists()


def test_the_report_is_what_classify_points_to_first(folders, small_family, tmp_path):
    out = tmp_path / "out"
    lines = run("classify", small_family, "--out", out, "--no-library").out.splitlines()
    first, second = (line for line in lines if str(out) in line)
    assert first == f"Open {out / 'report.html'}"
    assert second.startswith(f"Also in {out}: classes.csv, ")


def test_more_classes_than_models_are_told(small_family, tmp_path):
    """One network refuses such a number; beside another network each has what it can make, and says so."""
    models = shutil.copytree(small_family, tmp_path / "models")
    for seed in (1, 2):
        demo.save(models / f"two{seed}.safetensors", demo.draw(demo.sd2_shapes(4, 16, 1), seed=seed))
    asked = ("--classes", 99, "--measure", "cosine", "--out", tmp_path / "out", "--no-library")
    told = run("classify", models, *asked).out
    assert "99 classes were asked for, 5 came out" in told
    assert "99 classes were asked for, 2 came out" in told
