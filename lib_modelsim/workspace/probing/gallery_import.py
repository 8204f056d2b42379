"""Pictures that a person has, in one folder for each model → a gallery's pictures, without generating any."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from ...errors import ModelsimError
from ...identify.evidence import KnownModel
from ...job import Job, Stage
from ...pictures.opening import PictureError
from ...pictures.records.form import model_name
from ...pictures.records.reading import open_with_records
from ...probes.engine import EngineCheckpoint
from ...probes.gallery import Gallery, Record, checkpoint_key
from ...probes.parameters import Parameters
from ...probes.sheet import IMPORTED
from ...text import readable
from ..catalogue.index import Unreadable

_PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".avif", ".bmp", ".gif", ".tif", ".tiff")

_LONGEST = 1024
"""Pixels of the longer side that are kept: more than any encoder looks at."""


@dataclass(frozen=True)
class Imported:
    """How many pictures of each model came in, how many were there already, what is no picture, and how many lie in
    no sub-folder, so that nobody knows whose they are."""

    pictures: dict[str, int] = field(default_factory=dict)
    known: int = 0
    unreadable: tuple[Unreadable, ...] = ()
    loose: int = 0


def import_pictures(folder: Path, gallery: Path, known: Sequence[KnownModel], job: Job) -> Imported:
    """Take in a folder in which each sub-folder is named after a model and holds its pictures, at any depth.

    A folder's name that is a known model's (or begins or ends with a hash of it in brackets) is that model. The
    pictures' own records tell their prompts. Raises ModelsimError where there is no such folder or no picture in it,
    Cancelled within one picture; what was taken in stays, and is not taken in again.
    """
    files = _files(folder)
    counts: dict[str, int] = {}
    there, unreadable = 0, []
    stage = Stage(job, "importing pictures", len(files), "pictures")
    with Gallery(gallery) as opened:
        opened.take_in()
        for model, path in files:
            checkpoint = _checkpoint(model, known)
            counts.setdefault(checkpoint.name, 0)
            try:
                new = _take_in(opened, checkpoint, path)
            except (PictureError, OSError) as error:
                unreadable.append(Unreadable(path, str(error)))
            else:
                counts[checkpoint.name] += new
                there += not new
            stage.advance(1)
    return Imported(counts, there, tuple(unreadable), sum(map(_is_picture, folder.iterdir())))


def _files(folder: Path) -> list[tuple[str, Path]]:
    """Model and picture, for every picture in a sub-folder."""
    if not folder.is_dir():
        raise ModelsimError(
            "there is no such folder", folder, "choose a folder with one sub-folder of pictures per model"
        )
    found = [
        (readable(model.name), path)
        for model in sorted(folder.iterdir())
        if model.is_dir() and not model.name.startswith(".")
        for path in sorted(model.rglob("*"))
        if _is_picture(path)
    ]
    if not found:
        raise ModelsimError(
            "the folder has no sub-folders with pictures",
            folder,
            "put each model's pictures into a sub-folder with the model's name",
        )
    return found


def _is_picture(path: Path) -> bool:
    """By its ending."""
    return path.suffix.lower() in _PICTURES and path.is_file()


def _checkpoint(name: str, known: Sequence[KnownModel]) -> EngineCheckpoint:
    """The checkpoint that a folder is named after: "name", "name.safetensors" or "name [hash]"."""
    plain, bracket, digits = name.partition(" [")
    digits = digits.rstrip("]").lower()
    for model in known:
        by_hash = bool(bracket and len(digits) >= 8) and model.hash_named(digits) is not None
        if by_hash or model.name.lower() in (name.lower(), model_name(name).lower()):
            return EngineCheckpoint(model.title or model.name, model.name, model.path, model.sha256)
    whole = digits if bracket and len(digits) == 64 else None
    return EngineCheckpoint(name, plain if whole else model_name(name), None, whole)


def _take_in(gallery: Gallery, checkpoint: EngineCheckpoint, path: Path) -> bool:
    """Copy one picture; False where it is there already."""
    identity = hashlib.sha256(path.read_bytes()).hexdigest()
    if gallery.find(checkpoint, identity) is not None:
        return False
    image, records = open_with_records(path)
    image.thumbnail((_LONGEST, _LONGEST), Image.Resampling.LANCZOS)
    parameters = Parameters(prompt=records.prompt or "")
    record = Record(
        identity=identity,
        checkpoint=checkpoint_key(checkpoint),
        checkpoint_name=checkpoint.name,
        architecture=None,
        suite=IMPORTED,
        probe=path.stem,
        parameters=parameters.to_dict(),
        engine=IMPORTED,
        engine_version="",
        black=not image.getbbox(),
        seconds=0.0,
    )
    infotext = (records.drawable.infotext if records.drawable else None) or ""
    where = gallery.path_for(IMPORTED, checkpoint, path.stem, parameters.seed, identity)
    gallery.save(where, image, infotext, record)
    return True
