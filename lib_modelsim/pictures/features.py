"""What encoders see in a gallery's pictures: one cache for all who ask, in an SQLite file beside the gallery.

A vector belongs to a picture's content and the encoder that made it, and is made anew where either changes or the file
is lost; likewise a number of its pixels. Whoever looks at a picture first opens it, once, for all that is wanted of it;
its fingerprint is kept, too, unless nobody wants it.
"""

from __future__ import annotations

import hashlib
import io
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
from ..sqlite import SqliteFile
from . import degrading
from .alignment import prepare
from .copies import Hashes, fingerprint
from .degrading import degraded
from .encoders.encoder import Encoder, ReadsBeginnings, TextEncoder, Together, Vectors, parts_of
from .keypoints import CODES, Codes, available
from .opening import PictureError, open_picture, said_by
from .pixels import PixelScore, pixels_of

FILE = "features.sqlite"

_FINGERPRINT = "fingerprint 3"  # the number grows when fingerprints change their meaning

_KEYPOINTS = "keypoints 3"  # likewise; only where OpenCV finds some

_TOGETHER = 16  # pictures that are encoded at once, and kept

_READ = 256  # pictures that are read between two commits

_ASKED = 500  # features that one statement asks for: more are not read at once beside those that are handed out

_LAYOUT = 1  # of the file, its user_version

_SCHEMA = """
CREATE TABLE IF NOT EXISTS files (path TEXT PRIMARY KEY, bytes INTEGER, mtime_ns INTEGER, content TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS features (content TEXT, method TEXT, data BLOB NOT NULL, PRIMARY KEY (content, method));
CREATE TABLE IF NOT EXISTS numbers (
    method TEXT, content TEXT, number REAL, PRIMARY KEY (method, content)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tests (method TEXT PRIMARY KEY, examples TEXT NOT NULL, data BLOB NOT NULL);
"""


class View(Enum):
    """How a picture is looked at; the value is what stands behind the encoder's identity in the file."""

    AS_IS = ""
    DEGRADED = f"; degraded {degrading.VERSION}"


VIEWS = tuple(View)


@dataclass(frozen=True)
class Wanted:
    """What is to be known of these pictures: each of the views by each encoder, and these numbers of their pixels;
    `prints`: also their fingerprints and keypoints, which take five times as long as the numbers."""

    pictures: Sequence[Path]
    encoders: Sequence[Encoder] = ()
    views: Sequence[View] = (View.AS_IS,)
    scores: Sequence[PixelScore] = ()
    prints: bool = True


@dataclass(frozen=True)
class Seen:
    """`contents`: path → content, of the pictures of which all is known that was wanted; `unreadable`: why not of
    others, one path of each content."""

    contents: Mapping[Path, str]
    unreadable: Mapping[Path, str]


def method_of(encoder: Encoder, view: View) -> str:
    """The key under which the file keeps an encoder's vectors."""
    return f"{encoder.identity}{view.value}"


