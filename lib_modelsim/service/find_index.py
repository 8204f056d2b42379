"""A gallery's pictures as vectors, kept beside the gallery on disk, and what a search has learned of them.

The file is only a memory: vectors belong to a picture's content and the encoder that made them, and are made anew
where either changes or the file is lost.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from ..identify.calibration import Calibration, SelfTest, self_test
from ..identify.examples import Examples
from ..identify.pseudo_prompt import Interrogator
from ..identify.rankers import DEFAULT, Ranker
from ..identify.search import Search
from ..job import Job, Stage
from ..pictures import handling
from ..pictures.encoder import Encoder, TextEncoder
from ..pictures.handling import handled
from ..pictures.opening import PictureError, open_picture
from ..pictures.perceptual_hash import Hashes, fingerprint
from ..probes.gallery import Gallery, Stored
from .find_memory import FILE, Memory

_FINGERPRINT = "fingerprint 1"
_TEST = 2
"""The numbers grow when fingerprints or self-tests change their meaning."""

_TOGETHER = 16  # pictures that are encoded at once, and kept
_VIEWS = 2  # of each picture: as it is, and worn


@dataclass(frozen=True)
class Indexed:
    """A picture of the gallery: `key` and `model` are those of the checkpoint that drew it."""

    path: Path
    key: str
    model: str
    prompt: str
    content: str


@dataclass(frozen=True)
class Learned:
    """What a gallery taught: `pictures` in the order of the search's examples, `_VIEWS` rows each; `fingerprints`
    uint8 [pictures, parts, 8]. `search` is None for a gallery without pictures; `unreadable` says what was left out."""

    encoder: Encoder
    pictures: tuple[Indexed, ...] = ()
    fingerprints: Hashes | None = None
    search: Search | None = None
    unreadable: tuple[str, ...] = ()

    def picture(self, row: int) -> Indexed:
        """The picture of a row of the examples."""
        return self.pictures[row // _VIEWS]

    @cached_property
    def names(self) -> dict[str, str]:
        """Key → the model's name, as it was when it last drew."""
        return {picture.key: picture.model for picture in self.pictures}


class GalleryIndex:
    """One gallery, seen by one encoder. May be asked by any thread."""

    def __init__(self, folder: Path, encoder: Encoder, suite: str = "standard", ranker: Ranker = DEFAULT) -> None:
        """Of a model that drew `suite` only those pictures count, of others all that they have."""
        self.folder, self.encoder, self._suite, self._ranker = folder, encoder, suite, ranker
        self._lock = Lock()
        self._seen: tuple[Indexed, ...] | None = None
        self._learned = Learned(encoder)

    def learned(self, job: Job) -> Learned:
        """What the gallery teaches as it is now; what is new is encoded first, the search learns anew where it grew.

        A gallery that is not there yet is an empty one. Raises Cancelled within a few pictures, ModelsimError where
        gallery or disk cannot be used; what was encoded is kept.
        """
        with self._lock:
            if not self.folder.is_dir():
                return Learned(self.encoder)
            with Gallery(self.folder) as gallery, Memory(self.folder / FILE) as memory:
                gallery.take_in()
                stored = _of_suite(gallery.pictures(), self._suite)
                features = _Features(memory, self.encoder)
                pictures, unreadable = features.complete(stored, job)
                if pictures != self._seen:
                    self._learned = self._learn(pictures, unreadable, features, memory, job)
                    self._seen = pictures
            return self._learned

    def _learn(
        self,
        pictures: tuple[Indexed, ...],
        unreadable: tuple[str, ...],
        features: _Features,
        memory: Memory,
        job: Job,
    ) -> Learned:
        if not pictures:
            return Learned(self.encoder, unreadable=unreadable)
        vectors, fingerprints = features.read(pictures)
        keys = sorted({picture.key for picture in pictures})
        place = {key: i for i, key in enumerate(keys)}
        rows = np.repeat(np.arange(len(pictures)), _VIEWS)
        model = np.array([place[pictures[i].key] for i in rows])
        prompts = tuple(pictures[i].prompt for i in rows)
        examples = Examples(tuple(keys), vectors, model, rows, prompts, features.texts(prompts))
        stage = Stage(job, "learning", 2, "steps")
        ranking = self._ranker.learn(examples)
        stage.advance(1)
        test = _tested(self._ranker, examples, pictures, features.method, memory)
        calibration = None if test is None else Calibration.of(test)
        stage.advance(1)
        search = Search(examples, ranking, Interrogator.of(examples), test, calibration)
        return Learned(self.encoder, pictures, fingerprints, search, unreadable)


