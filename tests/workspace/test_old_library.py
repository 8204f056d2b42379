"""A library that was written before measures were a registry: what it remembers serves on, and nothing in it is in the
way of new measures.

recorded/library_0.1.sqlite.gz holds `cosine` and `asimilarity` of `anna`, `base` and `carl` of the small family.
"""

from __future__ import annotations

import gzip
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.similarity.measures.registry import measure_named, measures_of_weights
from lib_modelsim.workspace.comparing import streaming
from lib_modelsim.workspace.comparing.caching import stored_method
from lib_modelsim.workspace.comparing.compare import compare

RECORDED = Path(__file__).parent / "recorded" / "library_0.1.sqlite.gz"

NAMES = ("anna", "base", "carl")

OLD = ("cosine", "cosine-min", "cosine-whole", "delta-cosine", "l2", "relative-l2", "asimilarity")


@pytest.fixture
def folder(small_family, tmp_path):
    """The three files that the library speaks of."""
    for name in NAMES:
        shutil.copy(small_family / f"{name}.safetensors", tmp_path)
    return tmp_path


@pytest.fixture
def before(folder):
    """The library as it was written, but that its files lie in `folder`."""
    file = folder / "library.sqlite"
    file.write_bytes(gzip.decompress(RECORDED.read_bytes()))
    with sqlite3.connect(file) as db:
        for name in NAMES:
            path = folder / f"{name}.safetensors"
            place = str(path), path.stat().st_mtime_ns, f"/before/{path.name}"
            db.execute("UPDATE files SET path = ?, mtime_ns = ? WHERE path = ?", place)
    return file


def measured(folder, measure, file):
    base = "base" if measure_named(measure).needs_base else None
    with Library(file) as library:
        return compare([folder], measure, base, library, Job(), "cpu").matrix


def as_of_this_version(file):
    """As if the definitions of networks had not changed since: then stored blocks count."""
    with sqlite3.connect(file) as db:
        for (method,) in db.execute("SELECT method FROM sets").fetchall():
            db.execute("UPDATE sets SET method = ? WHERE method = ?", (stored_method(method.split("/")[0]), method))


@pytest.mark.parametrize("measure", OLD)
def test_blocks_in_the_old_form_serve_the_old_measures(measure, folder, before, monkeypatch):
    fresh = measured(folder, measure, None)
    as_of_this_version(before)
    monkeypatch.setattr(streaming, "weight_pass", None)  # no weights can be read
    monkeypatch.setattr(streaming, "attention_pass", None)
    remembered = measured(folder, measure, before)
    np.testing.assert_allclose(remembered.values, fresh.values, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(remembered.overall, fresh.overall, rtol=1e-6, atol=1e-6)


def test_every_measure_is_computed_beside_them(folder, before):
    current = folder / "of this version.sqlite"
    shutil.copyfile(before, current)
    as_of_this_version(current)
    for measure in measures_of_weights():
        fresh, *found = (measured(folder, measure.name, file) for file in (folder / "new.sqlite", before, current))
        for beside in found:
            np.testing.assert_allclose(beside.values, fresh.values, rtol=1e-6, atol=1e-6, err_msg=measure.name)
