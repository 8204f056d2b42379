"""Files that have another name now, or lie elsewhere: what is known of them stays, and what nobody looked at is not
said."""

from __future__ import annotations

import os
import shutil

import numpy as np
import pytest

from lib_modelsim.checkpoints import trace
from lib_modelsim.job import Job
from lib_modelsim.library import Library, NamedClass
from lib_modelsim.workspace.catalogue.index import read_index
from lib_modelsim.workspace.catalogue.scan import scan
from lib_modelsim.workspace.catalogue.table import library_rows
from lib_modelsim.workspace.comparing.compare import compare_models


@pytest.fixture
def library(tmp_path):
    with Library(tmp_path / "library.sqlite") as found:
        yield found


@pytest.fixture
def models(small_family, tmp_path):
    return shutil.copytree(small_family, tmp_path / "models")


@pytest.fixture
def hashed(monkeypatch):
    """The names of the files that were read whole for their hashes, in order."""
    import lib_modelsim.workspace.catalogue.scan as module

    identify, names = module.identify, []

    def counting(checkpoint, progress):
        names.append(checkpoint.path.name)
        return identify(checkpoint, progress)

    monkeypatch.setattr(module, "identify", counting)
    return names


def scanned(folder, library):
    """Name → model and identity."""
    return {model.name: (model, identity) for model, identity in scan([folder], library, Job()).found}


def values(folder, library):
    found = compare_models(read_index([folder], library, Job()), "cosine", None, library, Job(), "cpu")
    return found.models, found.matrix


def on_another_drive(file, target):
    """The file as it arrives there: another file to the system, the same time, nothing where it was."""
    shutil.copy2(file, target)
    assert target.stat().st_ino != file.stat().st_ino
    file.unlink()
    return target


def other_bytes_in_the_middle(file):
    """Changed in place where no spot lies, its size and time as before."""
    before = file.stat()
    with open(file, "r+b") as opened:
        spots = trace._offsets(before.st_size)
        place = (spots[6] + spots[7]) // 2
        opened.seek(place)
        old = opened.read(2)
        opened.seek(place)
        opened.write(bytes(byte ^ 1 for byte in old))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_renamed_file_keeps_its_hashes(models, library, hashed):
    before = scanned(models, library)["anna"]
    (models / "anna.safetensors").rename(models / "zoe.safetensors")
    hashed.clear()
    after = scanned(models, library)["zoe"]
    assert (after[0].id, after[1]) == (before[0].id, before[1])
    assert hashed == []
    assert len(library.files()) == 5, "the old name is forgotten"


def test_a_moved_folder_keeps_everything(models, library, hashed, tmp_path):
    scanned(models, library)
    ids = {model.name: model.id for model in values(models, library)[0]}
    library.remember_class("SD 1.x", NamedClass("sisters", "", frozenset({ids["anna"], ids["carl"]})))
    models.rename(tmp_path / "elsewhere")
    hashed.clear()
    after = scanned(tmp_path / "elsewhere", library)
    assert {name: model.id for name, (model, _) in after.items()} == ids
    assert all(identity is not None for _, identity in after.values())
    assert hashed == []
    assert library.named_classes("SD 1.x")[0].models == {after["anna"][0].id, after["carl"][0].id}


def test_a_moved_diffusers_folder_is_known_too(models, library, hashed, tmp_path):
    from lib_modelsim import demo

    made = tmp_path / "made" / "pipeline"
    demo.save_diffusers_folder(made, demo.draw(demo.sd1_shapes(4, 16, 1), seed=3))
    before = scanned(made.parent, library)["pipeline"]
    made.rename(tmp_path / "made" / "another name")
    hashed.clear()
    assert scanned(made.parent, library)["another name"][1] == before[1]
    assert hashed == []


def test_on_another_drive_results_and_names_stay_and_hashes_wait(models, library, hashed, tmp_path):
    before = scanned(models, library)["anna"]
    (there := tmp_path / "drive").mkdir()
    shutil.copy(models / "bert.safetensors", there)
    moved = on_another_drive(models / "anna.safetensors", there / "anna.safetensors")
    index = read_index([there], library, Job())
    anna = next(model for model in index.models if model.name == "anna")
    assert anna.id == before[0].id, "so what was computed and called by names is still its own"
    row = next(row for row in library_rows([there], library) if row.name == "anna")
    assert (row.came_from, row.hashed, row.sha256, row.same) == (before[0].key.path, False, None, ())
    hashed.clear()
    assert scanned(there, library)["anna"][1] == before[1]
    assert moved.name in hashed
    row = next(row for row in library_rows([there], library) if row.name == "anna")
    assert (row.came_from, row.hashed, row.sha256) == ("", True, before[1].sha256)


