"""The grid of a sheet, checkpoints by probes: its order, its words, and where everything stands on how many pages.

Nothing is drawn here: lengths are pixels, `exports.grid_pages` fills them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from .gallery import Record
from .parameters import OWN_VAE, Parameters
from .sheet import Sheet, SheetRow

Size = tuple[int, int]

MOST_PIXELS = 89_000_000
"""Of a page unless a person says otherwise: Pillow warns of larger pictures when it opens them."""

REFUSED = 178_956_970
"""Pixels from which on Pillow refuses a picture; the WebUI's own limit lies above."""

LONGEST_SIDE = 65_000
"""Pixels; JPEG takes 65,500 (libjpeg), rasterisers of letters 65,535."""

LEAST_CELL, LEGIBLE_CELL, MOST_CELL = 64, 256, 4096
"""Longer side of a picture in the grid: what may be asked for, and what is chosen at least."""

GAP = 4
"""Between two pictures."""


@dataclass(frozen=True)
class Page:
    """One page: its number from 1 on, the rows and columns that it shows, its width and height."""

    number: int
    rows: range
    columns: range
    size: Size


@dataclass(frozen=True)
class GridLayout:
    """All pages. `cell` is the room of a picture, `left` that of the rows' labels, `head` that of the page's head and
    the columns' labels together."""

    cell: Size
    left: int
    head: int
    pages: list[Page]

    def place(self, page: Page, row: int, column: int) -> Size:
        """Upper left corner of a picture's room on its page; `row` and `column` count through the whole sheet."""
        across, down = column - page.columns.start, row - page.rows.start
        return self.left + across * (self.cell[0] + GAP), self.head + down * (self.cell[1] + GAP)


def lay_out(
    rows: int, columns: int, cell: Size, left: int, head: Callable[[int], int], least_width: int, most_pixels: int
) -> GridLayout | None:
    """Pages within the limits, as few as they can be, all about equally full; None where not one picture fits.

    `head` gives the height of the head of a page of this width.
    """
    across, down = cell[0] + GAP, cell[1] + GAP
    for parts in range(1, columns + 1):
        per_page = math.ceil(columns / parts)
        wide = [range(start, min(start + per_page, columns)) for start in range(0, columns, per_page)]
        widths = [max(left + len(part) * across, least_width) for part in wide]
        top = max(map(head, widths))
        most_rows = (min(LONGEST_SIDE, most_pixels // max(widths)) - top) // down
        if max(widths) <= LONGEST_SIDE and most_rows > 0:
            per_page = math.ceil(rows / math.ceil(rows / most_rows))
            high = [range(start, min(start + per_page, rows)) for start in range(0, rows, per_page)]
            return GridLayout(cell, left, top, list(_pages(high, wide, widths, top, down)))
    return None


def _pages(high: Sequence[range], wide: Sequence[range], widths: Sequence[int], head: int, down: int) -> Iterator[Page]:
    number = 0
    for rows in high:
        for columns, width in zip(wide, widths, strict=True):
            number += 1
            yield Page(number, rows, columns, (width, head + len(rows) * down))


def cell_of(sheet: Sheet, longer: int) -> Size:
    """The room in which every picture of the sheet fits, its longer side as given."""
    width, height = _largest(sheet)
    scale = longer / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def native_cell(sheet: Sheet) -> int:
    """The longer side of the largest picture."""
    return max(_largest(sheet))


def _largest(sheet: Sheet) -> Size:
    drawn = list(_parameters(sheet)) or [Parameters()]
    return max(each.width for each in drawn), max(each.height for each in drawn)


def in_order(sheet: Sheet, checkpoints: Sequence[str]) -> Sheet:
    """The rows in the order of these checkpoints (their keys), the others after them as they were."""
    place = {checkpoint: i for i, checkpoint in enumerate(checkpoints)}
    return replace(sheet, rows=sorted(sheet.rows, key=lambda row: place.get(row.checkpoint, len(place))))


def short_hash(row: SheetRow) -> str:
    """The first ten digits of the checkpoint's SHA-256, as the WebUI shows them; empty where it is not known."""
    return "" if row.checkpoint.startswith("name:") else row.checkpoint[:10]


def column_names(sheet: Sheet) -> list[str]:
    """What stands over each column: the probe, with its seed where there are several."""
    several = len({column.seed for column in sheet.columns}) > 1
    return [f"{column.probe}, seed {column.seed}" if several else column.probe for column in sheet.columns]


def headline(sheet: Sheet) -> str:
    """What the grid is of."""
    rows, columns = len(sheet.rows), len(sheet.columns)
    checkpoints = f"{rows} checkpoint{'' if rows == 1 else 's'}"
    return f"{sheet.suite.name}: {checkpoints} × {columns} picture{'' if columns == 1 else 's'}"


def settings(sheet: Sheet) -> str:
    """With what the pictures were generated, as far as they share it or have two or three values among them."""
    drawn = list(_parameters(sheet))
    facts = [_versions(sheet)]
    facts += [_shared(drawn, tell) for tell in _SETTINGS]
    return " · ".join(filter(None, facts))


_SETTINGS: tuple[Callable[[Parameters], str], ...] = (
    lambda p: p.sampler if p.scheduler == "Automatic" else f"{p.sampler} {p.scheduler}",
    lambda p: f"{p.steps} steps",
    lambda p: f"CFG {p.cfg_scale:g}",
    lambda p: f"seed {p.seed}",
    lambda p: f"{p.width} × {p.height}",
    lambda p: f"clip skip {p.clip_skip}",
    lambda p: f"{p.noise} noise",
    lambda p: "" if p.vae == OWN_VAE else f"VAE {p.vae}",
    lambda p: ", ".join(f"{name} {value}" for name, value in p.options.items()),
    lambda p: f"batch of {len(p.batch)}" if p.batch else "",
    lambda p: f"prompt: {p.prompt}" if p.prompt else "",
    lambda p: f"negative prompt: {p.negative_prompt}" if p.negative_prompt else "",
)


def _shared(drawn: Sequence[Parameters], tell: Callable[[Parameters], str]) -> str:
    told = list(dict.fromkeys(map(tell, drawn)))
    return " or ".join(filter(None, told)) if len(told) <= 3 else ""


def _versions(sheet: Sheet) -> str:
    versions = sorted({record.engine_version for record in _records(sheet)})
    told = f" {versions[0].removeprefix(sheet.engine).strip()}" if len(versions) == 1 else ""
    return f"{sheet.engine}{told}".strip()


def _records(sheet: Sheet) -> Iterator[Record]:
    return (stored.record for stored in sheet.pictures.values())


def _parameters(sheet: Sheet) -> Iterator[Parameters]:
    return (record.drawn_with for record in _records(sheet))
