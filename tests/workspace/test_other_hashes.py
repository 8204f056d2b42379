"""A record may name its model by InvokeAI's BLAKE3: computed for files of that name, for all others when asked."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from safetensors.numpy import save_file

from lib_modelsim.checkpoints import other_hashes as module
from lib_modelsim.checkpoints.files import file_key
from lib_modelsim.checkpoints.other_hashes import other_hash
from lib_modelsim.checkpoints.trace import Trace
from lib_modelsim.identify.known_model import KnownModel
from lib_modelsim.job import Cancelled, Job
from lib_modelsim.library import Library
from lib_modelsim.workspace.finding import other_hashes as service
from lib_modelsim.workspace.finding.other_hashes import with_other_hashes
from lib_modelsim.workspace.finding.queries import open_queries
from tests.command import run

blake3 = pytest.importorskip("blake3").blake3

WORDS = {
    "blake3": "ce3f0c5f3c05d119f4a5dcaf209b50d3149046a0d3a9adee9fed4c83cad6b4d0",
    "md5": "a0cd925fc063f98dbf029eee315060c3",
    "sha1": "9e362940e5603fdc60566ea100a288ba2fe48b8c",
}
"""Of the words "model data", as InvokeAI's own tests have them."""


def checkpoint(path: Path, seed: int) -> Path:
    weights = np.random.default_rng(seed).normal(size=(64, 8)).astype(np.float32)
    save_file({"model.diffusion_model.input_blocks.0.0.weight": weights}, path)
    return path


@pytest.fixture
def folder(tmp_path):
    for seed, name in enumerate(("boat", "lake", "mill")):
        checkpoint(tmp_path / f"{name}.safetensors", seed)
    return tmp_path


def picture(path: Path, name: str, hash: str) -> Path:
    model = {"key": "1", "hash": hash, "name": name, "base": "sd-1", "type": "main"}
    texts = PngInfo()
    texts.add_text("invokeai_metadata", json.dumps({"positive_prompt": "a boat", "model": model}))
    Image.new("RGB", (64, 64)).save(path, pnginfo=texts)
    return path


def blake3_of(path: Path) -> str:
    return f"blake3:{blake3(path.read_bytes()).hexdigest()}"


def find(folder, hash, name="boat", *more):
    path = picture(folder / "picture.png", name, hash)
    gallery = ("--gallery", folder / "none", "--library", folder / "library")
    told = run("find", path, "--models", folder, "--json", *gallery, *more)
    assert told.code == 0
    return told.document


# the hash itself


@pytest.mark.parametrize("algorithm", WORDS)
def test_a_file_s_hash_is_that_of_invokeai(tmp_path, algorithm):
    (tmp_path / "a.ckpt").write_text("model data")
    read = []
    assert other_hash(tmp_path / "a.ckpt", algorithm, read.append) == WORDS[algorithm]
    assert sum(read) == 10


