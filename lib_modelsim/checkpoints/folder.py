"""A diffusers folder: `model_index.json`, and one sub-folder of weights per component, sharded or not."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from ..errors import CheckpointError
from .files import INCOMPLETE, shards_at
from .json_files import read_json
from .shards import read_part, read_shards
from .source import ReadError
from .stored import StoredTensor

COMPONENTS = (
    *("unet", "transformer", "transformer_2", "prior", "decoder", "vae", "vqgan"),
    *("text_encoder", "text_encoder_2", "text_encoder_3", "text_encoder_4"),
)
"""The sub-folders that hold weights of the network; others (`safety_checker`, `tokenizer`, …) do not make it differ."""

SCHEDULER, SAMPLING = "scheduler", ("prediction_type", "rescale_betas_zero_snr")
"""The sub-folder of the scheduler, and the fields of its configuration that say how the network was trained."""

_WEIGHTS = re.compile(r"(?:diffusion_pytorch_model|model|pytorch_model)(?:\.(\w+))?\.(safetensors|bin)")
_INDEX = re.compile(r"(?:diffusion_pytorch_model|model|pytorch_model)\.(safetensors|bin)\.index(?:\.(\w+))?\.json")
_SHARD = re.compile(
    r"(?:diffusion_pytorch_model|model|pytorch_model)(?:\.(\w+))?-\d{5}-of-\d{5}(?:\.(\w+))?\.(safetensors|bin)"
)
"""One file of all weights, the index of its shards, or a shard, with the variant (`fp16`, `non_ema`) that diffusers
puts in."""


def is_diffusers_folder(path: Path) -> bool:
    """Whether this folder is one checkpoint rather than a folder of checkpoints."""
    return (path / "model_index.json").is_file()


def is_component(path: Path) -> bool:
    """Whether this folder is a component of a diffusers model alone, with its `config.json` and its weights."""
    return (path / "config.json").is_file() and not is_diffusers_folder(path) and weights_in(path) is not None


def read_folder(path: Path) -> tuple[list[StoredTensor], dict[str, str], tuple[str, ...]]:
    """The tensors of all components ("unet/conv_in.weight", …) in file order, what `model_index.json` tells, and
    remarks on single files.

    The metadata are its `_class_name` and `_name_or_path`, where they are text, and what its scheduler says of the
    sampling. Raises CheckpointError for a folder without weights, for a component without its file, and for a missing,
    damaged or outlying shard.
    """
    if not is_diffusers_folder(path):
        what = "the folder has no model_index.json, so it is not a diffusers model"
        raise CheckpointError(what, path, "choose its checkpoint files, or a diffusers folder")
    index = read_json(path / "model_index.json")
    remarks: list[str] = []
    tensors = [
        replace(tensor, key=f"{component}/{tensor.key}")
        for component in COMPONENTS
        if (path / component).is_dir()
        for tensor in _read_component(path / component, remarks)
    ]
    if not tensors:
        raise CheckpointError("the diffusers folder has no weights", path, INCOMPLETE)
    told = {name: index.get(name) for name in ("_class_name", "_name_or_path")}
    metadata = {name: value for name, value in told.items() if isinstance(value, str)}
    return tensors, metadata | _scheduler(path / SCHEDULER / f"{SCHEDULER}_config.json", remarks), tuple(remarks)


def _scheduler(path: Path, remarks: list[str]) -> dict[str, str]:
    """What the scheduler's configuration says of the sampling: `SAMPLING`, each behind "scheduler."."""
    if not path.is_file():
        return {}
    try:
        found = read_json(path)
    except ReadError:
        raise
    except CheckpointError as error:
        remarks.append(str(error))
        return {}
    return {f"{SCHEDULER}.{name}": str(found[name])[:40] for name in SAMPLING if found.get(name) not in (None, False)}


def _read_component(folder: Path, remarks: list[str]) -> list[StoredTensor]:
    """The tensors of one sub-folder."""
    name = weights_in(folder)
    if name is None:
        raise CheckpointError("no weights in the sub-folder", f"{folder.parent.name}/{folder.name}", INCOMPLETE)
    shards = shards_at(folder / name)
    shown = f"{folder.name}/"
    found = read_part(folder / name, shown + name) if shards is None else read_shards(shards, shown)
    remarks += found.remarks
    return found.tensors


def weights_in(folder: Path) -> str | None:
    """The best of the files that hold a component's weights: no variant, then safetensors. Of shards it is their index
    or one of them; None where there are no weights."""
    candidates = []
    for entry in folder.iterdir():
        if match := _WEIGHTS.fullmatch(entry.name):
            candidates.append((match[1] or "", match[2] == "bin", 0, entry.name))
        elif match := _INDEX.fullmatch(entry.name):
            candidates.append((match[2] or "", match[1] == "bin", 0, entry.name))
        elif match := _SHARD.fullmatch(entry.name):
            candidates.append((match[1] or match[2] or "", match[3] == "bin", 1, entry.name))
    return min(candidates)[-1] if candidates else None
