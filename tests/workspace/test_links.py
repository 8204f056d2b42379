"""A file that several paths lead to is one model; what is no file where one is expected is one line, at once."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

import pytest

from lib_modelsim.hosts.folders import Folders
from lib_modelsim.hosts.host import Settings
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.workspace.catalogue.index import read_index
from lib_modelsim.workspace.catalogue.places import find_files, one_each
from lib_modelsim.workspace.catalogue.table import State
from lib_modelsim.workspace.workspace import Workspace
from tests.command import run

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links need rights there")


@pytest.fixture
def models(small_family, tmp_path):
    """anna in `checkpoints`, and folders beside it."""
    for name in ("checkpoints", "diffusion_models"):
        (tmp_path / name).mkdir()
    shutil.copy(small_family / "anna.safetensors", tmp_path / "checkpoints")
    return tmp_path


def symbolic(file: Path, folder: Path) -> Path:
    (folder / file.name).symlink_to(os.path.relpath(file, folder))
    return folder / file.name


def hard(file: Path, folder: Path) -> Path:
    os.link(file, folder / f"z {file.name}")
    return folder / f"z {file.name}"


def by_folder(file: Path, folder: Path) -> Path:
    folder.rmdir()
    folder.symlink_to(file.parent)
    return folder / file.name


WAYS = {"link": symbolic, "hard link": hard, "same file": by_folder}


@pytest.mark.parametrize("kind", WAYS)
@pytest.mark.parametrize("swapped", [False, True])
def test_it_is_one_row_on_both_faces(models, kind, swapped):
    file = models / "checkpoints" / "anna.safetensors"
    other = WAYS[kind](file, models / "diffusion_models")
    paths = [other, file] if swapped else [file, other]
    kept, further = (other, file) if swapped and kind == "hard link" else (file, other)
    document = run("scan", *paths, "--no-library", "--json").document
    (row,) = document["checkpoints"]
    assert (row["name"], row["path"]) == (kept.stem, str(kept))
    assert row["also_at"] == [{"path": str(further), "kind": kind}]
    assert document["copies"] == []
    out = run("scan", *paths, "--no-library").out
    assert f"also at {further} ({kind})" in out
    assert "could go" not in out
    assert "same file as" not in out
    with Workspace(Folders(paths, models / "data", Settings()), lambda: Library(None)) as use:
        use.scan(Job())
        (row,) = use.table()
    assert (row.path, [each.path for each in row.also_at], row.copy, row.same) == (kept, [further], None, ())


def test_a_comparison_says_why_there_is_one_model(models):
    file = models / "checkpoints" / "anna.safetensors"
    other = symbolic(file, models / "diffusion_models")
    outcome = run("compare", file, other, "--no-library")
    assert outcome.code == 2
    assert f"two readable models are needed, found 1 (one file, also at {other} (link))" in outcome.err


def test_a_copy_of_it_is_still_a_copy(models):
    file = models / "checkpoints" / "anna.safetensors"
    symbolic(file, models / "diffusion_models")
    shutil.copy(file, models / "diffusion_models" / "anna copy.safetensors")
    document = run("scan", models, "--no-library", "--json").document
    assert len(document["checkpoints"]) == 2
    assert [(copy["name"], copy["original"]) for copy in document["copies"]] == [("anna copy", "anna")]


def test_another_name_of_a_file_means_its_model(models, small_family):
    os.link(models / "checkpoints" / "anna.safetensors", models / "diffusion_models" / "better name.safetensors")
    for name in ("bert", "carl"):
        shutil.copy(small_family / f"{name}.safetensors", models)
    document = run(
        "compare", models, "--measure", "delta-cosine", "--base", "better name", "--no-library", "--json"
    ).document
    assert document["base"] == "anna"


@pytest.mark.parametrize("left", ["anna", "better name"])
def test_leaving_out_one_name_leaves_out_the_file(models, small_family, left):
    os.link(models / "checkpoints" / "anna.safetensors", models / "diffusion_models" / "better name.safetensors")
    shutil.copy(small_family / "bert.safetensors", models)
    document = run("scan", models, "--exclude", left, "--no-library", "--json").document
    assert [row["name"] for row in document["checkpoints"]] == ["bert"]


def test_a_diffusers_folder_by_two_paths_is_one(models):
    from lib_modelsim import demo

    demo.save_diffusers_folder(models / "pipe", demo.draw(demo.sd1_shapes(8, text_width=16, text_layers=1), seed=1))
    (models / "again").symlink_to(models / "pipe")
    (place,) = one_each([models / "again", models / "pipe"])
    assert (place.path, [each.path for each in place.also_at]) == (models / "pipe", [models / "again"])


def test_two_files_with_one_name_are_two(models, small_family):
    shutil.copy(small_family / "anna.safetensors", models / "diffusion_models")
    assert [place.also_at for place in one_each(find_files([models])[0])] == [(), ()]


# ---- what is no file


def fifo(path: Path) -> None:
    os.mkfifo(path)


def listening(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # a socket's path is short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


NO_FILES = {
    "a FIFO": (fifo, "this is not a regular file"),
    "a socket": (listening, "this is not a regular file"),
    "a device": (lambda path: path.symlink_to("/dev/zero"), "this is not a regular file"),
    "a terminal": (lambda path: path.symlink_to("/dev/tty"), "this is not a regular file"),
    "a link to itself": (lambda path: path.symlink_to(path.name), "this is a link that leads back to itself"),
    "a broken link": (
        lambda path: path.symlink_to("../gone/model.safetensors"),
        "this is a link to a file that is not there, ../gone/model.safetensors",
    ),
    "a link through a file": (lambda path: path.symlink_to("bert.safetensors/x"), "cannot open what this links to"),
    "a link of git's": (
        lambda path: path.write_bytes(b"../checkpoints/model.safetensors"),
        "this is a link that git or an archive saved as a text; it leads to: ../checkpoints/model.safetensors",
    ),
}


@pytest.mark.parametrize("kind", NO_FILES)
def test_what_is_no_file_is_one_line_at_once(small_family, tmp_path, kind):
    make, words = NO_FILES[kind]
    shutil.copy(small_family / "bert.safetensors", tmp_path)
    odd = tmp_path / "odd.safetensors"
    make(odd)
    for paths in ([tmp_path], [odd, tmp_path / "bert.safetensors"]):
        document = run("scan", *paths, "--no-library", "--json").document
        (bad,) = (row for row in document["checkpoints"] if row["error"])
        assert bad["error"].startswith(words)
        assert "Fix: " in bad["error"]
        assert [row["name"] for row in document["checkpoints"] if not row["error"]] == ["bert"]
    with Workspace(Folders([tmp_path], tmp_path / "data", Settings()), lambda: Library(None)) as use:
        use.read_index(Job())
        rows = {row.name: row for row in use.table()}
    assert (rows["odd"].state, rows["bert"].state) == (State.UNREADABLE, State.INDEXED)
    assert rows["odd"].reason.startswith(words)


def test_a_folder_called_like_a_file_holds_files(small_family, tmp_path):
    folder = tmp_path / "odd.safetensors"
    folder.mkdir()
    shutil.copy(small_family / "bert.safetensors", folder)
    with Library(None) as library:
        assert [model.name for model in read_index([folder], library, Job()).models] == ["bert"]
