"""What an encoder is, and what a kind of encoder says of itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...errors import ModelsimError
from ...job import Job

Vectors = NDArray[np.float32]


class Encoder(Protocol):
    """Pictures → vectors of length 1."""

    @property
    def name(self) -> str:
        """As a person reads it."""

    @property
    def identity(self) -> str:
        """Equal for two encoders exactly when their vectors can be compared: the key under which vectors are kept."""

    def encode(self, pictures: Sequence[Image.Image]) -> Vectors:
        """float32 [pictures, d], rows of length 1. The pictures as `opening.open_picture` gives them."""


@runtime_checkable
class TextEncoder(Encoder, Protocol):
    """An encoder whose pictures and texts share one space."""

    def encode_text(self, texts: Sequence[str]) -> Vectors:
        """float32 [texts, d], rows of length 1."""


@runtime_checkable
class ReadsBeginnings(TextEncoder, Protocol):
    """A text encoder that can say of which texts it reads the beginning alone."""

    longest: int
    """Tokens that it reads, with those for begin and end."""

    def too_long(self, texts: Sequence[str]) -> list[bool]:
        """Whether a text is cut off."""


@runtime_checkable
class KnownClip(Encoder, Protocol):
    """An encoder that can say which CLIP it is; both are "" where nobody knows."""

    @property
    def architecture(self) -> str:
        """As open_clip writes it: "ViT-L-14"."""

    @property
    def training(self) -> str:
        """As open_clip tags it: "openai"."""


@dataclass(frozen=True)
class Together:
    """Several encoders as one: their vectors one behind the other, each as long as its share says.

    Vectors are kept part by part, so that one that was made for another encoder is not made again.
    """

    parts: tuple[Encoder, ...]
    shares: tuple[float, ...]

    @property
    def name(self) -> str:
        return " + ".join(part.name for part in self.parts)

    @property
    def identity(self) -> str:
        pairs = zip(self.parts, self.shares, strict=True)
        return " + ".join(f"{share:g} {part.identity}" for part, share in pairs)

    def encode(self, pictures: Sequence[Image.Image]) -> Vectors:
        """float32 [pictures, d], rows of length 1."""
        return self.joined([part.encode(pictures) for part in self.parts])

    def joined(self, vectors: Sequence[Vectors]) -> Vectors:
        """Each part's vectors [… , d of the part] → [… , d]; likeness is the parts' likeness, weighed."""
        whole = sum(self.shares)
        parts = zip(vectors, self.shares, strict=True)
        return np.concatenate([each * np.float32((share / whole) ** 0.5) for each, share in parts], axis=-1)

    def unload(self) -> None:
        """Gives back the memory of the parts that hold a model."""
        for part in self.parts:
            if isinstance(part, HoldsModel):
                part.unload()


@runtime_checkable
class HoldsModel(Protocol):
    """An encoder that holds a model from its first use on; used again it loads again."""

    def unload(self) -> None:
        """Gives the model's memory back."""


def parts_of(encoder: Encoder) -> tuple[Encoder, ...]:
    """The encoders whose vectors are kept for this one: its parts, or itself."""
    return encoder.parts if isinstance(encoder, Together) else (encoder,)


class EncoderError(ModelsimError):
    """An encoder that cannot be used here, or not without a download."""


@dataclass(frozen=True)
class Readiness:
    """Whether an encoder can be used now; `words` say why not. `download` is what a click would download or install,
    and how large it is: all that it lacks, or where it is ready what would make it better."""

    ready: bool
    words: str
    download: str | None = None


def _nothing_to_fetch(_which: str, _job: Job) -> None:
    """For kinds that are here whole, or not at all."""


@dataclass(frozen=True)
class EncoderKind:
    """A kind of encoder that a person can choose. Of some kinds there are several: the name is then followed by a colon
    and by `which` of them.

    - `name`: as it is typed; `label`: as the page calls it; `takes`: what must follow the colon, "" for nothing.
    - `make`: which, and what tells the device ("cpu", "cuda") when it is asked → the encoder; loads nothing, raises
      ModelsimError where it cannot be used.
    - `readiness`: which → whether it can be used; loads nothing, raises ModelsimError as `make`.
    - `download`: fetches what `readiness` asked about; raises Cancelled, and ModelsimError in one line.
    - `suggested`: which of them are offered.
    - `takes_turn`: whether it may want the GPU, so that it waits for the host's other work.
    """

    name: str
    label: str
    make: Callable[[str, Callable[[], str]], Encoder]
    readiness: Callable[[str], Readiness]
    takes: str = ""
    suggested: tuple[str, ...] = ()
    download: Callable[[str, Job], None] = _nothing_to_fetch
    takes_turn: bool = True

    @property
    def usage(self) -> str:
        """How its name is written."""
        return f"{self.name}:{self.takes}" if self.takes else self.name
