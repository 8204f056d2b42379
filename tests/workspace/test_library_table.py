"""The table of all checkpoints: what is told of a file without opening it."""

from __future__ import annotations

import hashlib
import os
import shutil

import pytest

from lib_modelsim import demo
from lib_modelsim.checkpoints import reader, source
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.workspace.catalogue.index import read_index
from lib_modelsim.workspace.catalogue.scan import scan
from lib_modelsim.workspace.catalogue.table import State, library_rows
from tests.effort import effort
from tests.opened_files import opened_files


@pytest.fixture
def library(tmp_path):
    with Library(tmp_path / "library.sqlite") as library:
        yield library


@pytest.fixture
def family(small_family, tmp_path):
    """A copy of the family, to change."""
    return shutil.copytree(small_family, tmp_path / "models")


@pytest.fixture
def opened(monkeypatch):
    """Names of the files that are opened, in order."""
    headers, names = reader.read_file_headers, []

    def counting(file):
        names.append(file.name)
        return headers(file)

    monkeypatch.setattr(reader, "read_file_headers", counting)
    return names


def rows(*paths, library, hashes=None):
    return {row.name: row for row in library_rows(paths, library, hashes)}


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_file_is_not_indexed_then_indexed_then_changed(family, library, opened):
    anna = family / "anna.safetensors"
    row = rows(family, library=library)["anna"]
    assert (row.state, row.size, row.architecture) == (State.NOT_INDEXED, anna.stat().st_size, "")
    assert opened == []
    read_index([family], library, Job())
    opened.clear()
    row = rows(family, library=library)["anna"]
    assert (row.state, row.architecture, row.precision) == (State.INDEXED, "SD 1.x", "F16")
    assert row.components == ("te", "unet", "vae")
    assert (row.hashed, row.short_hash, row.same) == (False, "", ())
    demo.save(anna, demo.draw(demo.sd1_shapes(4, 16, 1), seed=9), "float32")
    row = rows(family, library=library)["anna"]
    assert (row.state, row.architecture) == (State.CHANGED, "")
    assert opened == []


def test_a_scan_fills_in_hashes_and_what_is_the_same(family, library):
    shutil.copy(family / "anna.safetensors", family / "copy.safetensors")
    scan([family], library, Job())
    found = rows(family, library=library)
    assert found["anna"].hashed
    assert found["anna"].sha256 == sha256(family / "anna.safetensors")
    assert found["anna"].short_hash == found["anna"].sha256[:10]
    assert found["anna"].same == ("same file as copy",)
    assert found["bert"].same == ()


def test_a_reason_is_remembered_until_the_file_changes(family, library, opened):
    broken = family / "broken.safetensors"
    broken.write_bytes(b"\x08\0\0\0\0\0\0\0{broken}")
    first = read_index([family], library, Job()).unreadable
    assert [bad.path for bad in first] == [broken]
    opened.clear()
    row = rows(family, library=library)["broken"]
    assert (row.state, row.reason) == (State.UNREADABLE, first[0].error)
    assert read_index([family], library, Job()).unreadable == first
    assert opened == []
    shutil.copy(family / "anna.safetensors", broken)
    assert rows(family, library=library)["broken"].state is State.CHANGED
    assert read_index([family], library, Job()).unreadable == []
    assert rows(family, library=library)["broken"].state is State.INDEXED


def test_an_indexed_file_that_breaks_is_unreadable(family, library):
    anna = family / "anna.safetensors"
    read_index([anna], library, Job())
    anna.write_bytes(anna.read_bytes()[:1000])
    read_index([anna], library, Job())
    assert rows(anna, library=library)["anna"].state is State.UNREADABLE


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="rights do not stop an administrator")
def test_what_the_system_refuses_is_tried_again(family, library):
    anna = family / "anna.safetensors"
    anna.chmod(0)
    assert len(read_index([anna], library, Job()).unreadable) == 1
    anna.chmod(0o644)
    assert len(read_index([anna], library, Job()).models) == 1


