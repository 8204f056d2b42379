"""The result of every measure: models × models × blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from .measures.registry import measure_named


@dataclass(frozen=True)
class SimilarityMatrix:
    """What one measure says of every pair of models; float64, NaN where a pair is not comparable.

    `values` has shape (n, n, b) with `models` along the first two axes and `blocks`, in network order, along the
    third; `overall` and each of `components` have shape (n, n). `coverage` (n, n) is the share of the network that each
    overall number speaks of, 0 … 1 (see `coverage`); None where numbers are not of weights. `apart` is, per component,
    ‖a − b‖ relative to the size of the two, (n, n): whatever the measure, it is known where weights were summed up,
    else empty. Symmetric.
    """

    measure: str
    models: tuple[str, ...]
    blocks: tuple[str, ...]
    values: NDArray[np.float64]
    overall: NDArray[np.float64]
    components: dict[str, NDArray[np.float64]]
    coverage: NDArray[np.float64] | None = None
    apart: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    @property
    def is_distance(self) -> bool:
        """Whether larger numbers mean less alike."""
        return measure_named(self.measure).distance

    def without(self, models: Sequence[int]) -> SimilarityMatrix:
        """The same with all values of some models missing."""
        kept = np.ones(len(self.models), dtype=bool)
        kept[list(models)] = False
        pairs = kept[:, None] & kept[None, :]
        components = {name: np.where(pairs, values, np.nan) for name, values in self.components.items()}
        values, overall = np.where(pairs[:, :, None], self.values, np.nan), np.where(pairs, self.overall, np.nan)
        return replace(self, values=values, overall=overall, components=components)

    def without_empty_blocks(self) -> SimilarityMatrix:
        """The same without the blocks that no pair has a value of, where others are left: those of other networks."""
        held = ~np.isnan(self.values).all(axis=(0, 1))
        if held.all() or not held.any():
            return self
        blocks = tuple(block for block, kept in zip(self.blocks, held.tolist(), strict=True) if kept)
        return replace(self, blocks=blocks, values=self.values[:, :, held])

    def select(self, rows: Sequence[int]) -> SimilarityMatrix:
        """The same of some of the models, in the order given."""
        if list(rows) == list(range(len(self.models))):
            return self
        pick = np.ix_(rows, rows)
        components, apart = (
            {name: values[pick] for name, values in parts.items()} for parts in (self.components, self.apart)
        )
        names = tuple(self.models[i] for i in rows)
        coverage = None if self.coverage is None else self.coverage[pick]
        values, overall = self.values[pick], self.overall[pick]
        return replace(
            self, models=names, values=values, overall=overall, components=components, coverage=coverage, apart=apart
        )