def _of_suite(stored: Sequence[Stored], suite: str) -> list[Stored]:
    """What is learned from, model by model; black pictures say nothing."""
    lit = [picture for picture in stored if not picture.record.black]
    drew = {picture.record.checkpoint for picture in lit if picture.record.suite == suite}
    return [each for each in lit if each.record.suite == suite or each.record.checkpoint not in drew]


def _tested(
    ranker: Ranker, examples: Examples, pictures: Sequence[Indexed], method: str, memory: Memory
) -> SelfTest | None:
    """How well the search does on these examples, remembered as long as they stay: it takes most of the time.

    None where the library is too small to be tested.
    """
    if len(examples.models) < 3 or examples.pictures_of.max() < 2:
        return None
    lines = "\n".join(f"{picture.key} {picture.content} {picture.prompt!r}" for picture in pictures)
    digest = hashlib.sha256(lines.encode("utf-8", "surrogatepass")).hexdigest()
    name = f"{ranker.name}; {method}; {_TEST}"
    known = memory.test(name, digest)
    if known is None:
        known = self_test(ranker, examples)
        memory.keep_test(name, digest, known)
    return known


class _Features:
    """Vectors and fingerprints of pictures, from memory where they are known."""

    def __init__(self, memory: Memory, encoder: Encoder) -> None:
        self._memory, self._encoder = memory, encoder
        self.method = f"{encoder.identity}; worn {handling.VERSION}"
        self._fingerprint = _FINGERPRINT

    def complete(self, stored: Sequence[Stored], job: Job) -> tuple[tuple[Indexed, ...], tuple[str, ...]]:
        """Encode what is new; the pictures that have features, and why others have none."""
        contents = self._memory.contents(stored)
        known = self._memory.known(self.method) & self._memory.known(self._fingerprint)
        new = {contents[each.path]: each for each in stored if contents[each.path] not in known}
        unreadable, waiting = [], list(new.items())
        stage = Stage(job, f"looking at pictures ({self._encoder.name})", len(waiting), "pictures")
        for start in range(0, len(waiting), _TOGETHER):
            part = waiting[start : start + _TOGETHER]
            unreadable += self._encode(part)
            stage.advance(len(part))
        known = self._memory.known(self.method)
        indexed = tuple(
            Indexed(
                each.path,
                each.record.checkpoint,
                each.record.checkpoint_name,
                each.record.drawn_with.prompt,
                contents[each.path],
            )
            for each in stored
            if contents[each.path] in known
        )
        return indexed, tuple(unreadable)

    def _encode(self, part: Sequence[tuple[str, Stored]]) -> list[str]:
        contents, pictures, unreadable = [], [], []
        for content, stored in part:
            try:
                pictures.append(open_picture(stored.path))
                contents.append(content)
            except PictureError as error:
                unreadable.append(str(error))
        if pictures:
            views = [view for picture in pictures for view in (picture, handled(picture))]
            vectors = self._encoder.encode(views).astype(np.float32).reshape(len(pictures), _VIEWS, -1)
            hashes = [fingerprint(picture) for picture in pictures]
            self._memory.keep(
                [
                    *((content, self.method, rows.tobytes()) for content, rows in zip(contents, vectors, strict=True)),
                    *((content, self._fingerprint, h.tobytes()) for content, h in zip(contents, hashes, strict=True)),
                ]
            )
        return unreadable

    def read(self, pictures: Sequence[Indexed]) -> tuple[NDArray[np.float32], Hashes]:
        """float32 [pictures · views, d] and uint8 [pictures, parts, 8]."""
        contents = [picture.content for picture in pictures]
        vectors = np.frombuffer(self._memory.all(self.method, contents), np.float32)
        hashes = np.frombuffer(self._memory.all(self._fingerprint, contents), np.uint8)
        return vectors.reshape(len(pictures) * _VIEWS, -1), hashes.reshape(len(pictures), -1, 8)

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
