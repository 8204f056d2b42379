"""A gallery as a search knows it: its pictures, their vectors from the FeatureStore, and what was learned of them."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from threading import Lock

import numpy as np

from ...identify.calibration import Calibration, SelfTest, self_test
from ...identify.examples import UNKNOWN, Examples
from ...identify.pseudo_prompt import PromptGuesser
from ...identify.rankers import DEFAULT, Ranker
from ...identify.search import Search
from ...job import Job, Stage
from ...pictures.copies import Hashes
from ...pictures.encoders.encoder import Encoder
from ...pictures.features import VIEWS, FeatureStore, View, Wanted, method_of
from ...pictures.keypoints import Codes
from ...probes.gallery import Gallery, Stored
from ...probes.one_model import one_key
from ...probes.sheet import IMPORTED

_TEST = 3
"""Grows when self-tests change their meaning."""

_TICK = 2_000_000_000
"""Nanoseconds: the coarsest clock that file systems have, FAT's."""


@dataclass(frozen=True)
class Indexed:
    """A picture of the gallery: `key` and `model` are those of the checkpoint that generated it, `seed` is UNKNOWN of
    one that was imported."""

    path: Path
    key: str
    model: str
    prompt: str
    content: str
    seed: int = UNKNOWN


@dataclass(frozen=True)
class Learned:
    """What a gallery taught.

    `gallery` is all of it, `fingerprints` uint8 [gallery, parts, 8], `keypoints` uint8 [gallery, CODES, 16] or None
    without OpenCV; `pictures` are those that the search learned from,
    in the order of its examples, VIEWS rows each. `search` is None for a gallery without pictures; `unreadable` says
    what was left out.
    """

    encoder: Encoder
    gallery: tuple[Indexed, ...] = ()
    fingerprints: Hashes | None = None
    pictures: tuple[Indexed, ...] = ()
    search: Search | None = None
    unreadable: tuple[str, ...] = ()
    keypoints: Codes | None = None

    def picture(self, row: int) -> Indexed:
        """The picture of a row of the examples."""
        return self.pictures[row // len(VIEWS)]

    @cached_property
    def names(self) -> dict[str, str]:
        """Key → the model's name, as it was when it last generated."""
        return {picture.key: picture.model for picture in self.gallery}


class GalleryIndex:
    """One gallery, seen by one encoder. May be asked by any thread."""

    def __init__(
        self, folder: Path, encoder: Encoder, suites: Sequence[str] = ("standard",), ranker: Ranker = DEFAULT
    ) -> None:
        """The search learns from a model's pictures of these suites; where it has none of them, from all."""
        self.folder, self.encoder, self._suites, self._ranker = folder, encoder, suites, ranker
        self._lock = Lock()
        self._seen: tuple[Indexed, ...] | None = None
        self._changed: dict[Path, int] | None = None
        self._learned = Learned(encoder)

    def learned(self, job: Job) -> Learned:
        """What the gallery teaches as it is now; what is new is encoded first, the search learns anew where it grew.

        A gallery that is not there yet is an empty one. Raises Cancelled within a few pictures, ModelsimError where
        gallery or disk cannot be used; what was encoded is kept.
        """
        with self._lock:
            if not self.folder.is_dir():
                return Learned(self.encoder)
            changed = _changed(self.folder)
            if changed is not None and changed == self._changed:
                return self._learned  # to list all pictures of hundreds of models takes a second
            with Gallery(self.folder) as gallery, FeatureStore(self.folder) as store:
                gallery.take_in()
                lit = [picture for picture in gallery.pictures() if not picture.record.black]
                chosen = _of_suites(lit, self._suites)
                known, unreadable = self._look(lit, chosen, store, job)
                if known != self._seen:
                    pictures = tuple(picture for picture in known if picture.path in chosen)
                    search = self._search(pictures, store, job) if pictures else None
                    contents = [picture.content for picture in known]
                    fingerprints, keypoints = store.fingerprints(contents), store.keypoints(contents)
                    self._learned = Learned(self.encoder, known, fingerprints, pictures, search, unreadable, keypoints)
                    self._seen = known
            self._changed = changed
            return self._learned

    def waiting(self) -> int:
        """How many pictures the search has to encode before it answers, as far as is known without reading any."""
        if not self.folder.is_dir():
            return 0
        with Gallery(self.folder) as gallery, FeatureStore(self.folder) as store:
            lit = [picture for picture in gallery.pictures() if not picture.record.black]
            return store.lacking(list(_of_suites(lit, self._suites)), self.encoder, VIEWS)

    def _look(
        self, lit: Sequence[Stored], chosen: Collection[Path], store: FeatureStore, job: Job
    ) -> tuple[tuple[Indexed, ...], tuple[str, ...]]:
        """What is known of the pictures: fingerprints of all, vectors of the chosen; why nothing of some."""
        wanted = [Wanted([each.path for each in lit]), Wanted(list(chosen), [self.encoder], VIEWS)]
        seen = store.look(wanted, job, f"encoding pictures ({self.encoder.name})")
        called = {each.record.checkpoint: each.record.checkpoint_name for each in lit}
        model = one_key(called)
        known = (
            Indexed(
                each.path,
                model[each.record.checkpoint],
                called[model[each.record.checkpoint]],
                each.record.drawn_with.prompt,
                seen.contents[each.path],
                UNKNOWN if each.record.suite == IMPORTED else each.record.seed,
            )
            for each in lit
            if each.path in seen.contents
        )
        return tuple(known), tuple(seen.unreadable.values())

    def _search(self, pictures: tuple[Indexed, ...], store: FeatureStore, job: Job) -> Search:
        keys = sorted({picture.key for picture in pictures})
        place = {key: i for i, key in enumerate(keys)}
        rows = np.repeat(np.arange(len(pictures)), len(VIEWS))
        model = np.array([place[pictures[i].key] for i in rows])
        prompts = tuple(pictures[i].prompt for i in rows)
        vectors = store.vectors(self.encoder, [picture.content for picture in pictures], VIEWS)
        texts = store.texts(self.encoder, prompts)
        seeds = np.array([pictures[i].seed for i in rows])
        examples = Examples(tuple(keys), vectors, model, rows, prompts, texts, seeds)
        stage = Stage(job, "learning", 2, "steps")
        ranking = self._ranker.learn(examples)
        stage.advance(1)
        test = _tested(self._ranker, examples, pictures, method_of(self.encoder, View.DEGRADED), store)
        calibration = None if test is None else Calibration.of(test)
        stage.advance(1)
        return Search(examples, ranking, PromptGuesser.of(examples), test, calibration)


def _changed(gallery: Path) -> dict[Path, int] | None:
    """When each folder of pictures last got, lost or exchanged one; None while that is so short ago that the next
    change might bear the same time."""
    folders = [folder for suite in _folders(gallery) for folder in _folders(suite)]
    times = {folder: folder.stat().st_mtime_ns for folder in folders}
    return times if max(times.values(), default=0) < time.time_ns() - _TICK else None


def _folders(folder: Path) -> list[Path]:
    with os.scandir(folder) as entries:
        return [Path(entry.path) for entry in entries if entry.is_dir()]


def _of_suites(stored: Sequence[Stored], suites: Sequence[str]) -> set[Path]:
    """What is learned from, model by model."""
    model = one_key({picture.record.checkpoint: picture.record.checkpoint_name for picture in stored})
    drew = {model[picture.record.checkpoint] for picture in stored if picture.record.suite in suites}
    return {each.path for each in stored if each.record.suite in suites or model[each.record.checkpoint] not in drew}


def _tested(
    ranker: Ranker, examples: Examples, pictures: Sequence[Indexed], method: str, store: FeatureStore
) -> SelfTest | None:
    """How well the search does on these examples, remembered as long as they stay: it takes most of the time.

    None where the library is too small to be tested.
    """
    if len(examples.models) < 3 or examples.pictures_of.max() < 2:
        return None
    lines = "\n".join(f"{picture.key} {picture.content} {picture.prompt!r} {picture.seed}" for picture in pictures)
    digest = hashlib.sha256(lines.encode("utf-8", "surrogatepass")).hexdigest()
    name = f"{ranker.name}; {method}; {_TEST}"
    kept = store.computed(name, digest)
    if kept is not None:
        return SelfTest(**{name: each if each.ndim else each.item() for name, each in kept.items()})
    test = self_test(ranker, examples)
    store.keep_computed(name, digest, {field.name: np.asarray(getattr(test, field.name)) for field in fields(test)})
    return test
