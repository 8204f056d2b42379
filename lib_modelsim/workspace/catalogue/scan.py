"""What each checkpoint is: its headers, and on request every hash, from one read of the whole file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ...checkpoints import content_hash
from ...checkpoints.hashing import identify
from ...checkpoints.identity import Identity
from ...errors import CheckpointError
from ...job import Job, Stage
from ...library import Library
from .index import HEADER_VERSION, Model, Unreadable, read_index
from .leaving_out import Leaving, nothing
from .originals import Copy, Held, copies

IDENTITY_VERSION = f"{HEADER_VERSION}.{content_hash.VERSION}"
"""Content hashes are over common keys, so they change with what headers say, too."""


@dataclass(frozen=True)
class Scan:
    """The models with their identities (None where only headers were asked for), and what could not be read."""

    found: list[tuple[Model, Identity | None]]
    unreadable: list[Unreadable]

    def copies(self) -> list[Copy]:
        """The files that are the same as another one, each with that original."""
        known = [(model, identity) for model, identity in self.found if identity is not None]
        return copies([Held(m.name, m.path, m.key.size, own, m.header, m.also_at) for m, own in known])


def scan(paths: Sequence[Path], library: Library, job: Job, quick: bool = False, leaving: Leaving = nothing) -> Scan:
    """Read the headers of all checkpoints under these paths but those left out, and unless `quick` hash those not
    hashed before."""
    index = read_index(paths, library, job, leaving=leaving)
    known = {model.path: known_identity(model, library) for model in index.models}
    if quick:
        return Scan([(model, known[model.path]) for model in index.models], index.unreadable)
    stage = Stage(job, "hashing", sum(model.key.size for model in index.models if known[model.path] is None))
    result = Scan([], list(index.unreadable))
    for model in index.models:
        identity = known[model.path]
        if identity is None:
            try:
                result.found.append(identified(model, library, stage.advance))
            except CheckpointError as error:
                result.unreadable.append(Unreadable(model.path, str(error)))
        else:
            result.found.append((model, identity))
    return result


def identified(model: Model, library: Library, progress: Callable[[int], None]) -> tuple[Model, Identity]:
    """A model by what the library knows it as once it was hashed, and its hashes. Reads the whole file; raises
    CheckpointError where that cannot be done."""
    identity = identify(model.open(), progress)
    stored = identity.to_dict() | {"version": IDENTITY_VERSION}
    return replace(model, id=library.remember_identity(model.key, model.id, identity.sha256, stored)), identity


def known_identity(model: Model, library: Library) -> Identity | None:
    """What an earlier scan found out about a model; None where there was none."""
    return identity_of(model.id, library)


def identity_of(model: int, library: Library) -> Identity | None:
    """As `known_identity`, by the library's id."""
    stored = library.identity(model)
    return Identity.from_dict(stored) if stored and stored.get("version") == IDENTITY_VERSION else None
