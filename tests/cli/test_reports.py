"""What a report gives away when it is shared: names of files, no folders; and which files are copies."""

from __future__ import annotations

import csv
import shutil
import zipfile

import pytest

from tests.command import run


@pytest.fixture
def scanned(small_family, tmp_path):
    """A folder with a telling name, a copy in it, all of it hashed; and the library."""
    folder = shutil.copytree(small_family, tmp_path / "jane doe" / "private models")
    shutil.copy(folder / "anna.safetensors", folder / "anna copy.safetensors")
    library = ("--library", tmp_path / "library.sqlite")
    assert run("scan", folder, *library).code == 0
    return folder, library


def texts(folder):
    """File → all that it says, those within a spreadsheet too."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".csv", ".html", ".svg", ".txt", ".nwk"):
            found[path.name] = path.read_text("utf-8")
        elif path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as book:
                found[path.name] = "\n".join(book.read(name).decode("utf-8") for name in book.namelist())
    return found


def test_no_file_names_a_folder(scanned, tmp_path):
    folder, library = scanned
    assert run("classify", folder, *library, "--out", tmp_path / "out", figures=True).code == 0
    written = texts(tmp_path / "out")
    assert {"report.html", "hashes.csv", "families.xlsx"} <= set(written)
    assert [name for name, text in written.items() if "jane doe" in text or "private models" in text] == []
    assert "anna copy.safetensors" in written["hashes.csv"]


def test_paths_are_there_for_who_asks(scanned, tmp_path):
    folder, library = scanned
    assert run("classify", folder, *library, "--out", tmp_path / "out", "--paths").code == 0
    written = texts(tmp_path / "out")
    assert all("private models" in written[name] for name in ("report.html", "hashes.csv", "families.xlsx"))


def test_copies_are_listed_with_their_original(scanned, tmp_path):
    folder, library = scanned
    run("classify", folder, *library, "--out", tmp_path / "out")
    with open(tmp_path / "out" / "copies.csv", newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    size = (folder / "anna.safetensors").stat().st_size
    assert (row["copy"], row["original"], row["same"], row["frees"]) == ("anna copy", "anna", "same file", str(size))
    report = texts(tmp_path / "out")["report.html"]
    assert "Copies" in report


def test_without_copies_there_is_no_such_table(small_family, tmp_path):
    run("classify", small_family, "--no-library", "--out", tmp_path / "out")
    assert not (tmp_path / "out" / "copies.csv").exists()
