"""Which encoder a person means: `builtin`, `open_clip:ARCHITECTURE/TAG`, `open_clip:ARCHITECTURE/FILE.safetensors`."""

from __future__ import annotations

from pathlib import Path

from ..errors import ModelsimError
from ..pictures.encoder import DescriptorEncoder, Encoder

BUILT_IN = "builtin"

_CLIP = "open_clip:"


def encoder_named(name: str, device: str = "auto", download: bool = False) -> Encoder:
    """The encoder; half precision on a GPU. Raises ModelsimError for an unknown one, and for weights that are not on
    this machine unless `download` says that they may be fetched: its words say what and how large."""
    if name == BUILT_IN:
        return DescriptorEncoder()
    architecture, _, weights = name.removeprefix(_CLIP).partition("/")
    if not name.startswith(_CLIP) or not weights:
        fix = f"use {BUILT_IN}, {_CLIP}ARCHITECTURE/TAG or {_CLIP}ARCHITECTURE/FILE.safetensors"
        raise ModelsimError("no such encoder", name, fix)
    from ..pictures.open_clip_encoder import OpenClipEncoder, published  # torch comes with it
    from ..similarity.device import choose_device

    where = choose_device(device).torch.type
    if weights.endswith(".safetensors"):
        return OpenClipEncoder(architecture, Path(weights), where, half=True)
    found = published(architecture, weights)
    if found.file is None:
        if not download:
            raise ModelsimError("these weights are not on this machine", weights, f"--download: {found.question}")
        found.download()
    return OpenClipEncoder(architecture, found, where, half=True)
