"""Pictures' vectors and fingerprints, made once for each content and encoder and remembered beside the gallery."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...job import Job, Stage
from ...pictures import degrading
from ...pictures.copies import Hashes, fingerprint
from ...pictures.degrading import degraded
from ...pictures.encoders.encoder import Encoder, TextEncoder
from ...pictures.opening import PictureError, open_picture
from ...probes.gallery import Stored
from .memory import Memory

VIEWS = 2
"""Rows of vectors for each picture: as it is, and worn."""

_FINGERPRINT = "fingerprint 2"  # the number grows when fingerprints change their meaning

_TOGETHER = 16  # pictures that are encoded at once, and kept


@dataclass(frozen=True)
class Indexed:
    """A picture of the gallery: `key` and `model` are those of the checkpoint that drew it."""

    path: Path
    key: str
    model: str
    prompt: str
    content: str


@dataclass(frozen=True)
class _Look:
    """A picture's fingerprint and, where they are to be encoded, its views."""

    fingerprint: bytes
    views: tuple[Image.Image, ...]


class Features:
    """What this encoder sees in pictures, from memory where it has seen them before."""

    def __init__(self, memory: Memory, encoder: Encoder) -> None:
        self._memory, self._encoder = memory, encoder
        self.method = f"{encoder.identity}; worn {degrading.VERSION}"

    def complete(
        self, stored: Sequence[Stored], chosen: Collection[Path], job: Job
    ) -> tuple[tuple[Indexed, ...], tuple[str, ...]]:
        """Fingerprint what is new, and encode what is new of the `chosen`; what is known of all, and why not of some.

        Raises Cancelled within a few pictures; what was made is kept.
        """
        contents = self._memory.contents(stored)
        to_encode = {contents[path] for path in chosen} - self._memory.known(self.method)
        to_see = to_encode | set(contents.values()) - self._memory.known(_FINGERPRINT)
        waiting = list({contents[each.path]: each for each in stored if contents[each.path] in to_see}.items())
        unreadable = []
        stage = Stage(job, f"looking at pictures ({self._encoder.name})", len(waiting), "pictures")
        for start in range(0, len(waiting), _TOGETHER):
            part = waiting[start : start + _TOGETHER]
            unreadable += self._see(part, to_encode)
            stage.advance(len(part))
        encoded, seen = self._memory.known(self.method), self._memory.known(_FINGERPRINT)
        known = (
            Indexed(
                each.path,
                each.record.checkpoint,
                each.record.checkpoint_name,
                each.record.drawn_with.prompt,
                contents[each.path],
            )
            for each in stored
            if contents[each.path] in (encoded if each.path in chosen else seen)
        )
        return tuple(known), tuple(unreadable)

    def _see(self, part: Sequence[tuple[str, Stored]], to_encode: Collection[str]) -> list[str]:
        """Remember features of these; why some cannot be read."""
        with ThreadPoolExecutor() as readers:  # Pillow and NumPy compute beside each other
            looks = list(readers.map(lambda item: _look(item[1].path, item[0] in to_encode), part))
        seen = [(content, look) for (content, _), look in zip(part, looks, strict=True) if isinstance(look, _Look)]
        features = [(content, _FINGERPRINT, look.fingerprint) for content, look in seen]
        new = [(content, look.views) for content, look in seen if look.views]
        if new:
            vectors = self._encoder.encode([view for _, views in new for view in views]).astype(np.float32)
            rows = vectors.reshape(len(new), VIEWS, -1)
            features += [(content, self.method, row.tobytes()) for (content, _), row in zip(new, rows, strict=True)]
        self._memory.keep(features)
        return [look for look in looks if isinstance(look, str)]

    def vectors(self, pictures: Sequence[Indexed]) -> NDArray[np.float32]:
        """float32 [pictures · VIEWS, d]."""
        data = self._memory.all(self.method, [picture.content for picture in pictures])
        return np.frombuffer(data, np.float32).reshape(len(pictures) * VIEWS, -1)

    def fingerprints(self, pictures: Sequence[Indexed]) -> Hashes | None:
        """uint8 [pictures, parts, 8]; None of no pictures."""
        if not pictures:
            return None
        data = self._memory.all(_FINGERPRINT, [picture.content for picture in pictures])
        return np.frombuffer(data, np.uint8).reshape(len(pictures), -1, 8)

    def texts(self, prompts: Sequence[str]) -> NDArray[np.float32] | None:
        """float32 [prompts, d], zeros for an empty prompt; those not seen before are encoded. None where the encoder
        reads no texts, or there are none."""
        digests = {prompt: hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).hexdigest() for prompt in prompts}
        digests.pop("", None)
        if not digests or not isinstance(self._encoder, TextEncoder):
            return None
        method = f"{self._encoder.identity}; text"
        known = self._memory.known(method)
        new = [prompt for prompt, digest in digests.items() if digest not in known]
        if new:
            readable = [prompt.encode("utf-8", "replace").decode() for prompt in new]  # no lone halves of characters
            vectors = self._encoder.encode_text(readable).astype(np.float32)
            self._memory.keep(
                (digests[prompt], method, row.tobytes()) for prompt, row in zip(new, vectors, strict=True)
            )
        data = self._memory.all(method, list(digests.values()))
        read = np.frombuffer(data, np.float32).reshape(len(digests), -1)
        place = {prompt: i for i, prompt in enumerate(digests, 1)}
        return np.vstack([np.zeros_like(read[:1]), read])[[place.get(prompt, 0) for prompt in prompts]]


def _look(path: Path, with_views: bool) -> _Look | str:
    """A look at a picture, or why there is none."""
    try:
        picture = open_picture(path)
    except PictureError as error:
        return str(error)
    return _Look(fingerprint(picture).tobytes(), (picture, degraded(picture)) if with_views else ())