def test_a_refused_read_is_tried_again(family, library, monkeypatch):
    def refuse(path, flags):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(source, "_without_waiting", refuse)
        (bad,) = read_index([family / "anna.safetensors"], library, Job()).unreadable
    assert "Permission denied" in bad.error
    assert len(read_index([family / "anna.safetensors"], library, Job()).models) == 1


def test_a_file_that_is_gone_stops_nobody(family, library):
    gone = family / "gone.safetensors"
    found = rows(gone, family, library=library)
    assert (found["gone"].state, found["gone"].size) == (State.UNREADABLE, None)
    assert "no such file" in found["gone"].reason
    assert len(found) == 6


def test_an_empty_folder_is_no_row(tmp_path, library):
    (tmp_path / "empty").mkdir()
    assert library_rows([tmp_path / "empty"], library) == []


def test_hashes_of_the_host_tell_copies_apart_without_reading(family, library, opened):
    a, b = (family / f"{name}.safetensors" for name in ("anna", "copy"))
    shutil.copy(a, b)
    known = {path: sha256(path) for path in (a, b)}
    found = rows(family, library=library, hashes=known)
    assert found["anna"].same == ("same file as copy",)
    assert (found["anna"].short_hash, found["anna"].hashed) == (known[a][:10], False)
    assert opened == []


def test_hashes_of_the_host_make_copies_one_model(family, library):
    a, b = (family / f"{name}.safetensors" for name in ("anna", "copy"))
    shutil.copy(a, b)
    index = read_index([family], library, Job(), {path: sha256(path) for path in (a, b)})
    ids = {model.name: model.id for model in index.models}
    assert ids["anna"] == ids["copy"]
    assert len(set(ids.values())) == 5
    assert {m.name: m.id for m in read_index([family], library, Job()).models} == ids
    assert rows(family, library=library)["anna"].sha256 == sha256(a)


def test_a_hash_that_cannot_be_right_makes_no_two_files_one(family, library):
    """The host's cache may be older than the file."""
    a, b = family / "anna.safetensors", family / "other.safetensors"
    demo.save(b, demo.draw(demo.sd1_shapes(4, 16, 1), seed=9), "float32")
    index = read_index([a, b], library, Job(), dict.fromkeys((a, b), sha256(a)))
    assert len({model.id for model in index.models}) == 2


def test_a_scan_corrects_the_host(family, library):
    anna = family / "anna.safetensors"
    read_index([anna], library, Job(), {anna: "0" * 64})
    assert rows(anna, library=library)["anna"].sha256 == "0" * 64
    scan([anna], library, Job())
    assert rows(anna, library=library, hashes={anna: "0" * 64})["anna"].sha256 == sha256(anna)


def test_names_are_those_of_the_index(family, library):
    (family / "sub").mkdir()
    shutil.copy(family / "anna.safetensors", family / "sub")
    (family / "bert.ckpt").write_bytes(b"no checkpoint")
    index = read_index([family], library, Job())
    named = {row.path: row.name for row in library_rows([family], library)}
    assert {model.path: model.name for model in index.models}.items() <= named.items()


def test_ten_times_the_rows_are_ten_times_the_work(tmp_path, library):
    weights = demo.draw(demo.sd1_shapes(2, 8, 1), seed=1)
    demo.save(tmp_path / "0.safetensors", weights)
    raw = bytearray((tmp_path / "0.safetensors").read_bytes())
    for i in range(1, 300):
        raw[-1] = i % 256
        raw[-2] = i // 256
        (tmp_path / f"{i}.safetensors").write_bytes(raw)
    read_index([tmp_path], library, Job())
    few, all_ = [tmp_path / f"{i}.safetensors" for i in range(30)], [tmp_path]
    found = library_rows(all_, library)
    assert len(found) == 300
    assert all(row.state is State.INDEXED for row in found)
    with opened_files() as opened:
        library_rows(all_, library)
    assert [path for path in opened if path.suffix == ".safetensors"] == []
    assert effort(lambda: library_rows(all_, library)) < 15 * effort(lambda: library_rows(few, library))
