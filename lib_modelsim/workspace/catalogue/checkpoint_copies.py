"""Which checkpoints are the same, and how much of the disk they take twice: a list, from which nothing is deleted.

Hashes prove it, as the column "same as" of the table tells it, and `catalogue/originals.py` says which could go. What
was not hashed is named, and nothing is said of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...checkpoints.identity import AGREEING, Identity, relation
from ...job import Job
from ...library import Library
from ...text import counted, several, size_text
from .index import HEADER_VERSION, Model, Unreadable
from .leaving_out import Leaving, nothing
from .originals import (
    Copy,
    Held,
    blocks_are_shared,
    copies,
    original,
    space_text,
    together,
    why_nothing_is_freed,
)
from .places import AlsoAt
from .remarks import remarks
from .scan import scan
from .shared_blocks import shared_bytes

SAME_FILE, SAME_WEIGHTS, BUT_VAE = "same file", "same weights", "same but for the VAE"

KINDS = (SAME_FILE, SAME_WEIGHTS, BUT_VAE)
"""What a group can be; the strictest first."""


@dataclass(frozen=True)
class Member:
    """A checkpoint of a group. `told` says whether it is kept or could go, `frees` are the bytes that are free once it
    is deleted, at most where it is not `sure` (it may be a clone), `also_at` further paths of the same file, and
    `remarks` what else there is to know of it."""

    name: str
    path: Path
    size: int
    told: str
    frees: int = 0
    sure: bool = True
    also_at: tuple[AlsoAt, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class SameCheckpoints:
    """Checkpoints of which each is to each other what `kind` says; the first is the one to keep. Of files that are the
    same in a stricter way, only the one to keep is in a group of a looser kind."""

    kind: str
    members: tuple[Member, ...]

    @property
    def frees(self) -> int:
        """Bytes that are free once all that could go are deleted."""
        return sum(member.frees for member in self.members)

    @property
    def space(self) -> str:
        """The same in words; empty where they free nothing."""
        return space_text(self.members) if self.frees else ""


@dataclass(frozen=True)
class CheckpointCopies:
    """`groups` by kind, the strictest first, and in it those first that free the most; `linked` are files that are met
    by several paths; `not_hashed` names those that nothing can be said of; `looked_at` is how many can be."""

    groups: tuple[SameCheckpoints, ...]
    linked: tuple[Member, ...] = ()
    not_hashed: tuple[str, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    looked_at: int = 0
    remarks: tuple[str, ...] = ()

    def frees(self, *kinds: str) -> int:
        """Bytes that could be freed by groups of these kinds, each file once."""
        return sum(group.frees for group in self.groups if group.kind in kinds)

    @property
    def told(self) -> str:
        """What there is in all: "5 checkpoints compared. 2 could go: 4.27 GB. Nothing is deleted." """
        certain = [m for group in self.groups if group.kind != BUT_VAE for m in group.members if m.frees]
        choice = [m for group in self.groups if group.kind == BUT_VAE for m in group.members if m.frees]
        said = []
        if certain:
            said.append(f"{len(certain):,} could go: {space_text(certain)}.")
        if choice:
            more = " more" if certain else ""
            said.append(f"{len(choice):,}{more} could go if you do not need their VAEs: {space_text(choice)}.")
        if not said:
            said.append("Nothing could go." if self.looked_at else "Nothing was compared.")
        compared = [f"{counted(self.looked_at, 'checkpoint')} compared."] if self.looked_at else []
        return " ".join([*compared, *said, "Nothing is deleted."])


def checkpoint_copies(
    paths: Sequence[Path], library: Library, job: Job, quick: bool = False, leaving: Leaving = nothing
) -> CheckpointCopies:
    """The checkpoints under these paths that are the same. Files that were not hashed before are read whole, unless
    `quick`: then nothing is said of those. Raises Cancelled within some megabytes; what was hashed is kept."""
    found = scan(paths, library, job, quick, leaving)
    held, not_hashed = [], []
    for model, identity in found.found:
        known = identity or _by_file_alone(model, library)
        if known is not None:
            held.append(Held(model.name, model.path, model.key.size, known, model.header, model.also_at))
        if identity is None:
            not_hashed.append(model.name)
    groups = _Sorted(held).groups()
    linked = tuple(_member(file, "one file by several paths: a link frees nothing") for file in held if file.also_at)
    return CheckpointCopies(
        tuple(groups), linked, tuple(not_hashed), tuple(found.unreadable), len(held), _not_seen(groups)
    )


def _by_file_alone(model: Model, library: Library) -> Identity | None:
    """An identity that tells copies of the file, and nothing of what is in it: where a host has hashed it, and no scan
    has."""
    known = library.file(model.key, HEADER_VERSION)
    return None if known is None or known.sha256 is None else Identity(known.sha256, None, None, {})


class _Sorted:
    """Files, each at most once something that could go."""

    def __init__(self, files: Sequence[Held]) -> None:
        self._files = files
        self._could_go = {copy.name: copy for copy in copies(files)}

    def groups(self) -> list[SameCheckpoints]:
        by_file = [self._ordered(group) for group in self._together(self._files, _same_file)]
        left = self._without_all_but_the_first(self._files, by_file)
        by_weights = [self._ordered(group) for group in self._together(left, _same_weights)]
        left = self._without_all_but_the_first(left, by_weights)
        left = [file for file in left if file.name not in self._could_go]
        by_vae = [self._ordered(group) for group in self._together(left, _same_but_vae)]
        going = {file.name for group in by_vae for file in group[1:]} | self._could_go.keys()
        stay = [file for file in self._files if file.name not in going]
        found = [
            *(SameCheckpoints(SAME_FILE, self._members(group)) for group in by_file),
            *(SameCheckpoints(SAME_WEIGHTS, self._members(group)) for group in by_weights),
            *(SameCheckpoints(BUT_VAE, _with_other_vaes(group, stay)) for group in by_vae),
        ]
        return sorted(found, key=lambda group: (KINDS.index(group.kind), -group.frees, group.members[0].name.lower()))

    def _together(self, files: Sequence[Held], same: Callable[[Held, Held], bool]) -> list[list[Held]]:
        return [[files[i] for i in group] for group in together(files, same)]

    def _ordered(self, group: Sequence[Held]) -> list[Held]:
        """The one to keep first: one that could not go, with a VAE that is whole, the original of those."""
        rank = {name: place for place, name in enumerate(_originals_first(group))}
        return sorted(group, key=lambda file: (file.name in self._could_go, _vae_is_worse(file), rank[file.name]))

    def _without_all_but_the_first(self, files: Sequence[Held], groups: Sequence[Sequence[Held]]) -> list[Held]:
        told = {file.name for group in groups for file in group[1:]}
        return [file for file in files if file.name not in told]

    def _members(self, group: Sequence[Held]) -> tuple[Member, ...]:
        kept, *others = group
        return tuple(_member(file, *self._said(file, kept)) for file in (kept, *others))

    def _said(self, file: Held, kept: Held) -> tuple[str, int, bool]:
        copy: Copy | None = self._could_go.get(file.name)
        if file is kept:  # of files that are in another one's group, too, it is told there what it is a copy of
            return ("keep" if copy is None else f"keep of these; {copy.told}"), 0, True
        if copy is not None:
            return copy.told, copy.frees, copy.sure
        return _why_not_counted(file, kept), 0, True


def _originals_first(group: Sequence[Held]) -> list[str]:
    left, found = [(file.name, file.path) for file in group], []
    while left:
        found.append(left.pop(original(left))[0])
    return found


def _same_file(a: Held, b: Held) -> bool:
    return a.identity.sha256 == b.identity.sha256


def _same_weights(a: Held, b: Held) -> bool:
    return relation(a.identity, b.identity).same_weights


def _same_but_vae(a: Held, b: Held) -> bool:
    """Whether all but the VAE is the same to the last digit, in the same precision, and there is a network in it."""
    facts = relation(a.identity, b.identity)
    exact, *_ = AGREEING
    vae, parts = facts.components.get("vae", exact), {**facts.components, "vae": exact}
    alike = {*parts.values(), *facts.extras.values()} == {exact}
    stored = [{n: c.dtype for n, c in each.header.components.items() if n != "vae"} for each in (a, b)]
    return "unet" in facts.components and vae is not exact and alike and stored[0] == stored[1]


def _vae_is_worse(file: Held) -> int:
    """2 without one, 1 with one whose numbers are not all finite."""
    return 2 if "vae" not in file.identity.content else int("vae" in file.identity.not_finite)


def _why_not_counted(file: Held, kept: Held) -> str:
    """Why a file with the same weights is not said to be able to go."""
    mine, theirs = ({name: part.dtype for name, part in each.header.components.items()} for each in (file, kept))
    other = next((name for name in mine if mine[name] != theirs.get(name)), None)
    if other is not None:
        return f"keep, or look at it yourself: stored as {mine[other]}, {kept.name} as {theirs.get(other, 'nothing')}"
    return f"keep, or look at it yourself: one of it and {kept.name} holds tensors that the other lacks"


def _with_other_vaes(group: Sequence[Held], stay: Sequence[Held]) -> tuple[Member, ...]:
    kept, *others = group
    members = [_member(kept, "keep")]
    for file in others:
        remark = why_nothing_is_freed(file.path, [each.path for each in group if each is not file])
        sure = bool(remark) or blocks_are_shared(file.path) is not None
        size = ("" if sure else "at most ") + size_text(file.size)
        told = remark or f"could go if you do not need {_its_vae(file, kept, stay)}: {size}"
        members.append(_member(file, told, 0 if remark else file.size, sure))
    return tuple(members)


def _its_vae(file: Held, kept: Held, stay: Iterable[Held]) -> str:
    """What of a file is lost beside its original."""
    vae = file.identity.content.get("vae")
    if vae is None:
        return f"a file without a VAE; {kept.name} is the same with one"
    holders = [
        each.name
        for each in stay
        if each is not kept and "vae" in each.identity.content and each.identity.content["vae"].exact == vae.exact
    ]
    if holders:
        return f"it in one file with its VAE, which is also in {several(holders, 2)}"
    if "vae" not in kept.identity.content:
        return "its VAE, which is in no other of these files"
    return f"its VAE, which is another than that of {kept.name} and in no other of these files"


def _member(file: Held, told: str, frees: int = 0, sure: bool = True) -> Member:
    said = tuple(remarks(file.header, file.identity))
    return Member(file.name, file.path, file.size, told, frees, sure, file.also_at, said)


def _not_seen(groups: Sequence[SameCheckpoints]) -> tuple[str, ...]:
    """What the disk does not tell, where it would matter."""
    going = [member.path for group in groups for member in group.members if member.frees]
    if not going or all(shared_bytes(path) is not None for path in going if path.is_file()):
        return ()
    return (
        "Whether files share blocks of the disk (clones, snapshots) cannot be seen here; where they do, deleting one "
        "frees less than is said, or nothing.",
    )
