"""The folders whose pictures are compared: each file in one of them, as it was when it was read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ...curate.collection import Collected
from ...curate.duplicates.candidates import not_looked_for
from ...curate.duplicates.described import Described, describe
from ...errors import ModelsimError
from ...job import Job
from ...text import counted
from .collecting import collect

if TYPE_CHECKING:
    from ...pictures.features import FeatureStore

State = tuple[int, int]
"""Bytes and time of a file."""


@dataclass(frozen=True)
class Side:
    """One folder's pictures as they were when they were read; `unreadable`: why others are not among them."""

    folder: Path
    pictures: tuple[Collected, ...]
    described: Described
    states: Mapping[Path, State]
    unreadable: Mapping[Path, str] = field(default_factory=dict)


def state_of(path: Path) -> State | None:
    """None where there is no such file any more."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def sides_of(
    folder: Path, against: Sequence[Path], store_of: Callable[[Path], AbstractContextManager[FeatureStore]], job: Job
) -> tuple[list[Side], list[str]]:
    """The folders with what is known of their pictures, each file in one of them; and what to say of them. Raises
    ModelsimError where there is no such folder, or one is given twice, Cancelled within a few pictures."""
    folders = [folder, *against]
    real = [each.resolve() for each in folders]
    if len(set(real)) < len(real):
        twice = next(each for i, each in enumerate(folders) if real[i] in real[:i])
        raise ModelsimError("this folder was given twice", twice, "give it once: it is compared with itself")
    taken: set[tuple[int, int]] = set()
    found: dict[int, Side] = {}
    links = nested = 0
    deepest_first = sorted(range(len(folders)), key=lambda i: -len(real[i].parts))  # inner folders keep their files
    for i in deepest_first:
        with store_of(folders[i]) as store:
            collection = collect(folders[i], store, job)
            pictures, own = [], set()
            for each in collection.pictures:
                number = _number(each.path)
                if number in own:
                    links += 1
                elif number in taken:
                    nested += 1
                else:
                    pictures.append(each)
                    own.add(number)
            taken |= own
            states = {each.path: state for each in pictures if (state := state_of(each.path)) is not None}
            seen = describe(list(states), store, job)
        gone = {each.path: f"{each.path.name} is gone" for each in pictures if each.path not in states}
        bad = {**collection.unreadable, **gone, **_unreadable(pictures, seen.unreadable)}
        kept = tuple(each for each in pictures if each.path in states and each.path not in bad)
        found[i] = Side(folders[i], kept, seen, states, bad)
    remarks = []
    if links:
        remarks.append(f"{counted(links, 'path')} left out: links to pictures that are there already")
    if nested:
        remarks.append(f"{counted(nested, 'picture')} of one folder lie in another one, too, and count there")
    sides = [found[i] for i in range(len(folders))]
    return sides, remarks + not_looked_for(*(side.described for side in sides))


def _number(path: Path) -> tuple[int, int]:
    """What two paths have in common that lead to one file."""
    try:
        state = path.stat()
    except OSError:
        return -1, hash(path)
    return (state.st_dev, state.st_ino) if state.st_ino else (-1, hash(path.resolve()))


def _unreadable(pictures: Iterable[Collected], found: Mapping[Path, str]) -> dict[Path, str]:
    """Of every file of a content that cannot be read, why."""
    pictures = list(pictures)
    content = {each.path: each.content for each in pictures}
    why = {content[path]: said for path, said in found.items() if path in content}
    return {each.path: why[each.content] for each in pictures if each.content in why}
