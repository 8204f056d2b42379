"""`grid`: its options, and the way from them to the services."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ModelsimError
from ..saying import print_json, print_lines
from ..text import readable
from .options import workspace
from .pictures import engine_option
from .probe import suite_option
from .progress import progress_bars

if TYPE_CHECKING:  # each command imports its own service only
    from ..job import Job
    from ..probes.sheet import Sheet
    from ..workspace.workspace import Workspace

_ORDERS = ("name", "family", "similarity")


def add_grid_arguments(grid: argparse.ArgumentParser) -> None:
    """What `grid` takes."""
    grid.add_argument("folder", type=Path, metavar="DIR", help="the gallery")
    suite_option(grid)
    engine_option(grid)
    grid.add_argument("--format", default="png", metavar="F", help="png (default) or jpeg")
    grid.add_argument(
        "--order",
        nargs="+",
        default=["name"],
        metavar=("ORDER", "NAME"),
        help="name (default); family: similar checkpoints together; similarity NAME: this checkpoint first, then the "
        "most similar ones",
    )
    grid.add_argument(
        "--cell", type=int, metavar="PX", help="longer side of each picture in pixels (default: as large as fits)"
    )
    grid.add_argument(
        "--max-pixels",
        type=int,
        metavar="N",
        help="most pixels on one page (default: 89 million); larger grids get several pages",
    )
    grid.add_argument("--out", type=Path, metavar="DIR", help="folder for the grid (default: a folder in the gallery)")


def run_grid(options: argparse.Namespace) -> int:
    """Write the grid of a suite."""
    from ..workspace.probing.grids import GridOptions

    wanted = GridOptions(options.format, options.cell)
    if options.max_pixels is not None:
        wanted = GridOptions(options.format, options.cell, options.max_pixels)
    with workspace(options, gallery=options.folder) as use, progress_bars() as job:
        sheet = use.sheet(options.suite, options.engine)
        written = use.grid(sheet, job, wanted, _order(options.order, sheet, use, job), options.out)
    if options.json:
        document = {
            "suite": sheet.suite.name,
            "engine": sheet.engine,
            "checkpoints": [row.name for row in written.sheet.rows],
            "missing": len(sheet.rows) * len(sheet.columns) - len(sheet.pictures),
            "html": readable(written.html),
            "pages": [readable(path) for path in written.pages],
        }
        print_json(document)
    else:
        print_lines(map(readable, [written.html, *written.pages]))
    return 0


def _order(given: Sequence[str], sheet: Sheet, use: Workspace, job: Job) -> list[str]:
    """Keys of the checkpoints in the order asked for; by name where none are given."""
    kind, *names = given
    if kind not in _ORDERS or len(names) != (kind == "similarity"):
        raise ModelsimError("unknown order", " ".join(given), "use name, family, or similarity NAME")
    if kind == "name" or len(sheet.rows) < 2:
        return []
    from ..workspace.probing.kinship import family_order, similarity_order

    found = use.kinship(sheet, job)
    return family_order(found) if kind == "family" else similarity_order(found, names[0])
