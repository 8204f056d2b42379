"""Where a WebUI keeps what it puts to checkpoints: LoRAs, VAEs, text encoders, each in folders of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ..checkpoints.files import ENDINGS

_FLAGS = ("lora_dir", "lora_dirs", "vae_dir", "vae_dirs", "text_encoder_dir", "text_encoder_dirs")
"""Folders that its command line names; Forge Neo takes several of a kind."""

_USUAL = ("Lora", "VAE", "text_encoder")
"""Those in its folder of models; what is not there is not looked in."""


def folders_beside(cmd_opts: object, models: Path) -> list[Path]:
    """Those that hold a model, each once."""
    named = [*(models / name for name in _USUAL), *_named(cmd_opts)]
    return [folder for folder in dict.fromkeys(folder.absolute() for folder in named) if _holds_one(folder)]


def _named(cmd_opts: object) -> Iterator[Path]:
    for flag in _FLAGS:
        value = getattr(cmd_opts, flag, None) or ()
        yield from map(Path, [value] if isinstance(value, (str, Path)) else value)


def _holds_one(folder: Path) -> bool:
    return any(name.lower().endswith(ENDINGS) for _, _, names in os.walk(folder, followlinks=True) for name in names)
