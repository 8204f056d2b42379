"""What is known of the models of one network before a graph is made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..recipe import Recipe
from .graph import FoldedModels

Array = NDArray[np.float64]


@dataclass(frozen=True)
class SaidOrigin:
    """What a file says of where it is from, not checked: the models of the library that it names, and the date (ISO
    8601) that it bears, None where it bears none."""

    models: tuple[str, ...] = ()
    date: str | None = None


@dataclass(frozen=True)
class GraphEvidence:
    """`squares` [n, n] is ‖a − b‖² of the models, NaN where missing, `norms` [n] their ‖a‖², None where only distances
    are known. `base` is the position of the network's base, None where none is known, and `base_why` says in words how
    it is known. `recipes` are those that were made, `same` groups of which it is proven that they are one, `said` what
    files say of themselves. `besides` [n, n] is ‖a − b‖² of what the squares leave out, text encoders and VAE, None
    where it is not known; `outliers` reads the kurtosis of the weights of the models."""

    models: tuple[str, ...]
    squares: Array
    norms: Array | None = None
    base: int | None = None
    base_why: str = ""
    recipes: Sequence[Recipe] = ()
    same: Sequence[FoldedModels] = ()
    said: Mapping[str, SaidOrigin] = field(default_factory=dict)
    besides: Array | None = None
    outliers: Callable[[], Mapping[str, float]] = dict
    network: str = ""

    @property
    def from_matrix(self) -> bool:
        """Whether nothing but distances is known."""
        return self.norms is None
