"""Of copies the original is kept; only what is proven and would free bytes could go."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from lib_modelsim.cli import text
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.text import size_text
from lib_modelsim.workspace.catalogue import shared_blocks
from lib_modelsim.workspace.catalogue.checkpoint_copies import checkpoint_copies
from lib_modelsim.workspace.catalogue.originals import Copy, in_words, original, space_of_copies
from lib_modelsim.workspace.catalogue.scan import scan
from lib_modelsim.workspace.catalogue.table import library_rows, not_hashed_in_words
from tests.command import run


def files(folder: Path, *names: str) -> list[tuple[str, Path]]:
    """Files of these names, each a second newer than the one before."""
    found = []
    for age, name in enumerate(names):
        path = folder / f"{name}.safetensors"
        path.write_bytes(b"the same")
        os.utime(path, (1e9 + age, 1e9 + age))
        found.append((name, path))
    return found


@pytest.mark.parametrize(
    ("copy", "kept"),
    [
        ("anna copy", "anna"),
        ("anna - Copy", "anna"),
        ("anna - Copy (2)", "anna"),
        ("Copy of anna", "anna"),
        ("anna (1)", "anna"),
        ("anna - Kopie", "anna"),
        ("Kopie von anna", "anna"),
        ("anna - copia", "anna"),
        ("copie de anna", "anna"),
        ("anna - コピー", "anna"),
        ("anna 副本", "anna"),
        ("anna_1", "anna"),
        ("anna_copy", "anna-with-a-longer-name"),
        ("ANNA_2", "anna"),
    ],
)
def test_the_name_that_no_copying_has_made_is_the_original_though_it_is_newer(tmp_path, copy, kept):
    found = files(tmp_path, copy, kept)
    assert original(found) == 1
    assert original(found[::-1]) == 0


def test_a_number_alone_is_no_copy_and_then_the_oldest_file_is_the_original(tmp_path):
    assert original(files(tmp_path, "dream_1", "other")) == 0
    assert original(files(tmp_path, "copycat", "bert")) == 0


def test_of_files_of_one_age_the_shortest_name_is_the_original(tmp_path):
    found = files(tmp_path, "anna-long", "anna")
    for _, path in found:
        os.utime(path, (1e9, 1e9))
    assert original(found) == 1


def test_on_another_machine_the_name_decides():
    assert original([("anna copy.safetensors", None), ("anna.safetensors", None)]) == 1


@pytest.fixture
def folder(small_family, tmp_path):
    """anna with two copies, bert with one that holds the same weights in another file, carl alone."""
    folder = tmp_path / "models"
    folder.mkdir()
    for name in ("anna", "bert", "carl"):
        shutil.copy(small_family / f"{name}.safetensors", folder)
    for name in ("anna copy", "anna (1)"):
        shutil.copy(small_family / "anna.safetensors", folder / f"{name}.safetensors")
    weights = load_file(folder / "bert.safetensors")
    save_file(weights, folder / "bert - Kopie.safetensors", {"note": "another header"})
    return folder


def copies_in(folder: Path):
    with Library(None) as library:
        return scan([folder], library, Job()).copies()


def test_what_could_go_is_named_with_its_original_and_its_size(folder):
    found = {copy.name: copy for copy in copies_in(folder)}
    assert {name: (copy.original, copy.same) for name, copy in found.items()} == {
        "anna copy": ("anna", "same file"),
        "anna (1)": ("anna", "same file"),
        "bert - Kopie": ("bert", "same weights"),
    }
    size = sum((folder / f"{name}.safetensors").stat().st_size for name in found)
    assert in_words(list(found.values())) == f"2 to keep, 3 could go: {size_text(size)}. Nothing is deleted."
    assert space_of_copies(list(found.values())) == f"3 copies take {size_text(size)}"


def test_what_was_not_hashed_or_frees_nothing_takes_no_space_that_is_told(folder):
    with Library(None) as library:
        assert space_of_copies(scan([folder], library, Job(), quick=True).copies()) == ""
        rows = library_rows([folder], library)
        assert not_hashed_in_words(rows) == "6 of 6 are not hashed yet: whether they are copies is not known"
        scan([folder], library, Job())
        assert not_hashed_in_words(library_rows([folder], library)) == ""
    assert space_of_copies([Copy("a", "b", "same file", 0, "a link: frees nothing")]) == ""


def test_where_clones_cannot_be_seen_copies_take_at_most_their_size(folder, monkeypatch):
    monkeypatch.setattr(shared_blocks, "ioctl", None)
    found = copies_in(folder)
    size = size_text(sum(copy.frees for copy in found))
    assert space_of_copies(found) == f"3 copies take at most {size}"
    assert in_words(found) == f"2 to keep, 3 could go: at most {size}. Nothing is deleted."
    assert f"could go: at most {size_text(found[0].frees)}" in found[0].told
    with Library(None) as library:
        listed_copies = checkpoint_copies([folder], library, Job())
    assert f" 3 could go: at most {size}." in listed_copies.told
    assert all(group.space.startswith("at most ") for group in listed_copies.groups)


def test_scan_says_so_and_deletes_nothing(folder):
    before = sorted(folder.iterdir())
    told = run("scan", folder, "--no-library")
    assert "copies: 2 to keep, 3 could go: " in told.out
    assert "  anna copy: copy of anna, could go: " in told.out
    document = run("scan", folder, "--no-library", "--json").document
    assert {each["name"]: each["original"] for each in document["copies"]}["bert - Kopie"] == "bert"
    assert sorted(folder.iterdir()) == before


def test_what_was_not_hashed_is_no_copy(folder):
    assert "could go" not in run("scan", folder, "--no-library", "--quick").out


def test_another_precision_or_another_vae_is_no_copy(small_family, tmp_path):
    weights = load_file(small_family / "anna.safetensors")
    save_file({key: value.float() for key, value in weights.items()}, tmp_path / "anna full.safetensors")
    save_file({key: value for key, value in weights.items() if "first_stage" not in key}, tmp_path / "cut.safetensors")
    save_file({**weights, "v_pred": weights[min(weights)][:0]}, tmp_path / "v.safetensors")
    shutil.copy(small_family / "anna.safetensors", tmp_path)
    assert copies_in(tmp_path) == []


def test_links_are_no_copies(folder):
    for name in ("anna copy", "anna (1)"):
        (folder / f"{name}.safetensors").unlink()
    os.link(folder / "anna.safetensors", folder / "hard.safetensors")
    (folder / "a.safetensors").symlink_to(folder / "anna.safetensors")
    found = {copy.name: copy for copy in copies_in(folder)}
    assert found.keys() == {"bert - Kopie"}
    size = size_text((folder / "bert - Kopie.safetensors").stat().st_size)
    assert in_words(list(found.values())) == f"1 to keep, 1 could go: {size}. Nothing is deleted."


def test_a_link_to_a_copy_elsewhere_frees_nothing(folder, tmp_path):
    (folder / "anna copy.safetensors").rename(tmp_path / "elsewhere.safetensors")
    (folder / "anna copy.safetensors").symlink_to(tmp_path / "elsewhere.safetensors")
    found = {copy.name: copy for copy in copies_in(folder)}
    assert (found["anna copy"].frees, found["anna copy"].remark) == (0, "a link: frees nothing")
    assert "1 more is a link and frees nothing" in in_words(list(found.values()))


def test_metadata_that_only_a_copy_has_are_told_with_it(small_family, tmp_path):
    weights = load_file(small_family / "anna.safetensors")
    save_file(weights, tmp_path / "anna.safetensors", {"format": "pt"})
    save_file(weights, tmp_path / "anna copy.safetensors", {"sd_merge_recipe": "{}", "title": "A"})
    (found,) = copies_in(tmp_path)
    assert found.told.endswith(", and with it its own metadata sd_merge_recipe and 1 more")
    (tmp_path / "anna copy.safetensors").unlink()
    save_file(weights, tmp_path / "anna copy.safetensors")
    assert "with it" not in copies_in(tmp_path)[0].told


def test_a_link_that_leads_to_a_copy_is_told_with_it(folder):
    (folder / "in use.safetensors").symlink_to(folder / "anna copy.safetensors")
    found = {copy.name: copy for copy in copies_in(folder)}
    assert found["anna copy"].told.endswith(", and with it the link in use.safetensors")
    assert "link" not in found["anna (1)"].told


def test_a_copy_with_a_further_name_elsewhere_frees_nothing(folder, tmp_path):
    os.link(folder / "anna copy.safetensors", tmp_path / "elsewhere.safetensors")
    found = {copy.name: copy for copy in copies_in(folder)}
    assert (found["anna copy"].frees, found["anna copy"].remark) == (0, "a hard link: frees nothing")


def test_one_file_by_two_paths_is_never_said_to_be_able_to_go(folder, tmp_path):
    (tmp_path / "again").symlink_to(folder, target_is_directory=True)
    with Library(None) as library:
        found = scan([folder, tmp_path / "again" / "carl.safetensors"], library, Job()).copies()
    assert not [copy for copy in found if "carl" in copy.name]


def test_a_link_is_not_the_original_of_the_file_it_leads_to(folder):
    shutil.move(folder / "carl.safetensors", folder / "carl copy.safetensors")
    (folder / "carl.safetensors").symlink_to(folder / "carl copy.safetensors")
    with Library(None) as library:
        found = {model.name: model.also_at for model, _ in scan([folder], library, Job()).found}
    assert "carl" not in found
    assert [each.path for each in found["carl copy"]] == [folder / "carl.safetensors"]


def test_many_copies_are_cut_short_on_the_screen(folder, monkeypatch):
    monkeypatch.setattr(text, "MOST_NOTES", 1)
    assert "  … 2 more; --json has all of them" in run("scan", folder, "--no-library").out
