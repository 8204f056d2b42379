"""A grid as one HTML page that opens offline: small pictures beside it, the large ones where the gallery has them."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from urllib.parse import quote

from PIL import Image

from ..job import Job, Stage
from ..pictures.opening import PictureError, open_picture
from ..probes import grid
from ..probes.gallery import Stored
from ..probes.naming import file_name
from ..probes.sheet import Sheet
from ..templates import render, trusted
from ..writing import replacing, write_text
from .made import made_by

THUMBNAIL = 256
"""Pixels of the longer side."""

_FOLDER = "thumbnails"
_READERS, _AT_ONCE = 4, 64
_STYLE, _SCRIPT = Path(__file__).with_suffix(".css"), Path(__file__).with_suffix(".js")


def write_contact_sheet(sheet: Sheet, folder: Path, job: Job | None = None) -> Path:
    """Write the page, and the thumbnails that are not there yet; returns the page's path.

    The gallery's pictures are linked by their place relative to the page. Raises ModelsimError where the disk refuses,
    Cancelled where the job is stopped; the thumbnails made until then are kept.
    """
    stage = Stage(job or Job(), "making thumbnails", len(sheet.pictures), "pictures")
    pictures = iter(sheet.pictures.values())
    with ThreadPoolExecutor(_READERS) as readers:
        while some := list(islice(pictures, _AT_ONCE)):
            for _ in readers.map(lambda stored: _make_thumbnail(stored, folder), some):
                stage.advance(1)
    return write_text(folder / f"grid {file_name(sheet.suite.name)}.html", page(sheet, folder))


def page(sheet: Sheet, folder: Path) -> str:
    """The page's text; `folder` is where it will lie. All that comes from names and prompts is escaped."""
    width, height = grid.cell_of(sheet, THUMBNAIL)
    prompts = {probe.name: probe.parameters.prompt for probe in sheet.suite.probes}
    names = zip(sheet.columns, grid.column_names(sheet), strict=True)
    return render(
        "exports/templates/contact_sheet.html",
        title=grid.headline(sheet),
        settings=f"{grid.settings(sheet)}. {made_by()}.",
        aspect=f"{width / height:.4f}",
        columns=[(name, prompts[column.probe]) for column, name in names],
        rows=[
            (row.name, grid.short_hash(row), [_cell(stored, folder) for stored in sheet.of_checkpoint(row.checkpoint)])
            for row in sheet.rows
        ],
        style=trusted(_STYLE.read_text("utf-8")),
        script=trusted(_SCRIPT.read_text("utf-8")),
    )


def _cell(stored: Stored | None, folder: Path) -> tuple[str, str, bool]:
    """Addresses of the picture and of its small copy, and whether it is black; only the reason where it is missing."""
    if stored is None:
        return "", "not generated", False
    small = f"{_FOLDER}/{_thumbnail_name(stored)}"
    if not (folder / small).exists():
        return "", "cannot be read", False
    return _address(stored.path, folder), small, stored.record.black


def _address(path: Path, folder: Path) -> str:
    """Relative, so that gallery and page may move together; on another drive of Windows it cannot be."""
    try:
        relative = os.path.relpath(path, folder)
    except ValueError:
        return path.absolute().as_uri()
    return quote(os.fsencode(relative.replace(os.sep, "/")))


def _thumbnail_name(stored: Stored) -> str:
    """The same for the same picture, another one when it is drawn anew."""
    record = stored.record
    about = f"{record.checkpoint} {record.identity} {stored.bytes}"
    return f"{hashlib.sha256(about.encode(errors='backslashreplace')).hexdigest()[:24]}.jpg"


def _make_thumbnail(stored: Stored, folder: Path) -> None:
    """A picture that cannot be read gets none, and the page says so in its place."""
    path = folder / _FOLDER / _thumbnail_name(stored)
    if path.exists():
        return
    try:
        picture = open_picture(stored.path)
    except PictureError:
        return
    picture.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS, reducing_gap=3.0)
    with replacing(path) as temporary:
        picture.save(temporary, "jpeg", quality=85)
