"""Paths → models: which files are checkpoints, what they are called, what their headers say."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from ...checkpoints.folder import is_diffusers_folder
from ...checkpoints.header import Header, header_of
from ...checkpoints.layout import Layout
from ...checkpoints.reader import Checkpoint, open_checkpoint
from ...checkpoints.source import FileKey, ReadError, changed, file_key
from ...errors import CheckpointError, ModelsimError
from ...job import Job, Stage
from ...library import Library, RememberedFile
from ...text import readable
from .moved import follow, keep_trace

ENDINGS = (".safetensors", ".sft", ".ckpt", ".pt", ".pth", ".bin", ".gguf")
"""Endings of checkpoint files; a model's name is its file's name without one of these."""

HEADER_VERSION = "5"
"""Changes whenever reading or the definitions of networks change what a header says."""


@dataclass(frozen=True)
class Model:
    """One readable checkpoint of a library; `opener` is for one that is in no file."""

    name: str
    path: Path
    key: FileKey
    id: int
    header: Header
    opener: Callable[[], Checkpoint] | None = field(default=None, compare=False, repr=False)

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
    left_out = leaving(every)
    files = [path for path in every if path not in left_out]
    index = Index(unreadable=[Unreadable(path, str(error)) for path, error in missing])
    stage = Stage(job, "reading headers", len(files), "files")
    found = []
    for path in files:
        try:
            key, model, header = _header(path, library, hashes.get(path))
            note(path, key)
            found.append((path, key, model, header))
        except CheckpointError as error:
            index.unreadable.append(Unreadable(path, str(error)))
        stage.advance(1)
    names = model_names([*(path for path, *_ in found), *left_out])
    for name, (path, key, model, header) in zip(names, found, strict=False):
        index.models.append(Model(name, path, key, model, header))
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
        return header_of(checkpoint)
    except CheckpointError as error:
        if not isinstance(error, ReadError) and file_key(path) == key:
            library.remember_failure(key, HEADER_VERSION, str(error))
        raise


def remembered_header(known: RememberedFile, library: Library) -> Header | None:
    """The header of a remembered file; None where another version read it."""
    layout = None if known.layout is None else library.layout(known.layout)
    return None if known.header is None or layout is None else Header.from_json(known.header, _layout(layout))


_layout = lru_cache(maxsize=32)(Layout.from_json)  # most models of a library share a few layouts


def find_files(paths: Iterable[Path]) -> tuple[list[Path], list[tuple[Path, ModelsimError]]]:
    """The checkpoints under these paths, each once, and the paths that have none.

    A file that is named is taken whatever its ending; folders are searched to their depths for known endings and
    diffusers folders (one checkpoint each).
    """
    found: dict[str, Path] = {}
    missing = []
    for path in paths:
        files = list(walk(path)) if os.path.isdir(path) and not is_diffusers_folder(path) else [path]  # noqa: PTH112
        if not os.path.exists(path):  # noqa: PTH110 - pathlib's raises where a name is too long for the system
            missing.append((path, CheckpointError("no such file or folder", path, "check the path")))
        elif not files:
            missing.append((path, no_checkpoints(path)))
        else:
            for file in files:
                found.setdefault(os.path.abspath(file), file)  # noqa: PTH100 - links stay apart
    return list(found.values()), missing


def no_checkpoints(folder: Path) -> CheckpointError:
    """What is wrong with a folder that has none."""
    fix = f"choose a folder with {' '.join(ENDINGS)} files or diffusers folders"
    return CheckpointError("this folder has no checkpoints", folder, fix)


def walk(folder: Path) -> Iterable[Path]:
    """The checkpoints in a folder that is none itself, one after another as they are found."""
    seen = set()
    for here, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(here)
        if real in seen:  # a link that leads back
            folders.clear()
            continue
        seen.add(real)
        inner = sorted(name for name in folders if is_diffusers_folder(Path(here, name)))
        folders[:] = sorted(name for name in folders if name not in inner and not name.startswith("."))
        yield from (
            Path(here, name)
            for name in sorted([*inner, *(f for f in files if f.lower().endswith(ENDINGS))], key=str.lower)
        )


def plain_name(path: Path) -> str:
    """A file's name without a known ending; of a folder, the whole name. Never `Path.stem`, which cuts `xl_1.0`."""
    name = readable(path.name)
    return name if os.path.isdir(path) else without_ending(name)  # noqa: PTH112


def without_ending(name: str) -> str:
    """A name without the ending of a checkpoint file, if it has one."""
    return next((name[: -len(ending)] for ending in ENDINGS if name.lower().endswith(ending)), name)


def model_names(paths: Sequence[Path]) -> list[str]:
    """One name for each path, none twice: where names coincide, the shortest ending or path that tells them apart."""
    absolute = [path.absolute() for path in paths]

    def label(path: Path, level: int) -> str:
        parents, with_ending = level // 2, level % 2
        own = readable(path.name) if with_ending else plain_name(path)
        return "/".join([*map(readable, path.parts[max(0, len(path.parts) - 1 - parents) : -1]), own])

    plain, levels = [plain_name(path) for path in absolute], Counter[str]()
    most = 2 * max((len(path.parts) for path in absolute), default=0)
    while True:
        names = [label(path, levels[own]) for path, own in zip(absolute, plain, strict=True)]
        count = Counter(names)
        clashing = {own for name, own in zip(names, plain, strict=True) if count[name] > 1 and levels[own] < most}
        if not clashing:
            return names
        levels.update(clashing)


def match_model(query: str, names: Sequence[str], hashes: Sequence[Sequence[str]] | None = None) -> int:
    """Position of the model that a person means: its name with or without ending, an unambiguous part of it, or at
    least 8 digits of one of its hashes. Raises ModelsimError that lists the candidates."""
    plain = without_ending(query).lower()
    for matches in (
        [i for i, name in enumerate(names) if name == query],
        [i for i, name in enumerate(names) if name.lower() == query.lower()],
        [i for i, name in enumerate(names) if without_ending(name).lower() == plain],
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
    raise ModelsimError(
        "no model matches", query, f"use one of: {', '.join(names[:5])}{' …' if len(names) > 5 else ''}"
    )
