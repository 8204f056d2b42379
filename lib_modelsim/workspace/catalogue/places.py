"""Paths → the checkpoints under them: files, models of shards, diffusers folders, each once by whatever path it is met.

A link, a hard link and a path through a linked folder lead to the file itself: deleting one frees nothing, and it is
like the file in all. So they are told beside the file and are no models of their own.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...checkpoints.files import ENDINGS, files_at, is_index, shards_at, stem_of
from ...checkpoints.folder import is_diffusers_folder
from ...errors import CheckpointError, ModelsimError
from ...text import readable

LINK = "link"
"""`AlsoAt.kind` of a symbolic link to the file itself."""


@dataclass(frozen=True)
class AlsoAt:
    """A further path of a file; `kind` is "link", "hard link", or "same file" where a folder around it is a link."""

    path: Path
    kind: str

    @property
    def told(self) -> str:
        """ "also at checkpoints/anna.safetensors (link)"."""
        return f"also at {readable(self.path)} ({self.kind})"


@dataclass(frozen=True)
class OneFile:
    """A checkpoint's path, and the further paths that lead to the same bytes on the disk."""

    path: Path
    also_at: tuple[AlsoAt, ...] = ()

    @property
    def paths(self) -> list[Path]:
        """All of them."""
        return [self.path, *(each.path for each in self.also_at)]

    def hash_in(self, hashes: Mapping[Path, str]) -> str | None:
        """The hash of this file among those of files by path; of one shard it is none of the model's."""
        whole = stem_of(self.path.name) is None
        return next((hashes[path] for path in self.paths if path in hashes), None) if whole else None


def find_files(paths: Iterable[Path]) -> tuple[list[Path], list[tuple[Path, ModelsimError]]]:
    """The checkpoints under these paths, each path once, and the paths that have none.

    A file that is named is taken whatever its ending; folders are searched to their depths for known endings and
    diffusers folders (one checkpoint each). Shards of one model are one path.
    """
    found: dict[str, Path] = {}
    missing = []
    for path in paths:
        files = list(walk(path)) if os.path.isdir(path) and not is_diffusers_folder(path) else [_whole(path)]  # noqa: PTH112
        if not os.path.lexists(path):
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
        found = {Path(here, name): name for name in [*inner, *_models(Path(here), files)]}
        yield from sorted(found, key=lambda path: found[path].lower())


def _models(folder: Path, names: Sequence[str]) -> list[str]:
    """The checkpoint files of a folder by their names: of shards their index or, without one, the first."""
    wanted = [name for name in names if name.lower().endswith(ENDINGS)]
    of_index: dict[str, str] = {}
    for index in filter(is_index, names):
        try:
            shards = shards_at(folder / index)
        except CheckpointError:  # read where one of its shards is, and told there
            continue
        held = set(shards.names if shards else ()) & set(wanted)
        of_index |= dict.fromkeys(held, index)
    return list(dict.fromkeys(of_index.get(name) or _whole(folder / name).name for name in wanted))


def _whole(path: Path) -> Path:
    """The path of the model that a file belongs to."""
    try:
        shards = shards_at(path)
    except CheckpointError:  # told once it is read
        return path
    return path if shards is None else shards.path


def one_each(files: Sequence[Path]) -> list[OneFile]:
    """The same files with those that are the same on the disk together, in the order in which each is met first. Of
    several paths the one is kept that is no link and goes through none."""
    groups: dict[object, list[Path]] = {}
    for path in files:
        groups.setdefault(_on_disk(path), []).append(path)
    return [_place(group) for group in groups.values()]


def _on_disk(path: Path) -> object:
    """What two paths have in common if they lead to the same bytes: the numbers that the system gives to files, also
    on drives that know no case and through Windows's junctions; where it gives none, the path without links."""
    try:
        found = [os.stat(file) for file in files_at(path)]  # noqa: PTH116 - as the system has it
    except (OSError, CheckpointError):
        return path
    if not found:
        return path
    if not all(each.st_ino for each in found):
        return os.path.normcase(os.path.realpath(path))
    return frozenset((each.st_dev, each.st_ino, each.st_size, each.st_mtime_ns) for each in found)


def _place(group: Sequence[Path]) -> OneFile:
    if len(group) == 1:
        return OneFile(group[0])
    real = {path: os.path.realpath(path) for path in group}
    kept = min(group, key=lambda path: (os.path.islink(path), real[path] != os.path.abspath(path)))  # noqa: PTH100, PTH114
    others = (path for path in group if path != kept)
    return OneFile(kept, tuple(AlsoAt(path, _kind(path, real[path] == real[kept])) for path in others))


def _kind(path: Path, leads_there: bool) -> str:
    if os.path.islink(path):  # noqa: PTH114 - pathlib's raises where a name is too long for the system
        return LINK
    return "same file" if leads_there else "hard link"
