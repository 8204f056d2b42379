"""Signed shares as bars from a zero line: one a parent for the whole network, and those of each block side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...checkpoints.identity import component_label
from ...figures.colours import class_colour, colour_upon
from ...lineage.recipe import ParentShare, Recipe
from ...lineage.wording.block_words import MINUS

_LEAST_WIDTH = 4.0
"""Per cent of the width from which on a letter fits into a bar."""

_EQUAL = 0.005
"""Shares that are written alike."""


@dataclass(frozen=True)
class ParentMark:
    """A model as its bars tell it: a letter in a colour, and its name."""

    letter: str
    name: str
    number: int

    @property
    def colour(self) -> str:
        """As #rrggbb."""
        return class_colour(self.number)

    @property
    def ink(self) -> str:
        """Black or white, for the letter upon it."""
        return colour_upon(self.number)


@dataclass(frozen=True)
class ShareBar:
    """A bar from `left` on, `width` wide, both in per cent of the row; `text` stands in it where it fits."""

    mark: ParentMark
    left: float
    width: float
    text: str
    title: str


@dataclass(frozen=True)
class ParentRow:
    """A parent over the whole network: its bar, its interval as `whisker` (left, width), and both in words."""

    mark: ParentMark
    bar: ShareBar | None
    whisker: tuple[float, float] | None
    share: str
    interval: str
    same_as: tuple[str, ...]


@dataclass(frozen=True)
class BlockRow:
    """A block: its bars, and the shares in words."""

    block: str
    bars: tuple[ShareBar, ...]
    told: str


@dataclass(frozen=True)
class ShareChart:
    """All rows on one axis: `zero` and `one` are where shares of 0 and 1 lie, in per cent. `alike`: every block has the
    same shares."""

    zero: float
    one: float
    parents: tuple[ParentRow, ...]
    blocks: tuple[BlockRow, ...]
    alike: bool

    @property
    def drawn(self) -> bool:
        """Whether there is a bar at all; an axis without one tells nothing."""
        return any(row.bar for row in self.parents) or any(row.bars for row in self.blocks)


def chart(recipe: Recipe) -> ShareChart:
    """The bars of a recipe; rows without a share have no bar."""
    marks = _marks(recipe)
    axis = _Axis.around(recipe)
    blocks = tuple(_block(block, shares, marks, axis) for block, shares in recipe.blocks.items())
    parents = tuple(_parent(parent, marks[parent.model], axis, _gives(parent, recipe)) for parent in recipe.parents)
    return ShareChart(axis.place(0), axis.place(1), parents, blocks, _alike(list(recipe.blocks.values())))


def signed(share: float) -> str:
    """A share as it is written: "0.60", "−0.40"; never minus nothing."""
    text = f"{abs(share):.2f}"
    return f"{MINUS}{text}" if share < 0 and float(text) else text


def _marks(recipe: Recipe) -> dict[str, ParentMark]:
    """The parents in their order, then whoever else stands in a block: by the letter of the formula, or the next."""
    roles = {parent.model: parent.role for parent in recipe.parents}
    names = [*roles, *(name for shares in recipe.blocks.values() for name in shares)]
    free = (letter for letter in map(_letter, range(10_000)) if letter not in roles.values())
    return {
        name: ParentMark(roles.get(name) or next(free), name, number)
        for number, name in enumerate(dict.fromkeys(names), 1)
    }


def _letter(i: int) -> str:
    """A, B, … Z, A1, B1, …"""
    return chr(ord("A") + i % 26) + (str(i // 26) if i >= 26 else "")


@dataclass(frozen=True)
class _Axis:
    least: float
    most: float

    @classmethod
    def around(cls, recipe: Recipe) -> _Axis:
        """From 0 to 1, and as far beyond as there are shares."""
        ends = [0.0, 1.0]
        for parent in recipe.parents:
            ends += [value for value in (parent.share, parent.low, parent.high) if value is not None]
        for shares in recipe.blocks.values():
            ends += [sum(max(value, 0) for value in shares.values()), sum(min(value, 0) for value in shares.values())]
        known = [end for end in ends if math.isfinite(end)]
        return cls(min(known), max(known))

    def place(self, value: float) -> float:
        return round(100 * (value - self.least) / (self.most - self.least), 3)

    def span(self, low: float, high: float) -> tuple[float, float]:
        """Left end and width."""
        return self.place(low), round(self.place(high) - self.place(low), 3)


def _gives(parent: ParentShare, recipe: Recipe) -> list[str]:
    """The components that this model alone gives; none where no parent has a share: then all are in the formula."""
    if all(each.share is None for each in recipe.parents):
        return []
    own = {name: origin for name, origin in recipe.components.items() if origin.source == parent.model}
    return [component_label(name) for name, origin in own.items() if origin.kind == "same"]


def _parent(parent: ParentShare, mark: ParentMark, axis: _Axis, gives: Sequence[str]) -> ParentRow:
    share, low, high = parent.share, parent.low, parent.high
    if share is None:
        words = f"its {' and '.join(gives)} alone" if gives else "no constant share"
        return ParentRow(mark, None, None, "", words, parent.same_as)
    bar = _bar(mark, (min(share, 0.0), max(share, 0.0)), share, axis)
    if low is None or high is None:
        return ParentRow(mark, bar, None, signed(share), "", parent.same_as)
    words = "cannot be told from 0" if low <= 0 <= high else _between(low, high)
    return ParentRow(mark, bar, axis.span(low, high), signed(share), words, parent.same_as)


def _between(low: float, high: float) -> str:
    """The interval with as many digits as tell its ends apart, up to four; of a closer one that it is."""
    for digits in (2, 3, 4):
        ends = [f"{end:.{digits}f}".replace("-", MINUS) for end in (low, high)]
        if ends[0] != ends[1]:
            return f"{ends[0]} to {ends[1]}"
    return "to within 0.0001"


def _block(block: str, shares: Mapping[str, float], marks: Mapping[str, ParentMark], axis: _Axis) -> BlockRow:
    """Shares above 0 to the right of the zero line, one after the other, those below to its left."""
    right = left = 0.0
    bars = []
    in_order = [(name, shares[name]) for name in marks if name in shares]
    for name, share in in_order:
        if not math.isfinite(share) or abs(share) < _EQUAL:
            continue
        ends = (right, right + share) if share > 0 else (left + share, left)
        right, left = (ends[1], left) if share > 0 else (right, ends[0])
        bars.append(_bar(marks[name], ends, share, axis))
    told = ", ".join(f"{marks[name].letter} {signed(share)}" for name, share in in_order if abs(share) >= _EQUAL)
    return BlockRow(block, tuple(bars), told)


def _bar(mark: ParentMark, ends: tuple[float, float], share: float, axis: _Axis) -> ShareBar:
    left, width = axis.span(*ends)
    return ShareBar(mark, left, width, mark.letter if width >= _LEAST_WIDTH else "", f"{mark.name} {signed(share)}")


def _alike(blocks: Sequence[Mapping[str, float]]) -> bool:
    first = blocks[0] if blocks else {}
    return all(
        abs(shares.get(name, 0.0) - first.get(name, 0.0)) < _EQUAL for shares in blocks for name in {*shares, *first}
    )
