"""What the report of a family says of its files: which they are, which are copies, and no private path unless asked."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ...checkpoints.identity import Identity
from ...exports.tables import Bytes, Table
from ...text import readable
from ..catalogue.index import Model
from ..catalogue.originals import Held, copies

HASHES = "hashes"
COPIES = "copies"

_AT_MOST = "at most: the disk does not tell whether it is a clone"


def hashes_table(
    names: Sequence[str], models: Mapping[str, Model], identities: Mapping[str, Identity], paths: bool
) -> Table:
    """A row for each of these models: its file by name alone, or with its path, its size in bytes and its hashes."""
    rows = []
    for name in names:
        model, identity = models.get(name), identities.get(name)
        where = None if model is None else readable(model.path if paths else model.path.name)
        hashes = (identity.sha256, identity.short_hash, identity.legacy_hash, identity.autov3) if identity else ()
        rows.append((name, where, Bytes(model.key.size) if model else None, *(hashes or (None,) * 4)))
    return Table(HASHES, ("model", "path" if paths else "file", "size", "sha256", "short", "legacy", "autov3"), rows)


def copies_table(models: Iterable[Model], identities: Mapping[str, Identity]) -> Table:
    """A row for each of these models that is a copy of another one; `frees` are the bytes that it alone takes."""
    known = ((model, identities[model.name]) for model in models if model.name in identities)
    held = [Held(m.name, m.path, m.key.size, identity, m.header, m.also_at) for m, identity in known]
    rows = [
        (copy.name, copy.original, copy.same, Bytes(copy.frees), copy.remark or ("" if copy.sure else _AT_MOST))
        for copy in copies(held)
    ]
    return Table(COPIES, ("copy", "original", "same", "frees", "remark"), rows)


def without_folders(text: str, paths: Iterable[Path]) -> str:
    """A sentence with the names of these files instead of their paths."""
    folders = {folder for path in paths for folder in (path.parent, path.absolute().parent)}
    for folder in sorted((readable(folder) for folder in folders), key=len, reverse=True):
        if folder not in ("", ".", os.sep):
            text = text.replace(folder + os.sep, "")
    return text
