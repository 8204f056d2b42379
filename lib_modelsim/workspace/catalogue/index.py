"""Paths → models: which files are checkpoints, what they are called, what their headers say."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.util import find_spec
from itertools import count as count_from
from pathlib import Path

from ...adapters.header import header_of_file
from ...checkpoints.files import ENDINGS, PLAIN_STEMS, file_key, stem_of
from ...checkpoints.header import Header
from ...checkpoints.layout import Layout
from ...checkpoints.quantised.gguf_blocks import NO_PACKAGE
from ...checkpoints.reader import Checkpoint, open_checkpoint
from ...checkpoints.source import FileKey, ReadError, changed
from ...errors import CheckpointError, ModelsimError, NoSuchModel
from ...job import Job, Stage
from ...library import Library, RememberedFile
from ...text import as_seen, printable, readable
from .moved import follow, keep_trace
from .places import AlsoAt, OneFile, find_files, one_each

_SHARD_NUMBER = re.compile(r"-\d{5}-of-\d{5}$")

HEADER_VERSION = "5"
"""Changes whenever reading or the definitions of networks change what a header says."""


@dataclass(frozen=True)
class Model:
    """One readable checkpoint of a library; `also_at` are further paths of the same file, `opener` is for one that is
    in no file."""

    name: str
    path: Path
    key: FileKey
    id: int
    header: Header
    opener: Callable[[], Checkpoint] | None = field(default=None, compare=False, repr=False)
    also_at: tuple[AlsoAt, ...] = ()

    def open(self) -> Checkpoint:
        """Where its tensors are. Raises CheckpointError where it cannot be read, or is another than was indexed."""
        checkpoint = open_checkpoint(self.path) if self.opener is None else self.opener()
        if checkpoint.identity != self.key:
            raise changed(self.path)
        return checkpoint

    @property
    def architecture(self) -> str:
        """The network's name; of an unknown one with its pattern, as only what has one pattern is compared."""
        return self.header.layout.architecture


@dataclass(frozen=True)
class Unreadable:
    """One file that is no checkpoint, or a damaged one, and why."""

    path: Path
    error: str


@dataclass(frozen=True)
class Index:
    """The models found, in the order of the paths given and by name within a folder, and what could not be read."""

    models: list[Model] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)


def read_index(
    paths: Sequence[Path],
    library: Library,
    job: Job,
    hashes: Mapping[Path, str] | None = None,
    leaving: Callable[[Sequence[Path]], Collection[Path]] = lambda _: (),
) -> Index:
    """Find the checkpoints under these files and folders and read their headers, or remember them.

    `hashes` are the SHA-256 that a host knows of files that it lists: 64 digits, by path. `leaving` says which files
    are left out: they are not read, and the others are called as if these were there. How each file can be told again
    elsewhere is noted, which reads 64 kB of it once.
    """
    return _index(paths, library, job, hashes or {}, lambda path, key: keep_trace(path, key, library), leaving)


def recall_index(paths: Sequence[Path], library: Library) -> Index:
    """As `read_index` of checkpoints that are known: then no file is opened."""
    return _index(paths, library, Job(), {}, lambda path, key: None, lambda _: ())


def _index(
    paths: Sequence[Path],
    library: Library,
    job: Job,
    hashes: Mapping[Path, str],
    note: Callable[[Path, FileKey], None],
    leaving: Callable[[Sequence[Path]], Collection[Path]],
) -> Index:
    every, missing = find_files(paths)
    meant, places, left_out = set(leaving(every)), [], []
    for place in one_each(every):
        (places if meant.isdisjoint(place.paths) else left_out).append(place)
    index = Index(unreadable=[Unreadable(path, str(error)) for path, error in missing])
    stage = Stage(job, "reading headers", len(places), "files")
    found: list[tuple[OneFile, FileKey, int, Header]] = []
    for place in places:
        path = place.path
        try:
            key, model, header = _header(path, library, place.hash_in(hashes))
            note(path, key)
            found.append((place, key, model, header))
        except CheckpointError as error:
            index.unreadable.append(Unreadable(path, str(error)))
        stage.advance(1)
    names = model_names([*(place.path for place, *_ in found), *(place.path for place in left_out)])
    for name, (place, key, model, header) in zip(names, found, strict=False):
        index.models.append(Model(name, place.path, key, model, header, also_at=place.also_at))
    return index


def _header(path: Path, library: Library, sha256: str | None) -> tuple[FileKey, int, Header]:
    """The header of one file, from the library where it is known there."""
    key = file_key(path)
    known = library.file(key, HEADER_VERSION)
    header = None if known is None else remembered_header(known, library)
    if header is not None:
        model = known.model
    else:
        header = _read_header(path, key, library)
        layout = header.layout
        if known is None and follow(path, key, HEADER_VERSION, header.to_json(), layout.digest, library):
            known = library.file(key, HEADER_VERSION)
        model = library.remember_file(key, HEADER_VERSION, header.to_json(), layout.digest, layout.to_json())
    if sha256 is not None and (known is None or known.sha256 is None):
        model = library.remember_sha256(key, model, sha256.lower())
    return key, model, header


