"""Of files that are the same, which one is the original: that one is kept, and the others are its copies.

Only what hashes of whole files prove counts: every byte is the same, or every tensor is. Deleting a copy frees its
bytes only where no other name leads to them, so links are told apart. Nothing here deletes a file.
"""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ...checkpoints.files import files_at
from ...checkpoints.header import Header
from ...checkpoints.identity import Identity, relation
from ...errors import CheckpointError
from ...text import readable, size_text
from .index import plain_name, without_ending
from .places import LINK, AlsoAt
from .shared_blocks import shared_bytes

_WORDS = "copy|copie|copia|cópia|kopie|kopia|kopi|kopio|kopya|másolat|копия"
_COPY = re.compile(rf"(?:^|[\s_.([-])(?:{_WORDS})(?:$|[\s_.)\]\d-])|コピー|副本|복사본", re.IGNORECASE)
"""What file managers write into the name of a copy, in their languages."""

_NUMBERED = re.compile(r"(.*?)(?:[\s_-]*\((\d+)\)|[\s_-]\d+)")
"""A name with a number behind it: "(1)" stands for a copy, "_1" only beside a file without it."""


@dataclass(frozen=True)
class Held:
    """A file with the hashes of all of it; `size` in bytes, `header` says in which precision it holds them, `also_at`
    are further paths that lead to it."""

    name: str
    path: Path
    size: int
    identity: Identity
    header: Header
    also_at: tuple[AlsoAt, ...] = ()

    @property
    def links(self) -> tuple[str, ...]:
        """The names of links that lead nowhere once it is deleted."""
        return tuple(each.path.name for each in self.also_at if each.kind == LINK)


@dataclass(frozen=True)
class Copy:
    """A file that is the same as its original: `same` is "same file" or "same weights". `frees` are the bytes that are
    free once it is deleted; 0 where it is a link or cannot be looked at, as `remark` says."""

    name: str
    original: str
    same: str
    frees: int
    remark: str = ""
    links: tuple[str, ...] = ()
    """Names of links to it, which lead nowhere once it is deleted."""
    metadata: tuple[str, ...] = ()
    """Names of the metadata that only it has, or has otherwise: a merge's recipe, a title."""
    sure: bool = True
    """Whether the disk tells that none of its bytes are a clone's: else deleting it may free less."""

    @property
    def told(self) -> str:
        """In a few words: "copy of anna, could go: 13 MB"."""
        lost = _with_it("the link", self.links) + _with_it("its own metadata", self.metadata)
        return f"copy of {self.original}, {self.remark or f'could go: {space_text([self])}{lost}'}"


def _with_it(what: str, names: Sequence[str]) -> str:
    """What is lost with a copy: the first of these names, and how many more there are."""
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f", and with it {what} {readable(names[0])}{more}" if names else ""


def original(files: Sequence[tuple[str, Path | None]]) -> int:
    """Position of the original among the same files, each a name and a path, None where the file lies on another
    machine: a file rather than a link to it; the name that no copying has made ("anna copy", "anna (1)", "Kopie von
    anna", "anna_1" beside "anna"); the oldest; the shortest name."""
    plain = (without_ending(name) if path is None else plain_name(path) for name, path in files)
    names = [unicodedata.normalize("NFC", name) for name in plain]

    def rank(i: int) -> tuple[bool, bool, float, int, str]:
        path = files[i][1]
        disk = None if path is None else _on_disk(path)
        others = [name.lower() for k, name in enumerate(names) if k != i]
        oldest = disk.oldest if disk is not None else float("inf")
        return disk is None or disk.link, _is_copy(names[i], others), oldest, len(files[i][0]), files[i][0]

    return min(range(len(files)), key=rank)


def _is_copy(name: str, others: Sequence[str]) -> bool:
    """Whether a name tells that it is a copy's."""
    numbered = _NUMBERED.fullmatch(name)
    beside = numbered is not None and (numbered[2] is not None or numbered[1].lower() in others)
    return beside or _COPY.search(name) is not None


def copies(files: Sequence[Held]) -> list[Copy]:
    """The copies among these files, in their order, each with its original."""
    found: dict[int, Copy] = {}
    for group in together(files, _same):
        kept = group[original([(files[i].name, files[i].path) for i in group])]
        for i in group:
            if i != kept:
                others = [files[k].path for k in group if k != i]
                remark = why_nothing_is_freed(files[i].path, others)
                same = "same file" if files[i].identity.sha256 == files[kept].identity.sha256 else "same weights"
                frees = 0 if remark else files[i].size
                lost = _own_metadata(files[i].header, files[kept].header)
                sure = not frees or blocks_are_shared(files[i].path) is not None
                found[i] = Copy(files[i].name, files[kept].name, same, frees, remark, files[i].links, lost, sure)
    return [found[i] for i in sorted(found)]


