"""Names under the columns of a heat map: blocks, and references under their groups of blocks, thinned where crowded."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from .lettering import text_width, wrap, write
from .sheet import FigureSheet, line_height

_LARGEST, _SMALLEST = 8.0, 5.0
"""Points of upright words; below, every second, third … is left out instead."""

_CLOSE = 1.2
"""Distance of two upright names, in font sizes: the least without a touch."""

_WIDE_GROUP = 0.9
"""Inches of a group of columns under which its reference stands level, in lines; under narrower ones it stands up."""

_GAP = 0.05


@dataclass(frozen=True)
class _Row:
    """Upright names, one every `pitch` inches, `middles` in inches from the left edge of the cells."""

    names: Sequence[str]
    middles: Sequence[float]
    size: float
    every: int

    @property
    def height(self) -> float:
        return max((text_width(name, self.size) for name in self.names), default=-_GAP) + _GAP

    def write(self, sheet: FigureSheet, left: float, top: float) -> None:
        for name, middle in zip(self.names, self.middles, strict=True):
            place = {"rotation": 90, "ha": "center", "va": "top"}
            write(sheet.paper, left + middle, top + _GAP, name, self.size, **place)


def _row(names: Sequence[str], pitch: float, groups: int = 1) -> _Row:
    """The names under each of `groups` groups of columns that are `pitch` inches wide, so many left out as must be."""
    size = max(min(_LARGEST, 72 * pitch / _CLOSE), _SMALLEST)
    every = math.ceil(_CLOSE * size / 72 / pitch - 1e-9)
    count = len(names)
    shown = range(0, count if every == 1 else count - every + 1, every)  # the next group begins at once
    places = [(names[i], (group * count + i + 0.5) * pitch) for group in range(groups) for i in shown]
    return _Row([name for name, _ in places], [middle for _, middle in places], size, every)


@dataclass(frozen=True)
class ColumnLabels:
    """What stands under the columns, the inches that it takes, and a sentence on what was left out."""

    upright: list[_Row]
    level: list[list[str]] = field(default_factory=list)
    group_width: float = 0.0
    told: str = ""

    @property
    def height(self) -> float:
        lines = max(map(len, self.level), default=0)
        return sum(row.height for row in self.upright) + lines * line_height(_LARGEST) + _GAP

    def write(self, sheet: FigureSheet, left: float, top: float) -> None:
        for row in self.upright:
            row.write(sheet, left, top)
            top += row.height
        for i, lines in enumerate(self.level):
            for j, line in enumerate(lines):
                middle = left + (i + 0.5) * self.group_width
                write(sheet.paper, middle, top + _GAP + (j + 0.5) * line_height(8), line, 8, ha="center", va="center")


def label_columns(columns: Sequence[str], pitch: float) -> ColumnLabels:
    """Names of columns that are `pitch` inches wide."""
    row = _row(columns, pitch)
    return ColumnLabels([row], told=f"One column in {row.every} has a label." if row.every > 1 else "")


def label_groups(references: Sequence[str], blocks: Sequence[str], pitch: float) -> ColumnLabels:
    """Names of blocks `pitch` inches wide under each reference, and of the references under their blocks."""
    if not any(blocks):  # distances: a column is a reference
        return label_columns(references, pitch * len(blocks))
    row = _row(blocks, pitch, len(references))
    told = []
    if 2 * row.every > len(blocks) > 1:  # one name per reference would tell nothing
        row = replace(row, names=(), middles=())
        told.append(f"Blocks of each reference from left to right: {blocks[0]} … {blocks[-1]} ({len(blocks)}).")
    elif row.every > 1:
        told.append(f"One block in {row.every} has a label.")
    width = pitch * len(blocks)
    if width >= _WIDE_GROUP:
        return ColumnLabels([row], [wrap(name, width - 0.1, 8) for name in references], width, " ".join(told))
    names = _row(references, width)
    if names.every > 1:
        told.append(f"One reference in {names.every} has a label.")
    return ColumnLabels([row, names], told=" ".join(told))
