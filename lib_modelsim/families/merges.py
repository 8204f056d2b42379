"""Which models are perhaps merges of two others, told from distances alone.

A merge of two models lies between them: in each block on the line from the one to the other (weighted sum, by block or
not), or, seen from the base, in the plane of their two changes (add-difference). What is left of the distance to its
nearest parent is rounding. A parent of two fine-tunes stands at a corner instead: its children left it at right angles,
so that by Pythagoras at least 0.57 of that distance is left, whatever the sizes. In between are merges of three, merges
that were trained on, and methods that take values from both; and a step in the middle of one training.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..text import percent
from .base_names import named_as_base

Array = NDArray[np.float64]

LEFT = 0.45
"""Share of the distance to the nearest parent that may be left. `python -m benchmarks.merges` prints what was measured:
merges of two models leave at most 0.07, models that are none at least 0.60."""

_SMALLEST = 0.025
"""A model nearer to another than this share of the parents' distance is a copy of it, but for rounding."""

_CLEARER = 0.5
"""A plane must leave less than this share of what the best line leaves."""

_MOST = 1.1
"""The largest share of a change in an add-difference; from a merge with the base its parent is 'explained' by more."""

_NEAREST = 24
"""So many of the models nearest to one are looked at as its parents."""


@dataclass(frozen=True)
class Merge:
    """A model that is perhaps a merge of two, the nearer one first; `left` is the share of its distance to that one
    which the two do not explain, 0 … 1."""

    model: str
    parents: tuple[str, str]
    left: float

    @property
    def text(self) -> str:
        """ "perhaps a merge of a and b"."""
        return f"perhaps a merge of {' and '.join(self.parents)}"

    @property
    def why(self) -> str:
        """How that is known."""
        left = "less than 1 %" if self.left < 0.01 else percent(self.left)
        return f"It lies between the two: they leave {left} of its distance to the nearer one unexplained."


@dataclass(frozen=True)
class PerhapsMerge:
    """As `Merge`, with positions."""

    model: int
    parents: tuple[int, int]
    left: float


def named_merges(
    models: Sequence[str], squares: Array, comparable: NDArray[np.bool_], base: int | None = None
) -> list[Merge]:
    """As `perhaps_merges`, by names: of models with the same weights the base's, else the shortest, which is no
    "… (1)"."""
    apart = np.nansum(squares, axis=-1)

    def called(parent: int) -> str:
        same = np.flatnonzero((apart[parent] == 0) & comparable[parent]).tolist()
        return models[min(same, key=lambda i: (i != base, not named_as_base(models[i]), len(models[i])))]

    return [
        Merge(models[found.model], (called(found.parents[0]), called(found.parents[1])), found.left)
        for found in perhaps_merges(squares, comparable, base)
    ]


def perhaps_merges(
    squares: Array, comparable: NDArray[np.bool_], base: int | None = None, most: float = LEFT
) -> list[PerhapsMerge]:
    """The models of which two others leave at most `most`, each with the two that explain most of it.

    `squares` [n, n, b] is ‖a − b‖² of every pair in every block, NaN where the two do not share it; `comparable` [n, n]
    says which pairs share enough of the network. `base` is a model's position, None where it is none of them.
    """
    found = (_best(squares, comparable, model, base) for model in range(len(squares)) if model != base)
    return [merge for merge in found if merge is not None and merge.left <= most]


def _best(squares: Array, comparable: NDArray[np.bool_], model: int, base: int | None) -> PerhapsMerge | None:
    """What the two best parents leave; a line is preferred to a plane, which fits more."""
    apart = np.nansum(squares[model], axis=-1)
    others = np.flatnonzero(comparable[model] & (apart > 0))
    near = others[np.argsort(apart[others], kind="stable")[:_NEAREST]]
    first, second = (near[i] for i in np.triu_indices(len(near), 1))  # the nearer one comes first
    kept = comparable[first, second]
    first, second = first[kept], second[kept]
    if not len(first):
        return None
    to_first, to_second, between = squares[model, first], squares[model, second], squares[first, second]  # [p, b]
    known = ~np.isnan(to_first + to_second + between)
    nearest, spread = np.minimum(_sum(to_first, known), _sum(to_second, known)), _sum(between, known)
    left = _share(_sum(_from_line(to_first, to_second, between), known), nearest, spread)
    if base is not None:
        own = np.broadcast_to(squares[model, base], to_first.shape)
        changes = squares[base, first], squares[base, second]
        known &= ~np.isnan(own + changes[0] + changes[1])
        nearest = np.minimum(nearest, _sum(own, known))
        plane = _share(_sum(_from_plane(own, *changes, to_first, to_second, between), known), nearest, spread)
        plane[(first == base) | (second == base)] = 1
        left = np.where(plane < _CLEARER * left.min(), plane, left)
    best = int(left.argmin())
    return PerhapsMerge(model, (int(first[best]), int(second[best])), float(left[best]))


def _share(left: Array, nearest: Array, spread: Array) -> Array:
    """The share of the distance to the nearest that is left, [p]; 1 for copies but for rounding."""
    found = np.sqrt(np.divide(left, nearest, out=np.ones_like(left), where=nearest > 0))
    return np.where(nearest < _SMALLEST**2 * spread, 1, found)


def _from_line(to_first: Array, to_second: Array, between: Array) -> Array:
    """What is left, squared, of a model beside the line from the first to the second, by block."""
    inner = (to_first + to_second - between) / 2
    t = np.clip(np.divide(to_first - inner, between, out=np.zeros_like(between), where=between > 0), 0, 1)
    return np.maximum((1 - t) ** 2 * to_first + 2 * t * (1 - t) * inner + t**2 * to_second, 0)


def _from_plane(own: Array, first: Array, second: Array, to_first: Array, to_second: Array, between: Array) -> Array:
    """What is left, squared, of a model's change `own` by shares, not below 0, of the changes `first` and `second`."""
    with_first, with_second = (own + first - to_first) / 2, (own + second - to_second) / 2
    both = (first + second - between) / 2
    determinant = first * second - both**2
    solvable = determinant > 1e-9 * first * second
    a = np.divide(with_first * second - with_second * both, determinant, out=np.zeros_like(both), where=solvable)
    b = np.divide(with_second * first - with_first * both, determinant, out=np.zeros_like(both), where=solvable)
    inside = solvable & (a > 0) & (b > 0) & (a <= _MOST) & (b <= _MOST)
    alone = np.minimum(_beside(own, first, with_first), _beside(own, second, with_second))
    return np.maximum(np.where(inside, own - a * with_first - b * with_second, alone), 0)


def _beside(own: Array, other: Array, inner: Array) -> Array:
    """What is left, squared, of one change by a share, not below 0, of another."""
    share = np.clip(np.divide(inner, other, out=np.zeros_like(other), where=other > 0), 0, _MOST)
    return own - 2 * share * inner + share**2 * other


def _sum(values: Array, known: NDArray[np.bool_]) -> Array:
    """Over the blocks, [p]."""
    return np.where(known, values, 0).sum(axis=-1)
