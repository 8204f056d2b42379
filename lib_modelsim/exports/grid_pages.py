"""A grid as numbered pages of PNG or JPEG, each drawn and written before the next one is begun."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from ..errors import ModelsimError
from ..figures.lettering import text_width, without_glyph_warnings, wrap, write
from ..figures.names import shortened
from ..figures.sheet import FigureSheet, line_height
from ..job import Job, Stage
from ..pictures.opening import PictureError, open_picture
from ..probes import grid
from ..probes.gallery import NO_PICTURES, Stored
from ..probes.grid import GridLayout, Page
from ..probes.naming import file_name
from ..probes.sheet import Sheet
from ..text import printable
from ..writing import replacing

FORMATS = {"png": {"compress_level": 3}, "jpeg": {"quality": 90}}
"""Format → how Pillow saves it; PNG's default level takes three times as long for little less."""

_TITLE, _SIZE, _SMALL = 12, 9, 8
"""Points."""

_MARGIN, _WIDEST_NAME, _NARROWEST_PAGE = 0.1, 2.2, 4.5
"""Inches."""

_MOST_LINES = 6
"""Of the settings, and of a column's label."""

_READERS = 4
"""Threads that decode pictures; Pillow lets go of the interpreter meanwhile."""

_PAPER, _BLANK = "white", "#e4e4e4"


@dataclass(frozen=True)
class Pages:
    """A sheet laid out on pages; `dpi` says how many pixels the letters' inches have."""

    sheet: Sheet
    layout: GridLayout
    dpi: int


def plan_pages(sheet: Sheet, cell: int | None = None, most_pixels: int = grid.MOST_PIXELS) -> Pages:
    """Lay a sheet out. `cell` is the longer side of a picture; None for the largest that needs one page only, but not
    so small that little can be seen.

    Raises ModelsimError for a size that cannot be, and where there is nothing to show.
    """
    if not sheet.rows:
        raise ModelsimError("the gallery has no picture of this suite", sheet.suite.name, NO_PICTURES)
    if cell is not None and not grid.LEAST_CELL <= cell <= grid.MOST_CELL:
        raise ModelsimError("cell out of range", cell, f"use {grid.LEAST_CELL} to {grid.MOST_CELL} pixels")
    if not 0 < most_pixels < grid.REFUSED:
        fix = f"use less than {grid.REFUSED:,}: Pillow opens no larger pictures"
        raise ModelsimError("most pixels out of range", most_pixels, fix)
    planned = _planned(sheet, cell, most_pixels) if cell else _legible(sheet, most_pixels)
    if planned is None:
        fix = "allow more pixels, or use smaller cells"
        raise ModelsimError("a page of this many pixels has no room for a picture with its labels", most_pixels, fix)
    return planned


def _legible(sheet: Sheet, most_pixels: int) -> Pages | None:
    """One page with pictures as large as may be, or more where something could not be seen."""
    for longer in range(grid.native_cell(sheet), grid.LEGIBLE_CELL, -16):
        planned = _planned(sheet, longer, most_pixels)
        if planned and len(planned.layout.pages) == 1:
            return planned
    return _planned(sheet, min(grid.native_cell(sheet), grid.LEGIBLE_CELL), most_pixels)


def _planned(sheet: Sheet, longer: int, most_pixels: int) -> Pages | None:
    cell = grid.cell_of(sheet, longer)
    dpi = round(min(max(100 * longer / grid.LEGIBLE_CELL, 72), 220))
    labels = max(_column_lines(name, cell[0] / dpi) for name in grid.column_names(sheet))

    def head(width: int) -> int:
        lines = _settings_lines(sheet, width / dpi)
        inches = line_height(_TITLE) + line_height(_SMALL) * len(lines) + line_height(_SMALL) * labels + 3 * _MARGIN
        return round(inches * dpi)

    widest = max(text_width(row.name, _SIZE) for row in sheet.rows)
    left = round((min(max(widest, 0.9), _WIDEST_NAME) + 2 * _MARGIN) * dpi)
    layout = grid.lay_out(
        len(sheet.rows), len(sheet.columns), cell, left, head, round(_NARROWEST_PAGE * dpi), most_pixels
    )
    return Pages(sheet, layout, dpi) if layout else None


