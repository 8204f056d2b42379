"""Which model the others are likely trained from, told by its name and by where it stands among them.

A base stands in the middle: no other model has all the rest nearer. So does a merge, but with its parents on opposite
sides; from a base nothing lies on opposite sides, as what is trained apart leaves it at right angles. A tree of
distances has no root, though: a model from which most of the others come looks like a base, too, and may serve as one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .base_names import named_as_base
from .distances import delta_products
from .groups import largest_group
from .strangers import LINEAR, copies, strangers

Array = NDArray[np.float64]

_FEWEST, _FEWEST_UNNAMED = 3, 7
"""Models, strangers left out and copies counted once, among which a base is looked for, by name or without."""

_OPPOSITE = -0.3
"""Least cosine between the changes of two models that a base allows. Around merges it is −1; sibling releases of one
base, SD 1.2 and 1.5 around 1.4, have −0.24."""

_AS_NEAR, _TYPICAL = 1.02, 1.5
"""Where a model stands in the middle: its farthest model is no farther than this share of the least that any model has,
and its median distance not above that share of the least median. Published bases have up to 1.4."""

_CLEARLY = 1.15
"""Without a name no other model may have its farthest nearer than this share."""

_RIGHT_ANGLE, _DIRECTIONS = 0.2, 3
"""Without a name so many models must have left it at right angles, with cosines nearer to 0 than this."""


@dataclass(frozen=True)
class LikelyBase:
    """A model's position, and in words why it is likely the base of the others."""

    position: int
    why: str


def likely_base(models: Sequence[str], l2: Array) -> LikelyBase | None:
    """The model that is likely the base of the others; None where none stands out.

    Its name and its place must both say so: it is called as bases are, and it stands in the middle. That is, no two
    models lie on opposite sides of it, none that this holds for has its farthest model nearer, and it is near most.
    Without such a name the place must be clear: all others have their farthest 15 % farther away, and three models or
    more have left it at right angles to each other. Strangers do not count, copies once.
    `l2` [n, n] are distances that add up as ‖a − b‖ does, NaN where missing.
    """
    rows = np.array(largest_group(l2), dtype=np.intp)
    rows = rows[~strangers(l2[np.ix_(rows, rows)], LINEAR)]
    among = l2[np.ix_(rows, rows)]
    first = copies(among, LINEAR.near * among.max(initial=0))
    heads = np.unique(first)
    if len(heads) < _FEWEST:
        return None
    distances = among[np.ix_(heads, heads)]
    farthest = _farthest_of_open_sided(distances)
    medians = np.array([np.median(np.delete(row, i)) for i, row in enumerate(distances)])
    middle = (farthest <= _AS_NEAR * farthest.min()) & np.isfinite(farthest) & (medians <= _TYPICAL * medians.min())
    for head in heads[np.argsort(farthest, kind="stable")]:
        called = [j for j in rows[first == head].tolist() if named_as_base(models[j])]
        if called and middle[np.searchsorted(heads, head)]:
            shortest = min(called, key=lambda j: len(models[j]))  # "…-fp32" and "… (1)" are its twins
            return LikelyBase(shortest, "its name says so, and it is in the middle of all the others")
    nearest, next_one = np.argsort(farthest, kind="stable")[:2].tolist()
    clear = middle[nearest] and farthest[next_one] >= _CLEARLY * farthest[nearest]
    if clear and len(heads) >= _FEWEST_UNNAMED and _directions(_changes(distances, nearest)) >= _DIRECTIONS:
        return LikelyBase(int(rows[heads[nearest]]), "it is in the middle of all the others")
    return None


def _farthest_of_open_sided(distances: Array) -> Array:
    """How far the farthest is from each that has no two on opposite sides of it, [n]; infinite for others, and for all
    that are farther than a base could be and than the second nearest of those."""
    reach, found, nearest = distances.max(axis=1), np.full(len(distances), np.inf), list[float]()
    for i in np.argsort(reach, kind="stable").tolist():
        if len(nearest) > 1 and reach[i] > max(_AS_NEAR * nearest[0], nearest[1]):
            break
        if _changes(distances, i).min() >= _OPPOSITE:
            found[i] = reach[i]
            nearest.append(float(reach[i]))
    return found


def _changes(distances: Array, base: int) -> Array:
    """Cosines between the changes of all models from this one, [n − 1, n − 1]."""
    others = np.delete(np.arange(len(distances)), base)
    products = delta_products(distances**2, base)[np.ix_(others, others)]
    length = np.sqrt(products.diagonal())
    return products / np.outer(length, length)


def _directions(cosines: Array) -> int:
    """How many models, taken as they come, have left at right angles to all taken before."""
    taken: list[int] = []
    for i in range(len(cosines)):
        if (np.abs(cosines[i, taken]) < _RIGHT_ANGLE).all():
            taken.append(i)
    return len(taken)
