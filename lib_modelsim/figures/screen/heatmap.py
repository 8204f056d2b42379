"""The heat map on the page: all cells as one picture, the tree and the classes to its left, names to its right."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...families.features import FeatureTable
from ...families.linkage import Tree
from ...text import printable
from ..classes import Run, class_runs
from ..colours import MISSING, Palette, class_colour, colour_upon
from ..columns import in_order_of_tree
from .branches import branch_paths
from .markup import Facts, escaped, facts_attribute, fitted, frame, signed, text_width

WIDTH = 740
"""The drawing's own width, which the panel stretches or shrinks; all lengths here are in its units."""

_ROW, _HIGHEST_ROW, _FEW, _SIZE, _SMALL = 17, 32, 320, 12, 10.5
"""The least and the most height of a row, the height that few rows fill, and the heights of letters."""

_EDGE, _TREE, _STRIP, _GAP = 6, 70, 20, 4
_WIDEST_NAME = 200

_LEVEL, _UPRIGHT, _TALLEST = 60, 11, 140
"""Breadth of a column or group from which its name stands level, and upright; the most height of upright names."""

_MANY = 300_000
"""Cells: of more, each value comes as one byte instead of two, and in fewer colours, so that a page stays small."""


@dataclass(frozen=True)
class _Columns:
    """`references` [r] and `blocks` [b] whose r·b columns are `values` [n, r·b], rows in the order of the tree."""

    references: Sequence[str]
    blocks: Sequence[str]
    values: NDArray[np.float64]


@dataclass(frozen=True)
class _Places:
    """Where the cells are: their left and upper edge, breadth and height, and the height of a row."""

    left: float
    top: float
    width: float
    height: float

    row: float

    def y(self, row: int) -> float:
        """The middle of a row."""
        return self.top + (row + 0.5) * self.row


def heatmap_svg(
    table: FeatureTable,
    tree: Tree,
    classes: Sequence[int],
    unit: str,
    *,
    references: Sequence[str] = (),
    blocks: Sequence[str] = (),
    palette: Palette = Palette.SIMILARITY,
    percent: bool = True,
    facts: Facts | None = None,
    shares: Mapping[tuple[str, str], str] | None = None,
    signs: Mapping[str, str] | None = None,
) -> str:
    """The heat map as inline SVG in the frame in which it scrolls and zooms, its bar of colours above.

    `tree` and `classes` [n] are of the table's models. The columns are every block of the first reference, then of the
    second …; without `references` and `blocks` each has its own name. `unit` says what the values are, which are shown
    in per cent or as they are; `facts` are what tooltips tell of the models, `shares` of a model
    and a reference: how much of them was compared, where that is not all; `signs` what a name has in brackets behind
    it.
    """
    columns = _columns(table, tree, references, blocks)
    names = [tree.models[leaf] for leaf in tree.leaves]
    shown = [signed(name, signs or {}, _WIDEST_NAME, _SIZE) for name in names]
    left = _EDGE + _TREE + _STRIP + 2 * _GAP
    width = WIDTH - left - max(text_width(text, _SIZE) for text in shown) - 3 * _GAP - _EDGE
    above, top = _names_above(columns, left, width)
    row = min(max(_FEW / len(names), _ROW), _HIGHEST_ROW)
    places = _Places(left, top, width, len(names) * row, row)
    below, bottom = _names_below(columns, places)
    tallest = float(tree.heights.max()) or 1.0
    lines = branch_paths(
        tree, classes, [places.y(i) for i in range(len(names))], lambda height: _EDGE + _TREE * (1 - height / tallest)
    )
    strip = "".join(_class(run, places) for run in class_runs(tree, classes))
    leaves = "".join(
        _leaf(row, facts_attribute(facts or {}, name), text, places)
        for row, (name, text) in enumerate(zip(names, shown, strict=True))
    )
    least, greatest, colours = _scale(columns.values, palette)
    compared = {
        f"{row},{column}": share
        for row, name in enumerate(names)
        for column, reference in enumerate(columns.references)
        if (share := (shares or {}).get((name, reference)))
    }
    svg = (
        f'<svg class="modelsim-svg" viewBox="0 0 {WIDTH} {bottom:.0f}" role="group" aria-label="Heat map of models">'
        f"{lines}{strip}{above}{_cells(columns, places, (least, greatest), colours, percent, compared)}{below}"
        f'<g class="modelsim-leaves" role="listbox" aria-label="Models in the order of the tree">{leaves}</g></svg>'
    )
    missing = bool(np.isnan(columns.values).any())
    return frame("heatmap", names, svg, _bar(unit, least, greatest, colours, percent, missing))


