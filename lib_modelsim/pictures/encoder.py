"""What turns pictures into vectors: the interface, and the encoder that is always there."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from . import descriptor

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


class DescriptorEncoder:
    """The built-in descriptor: needs no weights and no network, about 80 ms of one core a picture."""

    name = "built-in descriptor"
    identity = f"descriptor {descriptor.VERSION}"

    def encode(self, pictures: Sequence[Image.Image]) -> Vectors:
        """float32 [pictures, d], rows of length 1; on all cores, as NumPy computes beside Python."""
        with ThreadPoolExecutor() as workers:
            return np.array(list(workers.map(descriptor.descriptor, pictures)), np.float32)
