"""Which checkpoint's VAE a picture came out of, where the checkpoints of the library differ in theirs: each encodes and
decodes the picture again. What that tells: `identify/evidence/vae.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...checkpoints.reader import CheckpointError
from ...identify.evidence.form import Evidence
from ...identify.evidence.vae import VaeFit, of_vaes
from ...identify.known_model import KnownModel
from ...installing import how_to_install
from ...job import Job, Stage
from ...library import Library
from ...probes.engine import CheckpointFailed
from ...text import counted, readable
from .queries import OpenedQuery

if TYPE_CHECKING:
    import torch
    from diffusers import AutoencoderKL
    from PIL import Image

_BORDER = 8
"""One such part of the shorter side is left out all around: where a picture was cut, a VAE sees another border."""

_LEAST, _LONGEST, _GRID = 64, 512, 8
"""Pixels: at least so many are needed, at most so many of the middle are looked at, unscaled and whole blocks."""


@dataclass(frozen=True)
class VaeFound:
    """Evidence that a picture's VAE gives, and what could not be told, one line each."""

    evidence: tuple[Evidence, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass
class _Vae(VaeFit):
    """With its version of the picture, float32 [1, 3, height, width]."""

    version: torch.Tensor | None = None


def vae_evidence(
    asked: Sequence[OpenedQuery], known: Sequence[KnownModel], library: Library, device: str, job: Job
) -> VaeFound:
    """What encoding and decoding these pictures with each distinct VAE tells; the VAEs are loaded one after another,
    twice each. Raises Cancelled between two."""
    vaes, unknown = _distinct(known, library)
    told = [f"{counted(unknown, 'checkpoint')} not hashed yet, so not compared by VAE: scan first"] if unknown else []
    if len(vaes) < 2:
        return VaeFound(
            (), (*told, "your checkpoints have not two different VAEs that are known, so a VAE tells nothing")
        )
    if find_spec("diffusers") is None:
        return VaeFound((), (*told, f"to compare VAEs the package diffusers is missing: {how_to_install('diffusers')}"))
    evidence, several_asked = [], len(asked) > 1
    for each in asked:
        found, remarks = _of_picture(each, vaes, device, job)
        evidence += [
            replace(piece, detail=f"{each.name}: {piece.detail}") if several_asked else piece for piece in found
        ]
        told += [f"{each.name}: {remark}" if several_asked else remark for remark in remarks]
    return VaeFound(tuple(evidence), tuple(dict.fromkeys(told)))


def _distinct(known: Sequence[KnownModel], library: Library) -> tuple[list[list[KnownModel]], int]:
    """The models with a file by their VAE, whatever its precision, and of how many nobody knows it."""
    content = {path: (identity or {}).get("content") for path, _, identity in library.files()}
    places = {readable(Path(path).resolve()): path for path in content}
    groups: dict[str, list[KnownModel]] = {}
    unknown = 0
    for model in known:
        if model.path is None:
            continue
        hashes = content.get(places.get(readable(model.path.resolve()), ""))
        if hashes is None:
            unknown += 1
        elif "vae" in hashes:
            groups.setdefault(hashes["vae"]["float16"], []).append(model)
    return list(groups.values()), unknown


def _of_picture(
    asked: OpenedQuery, groups: Sequence[Sequence[KnownModel]], device: str, job: Job
) -> tuple[list[Evidence], list[str]]:
    from ...similarity.device import choose_device

    if asked.picture is None or min(asked.picture.size) < _LEAST:
        return [], [f"it is smaller than {_LEAST} pixels, so its VAE cannot be told"]
    where = choose_device(device).torch
    picture = _middle(asked.picture).to(where)
    vaes, remarks = [], []
    stage = Stage(job, "decoding it again", 2 * len(groups), "VAEs")
    for models in groups:
        job.check()
        try:
            vaes.append(_measured(_Vae(list(models)), picture, where))
        except (CheckpointFailed, CheckpointError) as error:
            remarks.append(f"the VAE of {models[0].name} was left out: {error}")
        stage.advance(1)
    for vae in vaes:
        job.check()
        network = _loaded(vae, where)
        others = [_change(network, other.version) for other in vaes if other is not vae and other.version is not None]
        vae.others = min(others, default=math.inf)
        stage.advance(1)
    vaes = [vae for vae in vaes if math.isfinite(vae.others) and vae.own > 0 and vae.changes > 0]
    evidence, told = of_vaes(vaes)
    return evidence, [*remarks, *told]


def _measured(vae: _Vae, picture: torch.Tensor, where: torch.device) -> _Vae:
    network = _loaded(vae, where)
    vae.version = _again(network, picture)
    vae.changes = _mean_square(vae.version - picture)
    vae.own = _change(network, vae.version)
    return vae


def _loaded(vae: _Vae, where: torch.device) -> AutoencoderKL:
    from ...engines.diffusers_loading import load_vae  # torch and diffusers come with it

    path = vae.models[0].path
    if path is None:
        raise CheckpointFailed("there is no file", vae.models[0].name, "add its folder")
    return load_vae(path, where)


def _change(network: AutoencoderKL, picture: torch.Tensor) -> float:
    """The mean square of what encoding and decoding changes."""
    return _mean_square(_again(network, picture) - picture)


def _mean_square(difference: torch.Tensor) -> float:
    """Without the border."""
    border = min(difference.shape[-2:]) // _BORDER
    return float(difference[..., border:-border, border:-border].square().mean())


def _again(network: AutoencoderKL, picture: torch.Tensor) -> torch.Tensor:
    """The picture, float32 [1, 3, height, width] from -1 to 1, encoded and decoded, in 8 bits as a file has it."""
    import torch

    with torch.no_grad():
        decoded = network.decode(network.encode(picture).latent_dist.mode()).sample
    return ((decoded / 2 + 0.5).clamp(0, 1) * 255).round() / 127.5 - 1


def _middle(picture: Image.Image) -> torch.Tensor:
    """float32 [1, 3, height, width] from -1 to 1: whole blocks from the middle."""
    import torch

    width, height = (min(side, _LONGEST) // _GRID * _GRID for side in picture.size)
    left, top = ((side - kept) // 2 // _GRID * _GRID for side, kept in zip(picture.size, (width, height), strict=True))
    pixels = np.asarray(picture.convert("RGB").crop((left, top, left + width, top + height)), np.float32)
    return torch.from_numpy(pixels / 127.5 - 1).permute(2, 0, 1)[None]
