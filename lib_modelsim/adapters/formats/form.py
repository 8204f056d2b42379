"""What a kind of adapter is: the words of its keys, and how the tensors of a layer make the change of that layer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...checkpoints.stored import StoredTensor
from ..changes import LayerChange

Array = NDArray[np.float64]
Tensors = Mapping[str, StoredTensor]
"""Role → tensor, of one layer."""

ALPHA, MAGNITUDE, SCALAR = "alpha", "magnitude", "scalar"
"""Roles that layers of several kinds have: what the change is scaled by over its rank, DoRA's length of every row or
column, and LyCORIS's learned scale."""


@dataclass(frozen=True, kw_only=True)
class LayerFormat:
    """One kind of layer.

    `endings` are (pattern that a key ends with, role); `complete` says whether a layer's roles are all there. `shape`
    gives ΔW's shape as the network has it (ValueError where the tensors do not fit each other), `rank` the rank, None
    where there is none. `load` makes the change of the arrays (float64, by role), without its scale. A kind that
    changes a layer in proportion to its weights has no `load`, and `needs_base` says so in words.
    """

    name: str
    endings: tuple[tuple[str, str], ...]
    complete: Callable[[Collection[str]], bool]
    shape: Callable[[Tensors], tuple[int, ...]] = lambda tensors: ()
    rank: Callable[[Tensors], int | None] = lambda tensors: None
    load: Callable[[Mapping[str, Array]], LayerChange] | None = None
    suffix: str = "weight"
    """What of the module is changed: its `weight` or its `bias`."""
    needs_base: str = ""


def flat(array: Array) -> Array:
    """A weight as a matrix: outputs × all the rest."""
    return array.reshape(len(array), -1)


def require(fits: bool, what: str) -> None:
    """Raises ValueError, which says that tensors do not fit each other."""
    if not fits:
        raise ValueError(what)
