"""Pictures that a person has, in one folder for each model → a gallery's pictures, without generating any."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from ...errors import ModelsimError
from ...job import Job, Stage
from ...pictures.opening import PictureError
from ...pictures.records.reading import LookedAt, look_at
from ...probes.engine import EngineCheckpoint
from ...probes.gallery import Gallery, Record, checkpoint_key
from ...probes.parameters import Parameters
from ...probes.sheet import IMPORTED
from ...text import readable
from ..catalogue.index import Unreadable
from .import_plan import ImportPlan

_LONGEST = 1024
"""Pixels of the longer side that are kept: more than any encoder looks at."""


@dataclass(frozen=True)
class Imported:
    """How many pictures of each model came in, how many were there already, what is no picture, and how many lie in
    no sub-folder, so that nobody knows whose they are. Of those `moving` only the first frame came in."""

    pictures: dict[str, int] = field(default_factory=dict)
    known: int = 0
    unreadable: tuple[Unreadable, ...] = ()
    loose: int = 0
    moving: int = 0


def import_pictures(plan: ImportPlan, gallery: Path, job: Job) -> Imported:
    """Take in the pictures that `plan_import` found; those that are there already are not taken in again.

    The pictures' own records tell their prompts. Raises Cancelled within one picture; what was taken in stays.
    """
    counts = dict.fromkeys(plan.pictures, 0)
    there, moving, unreadable = 0, 0, []
    stage = Stage(job, "importing pictures", len(plan.files), "pictures")
    with Gallery(gallery) as opened:
        opened.take_in()
        run = opened.next_import()
        for checkpoint, path in plan.files:
            try:
                new = _take_in(opened, checkpoint, path, run)
            except (PictureError, OSError) as error:
                unreadable.append(Unreadable(path, str(error)))
            else:
                counts[checkpoint.name] += new is not None
                there += new is None
                moving += new is not None and new.moving
            stage.advance(1)
    return Imported(counts, there, tuple(unreadable), plan.loose, moving)


def undo_import(gallery: Path) -> dict[str, int]:
    """Remove the copies that the last import added, and nothing else; model → how many.

    Raises ModelsimError where there is no gallery, or nothing was imported, or the disk refuses.
    """
    if not gallery.is_dir():
        raise ModelsimError("there is no such folder", gallery, "check the path")
    with Gallery(gallery) as opened:
        opened.take_in()
        removed = opened.remove_last_import()
    if not removed:
        raise ModelsimError("nothing was imported into this gallery", gallery, "use gallery import DIR")
    return dict(Counter(stored.record.checkpoint_name for stored in removed))


def _take_in(gallery: Gallery, checkpoint: EngineCheckpoint, path: Path, run: int) -> LookedAt | None:
    """Copy one picture in an import of this number; None where it is there already. Raises PictureError for what has
    no pixels to learn from."""
    identity = _sha256(path)
    if gallery.find(checkpoint, identity) is not None:
        return None
    looked = look_at(path)
    image, records = looked.picture, looked.records
    if image is None:
        raise looked.failure or PictureError(f"{path.name} has no pixels")
    image.thumbnail((_LONGEST, _LONGEST), Image.Resampling.LANCZOS)
    parameters = Parameters(prompt=records.prompt or "")
    record = Record(
        identity=identity,
        checkpoint=checkpoint_key(checkpoint),
        checkpoint_name=checkpoint.name,
        architecture=None,
        suite=IMPORTED,
        probe=readable(path.stem),
        parameters=parameters.to_dict(),
        engine=IMPORTED,
        engine_version="",
        black=not image.getbbox(),
        seconds=0.0,
    )
    infotext = (records.drawable.infotext if records.drawable else None) or ""
    where = gallery.path_for(IMPORTED, checkpoint, record.probe, parameters.seed, identity)
    gallery.note_import(where, run)
    gallery.save(where, image, infotext, record)
    return looked


def _sha256(path: Path) -> str:
    found = hashlib.sha256()
    with open(path, "rb") as file:
        while part := file.read(1 << 20):
            found.update(part)
    return found.hexdigest()
