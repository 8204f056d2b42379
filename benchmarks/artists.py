"""Hubs of procedural artists as vectors: drawn once, encoded once, kept in the hub's folder."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from lib_modelsim.pictures.degrading import VERSION, as_jpeg, degraded
from lib_modelsim.pictures.encoders.encoder import Encoder, Together, parts_of
from lib_modelsim.pictures.opening import open_picture

Vectors = NDArray[np.float32]
Change = Callable[[Image.Image], Image.Image]

DIRT: dict[str, Change] = {
    "JPEG 50": lambda picture: as_jpeg(picture, 50),
    "JPEG 70": lambda picture: as_jpeg(picture, 70),
    "JPEG 95": lambda picture: as_jpeg(picture, 95),
    "scaled to 0.5": lambda picture: ImageOps.scale(picture, 0.5),
    "scaled to 0.7": lambda picture: ImageOps.scale(picture, 0.7),
    "scaled to 1.4": lambda picture: ImageOps.scale(picture, 1.4),
    "scaled to 2": lambda picture: ImageOps.scale(picture, 2),
    "cut by 10 %": lambda picture: ImageOps.crop(picture, round(0.05 * min(picture.size))),
    "screenshot with a frame": lambda picture: as_jpeg(ImageOps.expand(picture, (20, 36, 20, 20), (40, 40, 44)), 90),
}
"""What is done to the queries of the robustness rows, after what the exam itself does to them."""

EVERY = 8
"""Each so-many-th query of an artist is in the robustness rows."""


@dataclass(frozen=True)
class Hub:
    """Vectors of a hub: `gallery` [artists, views, pictures, d]; `queries`, each of `dirty` [artists, pictures, d].

    `prompts` are the gallery's, `asked` the queries'; every artist has drawn each.
    """

    name: str
    prompts: tuple[str, ...]
    asked: tuple[str, ...]
    gallery: Vectors
    queries: Vectors
    dirty: dict[str, Vectors]


def load_hub(folder: Path, tool: Path, hub: int, artists: int, encoder: Encoder, with_dirt: bool) -> Hub:
    """The hub's vectors from this encoder; draws and encodes what is not there yet (some minutes)."""
    place = folder / f"h{hub}_{artists}"
    if not (place / "hub.json").exists():
        command = [sys.executable, tool, place, "--hub", str(hub), "--artists", str(artists)]
        subprocess.run([str(part) for part in command], check=True)
    plan = json.loads((place / "hub.json").read_text("utf-8"))

    def vectors(part: str, change: Change | None, every: int = 1) -> Vectors:
        kept = [_kept(place, plan["artists"], each, part, change, every) for each in parts_of(encoder)]
        return encoder.joined(kept) if isinstance(encoder, Together) else kept[0]

    gallery = np.stack([vectors("gallery", None), vectors("gallery", degraded)], 1)
    dirty = {name: vectors("queries", change, EVERY) for name, change in DIRT.items()} if with_dirt else {}
    prompts, asked = tuple(plan["gallery_prompts"]), tuple(plan["query_prompts"])
    return Hub(place.name, prompts, asked, gallery, vectors("queries", None), dirty)


def _kept(place: Path, artists: list[str], encoder: Encoder, part: str, change: Change | None, every: int) -> Vectors:
    """[artists, pictures, d], from the file of an earlier call if there is one."""
    names = {change: name for name, change in DIRT.items()} | {None: "as they are", degraded: f"degraded {VERSION}"}
    file = place / f"{encoder.identity}, {part}, {names[change]}.npy"
    if not file.exists():
        encoded = []
        for artist in artists:
            pictures = [open_picture(path) for path in sorted((place / part / artist).iterdir())[::every]]
            encoded.append(encoder.encode([change(picture) if change else picture for picture in pictures]))
        np.save(file, np.stack(encoded))
    return np.load(file)
