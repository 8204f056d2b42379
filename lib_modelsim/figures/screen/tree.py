"""The dendrogram on the page: models from top to bottom, a box around each class, its number and name beside it."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ...families.linkage import Tree
from ...text import percent
from ..classes import ClassLabel, Run, class_runs
from ..colours import class_colour
from .branches import branch_paths
from .markup import Facts, badge, escaped, facts_attribute, fitted, frame, text_width

WIDTH = 740
"""The drawing's own width, which the panel stretches or shrinks; all lengths here are in its units."""

SIZE, SMALL = 13, 11
"""Heights of letters in names and beside classes."""

_ROW, _BETWEEN, _EDGE, _GAP = 19, 8, 6, 8
"""Height of a model, room between classes, around all, and between columns."""

_SIGN = 14
"""Room for the sign of a reference."""

_WIDEST_NAME, _WIDEST_NOTE, _NARROWEST_TREE = 300, 130, 200
_AXIS = 38

_HINT = (
    '<span class="modelsim-hint">Click a model, or a branch to see its models. Ctrl + wheel zooms, drag to move.</span>'
)


@dataclass(frozen=True)
class _Layout:
    """Where things stand: the middle of every row, lower edge, right end of the lines, left end and end of names."""

    rows: list[float]
    bottom: float
    tree_right: float
    names_left: float
    names_right: float
    tallest: float

    def x(self, height: float) -> float:
        """The place of a height."""
        return self.tree_right - (self.tree_right - _EDGE - _GAP) * height / self.tallest


def tree_svg(
    tree: Tree,
    classes: Sequence[int],
    unit: str,
    *,
    words: Mapping[int, ClassLabel] | None = None,
    facts: Facts | None = None,
    references: Collection[str] = (),
    signs: Mapping[str, str] | None = None,
) -> str:
    """The tree as inline SVG in the frame in which it scrolls and zooms.

    `classes` [n] are the class numbers in the order of `tree.models`, `unit` says what the heights measure, `words`
    what stands beside each class; `facts` are what tooltips tell of the models; `references` are marked, and in
    `signs` stands what each name has in brackets behind it: "copy", "merge".
    """
    runs = class_runs(tree, classes)
    words, facts, signs = words or {}, facts or {}, signs or {}
    names = [tree.models[leaf] for leaf in tree.leaves]
    marked = set(references) if set(names) - set(references) else set()  # all of them would tell nothing
    indent = _SIGN if marked else 0
    shown = [_shown(name, signs.get(name, ""), _WIDEST_NAME - indent) for name in names]
    notes = {run.number: _note_lines(words.get(run.number, ClassLabel())) for run in runs}
    layout = _lay_out(tree, runs, max(text_width(text, SIZE) for text in shown) + indent, notes)
    leaves = "".join(
        _leaf(row, name, facts_attribute(facts, name), text, layout, indent, name in marked)
        for row, (name, text) in enumerate(zip(names, shown, strict=True))
    )
    boxes = "".join(_box(run, layout, notes[run.number], words.get(run.number, ClassLabel())) for run in runs)
    svg = (
        f'<svg class="modelsim-svg" viewBox="0 0 {WIDTH} {layout.bottom:.0f}" role="group" aria-label="Tree of models">'
        f"{boxes}{branch_paths(tree, classes, layout.rows, layout.x)}"
        f'<g class="modelsim-leaves" role="listbox" aria-label="Models in the order of the tree">{leaves}</g></svg>'
    )
    legend = '<span><b class="modelsim-reference">◆</b> reference</span>' if marked else ""
    return frame("tree", names, svg + _axis(layout, unit), legend + _HINT)


def _shown(name: str, sign: str, width: float) -> str:
    """The name as it stands at its leaf, behind it in brackets what it is."""
    behind = f" ({sign})" if sign else ""
    return fitted(name, width - text_width(behind, SIZE), SIZE) + behind


def _lay_out(tree: Tree, runs: Sequence[Run], breadth: float, notes: Mapping[int, list[str]]) -> _Layout:
    rows, top = [], float(_EDGE)
    for run in runs:
        count = run.last - run.first + 1
        height = max(count * _ROW, len(notes[run.number]) * _ROW)
        first = top + (height - count * _ROW) / 2
        rows += [first + (i + 0.5) * _ROW for i in range(count)]
        top += height + _BETWEEN
    widest_note = max(text_width(line, SMALL) for lines in notes.values() for line in lines or [""])
    names_right = WIDTH - _EDGE - 30 - widest_note
    names_left = names_right - _GAP - breadth
    tree_right = max(names_left - _GAP, _NARROWEST_TREE)
    tallest = float(tree.heights.max()) or 1.0
    return _Layout(rows, top - _BETWEEN + _EDGE, tree_right, tree_right + _GAP, names_right, tallest)


