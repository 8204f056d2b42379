"""Two trees of the same models face to face on the page: a model's two names and the line between them are one leaf."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...families.agreement import cophenetic_agreement, untangled
from ...families.linkage import Tree
from ..colours import MISSING, class_colour
from .branches import branch_paths, branches
from .markup import Facts, escaped, facts_attribute, fitted, frame, signed, text_width

WIDTH = 740
"""The drawing's own width, which the panel stretches or shrinks; all lengths here are in its units."""

_SIZE, _SMALL, _ROW, _EDGE, _GAP, _HEAD = 12, 11, 18, 6, 6, 22
_WIDEST_NAME, _BETWEEN = 170, 90


@dataclass(frozen=True)
class _Layout:
    """Both sides mirror each other: the middle of every row, the breadth of a tree and of the names beside it."""

    rows: list[float]
    tree: float
    names: float

    def height(self, tree: Tree, height: float) -> float:
        """How far from the leaves a height lies."""
        return (self.tree - _EDGE) * height / (float(tree.heights.max()) or 1.0)


def tanglegram_svg(
    left: Tree,
    right: Tree,
    classes: Sequence[int],
    headings: tuple[str, str],
    *,
    facts: Facts | None = None,
    signs: Mapping[str, str] | None = None,
) -> str:
    """The two trees as inline SVG in the frame in which it scrolls and zooms; the right one is turned so that few
    lines cross.

    `classes` [n] are those of the left tree, in the order of `left.models`: they colour both trees and the lines.
    `headings` stand over the trees; `facts` are what tooltips tell of the models, `signs` what a name that has lost its
    class has in brackets behind it. Raises ModelsimError for trees of different models.
    """
    right = untangled(left, right)
    names = [left.models[leaf] for leaf in left.leaves]
    shown = {name: signed(name, signs or {}, _WIDEST_NAME, _SIZE) for name in names}
    layout = _lay_out(list(shown.values()))
    of_model = dict(zip(left.models, classes, strict=True))
    reached = {right.models[leaf]: y for y, leaf in zip(layout.rows, right.leaves, strict=True)}
    leaves = "".join(
        _leaf(
            (row, shown[name]),
            facts_attribute(facts or {}, name),
            reached[name],
            MISSING if name in (signs or {}) else class_colour(of_model[name]),
            layout,
        )
        for row, name in enumerate(names)
    )
    height = layout.rows[-1] + _ROW / 2 + _EDGE
    svg = (
        f'<svg class="modelsim-svg" viewBox="0 0 {WIDTH} {height:.0f}" role="group" aria-label="Two trees of models">'
        f"{_headings(headings)}"
        f"{branch_paths(left, classes, layout.rows, lambda h: layout.tree - layout.height(left, h))}"
        f"{_mirrored(right, of_model, layout)}"
        f'<g class="modelsim-leaves" role="listbox" aria-label="Models by the left tree">{leaves}</g></svg>'
    )
    agreement = cophenetic_agreement(left, right)
    told = "unknown" if agreement != agreement else f"{agreement:.2f}"
    return frame("tanglegram", names, svg, f"<span>Cophenetic correlation {told} ({len(names)} models)</span>")


def _lay_out(names: Sequence[str]) -> _Layout:
    breadth = max(text_width(name, _SIZE) for name in names) + 2 * _GAP
    rows = [_HEAD + (i + 0.5) * _ROW for i in range(len(names))]
    return _Layout(rows, (WIDTH - _BETWEEN) / 2 - breadth, breadth)


def _headings(headings: tuple[str, str]) -> str:
    room = WIDTH / 2 - 2 * _EDGE
    return "".join(
        f'<text x="{x}" y="{_HEAD / 2}" dy=".35em" font-size="{_SMALL}" text-anchor="{anchor}">'
        f"{escaped(fitted(heading, room, _SMALL))}</text>"
        for heading, x, anchor in zip(headings, (_EDGE, WIDTH - _EDGE), ("start", "end"), strict=True)
    )


def _mirrored(tree: Tree, of_model: Mapping[str, int], layout: _Layout) -> str:
    """The right tree. Its branches answer nothing: families are those of the left one."""
    lines = []
    for branch in branches(tree, [of_model[model] for model in tree.models], layout.rows):
        (low_a, y_a), (low_b, y_b) = branch.ends
        a, b, top = (WIDTH - layout.tree + layout.height(tree, height) for height in (low_a, low_b, branch.height))
        colour = "" if branch.class_number is None else f' style="stroke:{class_colour(branch.class_number)}"'
        lines.append(f'<path d="M{a:.1f} {y_a:.1f}H{top:.1f}V{y_b:.1f}H{b:.1f}"{colour}/>')
    return f'<g class="modelsim-mirrored">{"".join(lines)}</g>'


def _leaf(place: tuple[int, str], about: str, reached: float, colour: str, layout: _Layout) -> str:
    """Both names and the line between them; the field that is framed when it is chosen lies behind the left name.
    `place` is the row and the name as it is shown."""
    row, name = place
    y, shown = layout.rows[row], escaped(name)
    inner, end = layout.tree + layout.names, layout.tree + 2 * _GAP + text_width(name, _SIZE)
    line = f"M{end:.1f} {y:.1f}H{inner:.1f}L{WIDTH - inner:.1f} {reached:.1f}H{WIDTH - end:.1f}"
    word = f'dy=".35em" font-size="{_SIZE}"'
    return (
        f'<g class="modelsim-leaf" {about} role="option" aria-selected="false" tabindex="{-1 if row else 0}">'
        f'<rect x="{layout.tree:.1f}" y="{y - _ROW / 2:.1f}" width="{layout.names:.1f}" height="{_ROW}" rx="3"/>'
        f'<path d="{line}" style="stroke:{colour};stroke-width:1.2"/>'
        f'<text x="{layout.tree + _GAP:.1f}" y="{y:.1f}" {word}>{shown}</text>'
        f'<text x="{WIDTH - layout.tree - _GAP:.1f}" y="{reached:.1f}" {word} text-anchor="end">{shown}</text></g>'
    )
