"""Sums per block → the values of one measure: per block, per component, overall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from .base import MEAN, Base
from .matrix import SimilarityMatrix
from .measures.l2 import relative_l2
from .measures.registry import Joined, WeightMeasure
from .parts import Array, Lengths, Sums, ratio


def measure_parts(
    measure: WeightMeasure, models: Sequence[str], parts: Mapping[str, Sequence[Sums]], base: Base = MEAN
) -> SimilarityMatrix:
    """One measure of all pairs: `parts` are the sums per block in network order (those of `other` under ""). `base`
    counts only where the measure needs one."""
    n, origin = len(models), base.position(models)
    everything = [part for block in parts.values() for part in block]
    components = {
        name: measure.of([p for p in everything if p.component == name], n, origin)
        for name in dict.fromkeys(p.component for p in everything)
    }
    blocks = tuple(block for block in parts if block)
    of_blocks = [measure.of(list(parts[block]), n, origin) for block in blocks]
    values = np.stack(of_blocks, axis=-1) if blocks else np.full((n, n, 0), np.nan)
    main = main_component(components)
    if measure.joined is Joined.MEAN:
        of_main = [i for i, block in enumerate(blocks) if any(p.component == main for p in parts[block])]
        overall = mean_over_blocks(values[:, :, of_main])
    else:
        overall = components.get(main, np.full((n, n), np.nan))
    return SimilarityMatrix(measure.name, tuple(models), blocks, values, overall, components)


def sizes_apart(parts: Mapping[str, Sequence[Sums]], n: int) -> dict[str, Array]:
    """Component → ‖a − b‖ relative to the size of the two, [n, n]; nothing where the sums do not tell it."""
    known = [part for block in parts.values() for part in block if isinstance(part, Lengths)]
    return {
        name: relative_l2([part for part in known if part.component == name], n)
        for name in dict.fromkeys(part.component for part in known)
    }


def main_component(components: Mapping[str, object]) -> str | None:
    """The component that `overall` speaks of: the UNet or transformer; in a file without one, its first."""
    return "unet" if "unet" in components else next(iter(components), None)


def mean_over_blocks(values: Array) -> Array:
    """Mean over the last axis of what is not NaN; NaN where nothing is."""
    known = ~np.isnan(values)
    return ratio(np.where(known, values, 0).sum(-1), known.sum(-1).astype(float))
