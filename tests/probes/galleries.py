"""Galleries on disk, written by the gallery's own functions with pictures made on the spot."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from lib_modelsim.probes.engine import EngineCheckpoint
from lib_modelsim.probes.gallery import Gallery, Record, checkpoint_key
from lib_modelsim.probes.parameters import Parameters
from lib_modelsim.probes.suite import Probe, Suite
from tests.probes.fake_engine import drawable

ENGINE = "fake"

Draw = Callable[[EngineCheckpoint, Parameters], Image.Image | None]
"""What a checkpoint draws; None for what is missing."""


def noise(checkpoint: EngineCheckpoint, parameters: Parameters) -> Image.Image:
    """Blurred noise that belongs to this checkpoint and these parameters."""
    return noise_of(checkpoint.name + repr(parameters), (parameters.width, parameters.height))


def noise_of(seed: str, size: tuple[int, int], blur: float = 2.0) -> Image.Image:
    """Blurred noise, RGB, the same for the same seed."""
    random = np.random.default_rng(zlib.crc32(seed.encode(errors="backslashreplace")))
    pixels = random.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(blur))


def small_suite(probes: Sequence[str] = ("cat", "dog"), seeds: Sequence[int] = (1,), **settings: object) -> Suite:
    """Probes of 64 × 64 pixels."""
    settings = {"width": 64, "height": 64, "steps": 4} | settings
    return Suite(
        "pets", tuple(Probe(name, Parameters(prompt=f"a {name}", **settings), tuple(seeds)) for name in probes)
    )


def fill(
    folder: Path, suite: Suite, names: Sequence[str], draw: Draw = noise, architecture: str | None = "SD 1.x"
) -> list[EngineCheckpoint]:
    """Draw the suite with checkpoints of these names into the gallery; returns them."""
    checkpoints = [drawable(name, architecture) for name in names]
    with Gallery(folder) as gallery:
        gallery.keep_suite(suite)
        for checkpoint in checkpoints:
            for probe in suite.probes:
                for parameters in probe.pictures(checkpoint.architecture):
                    _draw(gallery, suite, checkpoint, probe.name, parameters, draw(checkpoint, parameters))
    return checkpoints


def _draw(
    gallery: Gallery,
    suite: Suite,
    checkpoint: EngineCheckpoint,
    probe: str,
    parameters: Parameters,
    image: Image.Image | None,
) -> None:
    if image is None:
        return
    identity = parameters.identity(ENGINE)
    record = Record(
        identity=identity,
        checkpoint=checkpoint_key(checkpoint),
        checkpoint_name=checkpoint.name,
        architecture=checkpoint.architecture,
        suite=suite.name,
        probe=probe,
        parameters=parameters.to_dict(),
        engine=ENGINE,
        engine_version="fake 1.0",
        black=not image.getbbox(),
        seconds=1.0,
    )
    path = gallery.path_for(suite.name, checkpoint, probe, parameters.seed, identity)
    gallery.save(path, image, "", record)
