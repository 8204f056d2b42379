"""What encoders see in a folder's pictures: one cache for all who ask, in an SQLite file (see `feature_file.py`).

A vector belongs to a picture's content and the encoder that made it, and is made anew where either changes or the file
is lost; likewise a number of its pixels. Whoever looks at a picture first opens it, once, for all that is wanted of it;
its fingerprint is kept, too, unless nobody wants it.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..job import Job, Stage
from . import degrading
from .alignment import prepare
from .copies import Hashes, fingerprint
from .degrading import degraded
from .encoders.encoder import Encoder, ReadsBeginnings, TextEncoder, Together, Vectors, parts_of
from .feature_file import FeatureFile, Seen
from .keypoints import CODES, Codes, available
from .opening import PictureError, open_picture
from .pixels import PixelScore, pixels_of

_FINGERPRINT = "fingerprint 3"  # the number grows when fingerprints change their meaning

_KEYPOINTS = "keypoints 3"  # likewise; only where OpenCV finds some

_TOGETHER = 16  # pictures that are encoded at once, and kept


class View(Enum):
    """How a picture is looked at; the value is what stands behind the encoder's identity in the file."""

    AS_IS = ""
    DEGRADED = f"; degraded {degrading.VERSION}"


VIEWS = tuple(View)


@dataclass(frozen=True)
class Wanted:
    """What is to be known of these pictures: each of the views by each encoder, these numbers of their pixels, their
    `fingerprints`, and their `keypoints`, which take five times as long as the numbers."""

    pictures: Sequence[Path]
    encoders: Sequence[Encoder] = ()
    views: Sequence[View] = (View.AS_IS,)
    scores: Sequence[PixelScore] = ()
    fingerprints: bool = True
    keypoints: bool = True


def _methods(wanted: Wanted) -> list[str]:
    """The keys under which the file keeps what is wanted."""
    parts = [part for encoder in wanted.encoders for part in parts_of(encoder)]
    prints = [_FINGERPRINT] if wanted.fingerprints else []
    prints += [_KEYPOINTS] if wanted.keypoints and available() else []
    vectors = [method_of(part, view) for part in parts for view in wanted.views]
    return [*vectors, *prints, *(score.identity for score in wanted.scores)]


def method_of(encoder: Encoder, view: View) -> str:
    """The key under which the file keeps an encoder's vectors."""
    return f"{encoder.identity}{view.value}"


