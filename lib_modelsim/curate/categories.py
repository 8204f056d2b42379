"""Categories: pictures that show the same kind of thing, with names. The choice of the best is made within them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .naming import name_of, told_apart
from .scored_pictures import ScoredPictures


@dataclass(frozen=True)
class Category:
    """`members`: rows of the sample; `mean`: of the scores that there are, NaN where there is none."""

    name: str
    members: tuple[int, ...]
    mean: float


def categories_of(sample: ScoredPictures) -> list[Category]:
    """The categories of a sample, the largest first."""
    groups = [np.flatnonzero(sample.categories == i) for i in range(sample.categories.max(initial=-1) + 1)]
    groups.sort(key=lambda rows: (-len(rows), rows[0]))
    names = []
    for rows in groups:
        inside = set(rows.tolist())
        others = [each for i, each in enumerate(sample.pictures) if i not in inside]
        names.append(name_of([sample.pictures[i] for i in rows], others))
    found = []
    for name, rows in zip(told_apart(names), groups, strict=True):
        known = sample.scores[rows][~np.isnan(sample.scores[rows])]
        found.append(Category(name, tuple(rows.tolist()), float(known.mean()) if len(known) else float("nan")))
    return found
