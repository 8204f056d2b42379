"""Loose shards are one model, whatever lies beside them and whichever of them is named."""

from __future__ import annotations

import hashlib
import json
import shutil

import pytest
from safetensors.numpy import load_file, save_file

from lib_modelsim.checkpoints.reader import open_checkpoint
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.workspace.catalogue.scan import scan
from tests.command import run


def cut(whole, folder, stem, count=3, index=True, ending="safetensors"):
    """The tensors of a file dealt out to shards; returns their names."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = load_file(whole)
    names = [f"{stem}-{n:05}-of-{count:05}.{ending}" for n in range(1, count + 1)]
    placed = {key: names[i % count] for i, key in enumerate(weights)}
    for name in names:
        part = {key: weights[key] for key in weights if placed[key] == name}
        if ending == "bin":
            torch = pytest.importorskip("torch")
            torch.save({key: torch.from_numpy(value) for key, value in part.items()}, folder / name)
        else:
            save_file(part, folder / name)
    if index:
        (folder / f"{stem}.{ending}.index.json").write_text(json.dumps({"metadata": {}, "weight_map": placed}))
    return names


def found_in(*paths):
    with Library(None) as library:
        return scan(list(paths), library, Job())


@pytest.mark.parametrize("index", [True, False])
@pytest.mark.parametrize("ending", ["safetensors", "bin"])
def test_shards_are_one_model_with_the_whole_files_weights(small_family, tmp_path, index, ending):
    cut(small_family / "anna.safetensors", tmp_path / "models", "anna", index=index, ending=ending)
    shutil.copy(small_family / "anna.safetensors", tmp_path / "models" / "whole.safetensors")
    found = found_in(tmp_path / "models")
    assert found.unreadable == []
    (sharded, identity), (whole, other) = found.found
    assert (sharded.name, whole.name) == ("anna", "whole")
    assert sharded.header.format == ("pickle" if ending == "bin" else "safetensors")
    assert identity.content == other.content
    assert (identity.autov3, identity.legacy_hash) == (None, None)


def test_their_hash_is_that_of_what_sha256sum_prints(small_family, tmp_path):
    names = cut(small_family / "anna.safetensors", tmp_path, "anna")
    lines = [f"{hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()}  {name}\n" for name in sorted(names)]
    ((_, identity),) = found_in(tmp_path).found
    assert identity.sha256 == hashlib.sha256("".join(lines).encode()).hexdigest()


def test_several_in_one_folder_are_told_apart(small_family, tmp_path):
    cut(small_family / "anna.safetensors", tmp_path, "anna", 2)
    cut(small_family / "bert.safetensors", tmp_path, "bert", 3, index=False)
    shutil.copy(small_family / "carl.safetensors", tmp_path)
    assert [model.name for model, _ in found_in(tmp_path).found] == ["anna", "bert", "carl"]


@pytest.mark.parametrize("stem", ["diffusion_pytorch_model", "model", "pytorch_model"])
def test_a_name_that_says_nothing_is_the_folders(small_family, tmp_path, stem):
    for name in ("anna", "bert"):
        cut(small_family / f"{name}.safetensors", tmp_path / name, stem)
    assert [model.name for model, _ in found_in(tmp_path).found] == ["anna", "bert"]


@pytest.mark.parametrize("index", [True, False])
def test_one_shard_stands_for_all(small_family, tmp_path, index):
    names = cut(small_family / "anna.safetensors", tmp_path, "anna", index=index)
    for paths in ([tmp_path / names[1]], [tmp_path / name for name in names], [tmp_path, tmp_path / names[2]]):
        ((model, _),) = found_in(*paths).found
        assert model.name == "anna"
        assert len(model.open().sources) == 3
    whole = open_checkpoint(small_family / "anna.safetensors")
    assert open_checkpoint(tmp_path / names[2]).weights.keys() == whole.weights.keys()


def test_an_index_may_call_its_shards_what_it_likes(small_family, tmp_path):
    names = cut(small_family / "anna.safetensors", tmp_path, "anna", 2)
    index = tmp_path / "anna.safetensors.index.json"
    text = index.read_text()
    for old, new in zip(names, ("first.safetensors", "second.safetensors"), strict=True):
        (tmp_path / old).rename(tmp_path / new)
        text = text.replace(old, new)
    index.write_text(text)
    ((model, _),) = found_in(tmp_path).found
    assert (model.name, len(model.open().sources)) == ("anna", 2)


@pytest.mark.parametrize("gone", [0, 1, 2])
@pytest.mark.parametrize("index", [True, False])
def test_a_missing_shard_is_one_line(small_family, tmp_path, index, gone):
    names = cut(small_family / "anna.safetensors", tmp_path, "anna", index=index)
    (tmp_path / names[gone]).unlink()
    found = found_in(tmp_path)
    assert found.found == []
    (bad,) = found.unreadable
    assert bad.error.startswith(f"1 of 3 files of this model are missing: {names[gone]}. Fix: download it again")


def test_shards_that_hold_the_same_are_models_of_their_own(small_family, tmp_path):
    for n in (1, 2):
        shutil.copy(small_family / "anna.safetensors", tmp_path / f"epoch-{n:05}-of-00002.safetensors")
    (bad,) = found_in(tmp_path).unreadable
    assert "holds a tensor again that another shard holds" in bad.error


def test_a_shard_that_changes_makes_another_model(small_family, tmp_path):
    names = cut(small_family / "anna.safetensors", tmp_path, "anna")
    before = found_in(tmp_path).found[0][1]
    weights = load_file(tmp_path / names[1])
    save_file({key: value + 1 for key, value in weights.items()}, tmp_path / names[1])
    after = found_in(tmp_path).found[0][1]
    assert before.sha256 != after.sha256
    assert before.content != after.content


def test_a_component_alone_is_a_model_called_like_its_folder(small_family, tmp_path):
    for name in ("anna", "bert"):
        (tmp_path / name / "unet").mkdir(parents=True)
        shutil.copy(
            small_family / f"{name}.safetensors", tmp_path / name / "unet" / "diffusion_pytorch_model.safetensors"
        )
        (tmp_path / name / "unet" / "config.json").write_text("{}")
    assert [model.name for model, _ in found_in(tmp_path).found] == ["anna/unet", "bert/unet"]
    ((alone, identity),) = found_in(tmp_path / "anna" / "unet").found
    assert alone.name == "unet"
    assert identity.sha256 == hashlib.sha256((small_family / "anna.safetensors").read_bytes()).hexdigest()
    assert len(open_checkpoint(tmp_path / "anna" / "unet").weights) == len(
        open_checkpoint(small_family / "anna.safetensors").weights
    )


def test_variants_in_one_folder_keep_their_files_names(small_family, tmp_path):
    for name in ("model.safetensors", "model.fp16.safetensors"):
        shutil.copy(small_family / "anna.safetensors", tmp_path / name)
    (tmp_path / "config.json").write_text("{}")
    names = [model.name for model, _ in found_in(tmp_path).found]
    assert len(set(names)) == 2


def test_both_faces_compare_them(small_family, tmp_path):
    cut(small_family / "anna.safetensors", tmp_path, "anna")
    shutil.copy(small_family / "bert.safetensors", tmp_path)
    document = run("compare", tmp_path, "--no-library", "--json", "--measure", "cosine").document
    apart = run(
        "compare", small_family / "anna.safetensors", small_family / "bert.safetensors", "--no-library", "--json",
        "--measure", "cosine",
    ).document  # fmt: skip
    assert document["models"] == ["anna", "bert"]
    assert document["overall"] == apart["overall"]
