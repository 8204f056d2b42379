"""What a score is, and what a kind of score says of itself. Larger is always better."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelsimError
from ...job import Job
from ...pictures.encoders.encoder import Encoder
from ...pictures.pixels import TOO_SMALL, Pixels, PixelScore
from ..collection import Collected

if TYPE_CHECKING:  # SciPy comes with it, and the help of every command needs the names
    from ...pictures.features import FeatureStore

Values = NDArray[np.float64]


class ScorerError(ModelsimError):
    """A score that cannot be had here."""


@dataclass(frozen=True)
class Scored:
    """float64 [pictures], NaN for a picture without this score; `missing`: its place → why it has none; `remarks` are
    sentences on all of them."""

    values: Values
    missing: Mapping[int, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


class Scorer(Protocol):
    """One score, ready to be taken."""

    @property
    def unit(self) -> str:
        """Of its numbers; "" where they have none."""

    @property
    def pixels(self) -> Sequence[PixelScore]:
        """The numbers of pixels that it is made of: they are taken when a picture is opened."""

    @property
    def encoder(self) -> Encoder | None:
        """Whose vectors it needs; None for nobody's."""

    def score(self, pictures: Sequence[Collected], store: FeatureStore, job: Job) -> Scored:
        """Of pictures that the store has looked at for what it needs. Raises Cancelled, and ModelsimError where it
        cannot be had."""


@dataclass(frozen=True)
class Tools:
    """What a scorer may be handed: the folder whose pictures are scored; the CLIP that is used, asked for where one is
    needed (raises ModelsimError where there is none); the tensors of a file, by name; the stars that a person gave, by
    content."""

    folder: Path
    clip: Callable[[], Encoder]
    read_tensors: Callable[[Path], Mapping[str, NDArray[np.float32]]]
    stars: Callable[[Sequence[str]], Mapping[str, int]]


@dataclass(frozen=True)
class ScorerKind:
    """A kind of score that a person can choose.

    - `name`: as it is typed; `label`: as the page calls it; `says`: what more of it means, in one sentence.
    - `make`: what follows the colon, and the tools → the scorer; loads nothing large, raises ModelsimError where it
      cannot be had.
    - `takes`: what must follow the colon, "" for nothing.
    - `needs_clip`: whether it looks at pictures with CLIP, and `needs_openai`: with no other than OpenAI's ViT-L/14;
      `needs_nothing`: whether the picture is all that it needs.
    """

    name: str
    label: str
    says: str
    make: Callable[[str, Tools], Scorer]
    takes: str = ""
    needs_clip: bool = False
    needs_openai: bool = False
    needs_nothing: bool = False

    @property
    def usage(self) -> str:
        """How its name is written."""
        return f"{self.name}:{self.takes}" if self.takes else self.name


@dataclass(frozen=True)
class OfPixels:
    """A score that is one number of a picture's pixels: `of` takes uint8 [height, width, 3], about 512 × 512 pixels of
    it (see `pictures/pixels.py`), and gives NaN where there is none, because of what `none` says."""

    identity: str
    unit: str
    function: Callable[[Pixels], float]
    none: str = TOO_SMALL

    @property
    def pixels(self) -> Sequence[PixelScore]:
        return (self,)

    @property
    def encoder(self) -> None:
        return None

    def of(self, pixels: Pixels) -> float:
        return self.function(pixels)

    def score(self, pictures: Sequence[Collected], store: FeatureStore, _job: Job) -> Scored:
        """As kept by content."""
        values = store.numbers(self, [picture.content for picture in pictures])
        return Scored(values, dict.fromkeys(np.flatnonzero(np.isnan(values)).tolist(), self.none))


def kind_of_pixels(
    name: str, says: str, function: Callable[[Pixels], float], unit: str = "", version: int = 1
) -> ScorerKind:
    """The kind of a score of pixels; `version` grows when its numbers change."""
    scorer = OfPixels(f"{name} {version}", unit, function)
    return ScorerKind(name, name, says, lambda _which, _tools: scorer, needs_nothing=True)