class FeatureStore(SqliteFile):
    """One gallery's features."""

    what = "the gallery's features"
    fix = "free some disk space; if the file is damaged, delete it and it is created again"
    schema = _SCHEMA

    def __init__(self, folder: Path, file: Path | None = None) -> None:
        """Of the pictures under `folder`; `file` is where they are kept, None beside them."""
        self._folder = folder
        super().__init__(file or folder / FILE, isolation_level="")  # with `with`, all of a block's statements or none

    def _prepare(self) -> None:
        """Files of the first layout keep both views of a picture in one row, under "…; worn 1"."""
        if self._layout() == _LAYOUT:
            return
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            if self._layout() == _LAYOUT:  # another program was quicker
                return
            old = "SELECT DISTINCT method FROM features WHERE method LIKE '%; worn %'"
            for (method,) in self._db.execute(old).fetchall():
                identity, _, number = method.rpartition("; worn ")
                for name, half in (
                    (identity, "substr(data, 1, length(data) / 2)"),
                    (f"{identity}; degraded {number}", "substr(data, length(data) / 2 + 1)"),
                ):
                    taken = f"INSERT OR IGNORE INTO features SELECT content, ?, {half} FROM features WHERE method = ?"
                    self._db.execute(taken, (name, method))
                self._db.execute("DELETE FROM features WHERE method = ?", (method,))
            self._db.execute("UPDATE OR REPLACE tests SET method = replace(method, '; worn ', '; degraded ')")
            self._db.execute("DELETE FROM features WHERE method = 'perceptual hash 1'")  # the fingerprint has it
            self._db.execute(f"PRAGMA user_version = {_LAYOUT}")

    def _layout(self) -> int:
        return self._db.execute("PRAGMA user_version").fetchone()[0]

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
        always = (_FINGERPRINT, _KEYPOINTS) if available() else (_FINGERPRINT,)
        always = always if any(each.prints for each in wanted) else ()
        known = {method: self._known(method) for method in (*always, *makers)}
        known |= {method: self._counted(method) for method in scores}
        needed: dict[str, dict[str, None]] = {}  # content → methods
        for each in wanted:
            parts = [part for encoder in each.encoders for part in parts_of(encoder)]
            methods = [method_of(part, view) for part in parts for view in each.views]
            methods += [*(always if each.prints else ()), *(score.identity for score in each.scores)]
            for path in filter(contents.__contains__, each.pictures):
                needed.setdefault(contents[path], {}).update(dict.fromkeys(methods))
        lacking = {
            content: [method for method in methods if content not in known[method]]
            for content, methods in needed.items()
        }
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

    # what was computed from it

    def computed(self, method: str, examples: str) -> dict[str, NDArray] | None:
        """The arrays that this method kept of these very examples; None where it kept none."""
        query = "SELECT data FROM tests WHERE method = ? AND examples = ?"
        row = self._db.execute(query, (method, examples)).fetchone()
        if row is None:
            return None
        with np.load(io.BytesIO(row[0]), allow_pickle=False) as arrays:
            return dict(arrays)

    def keep_computed(self, method: str, examples: str, arrays: Mapping[str, NDArray]) -> None:
        """Keep arrays in the place of the last ones of this method."""
        data = io.BytesIO()
        np.savez(data, **arrays)
        with self._db:
            self._db.execute("INSERT OR REPLACE INTO tests VALUES (?, ?, ?)", (method, examples, data.getvalue()))

    # the file

    def contents(self, pictures: Sequence[Path], job: Job) -> Seen:
        """The SHA-256 of each file; what has neither another size nor another time is not read again. Nothing is
        decoded: a file that can be read may be no picture.

        Raises Cancelled within one picture; what was read is kept.
        """
        rows = self._db.execute("SELECT path, bytes, mtime_ns, content FROM files")
        known = {path: ((size, time), content) for path, size, time, content in rows}
        found: dict[Path, str] = {}
        unreadable: dict[Path, str] = {}
        new = []
        for path in dict.fromkeys(pictures):
            try:
                name, state = path.relative_to(self._folder).as_posix(), path.stat()
            except OSError as error:
                unreadable[path] = _gone(path, error)
                continue
            key = (state.st_size, state.st_mtime_ns)
            seen, content = known.get(name, (None, ""))
            if seen == key:
                found[path] = content
            else:
                new.append((path, name, key))
        stage = Stage(job, "reading pictures", len(new), "pictures")
        for start in range(0, len(new), _READ):
            rows = []
            try:
                for path, name, key in new[start : start + _READ]:
                    try:
                        found[path] = hashlib.sha256(path.read_bytes()).hexdigest()
                        rows.append((name, *key, found[path]))
                    except OSError as error:
                        unreadable[path] = _gone(path, error)
                    stage.advance(1)
            finally:
                with self._db:
                    self._db.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)", rows)
        return Seen(found, unreadable)

    def kept(self, method: str) -> dict[str, bytes]:
        """Content → what was kept of it by this method."""
        return dict(self._db.execute("SELECT content, data FROM features WHERE method = ?", (method,)))

    def _known(self, method: str) -> set[str]:
        return {content for (content,) in self._db.execute("SELECT content FROM features WHERE method = ?", (method,))}

    def _counted(self, method: str) -> set[str]:
        return {content for (content,) in self._db.execute("SELECT content FROM numbers WHERE method = ?", (method,))}

    def keep(self, rows: Iterable[tuple[str, str, bytes]]) -> None:
        """Keep, all or none of them: content, method, data. The method's name tells its version."""
        with self._db:
            self._db.executemany("INSERT OR REPLACE INTO features VALUES (?, ?, ?)", rows)

    def _all(self, method: str, contents: Sequence[str]) -> bytearray:
        """The features of these contents, one after the other."""
        joined = bytearray()
        for start in range(0, len(contents), _ASKED):
            part = contents[start : start + _ASKED]
            found = self._some(method, part)
            for content in part:
                joined += found[content]
        return joined

    def _some(self, method: str, contents: Sequence[str]) -> dict[str, bytes]:
        """Content → feature, for those of these contents that have one."""
        found: dict[str, bytes] = {}
        for start in range(0, len(contents), _ASKED):
            part = contents[start : start + _ASKED]
            query = f"SELECT content, data FROM features WHERE content IN ({', '.join('?' * len(part))}) AND method = ?"
            found |= dict(self._db.execute(query, (*part, method)))
        return found


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


def _gone(path: Path, error: OSError) -> str:
    return str(PictureError(f"{path.name} cannot be read", said_by(error), "check the file and its permissions"))


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
