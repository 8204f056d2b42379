"""A diffusers folder: `model_index.json`, and one sub-folder of weights per component, sharded or not."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

from ..errors import CheckpointError
from .file_formats import read_file_headers
from .source import FileSource, ReadError
from .stored import StoredTensor

COMPONENTS = ("unet", "transformer", "vae", "text_encoder", "text_encoder_2", "text_encoder_3")
"""The sub-folders that hold weights of the network; others (`safety_checker`, `tokenizer`, …) do not make it differ."""

_WEIGHTS = re.compile(r"(?:diffusion_pytorch_model|model|pytorch_model)(?:\.(\w+))?\.(safetensors|bin)")
_INDEX = re.compile(r"(?:diffusion_pytorch_model|model|pytorch_model)\.(safetensors|bin)\.index(?:\.(\w+))?\.json")
"""One file of all weights, or the index of its shards, with the variant (`fp16`, `non_ema`) that diffusers puts in."""

_LARGEST_JSON = 16_000_000
"""Bytes; the index of the largest model on the hub has a tenth of that."""

_INCOMPLETE = "download the folder again, it is incomplete"


def is_diffusers_folder(path: Path) -> bool:
    """Whether this folder is one checkpoint rather than a folder of checkpoints."""
    return (path / "model_index.json").is_file()


def read_folder(path: Path) -> tuple[list[StoredTensor], dict[str, str], tuple[str, ...]]:
    """The tensors of all components ("unet/conv_in.weight", …) in file order, what `model_index.json` tells, and
    remarks on single files.

    The metadata are its `_class_name` and `_name_or_path`, where they are text. Raises CheckpointError for a folder
    without weights, for a component without its file, and for a missing, damaged or outlying shard.
    """
    if not is_diffusers_folder(path):
        what = "the folder has no model_index.json, so it is not a diffusers model"
        raise CheckpointError(what, path, "choose its checkpoint files, or a diffusers folder")
    index = _read_json(path / "model_index.json")
    remarks: list[str] = []
    tensors = [
        replace(tensor, key=f"{component}/{tensor.key}")
        for component in COMPONENTS
        if (path / component).is_dir()
        for tensor in _read_component(path / component, remarks)
    ]
    if not tensors:
        raise CheckpointError("the diffusers folder has no weights", path, _INCOMPLETE)
    told = {name: index.get(name) for name in ("_class_name", "_name_or_path")}
    return tensors, {name: value for name, value in told.items() if isinstance(value, str)}, tuple(remarks)


def _read_component(folder: Path, remarks: list[str]) -> list[StoredTensor]:
    """The tensors of one sub-folder, from the best of the files that hold them: no variant, then safetensors."""
    candidates = []
    for entry in folder.iterdir():
        if match := _WEIGHTS.fullmatch(entry.name):
            candidates.append((match[1] or "", match[2] == "bin", _read_file, entry.name))
        elif match := _INDEX.fullmatch(entry.name):
            candidates.append((match[2] or "", match[1] == "bin", _read_shards, entry.name))
    if not candidates:
        raise CheckpointError("no weights in the sub-folder", f"{folder.parent.name}/{folder.name}", _INCOMPLETE)
    *_, read, name = min(candidates, key=lambda candidate: (candidate[0], candidate[1], candidate[3]))
    return read(folder, name, remarks)


def _read_shards(folder: Path, index: str, remarks: list[str]) -> list[StoredTensor]:
    """The tensors that the index names, each from the shard where it says that they lie."""
    weight_map = _read_json(folder / index).get("weight_map")
    if not isinstance(weight_map, dict) or not all(isinstance(name, str) for name in weight_map.values()):
        raise CheckpointError("the index of the shards has no weight_map", f"{folder.name}/{index}", _INCOMPLETE)
    keys_of: dict[str, list[str]] = {}
    for key, name in weight_map.items():
        keys_of.setdefault(name, []).append(key)
    tensors = []
    for name, keys in sorted(keys_of.items()):
        if not _is_plain_name(name):
            what = f"{index} names a shard outside its folder"
            raise CheckpointError(what, name, "do not use this copy: download the folder from its source")
        found = {tensor.key: tensor for tensor in _read_file(folder, name, remarks)}
        absent = [key for key in keys if key not in found]
        if absent:
            what = f"the shard {folder.name}/{name} lacks a tensor that {index} lists"
            raise CheckpointError(what, absent[0], _INCOMPLETE)
        wanted = set(keys)
        tensors += [tensor for key, tensor in found.items() if key in wanted]
    return tensors


def _read_file(folder: Path, name: str, remarks: list[str]) -> list[StoredTensor]:
    shown = f"{folder.name}/{name}"
    if not (folder / name).exists():
        raise CheckpointError("a file of the diffusers folder is missing", shown, _INCOMPLETE)
    try:
        found = read_file_headers(FileSource(folder / name, shown))
    except ReadError:
        raise
    except CheckpointError as error:
        raise CheckpointError(f"{shown}: {error.what}", error.value, error.fix) from error
    remarks += [f"{shown}: {remark}" for remark in found.remarks]
    return found.tensors


def _is_plain_name(name: str) -> bool:
    """Whether this is a file's name on every platform and no path. Links may lead out: the hub's cache is made so."""
    return name.isprintable() and not set(name) & set("/\\:") and name not in ("", ".", "..")


def _read_json(path: Path) -> dict:
    shown = f"{path.parent.name}/{path.name}"
    source = FileSource(path, shown)
    if source.size > _LARGEST_JSON:
        raise CheckpointError("the index is too large", f"{shown}, {source.size} bytes", _INCOMPLETE)
    raw = bytearray(source.size)
    source.read_into(0, memoryview(raw))
    try:
        content = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{shown} is not valid JSON", error, _INCOMPLETE) from None
    if not isinstance(content, dict):
        raise CheckpointError(f"{shown} is not a JSON object", type(content).__name__, _INCOMPLETE)
    return content
