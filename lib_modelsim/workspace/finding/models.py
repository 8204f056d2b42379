"""The user's checkpoints with the hashes that a picture's record may name."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ...checkpoints.files import stem_of
from ...checkpoints.hashing import LEGACY_RANGE
from ...hosts.host import Listed
from ...identify.known_model import KnownModel
from ...job import Job
from ...library import Library
from ...reading import require_file
from ...text import readable
from ..catalogue.index import Unreadable, model_names
from ..catalogue.leaving_out import means, unknown
from ..catalogue.scan import IDENTITY_VERSION, scan

_BY_NAME = "name:"  # as probes.gallery.checkpoint_key begins where nobody knows a SHA-256


def scanned_models(paths: Sequence[Path], library: Library, job: Job) -> tuple[list[KnownModel], list[Unreadable]]:
    """The checkpoints under these paths with all their hashes: files that were never hashed are, which reads them."""
    found = scan(paths, library, job)
    models = [
        KnownModel(model.name, model.path, identity.sha256, identity.legacy_hash, identity.autov3)
        for model, identity in found.found
        if identity is not None
    ]
    return models, found.unreadable


def keys_meant(patterns: Sequence[str], known: Sequence[KnownModel], drew: Mapping[str, str]) -> list[str]:
    """Keys of the models that a person means by names or patterns; `drew` is key → name of those with pictures.

    Raises ModelsimError for a pattern that means none.
    """
    names = [(model.key, model.name) for model in known] + list(drew.items())
    found: list[str] = []
    for pattern in patterns:
        meant = [key for key, name in names if means(pattern, name)]
        if not meant:
            raise unknown(pattern, list(dict.fromkeys(name for _, name in names)))
        found += meant
    return found


def known_models(library: Library, listed: Iterable[Listed] = ()) -> list[KnownModel]:
    """What is known without reading a checkpoint: the files that the library remembers and that are still there, and
    those that the host lists, with its hashes and 64 KB read of each for the legacy one."""
    remembered = {path: KnownModel("", Path(path), *hashes) for path, hashes in _remembered(library).items()}
    of_host = {readable(each.path.resolve()): each for each in listed}
    places = {readable(Path(path).resolve()): path for path in remembered}  # scanned by way of a link
    for real, each in of_host.items():
        path = real if real in remembered else places.get(real, real)
        known = remembered.get(path) or KnownModel("", each.path, legacy_hash=legacy_hash(each.path))
        sha256 = known.sha256 or (each.sha256.lower() if each.sha256 else None)
        remembered[path] = replace(known, sha256=sha256, title=each.title)
    models = [model for model in remembered.values() if model.path is not None]
    names = model_names([model.path for model in models if model.path is not None])
    return [replace(model, name=name) for model, name in zip(models, names, strict=True)]


def _remembered(library: Library) -> Mapping[str, tuple[str | None, str | None, str | None]]:
    """Path → SHA-256, legacy hash, AutoV3 of what is still on disk."""
    found = {}
    for path, sha256, identity in library.files():
        if Path(path).exists():
            hashes = identity if identity and identity.get("version") == IDENTITY_VERSION else {}
            found[path] = (sha256, hashes.get("legacy_hash") or legacy_hash(Path(path)), hashes.get("autov3"))
    return found


def legacy_hash(path: Path) -> str | None:
    """The WebUI's hash of 2022 of one file, 8 digits; None for a folder, for shards, and where it cannot be read."""
    if stem_of(path.name) is not None:
        return None
    start, end = LEGACY_RANGE
    try:
        with open(require_file(path), "rb") as file:
            file.seek(start)
            return hashlib.sha256(file.read(end - start)).hexdigest()[:8]
    except OSError:
        return None


def with_gallery(known: Sequence[KnownModel], drew: Mapping[str, str]) -> tuple[list[KnownModel], list[KnownModel]]:
    """The models known, and those that have pictures alone, each once, and those of them whose hash was taken for
    granted; `drew` is key → name of those with pictures.

    A file that was never hashed is taken for the model of its name that has pictures, if that is one.
    """
    keys = {model.key for model in known}
    by_name: dict[str, list[KnownModel]] = {}
    for model in known:
        by_name.setdefault(model.name.lower(), []).append(model)
    bearers = Counter(name.lower() for name in drew.values())
    found, granted = list(known), []
    for key, name in drew.items():
        called = by_name.get(name.lower(), [])
        if key in keys or (key.startswith(_BY_NAME) and called):
            continue
        if bearers[name.lower()] == 1 and len(called) == 1 and called[0].sha256 is None:
            granted.append(replace(called[0], sha256=key))
            found[found.index(called[0])] = granted[-1]
        else:
            found.append(KnownModel(name, sha256=None if key.startswith(_BY_NAME) else key))
    return found, granted


def keys_of_files(known: Sequence[KnownModel], drew: Mapping[str, str]) -> dict[str, str]:
    """Key of pictures that were made before the SHA-256 was known → the key of the one file of this name."""
    of_name: dict[str, set[str]] = {}
    for model in known:
        of_name.setdefault(model.name.lower(), set()).add(model.key)
    meant = {key: of_name.get(name.lower(), set()) for key, name in drew.items() if key.startswith(_BY_NAME)}
    return {key: next(iter(keys)) for key, keys in meant.items() if len(keys) == 1}
