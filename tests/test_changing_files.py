"""A checkpoint that is replaced or overwritten while it is read gives no number, and none is remembered."""

from __future__ import annotations

import os
import shutil

import numpy as np
import pytest

from lib_modelsim import demo
from lib_modelsim.errors import CheckpointError
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.workspace.catalogue.index import read_index
from lib_modelsim.workspace.catalogue.scan import scan
from lib_modelsim.workspace.comparing.compare import compare
from lib_modelsim.workspace.comparing.elements import elements

from .command import run

NAMES = ("anna", "base", "bert")


@pytest.fixture
def folder(small_family, tmp_path):
    """Three of the family, written long ago."""
    (tmp_path / "models").mkdir()
    for name in NAMES:
        shutil.copyfile(small_family / f"{name}.safetensors", tmp_path / "models" / f"{name}.safetensors")
        os.utime(tmp_path / "models" / f"{name}.safetensors", ns=(10**18, 10**18))
    return tmp_path / "models"


@pytest.fixture
def library(tmp_path):
    with Library(tmp_path / "library.sqlite") as library:
        yield library


def other_bytes(path):
    """The file with other numbers under the same header."""
    new = path.with_name("new")
    demo.save(new, demo.draw(demo.sd1_shapes(4, 16, 1), seed=9))
    raw = new.read_bytes()
    new.unlink()
    assert len(raw) == path.stat().st_size
    return raw


def replaced(path):
    new = path.with_name("new")
    new.write_bytes(other_bytes(path))
    new.replace(path)


def overwritten(path):
    with open(path, "r+b") as file:
        file.write(other_bytes(path))


CHANGES = pytest.mark.parametrize("change", [replaced, overwritten])


def job_that(change, path, stage):
    """A job in whose midst the file changes, when this stage is half done."""
    left = [1]

    def report(progress):
        if progress.what == stage and 2 * progress.done >= progress.total and left:
            left.pop()
            change(path)

    return Job(report=report)


def assert_told(unreadable, path):
    (bad,) = unreadable
    assert bad.path == path
    assert bad.error.startswith("the checkpoint changed while it was being read: ")
    assert "Fix: " in bad.error
    assert "\n" not in bad.error


@CHANGES
@pytest.mark.parametrize(
    ("measure", "stage"),
    [
        ("l2", "reading weights"),
        ("asimilarity", "reading attention layers"),
        ("l2", "reading headers"),
        ("asimilarity", "reading headers"),
    ],
)
def test_a_comparison_goes_on_with_the_others(folder, library, change, measure, stage):
    path = folder / "bert.safetensors"
    if stage == "reading headers":  # all of them read, no value yet
        path = folder / "anna.safetensors"
    found = compare([folder], measure, None, library, job_that(change, path, stage), "cpu")
    assert_told(found.unreadable, path)
    others = [folder / f"{name}.safetensors" for name in NAMES if name != path.stem]
    with Library(None) as anew:
        np.testing.assert_allclose(
            found.matrix.overall, compare(others, measure, None, anew, Job(), "cpu").matrix.overall, atol=1e-6
        )
    again = compare([folder], measure, None, library, Job(), "cpu")
    with Library(None) as anew:
        right = compare([folder], measure, None, anew, Job(), "cpu")
    assert again.unreadable == []
    assert again.matrix.models == NAMES
    np.testing.assert_allclose(again.matrix.values, right.matrix.values, atol=1e-6)


@CHANGES
def test_a_scan_goes_on_with_the_others(folder, library, change):
    path = folder / "base.safetensors"
    found = scan([folder], library, job_that(change, path, "hashing"))
    assert_told(found.unreadable, path)
    assert [model.name for model, _ in found.found] == ["anna", "bert"]
    again = {model.name: identity for model, identity in scan([folder], library, Job()).found}
    with Library(None) as anew:
        assert again == {model.name: identity for model, identity in scan([folder], anew, Job()).found}


@CHANGES
def test_a_header_is_remembered_for_the_file_that_it_was_read_of(folder, library, monkeypatch, change):
    from lib_modelsim.checkpoints.source import FileSource

    path, read_into, left = folder / "anna.safetensors", FileSource.read_into, [2]

    def reading(self, *place):
        left[0] -= 1
        if left[0] == 0:
            change(path)
        read_into(self, *place)

    monkeypatch.setattr(FileSource, "read_into", reading)
    assert_told(read_index([path], library, Job()).unreadable, path)
    assert not library.knows(str(path.resolve()))
    assert read_index([path], library, Job()).unreadable == []


def test_what_looks_damaged_because_it_changed_is_not_remembered_as_damaged(folder, library, monkeypatch):
    """It gets its old bytes and its old time back, as a restored backup does."""
    from lib_modelsim.checkpoints.source import FileSource

    path, read_into, left = folder / "anna.safetensors", FileSource.read_into, [2]
    before = path.read_bytes()

    def reading(self, *place):
        left[0] -= 1
        if left[0] == 0:
            with open(path, "r+b") as file:
                file.write(b"\xff" * 5000)
        read_into(self, *place)

    monkeypatch.setattr(FileSource, "read_into", reading)
    assert_told(read_index([path], library, Job()).unreadable, path)
    path.write_bytes(before)
    os.utime(path, ns=(10**18, 10**18))
    assert read_index([path], library, Job()).unreadable == []


@CHANGES
def test_values_of_single_keys_are_not_told_of_a_mixture(folder, library, change):
    path = folder / "bert.safetensors"
    comparison = compare([folder / "anna.safetensors", path], "l2", None, library, Job(), "cpu")
    with pytest.raises(CheckpointError, match=r"the checkpoint changed while it was being read: .*bert"):
        elements(comparison, job_that(change, path, "reading weights"), "cpu")


@CHANGES
def test_a_shard_of_a_folder_that_changes(folder, library, tmp_path, change):
    model = tmp_path / "model"
    demo.save_diffusers_folder(model, demo.draw(demo.sd1_shapes(4, 16, 1), seed=1))
    shard = model / "unet" / "diffusion_pytorch_model.safetensors"
    os.utime(shard, ns=(10**18, 10**18))

    def touch(path):
        raw = path.read_bytes()[:-8] + bytes(8)
        if change is replaced:
            path.with_name("new").write_bytes(raw)
            path.with_name("new").replace(path)
        else:
            with open(path, "r+b") as file:
                file.write(raw)

    found = compare([model, folder], "l2", None, library, job_that(touch, shard, "reading weights"), "cpu")
    (bad,) = found.unreadable
    assert bad.path == model
    assert "the checkpoint changed while it was being read" in bad.error
    assert len(found.models) == 3


def test_the_command_line_tells_it_in_one_line(folder, monkeypatch):
    from lib_modelsim.checkpoints.values import ValueReader

    read, left = ValueReader._read, [20]

    def reading(*arguments):
        left[0] -= 1
        if left[0] == 0:
            overwritten(folder / "anna.safetensors")
        return read(*arguments)

    monkeypatch.setattr(ValueReader, "_read", reading)
    outcome = run("compare", folder, "--measure", "cosine", "--no-library", "--json")
    assert (outcome.code, outcome.document["models"]) == (0, ["base", "bert"])
    (error,) = outcome.document["errors"]
    assert "the checkpoint changed while it was being read" in error["error"]
