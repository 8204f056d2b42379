"""diffusers folders: which files are read, sharded or not, and what is said of those that cannot be."""

from __future__ import annotations

import json
import os
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from lib_modelsim import demo
from lib_modelsim.checkpoints.reader import open_checkpoint
from lib_modelsim.checkpoints.source import FileSource, ReadError
from lib_modelsim.errors import CheckpointError

from .same_weights import assert_same_weights

UNET_FILE = "unet/diffusion_pytorch_model.safetensors"


@pytest.fixture(scope="session")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("folders") / "model"
    demo.save_diffusers_folder(folder, demo.draw(demo.sd1_shapes(8, text_width=16, text_layers=1), seed=1))
    return folder


@pytest.fixture
def model(written, tmp_path):
    return shutil.copytree(written, tmp_path / "model")


def shard(
    model, component="unet", stem="diffusion_pytorch_model", index="diffusion_pytorch_model.safetensors.index.json"
):
    """Cut the component's file in two shards with an index; returns the index's path and the shards' names."""
    whole = model / component / f"{stem}.safetensors"
    weights = load_file(whole)
    whole.unlink()
    names = [f"{stem}-0000{n}-of-00002.safetensors" for n in (1, 2)]
    weight_map = {key: names[i % 2] for i, key in enumerate(weights)}
    for name in names:
        save_file({key: weights[key] for key in weights if weight_map[key] == name}, model / component / name)
    (model / component / index).write_text(json.dumps({"metadata": {}, "weight_map": weight_map}), encoding="utf-8")
    return model / component / index, names


def test_the_metadata_are_what_the_index_tells(model):
    (model / "model_index.json").write_text(
        json.dumps(
            {
                "_class_name": "StableDiffusionPipeline",
                "_name_or_path": "someone/model",
                "vae": ["diffusers", "AutoencoderKL"],
            }
        )
    )
    checkpoint = open_checkpoint(model)
    assert checkpoint.format == "diffusers"
    assert checkpoint.metadata == {"_class_name": "StableDiffusionPipeline", "_name_or_path": "someone/model"}


def test_other_sub_folders_do_not_count(model, written):
    for name in ("safety_checker", "feature_extractor", "tokenizer"):
        (model / name).mkdir()
        save_file({"a": np.zeros(3, "float32")}, model / name / "model.safetensors")
    assert open_checkpoint(model).weights.keys() == open_checkpoint(written).weights.keys()


def test_a_component_may_be_absent(model):
    shutil.rmtree(model / "vae")
    assert {weight.component for weight in open_checkpoint(model).weights.values()} == {"unet", "te"}


def test_shards_are_one_model(model, written):
    shard(model)
    assert_same_weights(model, written)


def test_shards_of_a_variant_are_one_model(model, written):
    shard(model, index="diffusion_pytorch_model.safetensors.index.fp16.json")
    assert_same_weights(model, written)


def test_the_full_precision_is_read_where_a_variant_lies_beside(model, written):
    whole = model / UNET_FILE
    save_file({"conv_in.weight": np.zeros((8, 4, 3, 3), "float16")}, whole.with_suffix(".fp16.safetensors"))
    assert_same_weights(model, written)


def test_a_variant_is_read_where_nothing_else_is(model, written):
    whole = model / UNET_FILE
    whole.rename(whole.with_suffix(".fp16.safetensors"))
    assert_same_weights(model, written)


def test_pickled_components_are_read(model, written):
    torch = pytest.importorskip("torch")
    for component, file, name in (
        ("unet", "diffusion_pytorch_model", "diffusion_pytorch_model"),
        ("text_encoder", "model", "pytorch_model"),
    ):
        path = model / component / f"{file}.safetensors"
        torch.save(
            {key: torch.from_numpy(values) for key, values in load_file(path).items()},
            model / component / f"{name}.bin",
        )
        path.unlink()
    assert_same_weights(model, written)


def test_a_missing_shard_is_named(model):
    _, names = shard(model)
    (model / "unet" / names[1]).unlink()
    with pytest.raises(CheckpointError, match=f"missing: unet/{names[1]}"):
        open_checkpoint(model)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
@pytest.mark.parametrize("what", ["shard", "index", "component's file"])
def test_a_fifo_in_the_place_of_a_file_is_not_waited_for(model, what):
    index, names = shard(model)
    path = {"shard": index.parent / names[0], "index": index}.get(what, model / "vae" / index.name.split(".index")[0])
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(CheckpointError, match=f"this is not a regular file: .*{path.parent.name}.{path.name}"):
        open_checkpoint(model)


def test_a_folder_in_the_place_of_a_shard_is_told(model):
    index, names = shard(model)
    (index.parent / names[1]).unlink()
    (index.parent / names[1]).mkdir()
    with pytest.raises(CheckpointError, match=f"this is not a regular file: .*{names[1]}"):
        open_checkpoint(model)


def test_a_folder_that_changes_while_its_headers_are_read(model, monkeypatch):
    read, left = FileSource.read_into, [3]

    def reading(self, *place):
        left[0] -= 1
        if left[0] == 0:
            (model / "vae" / "diffusion_pytorch_model.safetensors").write_bytes(b"half of it")
        read(self, *place)

    monkeypatch.setattr(FileSource, "read_into", reading)
    with pytest.raises(ReadError, match=r"the checkpoint changed while it was being read: .*model\. Fix: "):
        open_checkpoint(model)


def test_a_damaged_shard_is_named(model):
    _, names = shard(model)
    path = model / "unet" / names[0]
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(CheckpointError, match=f"unet/{names[0]}"):
        open_checkpoint(model)


def test_a_shard_without_its_tensor_is_named(model):
    index, names = shard(model)
    content = json.loads(index.read_text())
    content["weight_map"]["conv_in.extra"] = names[0]
    index.write_text(json.dumps(content))
    with pytest.raises(CheckpointError, match=f"{names[0]} lacks a tensor.*conv_in.extra"):
        open_checkpoint(model)


@pytest.mark.parametrize(
    "name", ["../vae/diffusion_pytorch_model.safetensors", "/etc/passwd", "..", "..\\x", "C:x", "", "a\0b", "a\nb"]
)
def test_a_shard_stays_in_its_folder(model, name):
    index, _ = shard(model)
    index.write_text(json.dumps({"weight_map": {"conv_in.weight": name}}))
    with pytest.raises(CheckpointError, match="outside its folder"):
        open_checkpoint(model)


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"weight_map": 3}', '{"weight_map": {"a": 3}}', "[" * 100_000, "\x00"]
)
def test_a_broken_index_is_named(model, content):
    index, _ = shard(model)
    index.write_text(content)
    with pytest.raises(CheckpointError, match=index.name):
        open_checkpoint(model)


def test_a_broken_model_index_is_named(model):
    (model / "model_index.json").write_bytes(b"\xff\xfe")
    with pytest.raises(CheckpointError, match=r"model_index\.json is not valid JSON"):
        open_checkpoint(model)


def test_an_emptied_component_is_named(model):
    (model / UNET_FILE).unlink()
    with pytest.raises(CheckpointError, match="no weights in the sub-folder: model/unet"):
        open_checkpoint(model)


def test_a_folder_without_components_says_so(tmp_path):
    (tmp_path / "model_index.json").write_text("{}")
    with pytest.raises(CheckpointError, match="has no weights"):
        open_checkpoint(tmp_path)


def test_a_folder_that_is_no_model_says_so(tmp_path):
    with pytest.raises(CheckpointError, match=r"has no model_index\.json"):
        open_checkpoint(tmp_path)
