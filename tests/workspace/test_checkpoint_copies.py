"""Which checkpoints are the same, and what could be freed: hashes prove it, links free nothing, nothing is deleted."""

from __future__ import annotations

import csv
import os
import shutil
import struct
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from lib_modelsim.checkpoints.identity import Identity
from lib_modelsim.job import Cancelled, Job
from lib_modelsim.library import Library
from lib_modelsim.workspace.catalogue import shared_blocks
from lib_modelsim.workspace.catalogue.checkpoint_copies import (
    BUT_VAE,
    SAME_FILE,
    SAME_WEIGHTS,
    CheckpointCopies,
    checkpoint_copies,
)
from lib_modelsim.workspace.catalogue.copies_list import listed
from lib_modelsim.workspace.catalogue.scan import scan
from tests.command import run


def found_in(*folders: Path, quick: bool = False) -> CheckpointCopies:
    with Library(None) as library:
        return checkpoint_copies(folders, library, Job(), quick)


def groups(found: CheckpointCopies) -> list[tuple[str, list[str]]]:
    return [(group.kind, [member.name for member in group.members]) for group in found.groups]


@pytest.fixture
def models(small_family, tmp_path):
    """anna, a copy of its file, its weights in another file, and with another VAE; bert; each a second newer."""
    folder = tmp_path / "models"
    folder.mkdir()
    shutil.copy(small_family / "anna.safetensors", folder / "anna.safetensors")
    shutil.copy(small_family / "anna.safetensors", folder / "anna copy.safetensors")
    shutil.copy(small_family / "bert.safetensors", folder / "bert.safetensors")
    weights = load_file(folder / "anna.safetensors")
    save_file(weights, folder / "same weights.safetensors", {"note": "another header"})
    save_file(with_vae(weights, lambda value: value * 2), folder / "other vae.safetensors")
    for age, name in enumerate(("anna", "anna copy", "bert", "same weights", "other vae")):
        os.utime(folder / f"{name}.safetensors", (1e9 + age, 1e9 + age))
    return folder


def with_vae(weights: dict[str, torch.Tensor], change) -> dict[str, torch.Tensor]:
    return {k: change(v) if k.startswith("first_stage_model") else v for k, v in weights.items()}


def test_three_kinds_are_told_each_with_what_it_frees(models):
    found = found_in(models)
    assert groups(found) == [
        (SAME_FILE, ["anna", "anna copy"]),
        (SAME_WEIGHTS, ["anna", "same weights"]),
        (BUT_VAE, ["anna", "other vae"]),
    ]
    size = {each.stem: each.stat().st_size for each in models.iterdir()}
    assert found.frees(SAME_FILE) == size["anna copy"]
    assert found.frees(SAME_WEIGHTS) == size["same weights"]
    assert found.frees(BUT_VAE) == size["other vae"]
    assert "2 could go" in found.told
    assert "1 more could go if you do not need their VAEs" in found.told
    assert found.told.endswith("Nothing is deleted.")


def test_what_could_go_for_sure_is_what_scan_says(models):
    with Library(None) as library:
        copies = scan([models], library, Job()).copies()
    found = found_in(models)
    assert found.frees(SAME_FILE, SAME_WEIGHTS) == sum(copy.frees for copy in copies)
    going = {member.name for group in found.groups[:2] for member in group.members if member.frees}
    assert going == {copy.name for copy in copies}


def test_of_every_group_one_is_kept_and_no_file_is_counted_twice(models):
    shutil.copy(models / "other vae.safetensors", models / "other vae copy.safetensors")
    shutil.copy(models / "same weights.safetensors", models / "same weights copy.safetensors")
    found = found_in(models)
    assert all(group.members[0].frees == 0 for group in found.groups)
    freed = [member.path for group in found.groups for member in group.members if member.frees]
    assert len(freed) == len(set(freed)) == 5
    assert {path.stem for path in models.iterdir()} - {path.stem for path in freed} == {"anna", "bert"}


def test_a_vae_that_is_also_elsewhere_is_told_with_where(models):
    weights = load_file(models / "other vae.safetensors")
    alone = {k: v for k, v in weights.items() if k.startswith("first_stage_model")}
    save_file(alone, models / "kept.vae.safetensors")
    (group,) = [group for group in found_in(models).groups if group.kind == BUT_VAE]
    assert "which is also in kept.vae" in group.members[1].told