def in_words(found: Sequence[Copy]) -> str:
    """How many files could go, and what they take: "3 to keep, 4 could go: 305 MB. Nothing is deleted."; empty where
    there is no copy."""
    going = [copy for copy in found if copy.frees]
    links = len(found) - len(going)
    linked = f"{links} more {'is a link and frees' if links == 1 else 'are links and free'} nothing" if links else ""
    if not going:
        return f"nothing could go: {linked}." if links else ""
    keep = len({copy.original for copy in going})
    space = space_text(going)
    return f"{keep} to keep, {len(going)} could go: {space}{f'; {linked}' if links else ''}. Nothing is deleted."


class Freeing(Protocol):
    """What frees bytes of the disk once it is deleted; so many for `sure`, or at most so many."""

    @property
    def frees(self) -> int: ...

    @property
    def sure(self) -> bool: ...


def space_text(going: Sequence[Freeing]) -> str:
    """What is free once these are deleted: "305 MB", "at most 305 MB" where the disk does not tell whether they are
    clones."""
    return ("" if all(each.sure for each in going) else "at most ") + size_text(sum(each.frees for each in going))


def space_of_copies(found: Sequence[Copy]) -> str:
    """What copies take of the disk: "12 copies take 48.3 GB", "at most" where the disk does not tell whether they are
    clones; empty where none is proven to take any."""
    going = [copy for copy in found if copy.frees]
    return f"{_copies(len(going))} {'take' if len(going) > 1 else 'takes'} {space_text(going)}" if going else ""


def _copies(count: int) -> str:
    return f"{count:,} {'copy' if count == 1 else 'copies'}"


def together(files: Sequence[Held], same: Callable[[Held, Held], bool]) -> list[list[int]]:
    """Positions of files of which each is the same as every other by `same`, which asks only about files that share a
    hash of the whole or of a component; two or more each, no file in two of them."""
    groups: list[list[int]] = []
    holders: dict[str, list[int]] = {}
    for i, file in enumerate(files):
        near = dict.fromkeys(g for mark in _marks(file.identity) for g in holders.get(mark, ()))
        own = next((g for g in near if all(same(file, files[k]) for k in groups[g])), None)
        if own is None:
            own = len(groups)
            groups.append([])
        groups[own].append(i)
        for mark in _marks(file.identity):
            holders.setdefault(mark, []).append(own)
    return [group for group in groups if len(group) > 1]


def _marks(identity: Identity) -> Iterable[str]:
    """Hashes of which two files share at least one if they are the same."""
    return {identity.sha256, *(content.exact for content in identity.content.values())}


def _same(a: Held, b: Held) -> bool:
    """Whether every byte or every tensor is the same, also in its precision; a tensor that one of them lacks would be
    lost with the other."""
    whole = a.identity.extras.keys() == b.identity.extras.keys() and _precisions(a) == _precisions(b)
    return a.identity.sha256 == b.identity.sha256 or (whole and relation(a.identity, b.identity).same_weights)


def _own_metadata(header: Header, kept: Header) -> tuple[str, ...]:
    """The names of what only one header says, but for what a format writes of itself."""
    found = sorted(name for name, value in header.metadata.items() if kept.metadata.get(name) != value)
    return tuple(name for name in found if name != "format" and not name.startswith("_"))


def _precisions(file: Held) -> dict[str, str]:
    return {name: component.dtype for name, component in file.header.components.items()}


@dataclass(frozen=True)
class _OnDisk:
    """What the system says of a file, or of all files of a folder: which they are, whether one is a symbolic link,
    whether one has further names, and the oldest time of change in nanoseconds."""

    files: frozenset[tuple[int, int]]
    link: bool
    shared: bool
    oldest: int


def _on_disk(path: Path) -> _OnDisk | None:
    """None where the system does not tell."""
    try:
        inside = files_at(path)
        stats = [each.stat() for each in inside]
        link = any(stat.S_ISLNK(os.lstat(each).st_mode) for each in {path, *inside})
    except (OSError, CheckpointError):
        return None
    if not stats or not all(each.st_ino for each in stats):
        return None
    shared = any(each.st_nlink > 1 for each in stats)
    numbers = frozenset((each.st_dev, each.st_ino) for each in stats)
    return _OnDisk(numbers, link, shared, min(each.st_mtime_ns for each in stats))


def why_nothing_is_freed(path: Path, others: Sequence[Path]) -> str:
    """Why deleting a copy frees no byte for sure; empty where it does."""
    disk = _on_disk(path)
    if disk is None:
        return "not looked at on the disk"
    if disk.link:
        return "a link: frees nothing"
    if any(other is not None and other.files & disk.files for other in map(_on_disk, others)):
        return "the same file under another name: frees nothing"
    if disk.shared:
        return "a hard link: frees nothing"
    return "a clone, or in a snapshot: frees nothing" if blocks_are_shared(path) else ""


def blocks_are_shared(path: Path) -> bool | None:
    """Whether a block of these files is another file's, too; None where none is known to be, and some are not known."""
    try:
        found = [shared_bytes(each) for each in files_at(path)]
    except CheckpointError:
        return None
    return True if any(found) else None if None in found else False
