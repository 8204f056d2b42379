"""A small CLIP of open_clip's own making, with random weights, in a real file."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import torch

NAME = "modelsim-small"

CONFIG = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "patch_size": 16},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
}


def add_architecture(package: ModuleType, folder: Path, name: str = NAME, texts: dict | None = None) -> None:
    """Make the architecture known to open_clip; `texts` is added to what it says of texts."""
    config = {**CONFIG, "text_cfg": {**CONFIG["text_cfg"], **(texts or {})}}
    (folder / f"{name}.json").write_text(json.dumps(config))
    package.add_model_config(folder / f"{name}.json")


def write_small_clip(package: ModuleType, folder: Path, seed: int = 0) -> Path:
    """A file of weights for the architecture `NAME`, which is made known."""
    from safetensors.torch import save_file

    add_architecture(package, folder)
    torch.manual_seed(seed)
    path = folder / f"clip {seed}.safetensors"
    save_file(package.create_model(NAME).state_dict(), path)
    return path
