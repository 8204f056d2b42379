"""The pictures on disk, and the SQLite file beside them that knows them all.

Every picture carries its own record, so the file is only an index: what it lacks it takes in from the pictures, what
they lack it forgets. A folder that was moved, copied, or whose index is lost is the same gallery.

    <suite>/suite.json
    <suite>/<checkpoint> [hash]/<probe> <seed>.png
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from statistics import median

from PIL import Image, PngImagePlugin

from ..checksums import Checksums, add_checksums
from ..errors import ModelsimError, Sentence
from ..pictures.opening import PictureError, TooManyPixelsError, opened
from ..saying import logger_of
from ..sqlite import SqliteFile
from ..text import printable, readable
from .engine import EngineCheckpoint
from .holding import held
from .naming import file_name
from .parameters import Parameters
from .suite import Suite, read_suite, to_json

log = logger_of(__name__)

INDEX = "gallery.sqlite"

SUITE = "suite.json"

CHUNK = "modelsim"
"""Keyword of the PNG text chunk that holds a picture's Record as JSON."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS pictures (
    path TEXT PRIMARY KEY, bytes INTEGER NOT NULL, checkpoint TEXT NOT NULL, identity TEXT NOT NULL,
    record TEXT NOT NULL, crc INTEGER, UNIQUE (checkpoint, identity)
);
CREATE TABLE IF NOT EXISTS failures (
    checkpoint TEXT, identity TEXT, name TEXT NOT NULL, error TEXT NOT NULL, PRIMARY KEY (checkpoint, identity)
);
CREATE TABLE IF NOT EXISTS imports (path TEXT PRIMARY KEY, run INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS loads (id INTEGER PRIMARY KEY, engine TEXT NOT NULL, seconds REAL NOT NULL);
"""

_RECENT = 200
"""So many of the last pictures tell how long the next will take."""

NO_PICTURES = Sentence("generate some first: probe --out DIR", "generate some first on the page Probes")
"""What to do about a gallery that has none."""


@dataclass(frozen=True)
class Record:
    """What a picture says of itself, besides its infotext.

    `checkpoint` is the key of the checkpoint that generated it (`checkpoint_key`), `parameters` what differs from the
    defaults of Parameters, `seconds` how long it took to generate. `black` pictures have not one lit pixel: the sign of
    NaN where the engine does not look for it.
    """

    identity: str
    checkpoint: str
    checkpoint_name: str
    architecture: str | None
    suite: str
    probe: str
    parameters: dict
    engine: str
    engine_version: str
    black: bool
    seconds: float

    @property
    def seed(self) -> int:
        return self.drawn_with.seed

    @property
    def drawn_with(self) -> Parameters:
        return Parameters(**self.parameters)

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=True, sort_keys=True)

    @staticmethod
    def from_json(text: str) -> Record:
        """Raises ValueError for anything that is no record; fields it does not know are left out, so that a newer
        version may add some."""
        try:
            document = json.loads(text)
            values = {each.name: document[each.name] for each in fields(Record)}
            for name in ("checkpoint_name", "suite", "probe"):  # older versions wrote file names as they were
                values[name] = readable(values[name])
            record = Record(**values)
            record.drawn_with  # noqa: B018 - raises for parameters that no picture has
        except (ValueError, KeyError, TypeError, ArithmeticError, RecursionError, ModelsimError) as error:
            raise ValueError(str(error)) from error
        for name, value in asdict(record).items():
            if not _can_be(name, value):
                raise ValueError(f"{name} cannot be {value!r:.80}")
        return record


def _can_be(name: str, value: object) -> bool:
    """Whether a field of a Record can have this value, which may have come from a stranger's picture."""
    if name == "parameters":
        return isinstance(value, dict)
    if name == "black":
        return isinstance(value, bool)
    if name == "seconds":
        return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e9
    if value is None:
        return name == "architecture"
    return isinstance(value, str) and _is_text(value)


def _is_text(text: str) -> bool:
    """Whether it can be stored: half a character, as JSON and file names may hold, cannot."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


@dataclass(frozen=True)
class Stored:
    """A picture of the gallery."""

    path: Path
    bytes: int
    record: Record


@dataclass(frozen=True)
class Failure:
    """What could not be generated, and why: a picture, or all of a checkpoint where `identity` is empty."""

    checkpoint: str
    identity: str
    name: str
    error: str


@dataclass(frozen=True)
class Pace:
    """What the last pictures of an engine took: seconds per step and pixel, bytes per pixel, seconds per loading; and
    the keys of the checkpoints that generated them."""

    seconds: float
    bytes: float
    loading: float
    checkpoints: frozenset[str]


def checkpoint_key(checkpoint: EngineCheckpoint) -> str:
    """What a checkpoint is known by: its SHA-256, so that a file may be renamed; its name where nobody knows that."""
    return checkpoint.sha256 or _by_name(checkpoint)


def _by_name(checkpoint: EngineCheckpoint) -> str:
    return f"name:{checkpoint.name}"


class Gallery(SqliteFile):
    """One folder of pictures. Raises ModelsimError where the folder or its index cannot be used."""

    what = "the gallery's index"
    fix = "free some disk space; if the file is damaged, delete it and it is rebuilt from the pictures"
    schema = _SCHEMA
    replaceable = True  # from the pictures

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _refused(error, folder) from error
        super().__init__(folder / INDEX)

    def _prepare(self) -> None:
        add_checksums(self._db, ("pictures",))
        self._sums = Checksums(self._db)

    # what is there

    def take_in(self) -> None:
        """Bring the index in line with the pictures on disk: a killed run, or a person, may have come between."""
        known = dict(self._db.execute("SELECT path, bytes FROM sound_pictures"))
        self._sums.require_sound()
        there = dict(self._files())
        gone = [path for path, size in known.items() if there.get(path) != size]
        found = [
            (path, size, read_record(self.folder / path)) for path, size in there.items() if known.get(path) != size
        ]
        if not gone and not found:
            return
        with self._transaction():
            self._db.executemany("DELETE FROM pictures WHERE path = ?", [(path,) for path in gone])
            for path, size, record in found:
                if record is not None:
                    self._enter(path, size, record)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All of what happens inside, or nothing."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            self._db.rollback()
            raise

    def _files(self) -> Iterator[tuple[str, int]]:
        """Path, relative with slashes, and size of every picture, in order; grids and what else lies about are none."""
        for path in sorted(self.folder.glob("*/*/*.png")):
            relative = path.relative_to(self.folder).as_posix()
            try:
                size = path.stat().st_size
            except OSError:  # a link into nowhere, a file that just went away
                continue
            if _is_text(relative):
                yield relative, size
            else:
                log.warning("left out because its name is not readable: %s", readable(path))

    def _enter(self, path: str, size: int, record: Record) -> None:
        """A copy of a picture that is there already is not entered a second time."""
        self._db.execute(
            "INSERT OR IGNORE INTO pictures VALUES (?, ?, ?, ?, ?, NULL)",
            (path, size, record.checkpoint, record.identity, record.to_json()),
        )

    def find(self, checkpoint: EngineCheckpoint, identity: str) -> Stored | None:
        """The picture that this checkpoint generated with these Parameters, also before its SHA-256 was known."""
        row = self._db.execute(
            "SELECT path, bytes, record FROM sound_pictures WHERE checkpoint IN (?, ?) AND identity = ?",
            (checkpoint_key(checkpoint), _by_name(checkpoint), identity),
        ).fetchone()
        return self._stored(row) if row else None

    def pictures(self) -> list[Stored]:
        """All pictures, the newest last."""
        rows = self._db.execute("SELECT path, bytes, record FROM sound_pictures ORDER BY number")
        return [self._stored(row) for row in rows]

    def _stored(self, row: tuple[str, int, str]) -> Stored:
        return Stored(self.folder / row[0], row[1], Record.from_json(row[2]))

    def suites(self) -> list[Suite]:
        """The suites that were generated here, as they were when they were last generated, by name."""
        found = [read_suite(path) for path in sorted(self.folder.glob(f"*/{SUITE}"))]
        return sorted(found, key=lambda suite: suite.name)

    # what comes in

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """Nobody else generates into this folder meanwhile. Raises ModelsimError where somebody does already, which
        says who, or where the disk refuses."""
        with held(self.folder):
            yield

    def keep_suite(self, suite: Suite) -> None:
        """Put the suite beside its pictures, so that the folder says by itself what they are."""
        path, text = self.folder / file_name(suite.name) / SUITE, to_json(suite).encode()
        if not path.is_file() or path.read_bytes() != text:
            _write(path, text)

    def path_for(self, suite: str, checkpoint: EngineCheckpoint, probe: str, seed: int, identity: str) -> Path:
        """Where a picture that is not there yet belongs; the name says more where another picture has it already."""
        short = f" [{checkpoint.sha256[:10]}]" if checkpoint.sha256 else ""
        folder = self.folder / file_name(suite) / (file_name(checkpoint.name) + short)
        for more in ("", f" [{identity[:8]}]", f" [{identity}]"):
            path = folder / f"{file_name(probe)} {seed}{more}.png"
            if _carried(path) is None:  # a torn one may be written over
                return path
        raise ModelsimError("another file has this name", path, "move it out of the gallery")

    def save(self, path: Path, image: Image.Image, infotext: str, record: Record) -> Stored:
        """Write a picture and enter it. Raises ModelsimError where the disk refuses: what was there before is whole."""
        data = _png(image, infotext, record)
        _write(path, data)
        relative = path.relative_to(self.folder).as_posix()
        with self._transaction():
            self._db.execute("DELETE FROM pictures WHERE path = ?", (relative,))
            self._enter(relative, len(data), record)
            self._db.execute(
                "DELETE FROM failures WHERE checkpoint = ? AND identity IN ('', ?)",
                (record.checkpoint, record.identity),
            )
        return Stored(path, len(data), record)

    # what a person brought

    def next_import(self) -> int:
        """The number of an import that begins."""
        (last,) = self._db.execute("SELECT coalesce(max(run), 0) FROM imports").fetchone()
        return last + 1

    def note_import(self, path: Path, run: int) -> None:
        """Remember which import adds a picture, before it is there."""
        values = (path.relative_to(self.folder).as_posix(), run)
        self._db.execute("INSERT OR REPLACE INTO imports VALUES (?, ?)", values)

    def remove_last_import(self) -> list[Stored]:
        """Remove the pictures that the last import added, as far as they are there, and their empty folders. Raises
        ModelsimError where the disk refuses."""
        run = self.next_import() - 1
        rows = self._db.execute(
            "SELECT path, bytes, record FROM sound_pictures JOIN imports USING (path) WHERE run = ? ORDER BY path",
            (run,),
        )
        removed = [self._stored(row) for row in rows]
        for stored in removed:
            try:
                stored.path.unlink()
                if not any(stored.path.parent.iterdir()):
                    stored.path.parent.rmdir()
            except OSError as error:
                raise ModelsimError(f"cannot remove ({error.strerror or error})", stored.path, "try again") from error
        with self._transaction():
            self._db.execute("DELETE FROM pictures WHERE path IN (SELECT path FROM imports WHERE run = ?)", (run,))
            self._db.execute("DELETE FROM imports WHERE run = ?", (run,))
        return removed

    def note_failure(self, failure: Failure) -> None:
        """Remember why something is missing, until it is generated."""
        values = (failure.checkpoint, failure.identity, failure.name, failure.error)
        self._db.execute("INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?)", values)

    def failures(self) -> list[Failure]:
        """What could not be generated when it was last tried."""
        rows = self._db.execute("SELECT checkpoint, identity, name, error FROM failures ORDER BY rowid")
        return [Failure(*row) for row in rows]

    # how long it takes

    def note_loading(self, engine: str, seconds: float) -> None:
        """Remember how long it took to load a checkpoint."""
        self._db.execute("INSERT INTO loads (engine, seconds) VALUES (?, ?)", (engine, seconds))

    def pace(self, engine: str, checkpoints: Collection[str] = ()) -> Pace | None:
        """What the last pictures of this engine took, those of these checkpoints where there are any; None before the
        first."""
        last = "SELECT path, bytes, record FROM sound_pictures ORDER BY number DESC LIMIT ?"
        rows = self._db.execute(last, (_RECENT,))
        recent = [stored for stored in map(self._stored, rows) if stored.record.engine == engine]
        if not recent:
            return None
        recent = [stored for stored in recent if stored.record.checkpoint in checkpoints] or recent
        loads = self._db.execute(
            "SELECT seconds FROM loads WHERE engine = ? ORDER BY id DESC LIMIT ?", (engine, _RECENT)
        )
        return Pace(
            median(stored.record.seconds / work(stored.record.drawn_with) for stored in recent),
            median(stored.bytes / area(stored.record.drawn_with) for stored in recent),
            median([seconds for (seconds,) in loads] or [0.0]),
            frozenset(stored.record.checkpoint for stored in recent),
        )


def work(parameters: Parameters) -> int:
    """Steps times pixels: what the time of a picture mostly goes with."""
    return parameters.steps * area(parameters)


def area(parameters: Parameters) -> int:
    """Pixels of a picture."""
    return parameters.width * parameters.height


def read_record(path: Path) -> Record | None:
    """What a picture says of itself; None where it is torn, or none of ours."""
    text = (_carried(path) or {}).get(CHUNK)
    try:
        return Record.from_json(text) if isinstance(text, str) else None
    except ValueError as error:
        log.warning("left out because its record cannot be read (%s): %s", printable(error), path)
        return None


def _carried(path: Path) -> dict | None:
    """The texts that a picture carries; None where there is no picture, or one that a power cut tore."""
    try:
        with opened(path) as image:
            image.verify()  # every chunk's checksum, up to the last
            return dict(image.info)
    except TooManyPixelsError:
        return {}  # a picture, but none of ours
    except PictureError:
        return None


def _png(image: Image.Image, infotext: str, record: Record) -> bytes:
    """The picture as a file, with its infotext where the WebUI's PNG Info looks for it."""
    texts = PngImagePlugin.PngInfo()
    texts.add_text("parameters", infotext)
    texts.add_text(CHUNK, record.to_json())
    buffer = io.BytesIO()
    image.save(buffer, "PNG", pnginfo=texts, compress_level=3)  # a third of the default's time, 4 % more bytes
    return buffer.getvalue()


def _write(path: Path, data: bytes) -> None:
    """Write a file so that a kill or a power cut leaves all of it or nothing under its name.

    The temporary one has a fixed name: what a kill leaves of it, the next attempt at this picture writes over.
    """
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(part, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise _refused(error, path) from error


def _refused(error: OSError, path: Path) -> ModelsimError:
    fix = "free some disk space or choose another folder, then start again: it continues where it stopped"
    return ModelsimError(f"cannot write ({error.strerror or error})", path, fix)
