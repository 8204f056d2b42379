"""Heads on CLIP's vectors: a few layers that people trained on what others liked, from a file that a person names.

Both published ones take vectors of length 1 by OpenAI's ViT-L/14. A CLIP of another training has as many numbers, and
what a head makes of those looks like a score and means nothing: so another one is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelsimError
from ...job import Job
from ...pictures.encoders.encoder import Encoder, KnownClip, Vectors
from ..collection import Collected
from .scorer import Scored, ScorerError, Tools

if TYPE_CHECKING:  # SciPy comes with it, and the help of every command needs the names
    from ...pictures.features import FeatureStore

Layer = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Weights [out, in] and bias [out]."""

WIDTH = 768
"""Numbers of a vector of ViT-L/14."""

_MLP = (WIDTH, 1024, 128, 64, 16, 1)
_MLP_PLACES = (0, 2, 4, 6, 7)
"""Of the layers of improved-aesthetic-predictor in its Sequential; dropout lies between, and no activation."""

_LARGEST = 64_000_000
"""Bytes; the larger published one has 3.7 MB."""

_TOGETHER = 4096

_ARCHITECTURE, _TRAINING = "ViT-L-14", "openai"


@dataclass(frozen=True)
class Head:
    """Layers one after the other."""

    layers: tuple[Layer, ...]

    def of(self, vectors: Vectors) -> NDArray[np.float64]:
        """float32 [n, 768] of length 1 → float64 [n]."""
        values = vectors.astype(np.float64)
        for weights, bias in self.layers:
            values = values @ weights.T + bias
        return values[:, 0]


class HeadScore:
    """What a head makes of the vectors of `encoder`; it is computed from kept vectors, and not kept itself."""

    unit = ""
    pixels = ()

    def __init__(self, name: str, file: Path, tools: Tools) -> None:
        """Raises ModelsimError for a file that holds no such head, and for another CLIP."""
        self._name, self._head = name, read_head(name, file, tools)
        self.encoder = tools.clip()
        _require_openai(self.encoder, name)

    def score(self, pictures: Sequence[Collected], store: FeatureStore, job: Job) -> Scored:
        """Of every picture."""
        values = np.full(len(pictures), np.nan)
        for start in range(0, len(pictures), _TOGETHER):
            job.check()
            part = pictures[start : start + _TOGETHER]
            vectors = store.vectors(self.encoder, [picture.content for picture in part])
            if vectors.shape[1] != WIDTH:
                fix = "use OpenAI's ViT-L/14"
                raise ScorerError(f"{self._name} needs vectors of {WIDTH} numbers", f"{self.encoder.name} has "
                                  f"{vectors.shape[1]}", fix)  # fmt: skip
            values[start : start + len(part)] = self._head.of(vectors)
        return Scored(values, remarks=self._remarks)

    @cached_property
    def _remarks(self) -> tuple[str, ...]:
        if isinstance(self.encoder, KnownClip) and self.encoder.training == _TRAINING:
            return ()
        return (
            f"{self._name}: nobody knows whether {self.encoder.name} is OpenAI's ViT-L/14, with its activation "
            "(open_clip's ViT-L-14-quickgelu); of any other CLIP these numbers mean nothing",
        )


def read_head(name: str, file: Path, tools: Tools) -> Head:
    """The head in a file, as it was published: `aesthetic` or `aesthetic-linear`. Raises ModelsimError in one line."""
    fix = "give the file that was published with it (see docs/curate.md)"
    if not file.is_file():
        raise ScorerError(f"there is no such file for {name}", file, fix)
    if file.stat().st_size > _LARGEST:
        raise ScorerError(f"this file is too large for {name}", file.name, fix)
    tensors = tools.read_tensors(file)
    kinds = {"aesthetic": _mlp(tensors), "aesthetic-linear": _linear(tensors)}
    found = kinds[name]
    if found is None:
        other = next((kind for kind, layers in kinds.items() if layers is not None), None)
        fix = f"use {other}:{file}" if other else fix
        raise ScorerError(f"{file.name} holds no head for {name}", _told(tensors), fix)
    if not all(np.isfinite(part).all() for layer in found for part in layer):
        raise ScorerError(f"{file.name} holds numbers that are not finite", None, "download it again")
    return Head(found)


def _mlp(tensors: Mapping[str, NDArray[np.float32]]) -> tuple[Layer, ...] | None:
    """improved-aesthetic-predictor's: layers.0 … layers.7."""
    names = [f"layers.{place}" for place in _MLP_PLACES]
    return _chain(tensors, names, _MLP)


def _linear(tensors: Mapping[str, NDArray[np.float32]]) -> tuple[Layer, ...] | None:
    """LAION-AI/aesthetic-predictor's: one layer without a name."""
    return _chain(tensors, [""], (WIDTH, 1))


def _chain(
    tensors: Mapping[str, NDArray[np.float32]], names: Sequence[str], widths: Sequence[int]
) -> tuple[Layer, ...] | None:
    """The layers of these names and shapes; None where the file holds others, or more."""
    keys = [f"{name}.{part}".strip(".") for name in names for part in ("weight", "bias")]
    shapes = [shape for i, out in enumerate(widths[1:]) for shape in ((out, widths[i]), (out,))]
    if set(tensors) != set(keys) or [tensors[key].shape for key in keys] != shapes:
        return None
    read = [tensors[key].astype(np.float64) for key in keys]
    return tuple(zip(read[::2], read[1::2], strict=True))


def _told(tensors: Mapping[str, NDArray[np.float32]]) -> str:
    """What a file holds instead, in brief."""
    if not tensors:
        return "it holds no tensors of numbers"
    narrow = re.compile(r"^(?:layers\.0\.)?weight$")
    width = next((each.shape[-1] for key, each in tensors.items() if narrow.match(key) and each.ndim == 2), WIDTH)
    if width != WIDTH:
        return f"it takes vectors of {width} numbers, those of another CLIP; ViT-L/14 has {WIDTH}"
    key, tensor = next(iter(tensors.items()))
    return f"it holds {len(tensors)} tensors, such as {key} {list(tensor.shape)}"


def _require_openai(encoder: Encoder, name: str) -> None:
    """Raises ScorerError for a CLIP that is known to be another one."""
    if not isinstance(encoder, KnownClip) or not encoder.architecture:
        return
    other = encoder.architecture.removesuffix("-quickgelu") != _ARCHITECTURE
    if other or (encoder.training and encoder.training != _TRAINING):
        fix = "choose OpenAI's ViT-L/14 as the encoder (open_clip:ViT-L-14/openai)"
        raise ScorerError(f"{name} was trained on another CLIP than {encoder.name}", None, fix)


def head_named(name: str, which: str, tools: Tools) -> HeadScore:
    """The score of the head in the file `which`."""
    try:
        return HeadScore(name, Path(which).expanduser(), tools)
    except (OSError, RuntimeError) as error:  # RuntimeError: a ~ that nobody owns
        raise ModelsimError(f"the file for {name} cannot be read", error, "check its path") from error
