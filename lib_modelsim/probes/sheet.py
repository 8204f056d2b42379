"""The pictures of one suite side by side: checkpoints by probes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from .gallery import Gallery, Stored
from .suite import Suite

IMPORTED = "imported"
"""The engine and the suite of imported pictures, which are on no sheet."""


class Column(NamedTuple):
    """One picture of each checkpoint: a probe with one of its seeds."""

    probe: str
    seed: int


class SheetRow(NamedTuple):
    """One checkpoint of the gallery, `checkpoint` is its key."""

    checkpoint: str
    name: str
    architecture: str | None


@dataclass(frozen=True)
class Sheet:
    """What checkpoints generated of a suite with one engine. `pictures` lacks what was not generated."""

    suite: Suite
    engine: str
    rows: list[SheetRow]
    columns: list[Column]
    pictures: Mapping[tuple[str, Column], Stored]

    def of_column(self, column: Column) -> list[Stored | None]:
        """One probe across all checkpoints, in the order of the rows."""
        return [self.pictures.get((row.checkpoint, column)) for row in self.rows]

    def of_checkpoint(self, checkpoint: str) -> list[Stored | None]:
        """All probes of one checkpoint, in the order of the columns."""
        return [self.pictures.get((checkpoint, column)) for column in self.columns]


def make_sheet(gallery: Gallery, suite: Suite, engine: str, batch: int = 1) -> Sheet:
    """The pictures that belong to this suite as it is now, whichever suite they were generated for; rows by name,
    that of a checkpoint as it was when it last generated."""
    drawn = [stored for stored in gallery.pictures() if stored.record.engine == engine]
    columns = [Column(probe.name, seed) for probe in suite.probes for seed in probe.seeds]
    architectures = {stored.record.architecture for stored in drawn}
    belongs = {architecture: _columns_by_identity(suite, engine, architecture, batch) for architecture in architectures}
    rows, pictures = {}, {}
    for stored in drawn:
        record = stored.record
        for column in belongs[record.architecture].get(record.identity, ()):
            rows[record.checkpoint] = SheetRow(record.checkpoint, record.checkpoint_name, record.architecture)
            pictures[record.checkpoint, column] = stored
    return Sheet(suite, engine, sorted(rows.values(), key=lambda row: row.name.lower()), columns, pictures)


def _columns_by_identity(suite: Suite, engine: str, architecture: str | None, batch: int) -> dict[str, list[Column]]:
    """Two probes may ask for the same picture."""
    found: dict[str, list[Column]] = {}
    for probe in suite.probes:
        for variant in probe.variants(architecture):
            for parameters in probe.pictures(architecture, batch, variant):
                columns = found.setdefault(parameters.identity(engine), [])
                column = Column(probe.name, parameters.seed)
                if column not in columns:  # a form may change nothing
                    columns.append(column)
    return found


def engines(gallery: Gallery) -> list[str]:
    """The engines that generated here, the one with the most pictures first."""
    names = [stored.record.engine for stored in gallery.pictures()]
    return sorted(set(names) - {IMPORTED}, key=lambda name: (-names.count(name), name))
