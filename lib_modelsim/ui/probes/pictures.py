"""What was planned and drawn, as HTML: the plan in words, pictures side by side, two under one slider."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ...templates import render
from ...text import size_text
from ..status import note
from ..words import column_label, duration
from .studio import Order, Studio

if TYPE_CHECKING:  # Pillow comes with them
    from ...probes.gallery import Stored
    from ...probes.sheet import Sheet

ONE_PROBE, ONE_MODEL, TWO = VIEWS = "One probe", "One checkpoint", "Two checkpoints"

_TOLD = 5
"""Failures that are told; of more it says how many."""


def plan_words(studio: Studio, order: Order) -> str:
    """How many pictures, how many of them exist, how long and how large the rest is; and what could not be drawn."""
    planned = studio.planned.get(order)
    remarks = [str(error) for error in studio.backend.suites.unreadable()]
    if studio.grid is not None and studio.grid.sheet.suite.name == order.suite:
        remarks = [f"The grid is kept beside its pictures: {studio.grid.html}", *remarks]
    if planned is None:
        return _lines(remarks)
    plan, missing = planned.plan, planned.plan.missing
    checkpoints = len({picture.checkpoint for picture in plan.pictures})
    words = f"{len(plan.pictures)} pictures of {checkpoints} checkpoints, {len(plan.pictures) - len(missing)} are there"
    if missing and plan.seconds is not None and plan.bytes is not None:
        words += f"; the other {len(missing)} take about {duration(plan.seconds)} and {size_text(plan.bytes)}"
    elif missing:
        words += f"; {len(missing)} to draw. How long that takes is known after the first"
    lines = [f"{words}."]
    lines += [f"{copy.name} is a copy of another checkpoint and left out." for copy in plan.copies]
    lines += [f"{bad.path.name} cannot draw: {bad.error}" for bad in planned.chosen.unusable]
    lines += [f"{failure.name}: {failure.error}" for failure in studio.failures]
    return _lines([*lines, *remarks])


def _lines(lines: Sequence[str]) -> str:
    return render("ui/templates/plan.html", lines=lines[: _TOLD + 1], more=max(len(lines) - _TOLD - 1, 0))


def looked_at(studio: Studio, sheet: Sheet | None, view: str, chosen: tuple[str | None, str | None, str | None]) -> str:
    """The pictures that a view shows; `chosen` are a column, a checkpoint and another one, by what the menus say."""
    if sheet is None or not sheet.rows:
        return note(
            "Nothing drawn yet", "Draw what is missing: it can be stopped at any time and goes on where it was."
        )
    column = next((each for each in sheet.columns if column_label(each) == chosen[0]), sheet.columns[0])
    keys = {row.name: row.checkpoint for row in sheet.rows}
    first, second = (keys.get(name or "", sheet.rows[0].checkpoint) for name in chosen[1:])
    if view == ONE_MODEL:
        labels = [column_label(each) for each in sheet.columns]
        return _side_by_side(studio, zip(labels, sheet.of_checkpoint(first), strict=True))
    if view == TWO:
        pair = [sheet.pictures.get((checkpoint, column)) for checkpoint in (first, second)]
        return _under_slider(studio, pair, [chosen[1] or "", chosen[2] or ""])
    labels = [row.name for row in sheet.rows]
    return _side_by_side(studio, zip(labels, sheet.of_column(column), strict=True))


def _side_by_side(studio: Studio, pictures: Iterable[tuple[str, Stored | None]]) -> str:
    """Where a WebUI is around, with buttons: the script reads the picture and its own infotext."""
    host = studio.backend.host
    shown = (
        (label, "", False) if stored is None else (label, host.picture_url(stored.path), stored.record.black)
        for label, stored in pictures
    )
    sends = () if host.draws_with_files else ("txt2img", "img2img", "PNG Info")
    return render("ui/templates/pictures.html", pictures=shown, sends=sends)


def _under_slider(studio: Studio, pair: Sequence[Stored | None], names: Sequence[str]) -> str:
    if any(stored is None for stored in pair):
        missing = " and ".join(name for name, stored in zip(names, pair, strict=True) if stored is None)
        return note("Not drawn", f"{missing} has no picture of this probe yet.")
    urls = [studio.backend.host.picture_url(stored.path) for stored in pair]
    return render("ui/templates/two_pictures.html", names=names, urls=urls)
