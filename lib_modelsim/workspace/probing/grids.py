"""The grid of a gallery: an HTML page, and pages of pictures to be sent around."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...exports.contact_sheet import write_contact_sheet
from ...exports.grid_pages import plan_pages, write_pages
from ...job import Job
from ...probes.grid import MOST_PIXELS, in_order
from ...probes.naming import file_name
from ...probes.sheet import Sheet


@dataclass(frozen=True)
class GridOptions:
    """How a grid is written: "png" or "jpeg", the longer side of a picture in pixels (None: what fits one page, or is
    still legible), the most pixels of a page."""

    format: str = "png"
    cell: int | None = None
    most_pixels: int = MOST_PIXELS


@dataclass(frozen=True)
class WrittenGrid:
    """Where the grid is, and its sheet in the order in which it shows it."""

    sheet: Sheet
    html: Path
    pages: list[Path]


def grid_folder(gallery: Path, sheet: Sheet) -> Path:
    """Where the grid of a suite lies unless a person says otherwise: in its gallery, which takes it for no suite."""
    return gallery / f"grid {file_name(sheet.suite.name)}"


def write_grid(sheet: Sheet, folder: Path, options: GridOptions, order: Sequence[str], job: Job) -> WrittenGrid:
    """Write a sheet as pages and as HTML; `order` are keys of checkpoints, those it lacks come last, by name.

    Raises ModelsimError for sizes that cannot be, an empty sheet, or a disk that refuses.
    """
    sheet = in_order(sheet, order)
    planned = plan_pages(sheet, options.cell, options.most_pixels)
    html = write_contact_sheet(sheet, folder, job)
    return WrittenGrid(sheet, html, write_pages(planned, folder, options.format, job))
