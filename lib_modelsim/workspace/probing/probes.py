"""Probes for every checkpoint: which checkpoints can generate, what they generated and what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ...checkpoints.networks import find
from ...errors import ModelsimError, Sentence, joined
from ...job import Job, Stage
from ...library import Library
from ...probes.engine import Engine, EngineCheckpoint
from ...probes.gallery import NO_PICTURES, Failure, Gallery, checkpoint_key
from ...probes.plan import Plan, make_plan
from ...probes.run import Outcome, draw_missing
from ...probes.sheet import Sheet, engines, make_sheet
from ...probes.suite import Suite
from ..catalogue.index import Unreadable, match_model
from ..catalogue.leaving_out import Leaving, nothing
from ..catalogue.originals import original
from ..catalogue.scan import scan


@dataclass(frozen=True)
class Chosen:
    """The checkpoints that will generate, and the files that cannot, with the reason."""

    checkpoints: list[EngineCheckpoint]
    unusable: list[Unreadable]


def on_disk(
    paths: Sequence[Path], library: Library, job: Job, leaving: Leaving = nothing, quick: bool = False
) -> Chosen:
    """The checkpoints under these files and folders but those left out, for an engine that generates with files.

    Files that were never hashed are, which reads them once, unless `quick`.
    """
    found = scan(paths, library, job, quick, leaving)
    chosen = Chosen([], list(found.unreadable))
    for model, identity in found.found:
        sha256 = identity.sha256 if identity else None
        header = model.header
        checkpoint = EngineCheckpoint(
            model.name, model.name, model.path, sha256, header.architecture, header.layout.variant, header.bare
        )
        _sort_in(checkpoint, chosen)
    return chosen


def of_engine(
    engine: Engine,
    paths: Sequence[Path],
    library: Library,
    job: Job,
    leaving: Leaving = nothing,
    quick: bool = False,
) -> Chosen:
    """The engine's checkpoints but those left out; where `paths` are given only those that lie there or are called so.

    What the engine does not know of a file on this machine, the library or the file itself tells. A file that we cannot
    read it may: a form of weights that is new to us is its business. Raises ModelsimError for a path that is none of
    the engine's checkpoints.
    """
    available = engine.checkpoints()
    wanted = [checkpoint for path in paths for checkpoint in _meant(path, available)] if paths else available
    files = {checkpoint: checkpoint.path or Path(checkpoint.name) for checkpoint in wanted}
    left_out = leaving(list(files.values()))
    once = [checkpoint for checkpoint in files if files[checkpoint] not in left_out]
    chosen, stage = Chosen([], []), Stage(job, "reading checkpoints", len(once), "checkpoints")
    for checkpoint in once:
        _sort_in(_completed(checkpoint, library, job, quick), chosen)
        stage.advance(1)
    return chosen


def plan_suite(
    suite: Suite, checkpoints: Sequence[EngineCheckpoint], engine: Engine, folder: Path, batch: int = 1
) -> Plan:
    """What generating this suite into this gallery would do; of copies of one file the original generates."""
    with Gallery(folder) as gallery:
        return make_plan(suite, _originals_first(checkpoints), engine, gallery, batch)


def _originals_first(checkpoints: Sequence[EngineCheckpoint]) -> list[EngineCheckpoint]:
    """The same, the original of each file in the place of the first of its copies; those whose files are not on this
    machine are copies by their names alone."""
    by_key: dict[str, list[EngineCheckpoint]] = {}
    for checkpoint in checkpoints:
        by_key.setdefault(checkpoint_key(checkpoint), []).append(checkpoint)
    found = []
    for same in by_key.values():
        kept = same[original([(each.name, each.path) for each in same])]
        found += [kept, *(each for each in same if each is not kept)]
    return found


def that_can(plan: Plan, engine: Engine, chosen: Chosen, job: Job) -> Chosen:
    """`chosen` without the checkpoints that lack pictures of this plan and cannot generate them, by their headers."""
    lacking = {checkpoint_key(picture.checkpoint) for picture in plan.missing}
    found = Chosen([], list(chosen.unusable))
    stage = Stage(job, "reading headers", len(chosen.checkpoints), "checkpoints")
    for checkpoint in chosen.checkpoints:
        why = engine.why_not(checkpoint) if checkpoint_key(checkpoint) in lacking else None
        if why is None:
            found.checkpoints.append(checkpoint)
        else:
            found.unusable.append(Unreadable(checkpoint.path or Path(checkpoint.name), str(why)))
        stage.advance(1)
    return found


def nothing_generated(before: Plan, after: Plan, failures: Sequence[Failure]) -> ModelsimError | None:
    """What to say where a run has generated none of what was missing; None where it has generated something."""
    if not failures or len(after.missing) < len(before.missing):
        return None
    more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
    return ModelsimError(joined(f"nothing was generated: {failures[0].name}: ", failures[0].error, more))


def draw_plan(plan: Plan, engine: Engine, folder: Path, job: Job) -> Outcome:
    """Generate what is missing of a plan into its gallery. Raises as `draw_missing`."""
    with Gallery(folder) as gallery:
        return draw_missing(plan, engine, gallery, job)


def sheet_of(folder: Path, suite: Suite, engine: str | None = None) -> Sheet:
    """What this gallery holds of a suite; of the engine that generated most where none is named.

    Raises ModelsimError where nothing was generated.
    """
    with Gallery(folder) as gallery:
        gallery.take_in()
        drew = engines(gallery)
        if not drew:
            fix = joined(NO_PICTURES, "; imported pictures only serve ", Sentence("find", "Find my model"))
            raise ModelsimError("this gallery has no pictures of a suite", folder, fix)
        if engine is not None and engine not in drew:
            raise ModelsimError("this engine has no pictures here", engine, f"use one of {', '.join(drew)}")
        return make_sheet(gallery, suite, engine or drew[0])


def _sort_in(checkpoint: EngineCheckpoint, chosen: Chosen) -> None:
    network = find(checkpoint.architecture or "")
    if network is not None and not network.generates and checkpoint.path is not None:
        chosen.unusable.append(
            Unreadable(checkpoint.path, f"cannot generate pictures by itself: {checkpoint.architecture}")
        )
    else:
        chosen.checkpoints.append(checkpoint)


def _meant(path: Path, available: Sequence[EngineCheckpoint]) -> list[EngineCheckpoint]:
    """The checkpoints in this folder, of this file, or with this name."""
    if path.exists():
        real = path.resolve()
        here = [each for each in available if each.path is not None and each.path.resolve().is_relative_to(real)]
        if here:
            return here
    hashes = [[each.sha256] if each.sha256 else [] for each in available]
    return [available[match_model(path.as_posix(), [each.name for each in available], hashes)]]


def _completed(checkpoint: EngineCheckpoint, library: Library, job: Job, quick: bool) -> EngineCheckpoint:
    """The checkpoint with its SHA-256, where `quick` if it is known, architecture and variant. One that cannot be read,
    as it has a new form or lies on another machine, is taken for a bare network: it generates as it does for a person
    there, with the modules that are chosen in the engine, if any."""
    path = checkpoint.path
    if path is None or not path.exists():
        return replace(checkpoint, bare=True)
    found = scan([path], library, Job(cancelled=job.cancelled), quick=quick or checkpoint.sha256 is not None)
    if found.unreadable:
        return replace(checkpoint, bare=True)
    ((model, identity),) = found.found
    sha256 = checkpoint.sha256 or (identity.sha256 if identity else None)
    header = model.header
    return replace(
        checkpoint, sha256=sha256, architecture=header.architecture, variant=header.layout.variant, bare=header.bare
    )