@pytest.mark.parametrize("algorithm", ["blake3", "md5"])
def test_a_folder_s_hash_joins_those_of_its_weights(tmp_path, algorithm):
    for name in ("vae/a.bin", "unet/b.safetensors", "unet/a.safetensors", "unet/config.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    one = {"blake3": blake3, "md5": hashlib.md5}[algorithm]
    joined = "".join(
        one(each.encode()).hexdigest() for each in ("unet/a.safetensors", "unet/b.safetensors", "vae/a.bin")
    )
    assert other_hash(tmp_path, algorithm) == blake3(joined.encode()).hexdigest()


# by name first


def test_a_file_of_the_record_s_name_is_hashed_and_is_the_model(folder):
    hash = blake3_of(folder / "boat.safetensors")
    told = find(folder, hash)
    (piece,) = told["evidence"]
    assert (piece["model"], piece["certainty"]) == ("boat", 0.99)
    assert f"names its BLAKE3 hash {hash.removeprefix('blake3:')}" in piece["detail"]
    assert not any("BLAKE3" in remark for remark in told["remarks"])
    library = Library(folder / "library")
    assert library.other_hash(file_key(folder / "boat.safetensors"), "blake3") == hash.removeprefix("blake3:")
    assert library.other_hash(file_key(folder / "lake.safetensors"), "blake3") is None


def test_another_file_of_that_name_is_told_and_the_others_are_not_accused(folder):
    told = find(folder, "blake3:" + "ab" * 32)
    piece = told["evidence"][0]
    own = blake3_of(folder / "boat.safetensors").removeprefix("blake3:")[:10]
    assert f"your file of this name is a different one [{own}]: name and hash disagree" in piece["detail"]
    assert "which you do not have" not in piece["detail"]
    (remark,) = (each for each in told["remarks"] if "BLAKE3" in each)
    assert remark.startswith("2 of your checkpoints have no BLAKE3 hash yet and may be the model named in the record (")
    assert remark.endswith("to read): use --all-hashes")
    assert not any("scan" in each for each in told["remarks"])


def test_a_renamed_file_is_found_when_all_are_asked_for_and_stays_known(folder):
    hash = blake3_of(folder / "mill.safetensors")
    told = find(folder, hash, "windmill")
    assert told["evidence"][0]["detail"].startswith(f"made by windmill [{hash}]: its record (InvokeAI")
    assert "not all of your files could be compared" in told["evidence"][0]["detail"]
    assert any(remark.startswith("3 of your checkpoints have no BLAKE3") for remark in told["remarks"])
    told = find(folder, hash, "windmill", "--all-hashes")
    (piece,) = told["evidence"]
    assert (piece["model"], piece["certainty"]) == ("mill", 0.99)
    assert "and calls it windmill" in piece["detail"]
    assert find(folder, hash, "windmill")["evidence"] == [piece], "the library remembers"


def test_what_all_files_are_not_is_what_you_do_not_have(folder):
    told = find(folder, "blake3:" + "ab" * 32, "windmill", "--all-hashes")
    assert "which you do not have" in told["evidence"][0]["detail"]
    assert not any("BLAKE3" in remark for remark in told["remarks"])


def test_two_algorithms_are_never_compared(folder):
    md5 = hashlib.md5((folder / "boat.safetensors").read_bytes()).hexdigest()
    assert find(folder, f"md5:{md5}")["evidence"][0]["certainty"] == 0.99
    told = find(folder, "random:" + "ab" * 32)
    assert "gives no hash" in told["evidence"][0]["detail"]


def test_a_sha_256_of_invokeai_4_0_is_only_a_hint(folder):
    told = find(folder, "ab" * 32)
    assert told["evidence"][0]["certainty"] == 0.5
    assert "may be of a whole folder" in told["evidence"][0]["detail"]
    sha256 = hashlib.sha256((folder / "boat.safetensors").read_bytes()).hexdigest()
    assert find(folder, sha256)["evidence"][0]["certainty"] == 0.99


# cost


def asked(folder, name, hash):
    return open_queries([picture(folder / "picture.png", name, hash)])[0]


def models(folder):
    return [KnownModel(path.stem, path) for path in sorted(folder.glob("*.safetensors"))]


def test_reading_reports_its_bytes_and_stops_when_asked(folder):
    seen, hash = [], blake3_of(folder / "mill.safetensors")
    library = Library(folder / "library")
    with_other_hashes(asked(folder, "x", hash), models(folder), library, Job(seen.append), every=True)
    assert {report.what for report in seen} == {"hashing (BLAKE3)"}
    sizes = [path.stat().st_size for path in folder.glob("*.safetensors")]
    assert (seen[-1].done, seen[-1].total, seen[-1].unit) == (sum(sizes), sum(sizes), "B")
    stopping = Job(cancelled=lambda: True)
    with pytest.raises(Cancelled):
        with_other_hashes(asked(folder, "boat", "md5:" + "ab" * 16), models(folder), library, stopping)


def test_no_file_is_read_where_the_record_s_hash_is_known_or_of_another_kind(folder, monkeypatch):
    library, hash = Library(None), blake3_of(folder / "boat.safetensors")
    with_other_hashes(asked(folder, "boat", hash), models(folder), library, Job())
    monkeypatch.setattr(service, "other_hash", lambda *_: pytest.fail("a file was read"))
    found = with_other_hashes(asked(folder, "boat", hash), models(folder), library, Job(), every=True)
    assert (found.to_read, found.remarks) == (0, ())
    with_other_hashes(asked(folder, "lake", "random:" + "ab" * 32), models(folder), library, Job(), every=True)


def test_the_three_hundred_of_a_hub_are_looked_at_and_not_read(folder, monkeypatch):
    for n in range(300):
        checkpoint(folder / f"m{n}.safetensors", n)
    monkeypatch.setattr(service, "other_hash", lambda *_: pytest.fail("a file was read"))
    found = with_other_hashes(asked(folder, "none", "blake3:" + "ab" * 32), models(folder), Library(None), Job())
    assert found.to_read == sum(path.stat().st_size for path in folder.glob("*.safetensors"))


def test_without_the_package_it_is_said_how_to_get_it(folder, monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    told = find(folder, blake3_of(folder / "boat.safetensors"))
    assert told["evidence"][0]["certainty"] == 0.5
    assert "your file of this name has no BLAKE3 hash yet and may be that model" in told["evidence"][0]["detail"]
    (remark,) = (each for each in told["remarks"] if "BLAKE3" in each)
    assert remark.endswith(" blake3")
    assert sys.executable in remark


def test_a_file_that_changes_or_is_renamed(folder):
    library, path = Library(None), folder / "boat.safetensors"
    key = file_key(path)
    library.remember_other_hash(key, "blake3", "ab" * 32)
    moved = path.rename(folder / "ship.safetensors")
    library.rename(key, file_key(moved), Trace("place", "sample"))
    assert library.other_hash(file_key(moved), "blake3") == "ab" * 32
    assert library.other_hash(key, "blake3") is None
    checkpoint(moved, 99)
    assert library.other_hash(file_key(moved), "blake3") is None


def test_swarmui_s_hash_is_the_autov3_hash_of_a_scan(folder):
    path = folder / "boat.safetensors"
    data = path.read_bytes()
    behind = hashlib.sha256(data[8 + int.from_bytes(data[:8], "little") :]).hexdigest()
    document = {
        "sui_image_params": {"prompt": "a boat", "model": "sdxl/boat"},
        "sui_models": [{"name": "sdxl/boat.safetensors", "param": "model", "hash": f"0x{behind}"}],
    }
    texts = PngInfo()
    texts.add_text("parameters", json.dumps(document))
    Image.new("RGB", (64, 64)).save(folder / "swarm.png", pnginfo=texts)
    told = run("find", folder / "swarm.png", "--models", folder, "--json", "--no-library", "--gallery", folder / "none")
    (piece,) = told.document["evidence"]
    assert (piece["model"], piece["certainty"]) == ("boat", 0.99)
    assert f"names its AutoV3 hash {behind}" in piece["detail"]
