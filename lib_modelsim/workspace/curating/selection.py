"""What a person selected, as a file to take away: a list of paths, a table, a contact sheet."""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path

from ...errors import ModelsimError
from ...exports.picture_sheet import Shot, write_picture_sheet
from ...job import Job, Stage
from ...text import counted, readable
from .listing import file_name, write_paths, write_table
from .looking import Picture
from .remembered import Mark
from .thumbnails import Thumbnails

_MOST_SHOWN = 2000
"""Pictures on a contact sheet, which carries them all: 20 MB."""


def write_selection(
    pictures: Sequence[Picture],
    marks: Mapping[str, Mark],
    labels: Mapping[str, str],
    kind: str,
    folder: Path,
    small: Thumbnails,
    job: Job,
) -> Path:
    """Write these pictures as "list", "csv" or "sheet"; `labels` are the scores' as people read them.

    Raises ModelsimError where nothing is selected, there are too many for a sheet, or the disk refuses; Cancelled
    within a picture.
    """
    if not pictures:
        raise ModelsimError("nothing is selected", None, "draw around some pictures, or press an entry of the legend")
    if kind == "list":
        return write_paths(pictures, folder)
    if kind == "csv":
        return write_table(pictures, marks, labels, folder)
    if len(pictures) > _MOST_SHOWN:
        raise ModelsimError("too many pictures for one sheet", len(pictures), f"select at most {_MOST_SHOWN:,}")
    return _sheet(pictures, labels, folder / f"{file_name()}.html", small, job)


def _sheet(pictures: Sequence[Picture], labels: Mapping[str, str], file: Path, small: Thumbnails, job: Job) -> Path:
    stage = Stage(job, "making the contact sheet", len(pictures), "pictures")
    shots = []
    for each in pictures:
        about, image, why = each.about, "", ""
        try:
            image = b64encode(small.of(about.content, about.path).read_bytes()).decode()
        except (ModelsimError, OSError) as error:
            why = str(error)
        values = [(label, each.scores.get(score, math.nan)) for score, label in labels.items()]
        scores = [f"{label} {value:.3g}" for label, value in values if not math.isnan(value)]
        shots.append(Shot(readable(about.path.name), about.model, about.prompt, scores, image, why))
        stage.advance(1)
    return write_picture_sheet(file, counted(len(pictures), "selected picture"), shots)
