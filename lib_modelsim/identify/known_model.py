"""A checkpoint of the user's, and the hashes by which a record may name it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..pictures.records.form import AUTOV3, UNCERTAIN, Named, model_name
from .names import means

LEGACY = 8
"""Digits of the WebUI's hash of 2022."""

NOT_YOURS = "which you do not have"
"""Said of a model only where every file could be compared with its hash."""

NONE_CALLED_SO = "no file of yours is called so"
"""Said of a model that a record names without a hash."""

_OF_SCANS = ("", AUTOV3, UNCERTAIN)
"""Kinds of hashes in records that a scan computes or can be compared with."""


def hash_kind(digits: str) -> tuple[str, str]:
    """A record's hash as its kind and its digits: "" for a SHA-256 or the beginning of one, else what stands before
    them."""
    kind, _, plain = digits.rpartition(":")
    return kind, plain


def by_scan(digits: str) -> bool:
    """Whether a scan computes hashes of this kind."""
    return hash_kind(digits)[0] in _OF_SCANS


def algorithm_name(kind: str) -> str:
    """What people call an algorithm: BLAKE3, SHA3-256."""
    return kind.upper().replace("_", "-")


@dataclass(frozen=True)
class KnownModel:
    """A checkpoint of the user's: hashes are lower-case hexadecimal digits, None where nobody knows them.

    `title` is what the host calls it, where there is a host. `other_hashes` have the name of their algorithm before
    them, "blake3:…".
    """

    name: str
    path: Path | None = None
    sha256: str | None = None
    legacy_hash: str | None = None
    autov3: str | None = None
    title: str | None = None
    other_hashes: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """As `probes.gallery.checkpoint_key`: its SHA-256, its name where nobody knows that."""
        return self.sha256 or f"name:{self.name}"

    @property
    def last_name(self) -> str:
        """Its name without the folder that tells it from another one, in lower case."""
        return model_name(self.name).lower()

    def hash_named(self, digits: str) -> str | None:
        """Which of its hashes a record's digits are the beginning of, in words; None where none."""
        kind, plain = hash_kind(digits)
        if kind not in _OF_SCANS:
            return f"{algorithm_name(kind)} hash" if digits in self.other_hashes else None
        if kind == AUTOV3:
            return "AutoV3 hash" if plain == self.autov3 else None
        if len(plain) == LEGACY and plain == self.legacy_hash:
            return "legacy hash"
        if self.sha256 and self.sha256.startswith(plain):
            return "SHA-256" if len(plain) == len(self.sha256) else "short hash"
        return "AutoV3 hash" if len(plain) > LEGACY and (self.autov3 or "").startswith(plain) else None

    def own(self, digits: str) -> str | None:
        """Its hash of the kind that a record names; None where nobody knows it, so that it may be that very file."""
        kind, _ = hash_kind(digits)
        if kind == UNCERTAIN:
            return None
        if kind in _OF_SCANS:
            return self.autov3 if kind == AUTOV3 else self.sha256
        return next((plain for has, plain in map(hash_kind, self.other_hashes) if has == kind), None)


def called(named: Named, known: Sequence[KnownModel]) -> list[KnownModel]:
    """The models that have the name in a record, to the letter; where none has, those whose name may mean it."""
    name = "" if named.alias else named.name.lower()
    exact = [model for model in known if name and name in (model.name.lower(), model.last_name)]
    return exact or [model for model in known if means(named, model.name, model.path)]
