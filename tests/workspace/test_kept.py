"""The last comparison, kept and recalled: the same numbers, and what has happened to its files since."""

from __future__ import annotations

import os
import shutil
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from lib_modelsim.errors import ModelsimError
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.workspace.comparing.compare import compare
from lib_modelsim.workspace.families.classify import families_of
from lib_modelsim.workspace.families.family import TreeOptions
from lib_modelsim.workspace.families.kept import keep_comparison, recall_comparison, since

MADE = datetime(2026, 11, 29, 14, 5)


@pytest.fixture
def folder(tmp_path, small_family):
    return Path(shutil.copytree(small_family, tmp_path / "models"))


@pytest.fixture
def library(tmp_path):
    with Library(tmp_path / "library.sqlite") as found:
        yield found


@pytest.fixture
def compared(folder, library):
    return compare([folder], "cosine", None, library, Job())


def test_a_recalled_comparison_gives_the_same_tree_where_no_file_is_there_any_more(compared, folder, library, tmp_path):
    keep_comparison(tmp_path / "kept.npz", compared, {"measure": "cosine"}, MADE)
    shutil.rmtree(folder)
    kept = recall_comparison(tmp_path / "kept.npz", library)
    assert (kept.made, kept.question) == (MADE, {"measure": "cosine"})
    again = kept.comparison
    assert [(model.name, model.key, model.id) for model in again.models] == [
        (model.name, model.key, model.id) for model in compared.models
    ]
    for name in ("values", "overall", "coverage"):
        np.testing.assert_array_equal(getattr(again.matrix, name), getattr(compared.matrix, name))
    assert (again.reasons, again.unreadable, again.merges) == (compared.reasons, compared.unreadable, compared.merges)
    for one, other in zip(families_of(again, TreeOptions()), families_of(compared, TreeOptions()), strict=True):
        np.testing.assert_array_equal(one.tree.scipy, other.tree.scipy)
        np.testing.assert_array_equal(one.classes, other.classes)


def test_what_has_happened_to_the_files_is_told_by_sizes_and_times(compared, folder, library, tmp_path):
    keep_comparison(tmp_path / "kept.npz", compared, {}, MADE)
    kept = recall_comparison(tmp_path / "kept.npz", library)
    assert since(kept, sorted(folder.iterdir())).same
    (folder / "bert.safetensors").unlink()
    os.utime(folder / "anna.safetensors", ns=(1, 1))
    shutil.copy(folder / "carl.safetensors", folder / "dora.safetensors")
    found = since(kept, sorted(folder.iterdir()))
    assert (found.changed, found.gone, found.new, found.same) == (("anna",), ("bert",), 1, False)


def test_a_file_that_could_not_be_read_is_told_once_it_is_another(folder, library, tmp_path):
    bad = folder / "bad.safetensors"
    bad.write_bytes(b"no checkpoint")
    keep_comparison(tmp_path / "kept.npz", compare([folder], "cosine", None, library, Job()), {}, MADE)
    kept = recall_comparison(tmp_path / "kept.npz", library)
    assert since(kept, sorted(folder.iterdir())).same
    shutil.copy(folder / "carl.safetensors", bad)
    assert since(kept, sorted(folder.iterdir())).new == 1


def test_what_cannot_be_read_is_no_comparison(compared, library, tmp_path, monkeypatch, caplog):
    file = tmp_path / "kept.npz"
    assert recall_comparison(file, library) is None
    keep_comparison(file, compared, {}, MADE)
    whole = file.read_bytes()
    for damaged in (b"", whole[: len(whole) // 2], b"PK" + whole[2:200], b"x" * 100):
        file.write_bytes(damaged)
        with pytest.raises(ModelsimError, match=r"cannot be read .* press Show families"):
            recall_comparison(file, library)
    assert "cannot be used" in caplog.text
    file.write_bytes(whole)
    monkeypatch.setattr("lib_modelsim.workspace.families.kept._VERSION", "another")
    with pytest.raises(ModelsimError, match=r"another version .* press Show families"):
        recall_comparison(file, library)
