"""The built-in descriptor as an encoder: needs no weights and no network."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image

from .encoder import EncoderKind, Readiness, Vectors


class DescriptorEncoder:
    """About 80 ms of one core a picture."""

    name = "built-in descriptor"

    @property
    def identity(self) -> str:
        from .. import descriptor

        return f"descriptor {descriptor.VERSION}"

    def encode(self, pictures: Sequence[Image.Image]) -> Vectors:
        """float32 [pictures, d], rows of length 1; on all cores, as NumPy computes beside Python."""
        from ..descriptor import descriptor  # SciPy comes with it

        with ThreadPoolExecutor() as workers:
            return np.array(list(workers.map(descriptor, pictures)), np.float32)


KIND = EncoderKind(
    "builtin",
    "built-in descriptor",
    make=lambda _which, _device: DescriptorEncoder(),
    readiness=lambda _which: Readiness(True, "no download; about 80 ms per picture on one core"),
    takes_turn=False,
)