def write_pages(pages: Pages, folder: Path, kind: str = "png", job: Job | None = None) -> list[Path]:
    """Write all pages into the folder and remove those of an earlier grid of this suite; returns the paths.

    Raises ModelsimError where the disk refuses, or for a kind that is not one of `FORMATS`.
    """
    if kind not in FORMATS:
        raise ModelsimError("unknown format of a grid", kind, f"use one of {', '.join(FORMATS)}")
    sheet, count = pages.sheet, len(pages.layout.pages)
    stage = Stage(job or Job(), "composing the grid", len(sheet.rows) * len(sheet.columns), "pictures")
    name = f"grid {file_name(sheet.suite.name)}"
    written = []
    for page in pages.layout.pages:
        path = folder / f"{name}{f' {page.number} of {count}' if count > 1 else ''}.{kind}"
        _save(draw_page(pages, page, stage), path, kind)  # by no name here: the next page needs its memory
        written.append(path)
    for path in folder.iterdir():
        if re.fullmatch(rf"{re.escape(name)}( \d+ of \d+)?\.(png|jpeg)", path.name) and path not in written:
            path.unlink()
    return written


def _save(drawn: Image.Image, path: Path, kind: str) -> None:
    with replacing(path) as temporary:
        drawn.save(temporary, kind, **FORMATS[kind])


def draw_page(pages: Pages, page: Page, stage: Stage) -> Image.Image:
    """One page, RGB; what was not drawn is a grey field that says so, black pictures are marked."""
    sheet, layout = pages.sheet, pages.layout
    image = Image.new("RGB", page.size, _PAPER)
    image.paste(_drawn(head_of(pages, page), pages.dpi), (0, 0))
    image.paste(_drawn(labels_of(pages, page), pages.dpi), (0, layout.head))
    marks = {words: _mark(words, pages) for words in ("not generated", "cannot be read", "black")}
    with ThreadPoolExecutor(_READERS) as readers:
        for row in page.rows:
            stored = sheet.of_checkpoint(sheet.rows[row].checkpoint)[page.columns.start : page.columns.stop]
            shrunk = readers.map(lambda each: _shrunk(each, layout.cell), stored)
            for column, each, picture in zip(page.columns, stored, shrunk, strict=True):
                _place(image, picture, each, layout.place(page, row, column), layout.cell, marks)
                stage.advance(1)
    return image


def head_of(pages: Pages, page: Page) -> FigureSheet:
    """What the suite is and how it was drawn, and the columns' labels."""
    sheet, layout, dpi = pages.sheet, pages.layout, pages.dpi
    paper = FigureSheet(page.size[0] / dpi, layout.head / dpi)
    number = f" · page {page.number} of {len(layout.pages)}" if len(layout.pages) > 1 else ""
    room = page.size[0] / dpi - 2 * _MARGIN
    paper.lines(_MARGIN, _MARGIN, _fitted(grid.headline(sheet) + number, room, _TITLE, 1), _TITLE)
    paper.lines(_MARGIN, _MARGIN + line_height(_TITLE), _settings_lines(sheet, page.size[0] / dpi), _SMALL)
    names = grid.column_names(sheet)
    bottom, breadth = layout.head / dpi - _MARGIN / 2, layout.cell[0] / dpi
    for column in page.columns:
        lines = _fitted(names[column], breadth, _SMALL, _MOST_LINES)
        middle = (layout.place(page, page.rows.start, column)[0] + layout.cell[0] / 2) / dpi
        for i, line in enumerate(reversed(lines)):
            write(paper.paper, middle, bottom - (i + 0.5) * line_height(_SMALL), line, _SMALL, ha="center", va="center")
    return paper


