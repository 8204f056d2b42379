"""Reported cases of files and folders: trailing bytes, links, endings, shards."""

from __future__ import annotations

import os
import shutil

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


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_c22_a_link_in_a_second_folder(case, tmp_path):
    """The shared copy has lost its link: it is a small text there, as git leaves one where it cannot make links."""
    folder = shutil.copytree(case("c22_symlink"), tmp_path / "c22")
    (bad,) = (row for row in scanned(folder)["checkpoints"] if row["error"])
    assert "this is a link that git or an archive saved as a text" in bad["error"]
    for name in ("checkpoints", "diffusion_models"):
        (folder / name).chmod(0o755)
    link = folder / "diffusion_models" / "model.safetensors"
    link.unlink()
    link.symlink_to("../checkpoints/model.safetensors")
    told = rows(folder)
    assert told.keys() == {"model"}
    assert told["model"]["also_at"] == [{"path": str(link), "kind": "link"}]
    out = run("scan", folder, "--no-library").out
    assert f"also at {link} (link)" in out
    assert "same file as" not in out
    assert "could go" not in out
    compared = run("compare", folder, "--no-library")
    assert compared.code == 2
    assert f"found 1 (one file, also at {link} (link))" in compared.err


def test_c33_loose_shards(case):
    folder = case("c33_shards")
    transformer = folder / "transformer"
    shard = transformer / "diffusion_pytorch_model-00002-of-00003.safetensors"
    for path in (folder, transformer, shard):
        told = rows(path)
        assert told.keys() == {"transformer"}
        assert told["transformer"]["error"] is None
        files = [file for file in transformer.iterdir() if file.suffix == ".safetensors"]
        assert told["transformer"]["size"] == sum(file.stat().st_size for file in files)
    compared = run("compare", folder, "--no-library")
    assert compared.code == 2
    assert "two readable models are needed, found 1" in compared.err
