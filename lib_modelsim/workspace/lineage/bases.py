"""What the models of one network were trained from: as it was named, by its hash, or likely so by name and place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...families.bases import likely_base
from ...library import Library
from ...lineage.products import Distances
from ...similarity.joining import main_component
from ..catalogue.index import Model
from ..comparing.choosing import known_base

Array = NDArray[np.float64]

HELD = 0.9
"""Share of the main component that two models must hold in one shape for a distance."""


def base_among(
    models: Sequence[Model], blocks: Sequence[Distances], named: Model | None, library: Library
) -> tuple[Model | None, str]:
    """The base, and how it is known; None where none is. `blocks` are distances of all these models."""
    if named is not None and named in models:
        return named, "you named it"
    known = known_base(models, library)
    if known is not None:
        return known, "its hash is that of a published base"
    return likely_among(models, blocks)


def likely_among(models: Sequence[Model], blocks: Sequence[Distances]) -> tuple[Model | None, str]:
    """The model that is likely the base of the others by its name and its place among them, and why; else None."""
    names = [model.name for model in models]
    main = main_of(models)
    squares, _ = summed([block for block in blocks if block.component == main], names)
    likely = likely_base(names, np.sqrt(squares))
    return (None, "") if likely is None else (models[likely.position], likely.why)


def main_of(models: Sequence[Model]) -> str | None:
    """The component that these models are told by: the UNet or transformer; without one, the first."""
    return main_component({component: None for model in models for component in model.header.components})


def summed(blocks: Sequence[Distances], names: Sequence[str], held: float = HELD) -> tuple[Array, Array]:
    """‖a − b‖² and ‖a‖² over these blocks; NaN where two models share too little."""
    n = len(names)
    squares, norms, counts = np.zeros((n, n)), np.zeros(n), np.zeros((n, n))
    for block in blocks:
        rows = np.array([names.index(name) for name in block.names], dtype=np.intp)
        squares[np.ix_(rows, rows)] += block.squares
        counts[np.ix_(rows, rows)] += block.count
        norms[rows] += block.norms
    total = counts.diagonal().max(initial=0)
    told = (counts >= held * total) & ((norms > 0) | (held == 0))  # zeros are nobody's kin, and near to all
    return np.where(told & told.T, squares, np.nan), norms
