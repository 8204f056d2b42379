"""The table of all checkpoints, from sizes and times of files and what the library remembers: nothing is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from ...checkpoints.files import file_key
from ...checkpoints.header import Header
from ...checkpoints.identity import Identity
from ...errors import CheckpointError
from ...library import Library, RememberedFile
from ...similarity.joining import main_component
from .index import HEADER_VERSION, model_names, plain_name, remembered_header
from .originals import Copy, Held, copies
from .places import AlsoAt, OneFile, find_files, one_each
from .remarks import remarks
from .sameness import sameness_facts
from .scan import identity_of


class State(Enum):
    """How far a file is known."""

    NOT_INDEXED = "not indexed"
    INDEXED = "indexed"
    """Its header was read."""
    CHANGED = "changed"
    """It is another file than the one that was indexed under this path."""
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class LibraryRow:
    """One checkpoint. `reason` says why it is unreadable, `size` is in bytes and None where the file is gone, `header`
    is None unless it is indexed; `sha256` may come from the host, `hashed` says whether a scan made all the hashes,
    `same` are facts such as "same file as …", `copy` tells of a copy what its original is, `remarks` what else there is
    to know, `came_from` is where a file lay whose bytes were not read since, `left_out` says that a person leaves it
    out, `also_at` are further paths of the same file."""

    name: str
    path: Path
    state: State
    reason: str = ""
    size: int | None = None
    header: Header | None = None
    sha256: str | None = None
    hashed: bool = False
    same: tuple[str, ...] = ()
    copy: Copy | None = None
    remarks: tuple[str, ...] = ()
    came_from: str = ""
    left_out: bool = False
    also_at: tuple[AlsoAt, ...] = ()

    @property
    def architecture(self) -> str:
        """Empty where it is not indexed."""
        return self.header.architecture if self.header else ""

    @property
    def kind(self) -> str:
        """What sort of model it is, as people sort their folders; empty where it is not indexed."""
        if self.header is None:
            return ""
        if self.header.adapter is not None:
            return "LoRA"
        if self.architecture in ("VAE", "text encoder"):
            return self.architecture
        return "diffusion model" if set(self.header.components) <= {"unet", "other"} else "checkpoint"

    @property
    def network(self) -> str:
        """The network with its variant; empty where it is not indexed."""
        return self.header.network if self.header else ""

    @property
    def precision(self) -> str:
        """The dtype of the UNet or transformer, or of what else there is; empty where it is not indexed."""
        components = self.header.components if self.header else {}
        main = main_component(components)
        return components[main].dtype if main is not None else ""

    @property
    def components(self) -> tuple[str, ...]:
        """Names of the components, such as `te`, `unet`, `vae`."""
        return tuple(self.header.components) if self.header else ()

    @property
    def short_hash(self) -> str:
        """The first 10 digits of the SHA-256, as the WebUI writes it; empty where it is not known."""
        return (self.sha256 or "")[:10]


def not_hashed_in_words(rows: Sequence[LibraryRow]) -> str:
    """Of how many files it is not known whether they are copies, as no scan has hashed them; empty where of none."""
    there = [row for row in rows if row.state is not State.UNREADABLE and not row.left_out]
    left = sum(not row.hashed for row in there)
    many = "is not hashed yet: whether it is a copy" if left == 1 else "are not hashed yet: whether they are copies"
    return f"{left:,} of {len(there):,} {many} is not known" if left else ""


def library_rows(paths: Sequence[Path], library: Library, hashes: Mapping[Path, str] | None = None) -> list[LibraryRow]:
    """A row for every checkpoint under these paths, in their order, and one for every path that is not there.

    `hashes` are the SHA-256 that a host knows of files that it lists: 64 digits, by path. They count for files that
    the library has none of.
    """
    files, missing = find_files(paths)
    known = [_known(place, library, hashes or {}) for place in one_each(files)]
    readable = [row.path for row, _ in known if row.state is not State.UNREADABLE]
    names = dict(zip(readable, model_names(readable), strict=True))
    named = [(replace(row, name=names.get(row.path, row.name)), identity) for row, identity in known]
    facts = sameness_facts({row.name: identity for row, identity in named if identity is not None})
    held = [
        Held(row.name, row.path, row.size or 0, identity, row.header, row.also_at)
        for row, identity in named
        if identity is not None and row.header is not None and row.hashed
    ]
    of = {copy.name: copy for copy in copies(held)}
    rows = [
        replace(row, same=tuple(facts.get(row.name, ())) if identity else (), copy=of.get(row.name))
        for row, identity in named
    ]
    gone = [(path, error) for path, error in missing if not path.is_dir()]  # an empty folder is no checkpoint
    return rows + [LibraryRow(plain_name(path), path, State.UNREADABLE, str(error)) for path, error in gone]


def _known(place: OneFile, library: Library, hashes: Mapping[Path, str]) -> tuple[LibraryRow, Identity | None]:
    path, sha256 = place.path, place.hash_in(hashes)
    row = LibraryRow(plain_name(path), path, State.UNREADABLE, also_at=place.also_at)
    try:
        key = file_key(path)
    except CheckpointError as error:
        return replace(row, reason=str(error)), None
    row = replace(row, size=key.size)
    failure = library.failure(key, HEADER_VERSION)
    if failure is not None:
        return replace(row, reason=failure), None
    known = library.file(key, HEADER_VERSION)
    if known is not None:
        row = replace(row, sha256=known.sha256 or sha256, came_from=library.came_from(key) or "")
        return _remembered(row, known, library)
    if library.knows(key.path):
        return replace(row, state=State.CHANGED), None  # the host's hash may be of what it was before
    return replace(row, state=State.NOT_INDEXED, sha256=sha256), _by_file_alone(sha256)


def _remembered(row: LibraryRow, known: RememberedFile, library: Library) -> tuple[LibraryRow, Identity | None]:
    header, identity = remembered_header(known, library), identity_of(known.model, library)
    state = State.NOT_INDEXED if header is None else State.INDEXED
    said = () if header is None else tuple(remarks(header, identity))
    row = replace(row, state=state, header=header, hashed=identity is not None, remarks=said)
    return row, identity or _by_file_alone(row.sha256)


def _by_file_alone(sha256: str | None) -> Identity | None:
    """An identity that tells copies of a file, and nothing of its components."""
    return None if sha256 is None else Identity(sha256, None, None, {})
