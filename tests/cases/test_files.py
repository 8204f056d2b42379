"""Reported cases of files and folders: trailing bytes, links, endings, shards."""

from __future__ import annotations

import pytest

from tests.command import run


@pytest.fixture
def case(shared):
    """A function: name of a case → its folder."""
    return lambda name: shared / "cases" / "weights" / name


def scanned(*paths, more=()):
    return run("scan", *paths, "--no-library", "--json", *more).document


def rows(*paths):
    return {row["name"]: row for row in scanned(*paths)["checkpoints"]}


def test_c10_bytes_after_the_last_tensor(case):
    folder = case("c10_trailing")
    told = rows(folder)
    assert {name: row["error"] for name, row in told.items()} == {"intact": None, "with-8-bytes-after": None}
    intact, trailing = told["intact"], told["with-8-bytes-after"]
    assert (intact["remarks"], trailing["remarks"]) == ([], ["8 bytes after the last tensor, not part of the weights"])
    assert intact["components"] == trailing["components"], "the same weights"
    assert intact["sha256"] != trailing["sha256"]
    out = run("scan", folder, "--no-library").out
    assert "same weights as with-8-bytes-after" in out
    assert "note: with-8-bytes-after: 8 bytes after the last tensor, not part of the weights" in out
    assert "download" not in out
    compared = run("compare", folder, "--no-library", "--json", "--measure", "cosine").document
    assert compared["errors"] == []
    assert compared["overall"][0][1] == pytest.approx(1)


def test_c24_endings(case):
    folder = case("c24_endings")
    listed = {row["path"].rpartition("/")[2] for row in scanned(folder)["checkpoints"]}
    assert listed == {"ae.sft", "flux1-dev.sft", "plain.safetensors", "flux1-dev-Q8_0.gguf"}
    told = rows(folder)
    assert told["plain"]["sha256"] == told["flux1-dev"]["sha256"]
    assert {told[name]["format"] for name in ("ae", "flux1-dev", "plain")} == {"safetensors"}
    assert "same file as plain" in run("scan", folder, "--no-library").out
    compared = run("compare", folder / "plain.safetensors", folder / "flux1-dev.sft", "--no-library", "--json")
    assert compared.code == 0
