"""What a run will generate, what exists already, and how long the rest will take."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from .engine import Engine, EngineCheckpoint
from .gallery import Gallery, area, checkpoint_key, work
from .parameters import Parameters
from .suite import Suite


@dataclass(frozen=True)
class Planned:
    """One picture: `path` is where it is where it is `done`, or else where it will be."""

    checkpoint: EngineCheckpoint
    probe: str
    parameters: Parameters
    identity: str
    path: Path
    done: bool


@dataclass(frozen=True)
class Plan:
    """The pictures of a suite, checkpoint by checkpoint, each probe by probe.

    `seconds` and `bytes` are what the rest is expected to take, from the last pictures of this engine; None before the
    first; `measured` where these were pictures by each of the checkpoints that lack some. `copies` are checkpoints left
    out because they are files of the same SHA-256 as one that is in.
    """

    suite: Suite
    pictures: list[Planned]
    seconds: float | None
    bytes: int | None
    copies: list[EngineCheckpoint]
    measured: bool = False

    def generates_instead(self, copy: EngineCheckpoint) -> str:
        """The name of the checkpoint that generates in the place of a copy."""
        same = (each.checkpoint for each in self.pictures if checkpoint_key(each.checkpoint) == checkpoint_key(copy))
        return next((each.name for each in same), copy.name)

    @property
    def missing(self) -> list[Planned]:
        """What is still to be generated."""
        return [picture for picture in self.pictures if not picture.done]


def make_plan(
    suite: Suite, checkpoints: Sequence[EngineCheckpoint], engine: Engine, gallery: Gallery, batch: int = 1
) -> Plan:
    """Plan all pictures of a suite with these checkpoints, beginning with the one that is loaded already.

    `batch` pictures of one probe are generated at once, which is part of their identity.
    """
    gallery.take_in()
    chosen: dict[str, EngineCheckpoint] = {}
    for checkpoint in checkpoints:
        chosen.setdefault(checkpoint_key(checkpoint), checkpoint)
    modules = engine.modules if any(checkpoint.bare for checkpoint in chosen.values()) else ()
    pictures = [
        _planned(
            suite.name,
            checkpoint,
            probe.name,
            replace(parameters, modules=modules if checkpoint.bare else ()),
            engine,
            gallery,
        )
        for checkpoint in _loaded_first(list(chosen.values()), engine)
        for probe in suite.probes
        for parameters in probe.pictures(checkpoint.architecture, batch, checkpoint.variant)
    ]
    missing = [picture for picture in pictures if not picture.done]
    seconds, size, measured = _expected(missing, engine, gallery)
    copies = [checkpoint for checkpoint in checkpoints if checkpoint not in chosen.values()]
    return Plan(suite, pictures, seconds, size, copies, measured)


def by_checkpoint(pictures: Iterable[Planned]) -> list[tuple[EngineCheckpoint, list[Planned]]]:
    """Pictures that follow each other with one checkpoint."""
    groups = groupby(pictures, lambda picture: picture.checkpoint)
    return [(checkpoint, list(group)) for checkpoint, group in groups]


def batches(pictures: Iterable[Planned]) -> list[list[Planned]]:
    """Pictures of one checkpoint that are generated at once."""
    groups = groupby(pictures, lambda picture: (picture.probe, picture.parameters.batch or picture.parameters.seed))
    return [list(group) for _, group in groups]


def _loaded_first(checkpoints: list[EngineCheckpoint], engine: Engine) -> list[EngineCheckpoint]:
    current = engine.current()
    if current is None:
        return checkpoints
    return sorted(checkpoints, key=lambda checkpoint: checkpoint_key(checkpoint) != checkpoint_key(current))


def _planned(
    suite: str, checkpoint: EngineCheckpoint, probe: str, parameters: Parameters, engine: Engine, gallery: Gallery
) -> Planned:
    identity = parameters.identity(engine.name)
    stored = gallery.find(checkpoint, identity)
    path = stored.path if stored else gallery.path_for(suite, checkpoint, probe, parameters.seed, identity)
    return Planned(checkpoint, probe, parameters, identity, path, stored is not None)


def _expected(missing: list[Planned], engine: Engine, gallery: Gallery) -> tuple[float | None, int | None, bool]:
    """Seconds and bytes of what is missing, and whether they were measured with these checkpoints."""
    lacking = {checkpoint_key(picture.checkpoint) for picture in missing}
    pace = gallery.pace(engine.name, lacking)
    if pace is None:
        return (None, None, False) if missing else (0.0, 0, True)
    seconds = pace.seconds * sum(work(picture.parameters) for picture in missing)
    loading = pace.loading * len(by_checkpoint(missing))
    size = round(pace.bytes * sum(area(picture.parameters) for picture in missing))
    return seconds + loading, size, lacking <= pace.checkpoints