class FeatureStore(FeatureFile):
    """One folder's features."""

    # looking

    def look(self, wanted: Sequence[Wanted], job: Job, what: str = "encoding pictures") -> Seen:
        """Make what is wanted and not known yet. Every picture that lacks something is opened, once.

        Raises Cancelled within a few pictures; what was made is kept.
        """
        read = self.contents([path for each in wanted for path in each.pictures], job)
        contents = read.contents
        makers = {
            method_of(encoder, view): (encoder, view)
            for each in wanted
            for whole in each.encoders
            for encoder in parts_of(whole)
            for view in each.views
        }
        scores = {score.identity: score for each in wanted for score in each.scores}
        lacking = self._lacking(wanted, contents)
        paths = {content: path for path, content in contents.items()}
        waiting = [content for content, methods in lacking.items() if methods]
        unreadable = dict(read.unreadable)
        stage = Stage(job, what, len(waiting), "pictures")
        for start in range(0, len(waiting), _TOGETHER):
            part = waiting[start : start + _TOGETHER]
            unreadable |= self._make([(content, paths[content], lacking[content]) for content in part], makers, scores)
            stage.advance(len(part))
        bad = {contents[path] for path in unreadable if path in contents}
        return Seen({path: content for path, content in contents.items() if content not in bad}, unreadable)

    def _lacking(self, wanted: Sequence[Wanted], contents: Mapping[Path, str]) -> dict[str, list[str]]:
        """Content → the methods that are wanted of it and not known yet."""
        needed: dict[str, dict[str, None]] = {}
        for each in wanted:
            methods = dict.fromkeys(_methods(each))
            for path in filter(contents.__contains__, each.pictures):
                needed.setdefault(contents[path], {}).update(methods)
        scores = {score.identity for each in wanted for score in each.scores}
        asked = {method for each in wanted for method in _methods(each)}
        known = {each: self._counted(each) if each in scores else self._known(each) for each in asked}
        return {
            content: [method for method in methods if content not in known[method]]
            for content, methods in needed.items()
        }

    def _make(
        self,
        part: Sequence[tuple[str, Path, Sequence[str]]],
        makers: Mapping[str, tuple[Encoder, View]],
        scores: Mapping[str, PixelScore],
    ) -> dict[Path, str]:
        """Open these pictures and keep what they lack (content, path, methods); why some cannot be read."""

        def look(item: tuple[str, Path, Sequence[str]]) -> _Look | str:
            _, path, methods = item
            return _look(path, methods, _views(methods, makers), {key: scores[key] for key in methods if key in scores})

        with ThreadPoolExecutor() as readers:  # Pillow and NumPy compute beside each other
            looks = list(readers.map(look, part))
        unreadable = {path: look for (_, path, _), look in zip(part, looks, strict=True) if isinstance(look, str)}
        rows: list[tuple[str, str, bytes]] = []
        numbers: list[tuple[str, str, float]] = []
        to_encode: dict[str, list[tuple[str, str, Image.Image]]] = {}  # identity → content, method, view
        for (content, _, methods), look in zip(part, looks, strict=True):
            if isinstance(look, str):
                continue
            rows += [(content, method, data) for method, data in look.kept.items()]
            numbers += [(method, content, number) for method, number in look.numbers.items()]
            for method in methods:
                if method in makers:
                    encoder, view = makers[method]
                    to_encode.setdefault(encoder.identity, []).append((content, method, look.views[view]))
        for items in to_encode.values():
            encoder, _ = makers[items[0][1]]
            vectors = encoder.encode([picture for *_, picture in items]).astype(np.float32)
            rows += [(content, method, row.tobytes()) for (content, method, _), row in zip(items, vectors, strict=True)]
        self.keep(rows)
        with self._db:
            self._db.executemany("INSERT OR REPLACE INTO numbers VALUES (?, ?, ?)", numbers)
        return unreadable

    # what is known

    def lacking(self, pictures: Sequence[Path], encoder: Encoder, views: Sequence[View]) -> int:
        """Of how many of these pictures a view is not encoded yet, as far as the file knows them; nothing is read."""
        known = dict(self._db.execute("SELECT path, content FROM files"))
        methods = [self._known(method_of(part, view)) for part in parts_of(encoder) for view in views]
        contents = [known.get(path.relative_to(self._folder).as_posix(), "") for path in pictures]
        return sum(any(content not in each for each in methods) for content in contents)

    def vectors(self, encoder: Encoder, contents: Sequence[str], views: Sequence[View] = (View.AS_IS,)) -> Vectors:
        """float32 [contents · views, d]: the views of each picture one after the other."""
        if isinstance(encoder, Together):
            return encoder.joined([self.vectors(part, contents, views) for part in encoder.parts])
        kinds = [self._all(method_of(encoder, view), contents) for view in views]
        rows = [np.frombuffer(data, np.float32).reshape(len(contents), -1) for data in kinds]
        return np.stack(rows, 1).reshape(len(contents) * len(views), -1)

    def fingerprints(self, contents: Sequence[str]) -> Hashes | None:
        """uint8 [contents, parts, 8]; None of no pictures."""
        if not contents:
            return None
        return np.frombuffer(self._all(_FINGERPRINT, contents), np.uint8).reshape(len(contents), -1, 8)

    def keypoints(self, contents: Sequence[str]) -> Codes | None:
        """uint8 [contents, CODES, 16]; None of no pictures, and without OpenCV."""
        if not contents or not available():
            return None
        return np.frombuffer(self._all(_KEYPOINTS, contents), np.uint8).reshape(len(contents), CODES, 16)

    def numbers(self, score: PixelScore, contents: Sequence[str]) -> NDArray[np.float64]:
        """float64 [contents]; NaN of a picture that has no such number, or of which it is not known."""
        query = "SELECT content, number FROM numbers WHERE method = ?"
        found = dict(self._db.execute(query, (score.identity,)))
        return np.array([found.get(content) for content in contents], np.float64)

    def texts(self, encoder: Encoder, texts: Sequence[str]) -> Vectors | None:
        """float32 [texts, d], zeros for an empty text; those not seen before are encoded. None where the encoder reads
        no texts, or there are none."""
        digests = {text: _digest(text) for text in texts}
        digests.pop("", None)
        if not digests or not isinstance(encoder, TextEncoder):
            return None
        method = f"{encoder.identity}; text"
        known = self._some(method, list(digests.values()))
        new = [text for text, digest in digests.items() if digest not in known]
        if new:
            vectors = encoder.encode_text(list(map(_without_halves, new))).astype(np.float32)
            self.keep((digests[text], method, row.tobytes()) for text, row in zip(new, vectors, strict=True))
        read = np.frombuffer(self._all(method, list(digests.values())), np.float32).reshape(len(digests), -1)
        place = {text: i for i, text in enumerate(digests, 1)}
        return np.vstack([np.zeros_like(read[:1]), read])[[place.get(text, 0) for text in texts]]

    def too_long(self, encoder: ReadsBeginnings, texts: Sequence[str]) -> list[bool]:
        """Which of these texts the encoder reads the beginning alone of."""
        method = f"{encoder.identity}; cut text"
        digests = {_digest(text): text for text in texts}
        known = self._some(method, list(digests))
        new = [digest for digest in digests if digest not in known]
        if new:
            cut = encoder.too_long([_without_halves(digests[digest]) for digest in new])
            known |= {digest: bytes([each]) for digest, each in zip(new, cut, strict=True)}
            self.keep((digest, method, known[digest]) for digest in new)
        return [known[digest] == b"\x01" for digest in map(_digest, texts)]

@dataclass(frozen=True)
class _Look:
    """Of one picture: method → what is kept of it, method → number, and the views that are to be encoded."""

    kept: Mapping[str, bytes]
    numbers: Mapping[str, float]
    views: Mapping[View, Image.Image]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _without_halves(text: str) -> str:
    """No lone halves of characters, which no tokenizer takes."""
    return text.encode("utf-8", "replace").decode()


def _views(methods: Iterable[str], makers: Mapping[str, tuple[Encoder, View]]) -> set[View]:
    return {makers[method][1] for method in methods if method in makers}


def _look(
    path: Path, methods: Collection[str], views: Collection[View], scores: Mapping[str, PixelScore]
) -> _Look | str:
    """A look at a picture for these methods, or why there is none."""
    try:
        picture = open_picture(path)
    except PictureError as error:
        return str(error)
    seen = {View.AS_IS: picture}
    if View.DEGRADED in views:
        seen[View.DEGRADED] = degraded(picture)
    kept = {}
    if _FINGERPRINT in methods:
        kept[_FINGERPRINT] = fingerprint(picture).tobytes()
    if _KEYPOINTS in methods and (found := prepare(picture).keypoints) is not None:
        kept[_KEYPOINTS] = found.codes().tobytes()
    pixels = pixels_of(picture) if scores else None
    numbers = {method: math.nan if pixels is None else score.of(pixels) for method, score in scores.items()}
    return _Look(kept, numbers, seen)
