"""The report: one HTML file with figures and tables inside, that opens offline and follows light and dark."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..templates import render, trusted
from .tables import Table

if TYPE_CHECKING:
    from markupsafe import Markup


def report(title: str, method: Sequence[tuple[str, str]], figures: Mapping[str, str], tables: Sequence[Table]) -> str:
    """The page: how everything was computed, then figures (heading → SVG text) and tables. All text is escaped."""
    return render(
        "exports/templates/report.html",
        title=title,
        method=method,
        figures=[(heading, _drawing(svg, i), i) for i, (heading, svg) in enumerate(figures.items())],
        tables=[Table(table.name, table.header, [map(_cell, row) for row in table.rows]) for table in tables],
    )


def _drawing(svg: str, number: int) -> Markup:
    """Inline, so that lines and words take the page's colours; ids of several drawings in one page must differ."""
    drawing = svg[svg.index("<svg") :]
    drawing = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>f{number}-", drawing)
    # A style sheet within is for its own drawing.
    return trusted(drawing.replace("*{stroke", f".f{number} *{{stroke"))


def _cell(value: object) -> tuple[object, bool]:
    """What a cell shows, and whether it is a number."""
    if isinstance(value, str):
        return value, False
    if value is None or value != value:
        return "", False
    if isinstance(value, float):
        return f"{value:.4g}", True
    return value, isinstance(value, int)