def test_before_it_is_read_no_verdict_rests_on_the_hash_of_what_it_was(models, library, tmp_path):
    shutil.copy2(models / "anna.safetensors", there := tmp_path / "kept.safetensors")
    scan([models, there], library, Job())
    (drive := tmp_path / "drive").mkdir()
    other_bytes_in_the_middle(on_another_drive(models / "anna.safetensors", drive / "anna.safetensors"))
    read_index([drive, there], library, Job())
    assert [row.same for row in library_rows([drive, there], library)] == [(), ()]


def test_a_changed_file_cannot_pass_for_the_one_that_was_hashed(models, library, tmp_path):
    """Size, time, header and all spots are the same, so it is taken for the moved file; but its bytes are read before
    anything is said that a hash must prove, and then it is another model."""
    before = scanned(models, library)["anna"]
    (drive := tmp_path / "drive").mkdir()
    moved = on_another_drive(models / "anna.safetensors", drive / "anna.safetensors")
    other_bytes_in_the_middle(moved)
    assert read_index([drive], library, Job()).models[0].id == before[0].id
    after = scanned(drive, library)["anna"]
    assert after[0].id != before[0].id
    assert after[1].sha256 != before[1].sha256
    assert scanned(drive, library)["anna"][0].id == after[0].id, "and it stays one"


def test_the_host_s_own_hash_confirms_or_parts(models, library, tmp_path):
    before = scanned(models, library)["anna"]
    (drive := tmp_path / "drive").mkdir()
    moved = on_another_drive(models / "anna.safetensors", drive / "anna.safetensors")
    found = read_index([drive], library, Job(), {moved: "ab" * 32}).models[0]
    assert found.id != before[0].id
    moved = on_another_drive(moved, tmp_path / "zoe.safetensors")
    found = read_index([moved], library, Job(), {moved: "ab" * 32}).models[0]
    assert library.file(found.key, "4").sha256 == "ab" * 32


def test_a_copy_is_no_moved_file(models, library, hashed):
    before = scanned(models, library)["anna"]
    shutil.copy2(models / "anna.safetensors", models / "copy.safetensors")
    index = read_index([models], library, Job())
    ids = {model.name: model.id for model in index.models}
    assert ids["anna"] == before[0].id != ids["copy"]
    hashed.clear()
    assert scanned(models, library)["copy"][1] == before[1]
    assert hashed == ["copy.safetensors"]


def test_another_file_of_the_same_size_time_and_header_is_not_taken_for_it(models, library):
    """Every fine-tune of a base has them where its maker sets the time."""
    scanned(models, library)
    times = (models / "anna.safetensors").stat()
    os.utime(models / "bert.safetensors", ns=(times.st_atime_ns, times.st_mtime_ns))
    (models / "anna.safetensors").unlink()
    shutil.copy2(models / "bert.safetensors", models / "new.safetensors")
    after = scanned(models, library)
    assert after["new"][1].sha256 == after["bert"][1].sha256


def test_numbers_of_a_moved_family_are_read_from_nowhere(models, library, tmp_path, monkeypatch):
    from lib_modelsim.checkpoints.values import ValueReader

    _, before = values(models, library)
    models.rename(tmp_path / "elsewhere")
    monkeypatch.setattr(ValueReader, "_read", lambda *_: pytest.fail("weights were read"))
    _, after = values(tmp_path / "elsewhere", library)
    np.testing.assert_array_equal(before.overall, after.overall)


def test_a_library_from_before_learns_how_its_files_look(models, library, hashed):
    scanned(models, library)
    library._db.execute("DROP TABLE traces")  # as an earlier version left it
    library._db.close()
    with Library(library.path) as again:
        read_index([models], again, Job())
        (models / "anna.safetensors").rename(models / "zoe.safetensors")
        hashed.clear()
        assert "zoe" in scanned(models, again)
        assert hashed == []