def _read_header(path: Path, key: FileKey, library: Library) -> Header:
    """The header from the file itself. What is wrong with the file is remembered, and told again until it changes;
    what the system refuses (no rights, a failing disk), and a file that changes meanwhile, is tried again."""
    failure = library.failure(key, HEADER_VERSION)
    if failure is not None:
        raise CheckpointError(failure)
    try:
        checkpoint = open_checkpoint(path)
        if checkpoint.identity != key:
            raise changed(path)
        header = header_of_file(checkpoint)
        checkpoint.check()
    except CheckpointError as error:
        if not isinstance(error, ReadError) and file_key(path) == key:
            library.remember_failure(key, HEADER_VERSION, str(error))
        raise
    return header


def remembered_header(known: RememberedFile, library: Library) -> Header | None:
    """The header of a remembered file; None where another version read it."""
    layout = None if known.layout is None else library.layout(known.layout)
    if known.header is None or layout is None:
        return None
    header = Header.from_json(known.header, _layout(layout))
    waited = any(why.endswith(NO_PACKAGE) for why in header.barred.values()) and find_spec("gguf") is not None
    return None if waited else header  # what a package that was installed since can decode is read anew


_layout = lru_cache(maxsize=32)(Layout.from_json)  # most models of a library share a few layouts


def plain_name(path: Path) -> str:
    """A file's name without a known ending, of shards what they have in common; of a folder, the whole name, also for
    the file in it whose own name says nothing. Never `Path.stem`, which cuts `xl_1.0`."""
    path = _telling(path)
    name = readable(path.name)
    return name if os.path.isdir(path) else without_ending(name)  # noqa: PTH112


def _telling(path: Path) -> Path:
    """The path whose last part tells which model this is: `transformer` for its diffusion_pytorch_model.safetensors."""
    says_nothing = PLAIN_STEMS.fullmatch(without_ending(path.name)) is not None and path.parent.name != ""
    alone = stem_of(path.name) is None and not os.path.isfile(path.parent / "config.json")  # noqa: PTH113
    return path.parent if says_nothing and not alone and not os.path.isdir(path) else path  # noqa: PTH112


def without_ending(name: str) -> str:
    """A name without the ending of a checkpoint file, or of a shard, if it has one."""
    stem = stem_of(name)
    if stem is not None:
        return stem
    plain = next((name[: -len(ending)] for ending in ENDINGS if name.lower().endswith(ending)), name)
    return _SHARD_NUMBER.sub("", plain)


def other_names(model: Model) -> frozenset[str]:
    """The names, in lower case, of the further paths of a model's file."""
    return frozenset(plain_name(each.path).lower() for each in model.also_at)


def model_names(paths: Sequence[Path]) -> list[str]:
    """One name for each path, none twice: where names coincide, or look the same, the shortest ending or path that
    tells them apart; where none does, a number."""
    absolute = [path.absolute() for path in paths]
    telling = Counter(_telling(path) for path in absolute)
    absolute = [_telling(path) if telling[_telling(path)] == 1 else path for path in absolute]

    def label(path: Path, level: int) -> str:
        parents, with_ending = level // 2, level % 2
        own = readable(path.name) if with_ending else plain_name(path)
        return "/".join([*map(readable, path.parts[max(0, len(path.parts) - 1 - parents) : -1]), own])

    plain, levels = [label(path, 0) for path in absolute], Counter[str]()
    most = 2 * max((len(path.parts) for path in absolute), default=0)
    while True:
        names = [label(path, levels[own]) for path, own in zip(absolute, plain, strict=True)]
        seen = [as_seen(name) for name in names]
        count = Counter(seen)
        clashing = {own for name, own in zip(seen, plain, strict=True) if count[name] > 1 and levels[own] < most}
        if not clashing:
            return _numbered(names)
        levels.update(clashing)


def _numbered(names: Sequence[str]) -> list[str]:
    """The names, with a number behind each that looks like one before it: line breaks and marks may hide in names."""
    found: list[str] = []
    taken: set[str] = set()
    for name in names:
        versions = (name if n == 1 else f"{name} ({n})" for n in count_from(1))
        found.append(next(version for version in versions if as_seen(version) not in taken))
        taken.add(as_seen(found[-1]))
    return found


def match_model(
    query: str,
    names: Sequence[str],
    hashes: Sequence[Sequence[str]] | None = None,
    also: Sequence[Collection[str]] | None = None,
) -> int:
    """Position of the model that a person means: its name with or without ending, another name of its file (`also`), an
    unambiguous part of it, or at least 8 digits of one of its hashes. Raises ModelsimError that lists the
    candidates, NoSuchModel where there is none.
    """
    plain = without_ending(query).lower()
    for matches in (
        [i for i, name in enumerate(names) if name == query],
        [i for i, name in enumerate(names) if printable(name) == query],
        [i for i, name in enumerate(names) if name.lower() == query.lower()],
        [i for i, name in enumerate(names) if without_ending(name).lower() == plain],
        [i for i, others in enumerate(also or []) if plain in others],
        [
            i
            for i, known in enumerate(hashes or [])
            if len(query) >= 8 and any(h.startswith(query.lower()) for h in known)
        ],
        [i for i, name in enumerate(names) if plain in name.lower()],
    ):
        if len(matches) == 1 or (hashes and len({tuple(hashes[i]) or i for i in matches}) == 1):  # copies are one model
            return matches[0]
        if matches:
            several = ", ".join(names[i] for i in matches[:5])
            raise ModelsimError(f"{len(matches)} models match {query!r}", several, "write more of the name")
    raise NoSuchModel(
        "no model matches", query, f"use one of: {', '.join(names[:5])}{' …' if len(names) > 5 else ''}"
    )
