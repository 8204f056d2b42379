"""How many pictures a gallery holds of each model, and how large they are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...errors import ModelsimError
from ...probes.gallery import NO_PICTURES, Gallery
from ...probes.one_model import one_key
from ...probes.sheet import IMPORTED


@dataclass(frozen=True)
class Holding:
    """The pictures of one model: how many, how many of them were imported, and their bytes."""

    model: str
    pictures: int
    imported: int
    bytes: int


def holdings(folder: Path) -> list[Holding]:
    """Every model that has pictures here, by name. Raises ModelsimError where there is no gallery, or nothing in it."""
    if not folder.is_dir():
        raise ModelsimError("there is no such folder", folder, NO_PICTURES)
    with Gallery(folder) as gallery:
        gallery.take_in()
        stored = gallery.pictures()
    if not stored:
        raise ModelsimError("this gallery has no pictures", folder, NO_PICTURES)
    found: dict[str, Holding] = {}
    called = {each.record.checkpoint: each.record.checkpoint_name for each in stored}
    model = one_key(called)
    for each in stored:
        key = model[each.record.checkpoint]
        name = called[key]
        had = found.get(key, Holding(name, 0, 0, 0))
        imported = had.imported + (each.record.suite == IMPORTED)
        found[key] = Holding(name, had.pictures + 1, imported, had.bytes + each.bytes)
    return sorted(found.values(), key=lambda holding: holding.model.lower())


def suites_drawn(folder: Path) -> list[str]:
    """The names of the suites that pictures of this gallery were generated for, by name; none where there is none."""
    if not folder.is_dir():
        return []
    with Gallery(folder) as gallery:
        gallery.take_in()
        return sorted({stored.record.suite for stored in gallery.pictures()})