def labels_of(pages: Pages, page: Page) -> FigureSheet:
    """The names of the checkpoints, the hash below each."""
    sheet, layout, dpi = pages.sheet, pages.layout, pages.dpi
    paper = FigureSheet(layout.left / dpi, (page.size[1] - layout.head) / dpi)
    room, high = layout.left / dpi - 2 * _MARGIN, layout.cell[1] / dpi
    for row in page.rows:
        digits = grid.short_hash(sheet.rows[row])
        most = max(1, int((high - (line_height(_SMALL) if digits else 0)) / line_height(_SIZE)))
        lines = _fitted(sheet.rows[row].name, room, _SIZE, most)
        tall = len(lines) * line_height(_SIZE) + (line_height(_SMALL) if digits else 0)
        top = (layout.place(page, row, page.columns.start)[1] - layout.head) / dpi + (high - tall) / 2
        paper.lines(_MARGIN, top, lines, _SIZE)
        paper.lines(_MARGIN, top + len(lines) * line_height(_SIZE), [digits], _SMALL)
    return paper


def _column_lines(name: str, breadth: float) -> int:
    return len(_fitted(name, breadth, _SMALL, _MOST_LINES))


def _settings_lines(sheet: Sheet, width: float) -> list[str]:
    return _fitted(grid.settings(sheet), width - 2 * _MARGIN, _SMALL, _MOST_LINES)


def _fitted(text: str, width: float, size: float, most: int) -> list[str]:
    """The text in at most so many lines, with so much of its middle left out that they suffice."""
    text = printable(text)
    lines, letters = wrap(text, width, size), len(text)
    while len(lines) > most and letters > 2:
        letters -= max(1, letters // 20)
        lines = wrap(shortened(text, letters), width, size)
    return lines[:most]


def _drawn(paper: FigureSheet, dpi: int) -> Image.Image:
    paper.figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(paper.figure)
    with without_glyph_warnings():
        canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])


def _mark(words: str, pages: Pages) -> Image.Image:
    """A small label to lie upon a field or a picture."""
    width, height = text_width(words, _SMALL) + _MARGIN, line_height(_SMALL) + _MARGIN / 2
    paper = FigureSheet(width, height)
    write(paper.paper, width / 2, height / 2, words, _SMALL, ha="center", va="center")
    return _drawn(paper, pages.dpi)


def _shrunk(stored: Stored | None, cell: grid.Size) -> Image.Image | None:
    """The picture no larger than its room; None where it cannot be read."""
    if stored is None:
        return None
    try:
        picture = open_picture(stored.path)
    except PictureError:
        return None
    picture.thumbnail(cell, Image.Resampling.LANCZOS, reducing_gap=3.0)
    return picture


def _place(
    page: Image.Image,
    picture: Image.Image | None,
    stored: Stored | None,
    corner: grid.Size,
    cell: grid.Size,
    marks: dict[str, Image.Image],
) -> None:
    """Put a picture in the middle of its room, and a mark upon what is missing or black."""
    box = (*corner, corner[0] + cell[0], corner[1] + cell[1])
    if picture is None:
        page.paste(_BLANK, box)
        words = "not generated" if stored is None else "cannot be read"
    else:
        page.paste(picture, _centred(picture.size, corner, cell))
        words = "black" if stored is not None and stored.record.black else None
    if words:
        mark = marks[words]
        mark = mark.crop((0, 0, min(mark.width, cell[0]), min(mark.height, cell[1])))
        page.paste(mark, _centred(mark.size, corner, cell))


def _centred(size: grid.Size, corner: grid.Size, cell: grid.Size) -> grid.Size:
    return corner[0] + (cell[0] - size[0]) // 2, corner[1] + (cell[1] - size[1]) // 2
