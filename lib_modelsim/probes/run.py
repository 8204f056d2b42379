"""Generate what a plan lacks: checkpoint by checkpoint, picture by picture, each checked and kept at once."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from PIL import Image

from ..errors import ModelsimError
from ..job import Cancelled, Job, Stage
from .engine import CheckpointFailed, Drawn, Engine, EngineCheckpoint, EngineSession, OutOfMemory, PictureFailed
from .gallery import Failure, Gallery, Record, Stored, checkpoint_key
from .plan import Plan, Planned, batches, by_checkpoint

_FEWEST_DIGITS = 8
"""Shorter hashes prove nothing."""


@dataclass(frozen=True)
class Outcome:
    """What a run generated, and what it could not generate."""

    drawn: list[Stored] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)


def draw_missing(plan: Plan, engine: Engine, gallery: Gallery, job: Job) -> Outcome:
    """Generate and keep every picture that is missing, one session of the engine for all.

    A checkpoint or a picture that fails is noted in the gallery and passed over. Raises Cancelled within one picture
    when the job is stopped or somebody stops the engine, ModelsimError where the disk refuses or the engine is gone;
    what was generated before is kept.
    """
    outcome = Outcome()
    if plan.missing:
        stage = Stage(job, f"generating {plan.suite.name}", len(plan.missing), "pictures")
        stage.advance(0)
        with gallery.drawing(), engine.session(job) as session:
            gallery.keep_suite(plan.suite)
            for checkpoint, pictures in by_checkpoint(plan.pictures):
                if not all(picture.done for picture in pictures):
                    job.check()
                    _Turn(plan.suite.name, checkpoint, engine, session, gallery, job, stage, outcome).draw(pictures)
    return outcome


@dataclass(frozen=True)
class _Turn:
    """One checkpoint's turn."""

    suite: str
    checkpoint: EngineCheckpoint
    engine: Engine
    session: EngineSession
    gallery: Gallery
    job: Job
    stage: Stage
    outcome: Outcome

    def draw(self, pictures: list[Planned]) -> None:
        """All of this checkpoint's pictures; where it fails, what is left of them is passed over."""
        waiting = [batch for batch in batches(pictures) if not all(picture.done for picture in batch)]
        done = 0
        try:
            start = time.monotonic()
            self.job.report_within(f"loading {self.checkpoint.name}")
            self.session.load(self.checkpoint)
            self.gallery.note_loading(self.engine.name, time.monotonic() - start)
            for batch in waiting:
                self._draw(batch)
                done += 1
        except (CheckpointFailed, OutOfMemory) as error:
            self._note("", self.checkpoint.name, error)
            self.stage.advance(sum(not picture.done for batch in waiting[done:] for picture in batch))

    def _draw(self, batch: list[Planned]) -> None:
        """One batch, of which only those are kept that are missing."""
        missing = [picture for picture in batch if not self.gallery.find(self.checkpoint, picture.identity)]
        if missing:  # two probes may have asked for the same picture
            self._draw_missing(batch, missing)
        self.stage.advance(sum(not picture.done for picture in batch))

    def _draw_missing(self, batch: list[Planned], missing: list[Planned]) -> None:
        start = time.monotonic()
        self.job.report_within(f"{self.checkpoint.name}, {missing[0].probe}")
        try:
            drawn = self.session.draw([picture.parameters for picture in batch])
        except PictureFailed as error:
            for picture in missing:
                self._note(picture.identity, f"{self.checkpoint.name}, {picture.probe}", error)
            return
        self._check(drawn)
        seconds = (time.monotonic() - start) / len(batch)
        for picture, each in zip(batch, drawn, strict=True):
            if picture in missing:
                self._keep(picture, each, seconds)

    def _check(self, drawn: list[Drawn]) -> None:
        """Raises Cancelled for half a picture, CheckpointFailed for one that another checkpoint generated."""
        for each in drawn:
            if not each.finished:
                raise Cancelled("the engine was stopped", None, "start again: it continues where it stopped")
            if not drew(each, self.checkpoint):
                other = each.checkpoint_title or each.checkpoint_hash or "one that the engine does not name"
                fix = "refresh the engine's list of checkpoints and start again"
                raise CheckpointFailed(
                    f"the engine used another checkpoint instead of {self.checkpoint.name}", other, fix
                )

    def _keep(self, picture: Planned, drawn: Drawn, seconds: float) -> None:
        record = Record(
            identity=picture.identity,
            checkpoint=checkpoint_key(self.checkpoint),
            checkpoint_name=self.checkpoint.name,
            architecture=self.checkpoint.architecture,
            suite=self.suite,
            probe=picture.probe,
            parameters=picture.parameters.to_dict(),
            engine=self.engine.name,
            engine_version=self.engine.version,
            black=_is_black(drawn.image),
            seconds=seconds,
        )
        path = self.gallery.path_for(
            self.suite, self.checkpoint, picture.probe, picture.parameters.seed, picture.identity
        )  # once more: another picture may have come there meanwhile
        self.outcome.drawn.append(self.gallery.save(path, drawn.image, drawn.infotext, record))

    def _note(self, identity: str, name: str, error: ModelsimError) -> None:
        failure = Failure(checkpoint_key(self.checkpoint), identity, name, str(error))
        self.gallery.note_failure(failure)
        self.outcome.failures.append(failure)


def drew(drawn: Drawn, checkpoint: EngineCheckpoint) -> bool:
    """Whether this checkpoint generated the picture, by the hash where both sides know it, else by the title."""
    reported = (drawn.checkpoint_hash or "").lower()
    if checkpoint.sha256 and len(reported) >= _FEWEST_DIGITS:
        return checkpoint.sha256.startswith(reported)
    return drawn.checkpoint_title == checkpoint.title


def _is_black(image: Image.Image) -> bool:
    """Whether not one pixel is lit."""
    return not any(most for _, most in image.convert("RGB").getextrema())
