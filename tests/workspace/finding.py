"""A gallery whose models draw so differently that a search finds them, and an encoder that is quick."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance

from lib_modelsim.job import Job
from lib_modelsim.probes.engine import EngineCheckpoint
from lib_modelsim.probes.parameters import Parameters
from lib_modelsim.workspace.finding.index import GalleryIndex
from tests.probes.galleries import fill, noise_of, small_suite

MODELS = ("anna", "bert", "carl", "dora")
PROBES = ("cat", "dog", "car", "tree")


@dataclass
class Colours:
    """The mean colours of a 4 × 4 grid, less grey, as a vector of length 1; counts what it encodes."""

    name: str = "colours"
    identity: str = "colours 1"
    encoded: int = 0

    def encode(self, pictures: Sequence[Image.Image]) -> np.ndarray:
        self.encoded += len(pictures)
        small = [np.asarray(p.convert("RGB").resize((4, 4), Image.Resampling.BOX), np.float32) for p in pictures]
        values = np.array(small).reshape(len(pictures), -1) - 127
        return values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-6)


def tinted(checkpoint: EngineCheckpoint, parameters: Parameters) -> Image.Image:
    """Blurred noise with a tint of the checkpoint's own; enough of it that a picture can be told from another."""
    tint = np.random.default_rng(zlib.crc32(checkpoint.name.encode())).integers(0, 255, 3)
    noise = ImageEnhance.Contrast(noise_of(checkpoint.name + repr(parameters), (96, 96), 1.5)).enhance(2)
    return Image.blend(noise, Image.new("RGB", noise.size, tuple(int(value) for value in tint)), 0.25)


def draw_gallery(folder: Path, models: Sequence[str] = MODELS) -> list[EngineCheckpoint]:
    return fill(folder, small_suite(PROBES), models, tinted)


def learn(folder: Path):
    return GalleryIndex(folder, Colours()).learned(Job())
