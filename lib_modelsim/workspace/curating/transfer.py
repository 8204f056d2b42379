"""Pictures that a person chose, copied or moved to a folder on their word; nothing is overwritten or deleted.

A picture and what stands beside it (a caption, settings) go together. All of these are in their new place, and across
disks read back and compared, before the first is taken out of the old one: who is interrupted has each file at least
once.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path

from ...curate.duplicates.captions import ENDINGS
from ...errors import ModelsimError
from ...job import Job, Stage
from ...probes.gallery import INDEX
from ...text import size_text
from .placing import copy, place

SIDECARS = (*ENDINGS, ".json")
"""Endings of what programs write beside a picture, in the place of its ending or behind it."""


class Way(Enum):
    """What becomes of the pictures chosen."""

    COPY = "copy"
    MOVE = "move"

    @property
    def done(self) -> str:
        """What was done, in a word."""
        return "copied" if self is Way.COPY else "moved"


@dataclass(frozen=True)
class Unit:
    """A picture, and the files beside it that go with it; `shared` are those of another picture, too, which are copied
    also where the picture is moved."""

    picture: Path
    beside: tuple[Path, ...] = ()
    shared: tuple[Path, ...] = ()

    @property
    def files(self) -> tuple[Path, ...]:
        return (self.picture, *self.beside, *self.shared)


@dataclass(frozen=True)
class Transfer:
    """What would be done, to be asked before it is: `renamed` is how many pictures get another name, because theirs is
    taken; `refused` says of others why they stay."""

    way: Way
    target: Path
    units: tuple[Unit, ...]
    bytes: int
    renamed: int
    refused: tuple[tuple[Path, str], ...]

    @property
    def files(self) -> int:
        """How many files, those beside the pictures with them."""
        return sum(len(unit.files) for unit in self.units)

    @property
    def makes_folder(self) -> bool:
        """Whether the folder is not there yet."""
        return not os.path.exists(self.target)  # noqa: PTH110 - pathlib's raises for long ones


@dataclass(frozen=True)
class Transferred:
    """What was done: picture → where it is now, and why others stayed. `stopped` where a person stopped it."""

    done: tuple[tuple[Path, Path], ...]
    failed: tuple[tuple[Path, str], ...]

    @property
    def renamed(self) -> tuple[tuple[Path, Path], ...]:
        """Those that have another name now."""
        return tuple((old, new) for old, new in self.done if old.name != new.name)


def plan_transfer(pictures: Sequence[Path], target: Path, way: Way, sidecars: bool, ours: Sequence[Path]) -> Transfer:
    """What it takes to copy or move these pictures to a folder, which need not be there. `ours` are folders of ours,
    which nothing is put into.

    Raises ModelsimError for a target that cannot be one, and where its disk has no room.
    """
    target = Path(os.path.normpath(target))
    _require_target(target, ours)
    units, refused, gallery_of = [], [], cache(_gallery_of)
    for unit in _units(pictures, sidecars):
        why = _why_it_stays(unit.picture, target, gallery_of(unit.picture.parent) if way is Way.MOVE else None)
        if why is None:
            units.append(unit)
        else:
            refused.append((unit.picture, why))
    size = sum(file.stat().st_size for unit in units for file in unit.files)
    free = shutil.disk_usage(_nearest(target)).free
    if size > free and not (way is Way.MOVE and all(_one_disk(unit.picture, target) for unit in units)):
        told = f"{size_text(size)} are needed, {size_text(free)} are free"
        raise ModelsimError("the disk of that folder has no room for them", told, "choose another folder, or fewer")
    return Transfer(way, target, tuple(units), size, _renamed(units, target), tuple(refused))


def transfer(plan: Transfer, job: Job) -> Transferred:
    """Do it. Raises Cancelled where it is stopped, within one picture, and ModelsimError where the folder cannot be
    made; what was done before stays done."""
    try:
        plan.target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModelsimError(
            f"this folder cannot be made ({error.strerror or error})", plan.target, "choose another one"
        ) from error
    done, failed = [], []
    stage = Stage(job, "copying" if plan.way is Way.COPY else "moving", plan.bytes)
    for unit in plan.units:
        try:
            size = sum(file.stat().st_size for file in unit.files)
            done.append((unit.picture, _carry(unit, plan.target, plan.way)))
        except OSError as error:
            failed.append((unit.picture, error.strerror or str(error)))
            if error.errno == errno.ENOSPC:
                break
        else:
            stage.advance(size)
    return Transferred(tuple(done), tuple(failed))


# planning


def _units(pictures: Sequence[Path], sidecars: bool) -> Iterator[Unit]:
    chosen, taken, namesakes = set(pictures), set[Path](), cache(_by_stem)
    for picture in dict.fromkeys(pictures):
        mine, shared = [], []
        for file in _beside(picture) if sidecars and picture.is_file() else ():
            if file in taken or file in chosen:
                continue
            others = () if file.name.startswith(picture.name) else namesakes(picture.parent)[picture.stem]
            if chosen.issuperset(picture.with_name(name) for name in others):
                mine.append(file)
                taken.add(file)
            else:
                shared.append(file)
        yield Unit(picture, tuple(mine), tuple(shared))


def _beside(picture: Path) -> list[Path]:
    """What stands beside a picture: "a.txt" and "a.png.txt" of "a.png"."""
    places = [picture.with_suffix(ending) for ending in SIDECARS]
    places += [picture.with_name(picture.name + ending) for ending in SIDECARS]
    return [place for place in dict.fromkeys(places) if place.is_file()]


def _by_stem(folder: Path) -> dict[str, list[str]]:
    """Of a folder: name without ending → files that are called so, those that stand beside pictures left out. "a.txt"
    belongs to "a.png" and to "a.jpg"."""
    found: dict[str, list[str]] = {}
    for file in folder.iterdir():
        if file.suffix.lower() not in SIDECARS:
            found.setdefault(file.stem, []).append(file.name)
    return found


def _why_it_stays(picture: Path, target: Path, gallery: Path | None) -> str | None:
    """Why a picture cannot go there; `gallery` is the one that it would be moved out of."""
    if not picture.is_file():
        return "it is no longer there"
    if picture.parent.resolve() == target.resolve():
        return "it is in that folder already"
    if gallery is not None:
        return f"it belongs to the gallery {gallery.name}, which knows its pictures by their place; copy it instead"
    return None


def _gallery_of(folder: Path) -> Path | None:
    """The gallery of ours that a folder lies in."""
    places = (folder, *folder.parents)
    return next((each for each in places if os.path.isfile(each / INDEX)), None)  # noqa: PTH113 - as above


def _require_target(target: Path, ours: Sequence[Path]) -> None:
    if os.path.exists(target) and not os.path.isdir(target):  # noqa: PTH110, PTH112 - pathlib's raise for long ones
        raise ModelsimError("this is a file, not a folder", target, "name a folder")
    own = next((each for each in ours if target.resolve().is_relative_to(each.resolve())), None)
    if own is not None or _gallery_of(target) is not None:
        raise ModelsimError("modelsim keeps its own files in this folder", own or target, "choose another one")
    if not os.access(_nearest(target), os.W_OK):
        raise ModelsimError("nothing can be written into this folder", target, "choose another one")


def _nearest(target: Path) -> Path:
    """The folder itself, or the one above it that is there."""
    places = (target, *target.parents)
    return next((each for each in places if os.path.isdir(each)), Path(target.anchor))  # noqa: PTH112


def _one_disk(picture: Path, target: Path) -> bool:
    return picture.stat().st_dev == _nearest(target).stat().st_dev


def _renamed(units: Sequence[Unit], target: Path) -> int:
    """How many of the pictures find their name taken, in the folder or by one that comes before them."""
    with suppress(OSError):  # it is not there yet
        taken = {file.name.casefold() for file in target.iterdir()}
        return _count_taken(units, taken)
    return _count_taken(units, set())


def _count_taken(units: Sequence[Unit], taken: set[str]) -> int:
    renamed = 0
    for unit in units:
        names = {file.name.casefold() for file in unit.files}
        renamed += bool(names & taken)
        taken |= names
    return renamed


# doing


def _carry(unit: Unit, target: Path, way: Way) -> Path:
    """All files of a unit under names that are free; where the picture is. Where it raises OSError all is as before."""
    for number in range(1, 1_000_000):
        names = {file: _numbered(file, unit.picture, number) for file in unit.files}
        placed: list[Path] = []
        try:
            for file, name in names.items():
                if file in unit.shared or way is Way.COPY:
                    copy(file, target / name)
                else:
                    place(file, target / name)
                placed.append(target / name)
        except BaseException as error:
            for ours in placed:
                ours.unlink()
            if isinstance(error, FileExistsError):
                continue
            raise
        if way is Way.MOVE:
            for file in (unit.picture, *unit.beside):
                file.unlink()
        return target / names[unit.picture]
    raise OSError(errno.EEXIST, "all names are taken", str(target))


def _numbered(file: Path, picture: Path, number: int) -> str:
    """The name of a file for the n-th try: what stands beside "a.png" is called as "a (2).png" is."""
    if number == 1:
        return file.name
    behind = file.name[len(picture.name) :] if file.name.startswith(picture.name) else file.suffix
    stem = f"{picture.stem} ({number})"
    return f"{stem}{picture.suffix}{behind}" if file.name.startswith(picture.name) else f"{stem}{behind}"
