"""A diffusers folder: `model_index.json`, and one sub-folder of weights per component, sharded or not."""

from __future__ import annotations

from pathlib import Path

from .stored import StoredTensor


def is_diffusers_folder(path: Path) -> bool:
    """Whether this folder is one checkpoint rather than a place where checkpoints lie."""
    return (path / "model_index.json").is_file()


def read_folder(path: Path) -> tuple[list[StoredTensor], dict[str, str]]:
    """The tensors of all components ("unet/conv_in.weight", …) in file order, and the files' metadata."""
    raise NotImplementedError