def _leaf(row: int, name: str, about: str, text: str, layout: _Layout, indent: float, marked: bool) -> str:
    y, left, breadth = layout.rows[row], layout.names_left, layout.names_right - layout.tree_right
    sign = f'<text class="modelsim-reference" x="{left:.1f}" y="{y:.1f}" dy=".35em">◆</text>' if marked else ""
    return (
        f'<g class="modelsim-leaf" {about} role="option" aria-selected="false" tabindex="{-1 if row else 0}">'
        f'<rect x="{layout.tree_right:.1f}" y="{y - _ROW / 2:.1f}" width="{breadth:.1f}" height="{_ROW}" rx="3"/>{sign}'
        f'<text x="{left + indent:.1f}" y="{y:.1f}" dy=".35em" font-size="{SIZE}">{escaped(text)}</text>'
        f'<text class="modelsim-leave" data-do="leave out" data-name="{escaped(name)}" aria-hidden="true"'
        f' x="{layout.names_right:.1f}" y="{y:.1f}" dy=".35em" font-size="{SIZE}">×<title>Leave out</title></text></g>'
    )


def _note_lines(words: ClassLabel) -> list[str]:
    """What stands beside the number of a class: its name, and its support below."""
    lines = [fitted(words.name, _WIDEST_NOTE, SMALL)] if words.name else []
    return lines + ([] if words.support is None else [f"support {percent(words.support)}"])


def _box(run: Run, layout: _Layout, lines: Sequence[str], words: ClassLabel) -> str:
    """A box around the class from a little before its last merge, and its number, name and support to the right."""
    top, bottom = layout.rows[run.first] - _ROW / 2, layout.rows[run.last] + _ROW / 2
    room = layout.x(run.height) - layout.x(run.next_height)
    left = layout.x(run.height) - (min(6.0, room / 2) if room > 0 else 6.0)
    badge_left, middle, colour = layout.names_right + 5, (top + bottom) / 2, class_colour(run.number)
    told = " · ".join(filter(None, (words.name, *lines[bool(words.name) :], words.remark)))
    text = "".join(
        f'<text x="{badge_left + 24:.1f}" y="{middle + (i - (len(lines) - 1) / 2) * SMALL * 1.3:.1f}" dy=".35em"'
        f' font-size="{SMALL}">{escaped(line)}</text>'
        for i, line in enumerate(lines)
    )
    return (
        f'<g class="modelsim-branch modelsim-box" data-from="{run.first}" data-to="{run.last}"'
        f' data-class="{run.number}" data-told="{escaped(told)}">'
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{layout.names_right - left:.1f}" height="{bottom - top:.1f}"'
        f' rx="5" style="fill:{colour};stroke:{colour}"/>{badge(run.number, badge_left, middle)}{text}</g>'
    )


def _axis(layout: _Layout, unit: str) -> str:
    """The scale of heights with its unit, a drawing of its own: it stays at the lower edge while the tree moves."""
    ticks = _ticks(layout.tallest, int((layout.tree_right - _EDGE) / 70))
    marks = "".join(f'<path d="M{layout.x(tick):.1f} 1v5"/>{_number(layout.x(tick), tick)}' for tick in ticks)
    line = f'<path d="M{layout.x(layout.tallest):.1f} 1H{layout.tree_right:.1f}"/>'
    told = escaped(fitted(unit, WIDTH - 2 * _EDGE, SMALL))
    words = f'<text class="modelsim-unit" x="{_EDGE + _GAP}" y="32" font-size="{SMALL}">{told}</text>'
    box = f'viewBox="0 0 {WIDTH} {_AXIS}" aria-hidden="true"'
    return f'<svg class="modelsim-svg modelsim-axis" {box}>{line}{marks}{words}</svg>'


def _number(x: float, tick: float) -> str:
    return f'<text x="{x:.1f}" y="17" font-size="{SMALL}">{tick:g}</text>'


def _ticks(greatest: float, count: int) -> list[float]:
    """Round numbers from 0 to the greatest, at most about so many."""
    power = 10.0 ** math.floor(math.log10(greatest / max(count, 1)))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10, 20) if power * factor * count >= greatest)
    return [i * step for i in range(int(greatest / step + 1e-9) + 1)]