def test_the_one_with_a_whole_vae_is_kept(models):
    weights = load_file(models / "anna.safetensors")
    for path in models.iterdir():
        path.unlink()
    save_file(with_vae(weights, lambda value: value / 0), models / "a.safetensors")
    save_file({k: v for k, v in weights.items() if not k.startswith("first_stage")}, models / "b.safetensors")
    save_file(weights, models / "c.safetensors")
    ((kind, names),) = groups(found_in(models))
    assert (kind, names) == (BUT_VAE, ["c", "a", "b"])
    assert "VAE: all infinite" in "\n".join(listed(found_in(models)))


def test_another_precision_is_never_said_to_be_able_to_go(models):
    for name in ("anna copy", "same weights", "other vae", "bert"):
        (models / f"{name}.safetensors").unlink()
    weights = load_file(models / "anna.safetensors")
    save_file({k: v.float() for k, v in weights.items()}, models / "full.safetensors")
    save_file({k: v.to(torch.bfloat16) for k, v in weights.items()}, models / "rounded.safetensors")
    found = found_in(models)
    assert groups(found) == [(SAME_WEIGHTS, ["anna", "full"])]  # F32 of the same numbers; rounding makes others
    assert found.told.endswith(" compared. Nothing could go. Nothing is deleted.")
    assert "stored as F32" in found.groups[0].members[1].told


def test_links_and_hard_links_free_nothing_and_are_told(models, tmp_path):
    for name in ("anna copy", "same weights", "other vae", "bert"):
        (models / f"{name}.safetensors").unlink()
    (models / "link.safetensors").symlink_to(models / "anna.safetensors")
    os.link(models / "anna.safetensors", models / "hard.safetensors")
    found = found_in(models)
    assert found.groups == ()
    (linked,) = found.linked
    assert {(each.path.stem, each.kind) for each in linked.also_at} == {
        ("link", "link"),
        ("hard" if linked.name == "anna" else "anna", "hard link"),
    }
    assert "Nothing could go" in found.told


def test_a_copy_that_is_a_hard_link_of_a_file_elsewhere_frees_nothing(models, tmp_path):
    os.link(models / "anna copy.safetensors", tmp_path / "elsewhere.safetensors")
    (group,) = [group for group in found_in(models).groups if group.kind == SAME_FILE]
    assert group.frees == 0
    assert group.members[1].told == "copy of anna, a hard link: frees nothing"


def _extents(*extents: tuple[int, int, int]):
    """What Linux answers of a file with these extents: logical, length, flags."""

    def ioctl(file, number, answer):
        assert number == 0xC020660B
        start = struct.unpack_from("=Q", answer)[0]
        left = [each for each in extents if each[0] >= start][:2]  # two at a time
        struct.pack_into("=L", answer, 20, len(left))
        for i, (logical, length, flags) in enumerate(left):
            struct.pack_into("=QQQQQLLLL", answer, 32 + 56 * i, logical, 7, length, 0, 0, flags, 0, 0, 0)

    return ioctl


def test_blocks_that_other_files_use_are_counted_to_the_last(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"x")
    monkeypatch.setattr(shared_blocks, "ioctl", _extents((0, 10, 0x2000), (10, 5, 0), (15, 20, 0x2001)))
    assert shared_blocks.shared_bytes(tmp_path / "file") == 30
    monkeypatch.setattr(shared_blocks, "ioctl", _extents())
    assert shared_blocks.shared_bytes(tmp_path / "file") == 0


def test_a_clone_frees_nothing(models, monkeypatch):
    monkeypatch.setattr(shared_blocks, "ioctl", _extents((0, 10, 0x2001)))
    found = found_in(models)
    assert found.frees(SAME_FILE, SAME_WEIGHTS, BUT_VAE) == 0
    assert "a clone, or in a snapshot: frees nothing" in found.groups[0].members[1].told


def test_where_clones_cannot_be_seen_that_is_said(models, monkeypatch):
    monkeypatch.setattr(shared_blocks, "ioctl", None)
    assert any("clones" in remark for remark in found_in(models).remarks)


