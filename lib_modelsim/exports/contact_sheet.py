"""A grid as one HTML page that opens offline: small pictures beside it, the large ones where the gallery has them."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from html import escape
from itertools import islice
from pathlib import Path
from urllib.parse import quote

from PIL import Image

from ..job import Job, Stage
from ..pictures.opening import PictureError, open_picture
from ..probes import grid
from ..probes.gallery import Stored
from ..probes.naming import file_name
from ..probes.sheet import Sheet, SheetRow
from ..text import printable
from ..writing import replacing, write_text

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
    title = escape(printable(grid.headline(sheet)))
    width, height = grid.cell_of(sheet, THUMBNAIL)
    rows = "\n".join(_row(sheet, row, folder) for row in sheet.rows)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE.read_text('utf-8')}</style></head>\n"
        f"<body><header><h1>{title}</h1><p>{escape(printable(grid.settings(sheet)))}</p>{_CONTROLS}</header>\n"
        f'<main style="--aspect:{width / height:.4f}">\n{_head(sheet)}\n{rows}\n</main>{_LARGE}\n'
        f"<script>{_SCRIPT.read_text('utf-8')}</script></body></html>\n"
    )


_CONTROLS = (
    '<div class="controls"><label>Checkpoints <input type="search" id="rows" placeholder="part of a name or hash">'
    '</label><label>Pictures <input type="search" id="columns" placeholder="part of a name or prompt"></label>'
    '<label>Size <input type="range" id="size" min="64" max="512" step="16" value="160"></label>'
    '<output id="count"></output></div>'
)

_LARGE = (
    '<dialog id="large"><img alt=""><p></p><nav><button type="button" data-key="ArrowLeft" aria-label="left">←</button>'
    '<button type="button" data-key="ArrowUp" aria-label="up">↑</button>'
    '<button type="button" data-key="ArrowDown" aria-label="down">↓</button>'
    '<button type="button" data-key="ArrowRight" aria-label="right">→</button>'
    '<button type="button" data-key="Escape" aria-label="close">✕</button></nav></dialog>'
)


def _head(sheet: Sheet) -> str:
    prompts = {probe.name: probe.parameters.prompt for probe in sheet.suite.probes}
    cells = "".join(
        f'<div class="column" title="{_told(prompts[column.probe])}">{_told(name)}</div>'
        for column, name in zip(sheet.columns, grid.column_names(sheet), strict=True)
    )
    return f'<div class="row head"><div class="label"></div>{cells}</div>'


def _row(sheet: Sheet, row: SheetRow, folder: Path) -> str:
    cells = "".join(_cell(stored, folder) for stored in sheet.of_checkpoint(row.checkpoint))
    digits = grid.short_hash(row)
    below = f"<code>{escape(digits)}</code>" if digits else ""
    return f'<div class="row"><div class="label"><b>{_told(row.name)}</b>{below}</div>{cells}</div>'


def _cell(stored: Stored | None, folder: Path) -> str:
    if stored is None:
        return '<span class="missing">not drawn</span>'
    small = f"{_FOLDER}/{_thumbnail_name(stored)}"
    if not (folder / small).exists():
        return '<span class="missing">cannot be read</span>'
    black = ' class="black"' if stored.record.black else ""
    return (
        f'<a{black} href="{escape(_address(stored.path, folder))}"><img loading="lazy" decoding="async" alt=""'
        f' src="{small}"></a>'
    )


def _told(text: str) -> str:
    return escape(printable(text))


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
