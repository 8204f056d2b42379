"""Squared distances of a target and its candidates, weight by weight or block by block: what shares are made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Distances:
    """Of one weight, or of all weights of one block and component together: `names` [m] are the models that hold it,
    the target the first; `squares` [m, m] is ‖a − b‖², `norms` [m] ‖a‖²; `count` how many numbers there are, `rounding`
    the root mean square error of a number of the target by its precision."""

    name: str
    component: str
    block: str | None
    names: tuple[str, ...]
    squares: Array
    norms: Array
    count: int
    rounding: float = 0.0

    def of(self, names: Sequence[str]) -> Distances:
        """Those of the target and these models alone; models that do not hold it are left out."""
        kept = [0, *(self.names.index(name) for name in names if name in self.names[1:])]
        pick = np.ix_(kept, kept)
        held = tuple(self.names[i] for i in kept)
        return Distances(
            self.name, self.component, self.block, held, self.squares[pick], self.norms[kept], self.count, self.rounding
        )

    @property
    def products(self) -> Array:
        """⟨a − target, b − target⟩ of the candidates, [m − 1, m − 1]."""
        own = self.squares[0, 1:]
        return (own[:, None] + own[None, :] - self.squares[1:, 1:]) / 2