def _columns(table: FeatureTable, tree: Tree, references: Sequence[str], blocks: Sequence[str]) -> _Columns:
    if len(references) * len(blocks) != len(table.columns):
        return _Columns(table.columns, ("",), table.values[tree.leaves])
    table, references = in_order_of_tree(table, references, tree)
    return _Columns(references, blocks, table.values[tree.leaves])


def _scale(values: NDArray[np.float64], palette: Palette) -> tuple[float, float, NDArray[np.uint8]]:
    """The ends of the range of values, and the 256 colours [256, 3] between them."""
    colours, scale = palette.scale(values)
    return float(scale.vmin), float(scale.vmax), colours(np.linspace(0, 1, 256), bytes=True)[:, :3]


def _cells(
    columns: _Columns,
    places: _Places,
    ends: tuple[float, float],
    colours: NDArray[np.uint8],
    percent: bool,
    compared: Mapping[str, str],
) -> str:
    """The picture, with what a tooltip needs: names, every value as a step between the ends, the last for none, and how
    much was `compared` by "row,reference", where that is not all."""
    many = columns.values.size > _MANY
    steps = np.iinfo(np.uint8 if many else np.uint16).max
    share = (columns.values - ends[0]) / (ends[1] - ends[0])
    known = np.isfinite(share)
    levels = np.where(known, np.clip(np.where(known, share, 0) * (steps - 1), 0, steps - 1).round(), steps)
    packed = base64.b64encode(levels.astype(np.uint8 if many else "<u2").tobytes()).decode()
    about = {
        "references": list(map(printable, columns.references)),
        "blocks": list(map(printable, columns.blocks)),
        "ends": ends,
        "bytes": 1 if many else 2,
        "percent": percent,
        "compared": compared,
    }
    place = f'x="{places.left}" y="{places.top:.1f}" width="{places.width:.1f}" height="{places.height:.1f}"'
    return (
        f'<g class="modelsim-heat" data-about="{escaped(json.dumps(about, ensure_ascii=False))}"'
        f' data-values="{packed}"><image {place} preserveAspectRatio="none"'
        f' href="data:image/png;base64,{_png(share, known, colours, 32 if many else 255)}"/>'
        '<rect class="modelsim-cell" width="0" height="0"/></g>'
    )


def _png(share: NDArray[np.float64], known: NDArray[np.bool_], colours: NDArray[np.uint8], count: int) -> str:
    """A picture of a pixel per cell in so many steps of the colours, in base64."""
    steps = np.linspace(0, 255, count).round().astype(int)
    indices = np.where(known, np.clip(np.where(known, share, 0) * (count - 1), 0, count - 1).round(), count)
    picture = Image.fromarray(indices.astype(np.uint8), "P")
    picture.putpalette([*colours[steps].ravel().tolist(), *bytes.fromhex(MISSING[1:])])
    buffer = io.BytesIO()
    picture.save(buffer, "png", compress_level=6)
    return base64.b64encode(buffer.getvalue()).decode()