def test_what_was_not_hashed_is_named_and_nothing_is_claimed_of_it(models):
    found = found_in(models, quick=True)
    assert found.groups == ()
    assert set(found.not_hashed) == {"anna", "anna copy", "bert", "same weights", "other vae"}
    assert found.told == "Nothing was compared. Nothing is deleted."


def test_a_hash_of_the_host_proves_that_files_are_the_same_and_no_more(models):
    from hashlib import sha256

    from lib_modelsim.workspace.catalogue.index import read_index

    hashes = {path: sha256(path.read_bytes()).hexdigest() for path in models.iterdir()}
    with Library(None) as library:
        read_index([models], library, Job(), hashes)
        found = checkpoint_copies([models], library, Job(), quick=True)
    assert groups(found) == [(SAME_FILE, ["anna", "anna copy"])]
    assert len(found.not_hashed) == 5


def test_unreadable_files_are_told(models):
    (models / "cut.safetensors").write_bytes((models / "anna.safetensors").read_bytes()[:5000])
    found = found_in(models)
    assert [bad.path.stem for bad in found.unreadable] == ["cut"]
    assert any("cut.safetensors" in line for line in listed(found))


def test_a_file_given_twice_or_by_its_folder_is_no_copy_of_itself(models):
    found = found_in(models, models, models / "bert.safetensors", models.parent)
    assert groups(found) == groups(found_in(models))


def test_the_command_line_prints_lists_and_deletes_nothing(models, tmp_path):
    before = sorted(models.iterdir())
    told = run("duplicates", "--checkpoints", models, "--no-library", "--out", tmp_path / "list.txt")
    assert told.code == 0
    assert "same but for the VAE, could free" in told.out
    assert (tmp_path / "list.txt").read_text("utf-8").startswith(told.out)
    again = run("duplicates", "--checkpoints", models, "--no-library", "--json", "--out", tmp_path / "l.csv")
    document = again.document
    assert [group["kind"] for group in document["groups"]] == [SAME_FILE, SAME_WEIGHTS, BUT_VAE]
    assert document["groups"][0]["keep"].endswith("anna.safetensors")
    assert document["frees"][SAME_FILE] > 0
    rows = list(csv.DictReader((tmp_path / "l.csv").open(encoding="utf-8")))
    assert [row["name"] for row in rows] == ["anna", "anna copy", "anna", "same weights", "anna", "other vae"]
    assert sorted(models.iterdir()) == before


def test_stopping_keeps_what_was_hashed(models):
    hashed = []
    job = Job(
        lambda progress: hashed.append(progress.done) if progress.what == "hashing" else None,
        lambda: bool(hashed) and hashed[-1] > 2.5e6,  # of five files of 1 MB
    )
    with Library(None) as library:
        with pytest.raises(Cancelled):
            checkpoint_copies([models], library, job)
        left = checkpoint_copies([models], library, Job(), quick=True).not_hashed
        assert 0 < len(left) < 5


CASES = {
    "c10_trailing": [(SAME_WEIGHTS, ["intact", "with-8-bytes-after"])],
    "c20_nan": [(BUT_VAE, ["ok", "vae-overflow-f16"])],
    "c22_symlink": [],
    "c23_ema": [],
    "c34_integer": [
        (SAME_WEIGHTS, ["quanto-int8-attention-merge", "sdnq-int8-attention-merge"]),
        (SAME_WEIGHTS, ["quanto-int8-base", "sdnq-int8-base"]),
    ],
}


@pytest.mark.parametrize("case", CASES)
def test_files_that_lie(shared, case):
    found = found_in(shared / "cases" / "weights" / case)
    assert groups(found) == CASES[case]
    if case == "c34_integer":  # the same numbers, in files for different programs
        assert found.told.endswith(" compared. Nothing could go. Nothing is deleted.")


def test_an_identity_of_the_file_alone_says_nothing_of_weights():
    from lib_modelsim.checkpoints.identity import relation

    a, b = (Identity(digit * 64, None, None, {}) for digit in "ab")
    assert not relation(a, b).same_weights
