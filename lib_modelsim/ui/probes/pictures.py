"""What was planned and generated, as HTML: the plan in words, images side by side, two under one slider."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from ...errors import for_page, joined
from ...templates import render
from ...text import counted, several, size_text
from ..status import note
from ..words import column_label, duration
from .sheet_document import sheet_document
from .studio import GENERATE, Order, Studio

if TYPE_CHECKING:  # Pillow comes with them
    from ...probes.gallery import Stored
    from ...probes.plan import Plan
    from ...probes.sheet import Sheet
    from ...workspace.catalogue.index import Unreadable

ONE_PROBE, ONE_MODEL, TWO, GRID = VIEWS = "One probe", "One model", "Two models", "All"

_TOLD = 5
"""Lines that are shown; of more it says how many."""

_NAMED = 3
"""Files that one line names."""


def plan_words(studio: Studio, order: Order) -> str:
    """How many images, how many of them exist, how long and how large the rest is; and what could not be generated."""
    planned = studio.planned.get(order)
    remarks = [str(error) for error in studio.backend.suites.unreadable()]
    if studio.grid is not None and studio.grid.sheet.suite.name == order.suite:
        remarks = [f"Grid saved to {studio.grid.html}", *remarks]
    if planned is None:
        return _lines([*_cannot(studio.refused.get(order, ())), *remarks])
    plan, missing = planned.plan, planned.plan.missing
    checkpoints = len({picture.checkpoint for picture in plan.pictures})
    there = len(plan.pictures) - len(missing)
    images, models = counted(len(plan.pictures), "image"), counted(checkpoints, "model")
    words = f"{images} by {models}: {there:,} exist{'s' if there == 1 else ''}"
    if order in studio.generated:
        words += f". Now {counted(len(missing), 'image')} are generated, {studio.generated[order]:,} of them are done"
    elif missing:
        words += f", {_takes(plan)}"
    lines = [f"{words}.", *([] if order in studio.generated else _unhashed(plan))]
    lines += [f"{copy.name} is a copy of {plan.generates_instead(copy)} and is skipped." for copy in plan.copies]
    if missing and (lacking := planned.engine.missing()):
        lines.append(joined("Nothing can be generated yet: ", str(lacking)))
    lines += _cannot(planned.chosen.unusable)
    lines += [joined(f"{failure.name}: ", failure.error) for failure in studio.failures]
    return _lines([*lines, *remarks])


def _takes(plan: Plan) -> str:
    """How long what is missing takes, and how sure that is."""
    number = f"{len(plan.missing):,}"
    if plan.seconds is None or plan.bytes is None:
        are = "is" if len(plan.missing) == 1 else "are"
        return f"{number} {are} missing. The time is known once the first is generated"
    take = "missing takes" if len(plan.missing) == 1 else "missing take"
    how_long = f"the {number} {take} about {duration(plan.seconds)} and {size_text(plan.bytes)}"
    return how_long if plan.measured else f"{how_long} if these models are as fast as those before: unknown here yet"


def _unhashed(plan: Plan) -> list[str]:
    """What nobody knows before files are hashed: what there is of them, and which are copies."""
    files = {each.checkpoint.path for each in plan.pictures if each.checkpoint.sha256 is None} - {None}
    if not files:
        return []
    size, number = 0, counted(len(files), "model")
    for path in files:
        with suppress(OSError):  # it went away since
            size += path.stat().st_size
    are = "is" if len(files) == 1 else "are"
    once = f"{number} {are} not hashed yet: {size_text(size)} are read once before the first image."
    return [f"{once} Until then nobody knows which of their images exist, and which are copies."]


def _cannot(files: Sequence[Unreadable]) -> list[str]:
    """Which files cannot generate and why, those with one reason in one line."""
    names: dict[str, list[str]] = {}
    for bad in files:
        names.setdefault(bad.error, []).append(bad.path.name)
    return [joined(f"{several(found, _NAMED)} cannot generate images: ", why) for why, found in names.items()]


def _lines(lines: Sequence[str]) -> str:
    lines = [for_page(line) for line in lines]
    return render("ui/templates/plan.html", lines=lines[: _TOLD + 1], more=max(len(lines) - _TOLD - 1, 0))


def looked_at(studio: Studio, sheet: Sheet | None, view: str, chosen: tuple[str | None, str | None, str | None]) -> str:
    """The images that a view shows; `chosen` are a column, a model and another one, by what the menus say."""
    if sheet is None or not sheet.rows:
        later = "They appear here one by one: you can stop at any time and continue later."
        return note("No images yet", f"Press {GENERATE}. {later}")
    column = next((each for each in sheet.columns if column_label(each) == chosen[0]), sheet.columns[0])
    keys = {row.name: row.checkpoint for row in sheet.rows}
    first, second = (keys.get(name or "", sheet.rows[0].checkpoint) for name in chosen[1:])
    place = {row.checkpoint: number for number, row in enumerate(sheet.rows)}
    if view == GRID:
        shown: str = render("ui/templates/grid.html")
    elif view == ONE_MODEL:
        labels = [column_label(each) for each in sheet.columns]
        places = [(place[first], number) for number in range(len(labels))]
        shown = _side_by_side(studio, zip(labels, sheet.of_checkpoint(first), places, strict=True))
    elif view == TWO:
        pair = [sheet.pictures.get((checkpoint, column)) for checkpoint in (first, second)]
        shown = _under_slider(studio, pair, [chosen[1] or "", chosen[2] or ""])
    else:
        labels, number = [row.name for row in sheet.rows], sheet.columns.index(column)
        places = [(row, number) for row in range(len(labels))]
        shown = _side_by_side(studio, zip(labels, sheet.of_column(column), places, strict=True))
    document = sheet_document(sheet, studio.backend.host.picture_url)
    return render("ui/templates/sheet.html", document=document, shown=shown)


def _side_by_side(studio: Studio, pictures: Iterable[tuple[str, Stored | None, tuple[int, int]]]) -> str:
    """Where a WebUI is around, with buttons: the script reads the picture and its own infotext."""
    host = studio.backend.host
    shown = (
        (label, "" if stored is None else host.picture_url(stored.path), stored and stored.record.black, place)
        for label, stored, place in pictures
    )
    sends = ("txt2img", "img2img", "PNG Info") if host.is_webui else ()
    return render("ui/templates/pictures.html", pictures=shown, sends=sends)


def _under_slider(studio: Studio, pair: Sequence[Stored | None], names: Sequence[str]) -> str:
    if any(stored is None for stored in pair):
        missing = " and ".join(name for name, stored in zip(names, pair, strict=True) if stored is None)
        return note("No image yet", f"{missing}: no image of this probe. Press {GENERATE}.")
    urls = [studio.backend.host.picture_url(stored.path) for stored in pair]
    return render("ui/templates/two_pictures.html", names=names, urls=urls)