def _leaf(row: int, about: str, text: str, places: _Places) -> str:
    left, y = places.left + places.width + _GAP, places.y(row)
    field = f'y="{y - places.row / 2:.1f}" width="{WIDTH - _EDGE - left:.1f}" height="{places.row:.1f}"'
    return (
        f'<g class="modelsim-leaf" {about} role="option" aria-selected="false" tabindex="{-1 if row else 0}">'
        f'<rect x="{left:.1f}" {field} rx="3"/>'
        f'<text x="{left + _GAP:.1f}" y="{y:.1f}" dy=".35em" font-size="{_SIZE}">{escaped(text)}</text></g>'
    )


def _class(run: Run, places: _Places) -> str:
    """The field of a class with its number, between tree and cells."""
    left, top, colour = _EDGE + _TREE + _GAP, places.y(run.first) - places.row / 2, class_colour(run.number)
    height = (run.last - run.first + 1) * places.row
    field = f'x="{left}" y="{top + 0.5:.1f}" width="{_STRIP}" height="{height - 1:.1f}"'
    return (
        f'<g class="modelsim-branch modelsim-field" data-from="{run.first}" data-to="{run.last}"'
        f' data-class="{run.number}"><rect {field} rx="3" style="fill:{colour}"/><text class="modelsim-number"'
        f' x="{left + _STRIP / 2}" y="{top + height / 2:.1f}" dy=".35em" font-size="{_SMALL}"'
        f' style="fill:{colour_upon(run.number)}">{run.number}</text></g>'
    )


def _names_above(columns: _Columns, left: float, width: float) -> tuple[str, float]:
    """The references over their groups of columns, where those are wide enough, and the upper edge of the cells."""
    pitch = width / len(columns.references)
    if pitch < _UPRIGHT or not any(columns.references):
        return "", float(_EDGE)
    level = pitch >= _LEVEL
    shown = [fitted(name, pitch - _GAP if level else _TALLEST, _SMALL) for name in columns.references]
    height = _SMALL * 1.5 if level else max(text_width(name, _SMALL) for name in shown) + _GAP
    middles = [left + (i + 0.5) * pitch for i in range(len(shown))]
    return _labels(shown, middles, _EDGE + height - _GAP, level), _EDGE + height


def _names_below(columns: _Columns, places: _Places) -> tuple[str, float]:
    """The blocks under every group of columns, where there is room, and the lower edge of all."""
    count = len(columns.references) * len(columns.blocks)
    pitch, under = places.width / count, places.top + places.height
    if pitch < _UPRIGHT or not any(columns.blocks):
        return "", under + _EDGE
    shown = list(columns.blocks) * len(columns.references)
    height = max(text_width(name, _SMALL) for name in columns.blocks) + _GAP
    middles = [places.left + (i + 0.5) * pitch for i in range(count)]
    return _labels(shown, middles, under + height, level=False), under + height + _EDGE


def _labels(names: Sequence[str], middles: Sequence[float], bottom: float, level: bool) -> str:
    turned = "" if level else ' transform="rotate(-90 {x:.1f} {y:.1f})"'
    anchor, down = ("middle", "0") if level else ("start", ".35em")
    return "".join(
        f'<text x="{x:.1f}" y="{bottom:.1f}" dy="{down}" text-anchor="{anchor}" font-size="{_SMALL}"'
        f"{turned.format(x=x, y=bottom)}>{escaped(name)}</text>"
        for name, x in zip(names, middles, strict=True)
    )


def _bar(unit: str, least: float, greatest: float, colours: NDArray[np.uint8], percent: bool, missing: bool) -> str:
    """What the colours mean: the unit, the bar between its ends, and the grey of missing values if there are any."""
    low, high = (f"{100 * end:.4g} %" if percent else f"{end:.4g}" for end in (least, greatest))
    stops = ",".join("#" + bytes(colour).hex() for colour in colours[::15])
    grey = f'<span><i class="modelsim-grey" style="background:{MISSING}"></i> missing</span>' if missing else ""
    return (
        f'<span class="modelsim-scale"><span>{escaped(unit)}</span> {low}'
        f' <i style="background:linear-gradient(to right,{stops})"></i> {high}</span>{grey}'
    )
