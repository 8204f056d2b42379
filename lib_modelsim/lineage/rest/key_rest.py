"""What is left of a weight after its parents' shares, and how large rounding alone may make it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..products import Distances
from ..recipe import Shares, place_of
from ..values import KeyValues, rounding_sizes

Array = NDArray[np.float64]


@dataclass(frozen=True)
class KeyRest:
    """What is left of one weight: `values` in the weight's shape, and for each of them the standard deviation that
    rounding to the target's precision gives it."""

    key: str
    component: str
    block: str | None
    values: Array
    roundings: Array

    @property
    def in_roundings(self) -> float:
        """The root mean square of the rest, as a multiple of rounding's."""
        below = float((self.roundings**2).sum())
        return float(np.sqrt((self.values**2).sum() / below)) if below > 0 else 0.0


def rests(sample: Sequence[KeyValues], shares: Mapping[str, Shares]) -> Iterator[KeyRest]:
    """Of the sampled weights whose block has shares, and which all models with a share hold, one after another."""
    for one in sample:
        row = shares.get(place_of(one.block, one.component))
        if not row or any(name not in one.models for name in row):
            continue
        left = one.target.astype(np.float64)
        for name, share in row.items():
            left -= share * one.models[name]
        yield KeyRest(one.key, one.component, one.block, left, rounding_sizes(one.target, one.dtype))


def left_of(block: Distances, shares: Shares) -> float | None:
    """‖target − Σ share · model‖² of a block, whose shares' sum is 1; None where a model does not hold it."""
    if any(name not in block.names[1:] for name in shares):
        return None
    of = block.of(list(shares))
    row = np.array([shares[name] for name in of.names[1:]])
    return max(float(row @ of.products @ row), 0.0)
