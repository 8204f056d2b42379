"""Hashes of the user's checkpoints by the algorithms that the records of some pictures name models by (InvokeAI's
BLAKE3).

Each costs a whole file to read. So those of files that are called as the record says are computed when a picture is
looked up, those of all others when a person asks; the library keeps them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ...checkpoints.files import file_key
from ...checkpoints.other_hashes import ALGORITHMS, MissingPackage, other_hash, require
from ...checkpoints.source import FileKey
from ...errors import CheckpointError, Sentence, joined
from ...identify.known_model import KnownModel, algorithm_name, called, hash_kind
from ...job import Job, Stage
from ...library import Library
from ...pictures.records.form import Named
from ...text import size_text
from .queries import OpenedQuery


@dataclass(frozen=True)
class Hashed:
    """The models, with their hashes of the kinds asked for as far as those are known. `to_read` are the bytes of files
    whose hash nobody knows while none that is known is the record's; `remarks` say so."""

    known: tuple[KnownModel, ...]
    to_read: int = 0
    remarks: tuple[str, ...] = ()


def with_other_hashes(
    asked: Sequence[OpenedQuery], known: Sequence[KnownModel], library: Library, job: Job, every: bool = False
) -> Hashed:
    """The models with those hashes by which the pictures' records name one.

    What is not known is computed: for files of the name that a record gives, or with `every` for all until the one is
    found. Raises Cancelled; what was computed is kept.
    """
    found = Hashed(tuple(known))
    for algorithm, wanted in _wanted(asked).items():
        models = [_recalled(model, algorithm, library) for model in found.known]
        try:
            added = _computed(models, algorithm, wanted, library, job, every)
        except MissingPackage as error:
            added = Hashed(tuple(models), 0, (str(error),))
        found = Hashed(added.known, found.to_read + added.to_read, found.remarks + added.remarks)
    return found


def _wanted(asked: Sequence[OpenedQuery]) -> dict[str, dict[str, Named]]:
    """Algorithm → hash → the model that a record names by it, of those that can be computed."""
    found: dict[str, dict[str, Named]] = {}
    for named in (each for query in asked for record in query.records.records for each in record.checkpoints):
        for digits in named.hashes:
            algorithm, _ = hash_kind(digits)
            if algorithm in ALGORITHMS:
                found.setdefault(algorithm, {})[digits] = named
    return found


def _recalled(model: KnownModel, algorithm: str, library: Library) -> KnownModel:
    key = _key(model)
    digits = None if key is None else library.other_hash(key, algorithm)
    return model if digits is None else _with(model, algorithm, digits)


def _computed(
    models: Sequence[KnownModel], algorithm: str, wanted: Mapping[str, Named], library: Library, job: Job, every: bool
) -> Hashed:
    """Those models once the chosen files were read."""
    known = {model: model for model in models}
    missing = set(wanted) - {digits for model in models for digits in model.other_hashes}
    unread = {model: key for model in models if not _has(model, algorithm) and (key := _key(model)) is not None}
    first = [model for digits in sorted(missing) for model in called(wanted[digits], list(unread))]
    chosen = list(dict.fromkeys([*first, *unread] if every and missing else first))
    if chosen:
        require(algorithm)
    stage = Stage(job, f"hashing ({algorithm_name(algorithm)})", sum(unread[model].size for model in chosen))
    failed = []
    for model in chosen:
        try:
            digits = other_hash(_path(model), algorithm, stage.advance)
        except CheckpointError as error:
            failed.append(f"skipped: {error}")
            continue
        library.remember_other_hash(unread.pop(model), algorithm, digits)
        known[model] = _with(model, algorithm, digits)
        missing -= {f"{algorithm}:{digits}"}
        if not missing:
            break
    if not missing or not unread:
        return Hashed(tuple(known.values()), 0, tuple(failed))
    to_read = sum(key.size for key in unread.values())
    return Hashed(tuple(known.values()), to_read, (*failed, _never_computed(len(unread), to_read, algorithm)))


def _never_computed(files: int, to_read: int, algorithm: str) -> str:
    which = "1 of your checkpoints has" if files == 1 else f"{files} of your checkpoints have"
    what = f"{which} no {algorithm_name(algorithm)} hash yet and may be the model named in the record"
    return joined(f"{what} ({size_text(to_read)} to read): ", Sentence("use --all-hashes", "press Compare all hashes"))


def _has(model: KnownModel, algorithm: str) -> bool:
    return any(hash_kind(digits)[0] == algorithm for digits in model.other_hashes)


def _with(model: KnownModel, algorithm: str, digits: str) -> KnownModel:
    return replace(model, other_hashes=(*model.other_hashes, f"{algorithm}:{digits}"))


def _key(model: KnownModel) -> FileKey | None:
    """None for a model without a file, and for one that cannot be looked at."""
    try:
        return None if model.path is None else file_key(model.path)
    except CheckpointError:
        return None


def _path(model: KnownModel) -> Path:
    if model.path is None:
        raise ValueError(f"{model.name} has no file")
    return model.path
