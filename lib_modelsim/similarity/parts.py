"""Sums of the keys of one block, kept apart by who holds them: what is stored, and what every measure is made from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .weights import KeySums

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """Keys of one block and component that the same models hold in the same shapes.

    `members` are m positions among the models; `squares` [m, m] is Σ ‖a−b‖², `norms` [m] is Σ ‖a‖²; of the per-key
    cosines `cosine_sum`, `cosine_count` (keys that are zero in either model do not count) and `cosine_least`, each
    [m, m], the last +inf where nothing counts.
    """

    component: str
    members: tuple[int, ...]
    squares: Array
    norms: Array
    cosine_sum: Array
    cosine_count: Array
    cosine_least: Array

    def select(self, position: dict[int, int]) -> Part | None:
        """The part among some of the models: `position` maps old to new positions. None where nobody is left."""
        kept = [i for i, member in enumerate(self.members) if member in position]
        if not kept:
            return None
        pick = np.ix_(kept, kept)
        members = tuple(position[self.members[i]] for i in kept)
        square = (matrix[pick] for matrix in (self.cosine_sum, self.cosine_count, self.cosine_least))
        return Part(self.component, members, self.squares[pick], self.norms[kept], *square)


def add_up(component: str, keys: Iterable[KeySums]) -> list[Part]:
    """The parts of one block's keys, all of this component."""
    found: dict[tuple[int, ...], Part] = {}
    for sums in keys:
        cosines = sums.cosines
        counts = ~np.isnan(cosines)
        one = Part(
            component,
            sums.members,
            sums.squares,
            sums.norms,
            np.where(counts, cosines, 0),
            counts.astype(float),
            np.where(counts, cosines, np.inf),
        )
        found[sums.members] = _plus(found[sums.members], one) if sums.members in found else one
    return [part for members, part in found.items() if members]


def _plus(a: Part, b: Part) -> Part:
    return Part(
        a.component,
        a.members,
        a.squares + b.squares,
        a.norms + b.norms,
        a.cosine_sum + b.cosine_sum,
        a.cosine_count + b.cosine_count,
        np.minimum(a.cosine_least, b.cosine_least),
    )
