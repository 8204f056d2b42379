"""The measures over whole weights, each a few lines over the stored parts. In words: the README, "Measures"."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from .base import MEAN, Base
from .matrix import SimilarityMatrix
from .parts import Part, cosine

Array = NDArray[np.float64]


def cosine_mean(parts: Sequence[Part], n: int) -> Array:
    """Mean over the keys of their cosines, [n, n]."""
    total, count = _gather(parts, n, lambda p: p.cosine_sum), _gather(parts, n, lambda p: p.cosine_count)
    return _ratio(total, count)


def cosine_min(parts: Sequence[Part], n: int) -> Array:
    """Least cosine over the keys, [n, n]."""
    least = np.full((n, n), np.inf)
    for part in parts:
        pick = np.ix_(part.members, part.members)
        least[pick] = np.minimum(least[pick], part.cosine_least)
    return np.where(np.isfinite(least), least, np.nan)


def cosine_whole(parts: Sequence[Part], n: int) -> Array:
    """Cosine of all the weights as one vector, [n, n]."""
    squares, norms = _gather(parts, n, lambda p: p.squares), _gather_norms(parts, n)
    return cosine(squares, norms, norms.T)


def l2(parts: Sequence[Part], n: int) -> Array:
    """‖a − b‖, [n, n]."""
    return np.where(_shared(parts, n), np.sqrt(_gather(parts, n, lambda p: p.squares)), np.nan)


def relative_l2(parts: Sequence[Part], n: int) -> Array:
    """‖a − b‖ / ‖(a + b)/2‖, [n, n]."""
    squares, norms = _gather(parts, n, lambda p: p.squares), _gather_norms(parts, n)
    halfway = np.sqrt(np.maximum(2 * norms + 2 * norms.T - squares, 0)) / 2
    return np.where(_shared(parts, n), _ratio(np.sqrt(squares), halfway), np.nan)


def delta_cosine(parts: Sequence[Part], n: int, base: int | None) -> Array:
    """Cosine of (a − base) and (b − base) as one vector, [n, n]; the base a model's position, or None for the mean.

    ⟨a − c, b − c⟩ = (‖a−c‖² + ‖b−c‖² − ‖a−b‖²)/2 over the keys that all three hold. NaN for the base itself and for
    models equal to it.
    """
    inner, norms_a, norms_b = np.zeros((n, n)), np.zeros((n, n)), np.zeros((n, n))
    for part in parts:
        if base is not None and base not in part.members:
            continue
        if base is None:
            centred = -(part.squares - part.squares.mean(0) - part.squares.mean(1)[:, None] + part.squares.mean()) / 2
        else:
            row = part.squares[part.members.index(base)]
            centred = (row[:, None] + row[None, :] - part.squares) / 2
        pick, own = np.ix_(part.members, part.members), np.maximum(centred.diagonal(), 0)
        inner[pick] += centred
        norms_a[pick] += own[:, None]
        norms_b[pick] += own[None, :]
    return np.clip(_ratio(inner, np.sqrt(norms_a * norms_b)), -1, 1)


FROM_PARTS: dict[str, Callable[[Sequence[Part], int], Array]] = {
    "cosine": cosine_mean,
    "cosine-min": cosine_min,
    "cosine-whole": cosine_whole,
    "l2": l2,
    "relative-l2": relative_l2,
}
"""Measure → its function; `delta-cosine` needs a base besides."""

MEASURES = (*FROM_PARTS, "delta-cosine")


def measure_parts(
    measure: str, models: Sequence[str], parts: Mapping[str, Sequence[Part]], base: Base = MEAN
) -> SimilarityMatrix:
    """One measure of all pairs: `parts` are the parts per block in network order (those of `other` under ""). `base`
    is for delta-cosine alone."""
    n, origin = len(models), base.position(models)

    def of(chosen: Sequence[Part]) -> Array:
        return delta_cosine(chosen, n, origin) if measure == "delta-cosine" else FROM_PARTS[measure](chosen, n)

    everything = [part for block in parts.values() for part in block]
    components = {
        name: of([p for p in everything if p.component == name])
        for name in dict.fromkeys(p.component for p in everything)
    }
    blocks = tuple(block for block in parts if block)
    values = np.stack([of(parts[block]) for block in blocks], axis=-1) if blocks else np.full((n, n, 0), np.nan)
    main = main_component(components)
    if measure in ("cosine", "cosine-min"):
        of_main = [i for i, block in enumerate(blocks) if any(p.component == main for p in parts[block])]
        overall = mean_over_blocks(values[:, :, of_main])
    else:
        overall = components.get(main, np.full((n, n), np.nan))
    return SimilarityMatrix(measure, tuple(models), blocks, values, overall, components)


def main_component(components: Mapping[str, object]) -> str | None:
    """The component that `overall` speaks of: the UNet or transformer; in a file without one, its first."""
    return "unet" if "unet" in components else next(iter(components), None)


def mean_over_blocks(values: Array) -> Array:
    """Mean over the last axis of what is not NaN; NaN where nothing is."""
    known = ~np.isnan(values)
    return _ratio(np.where(known, values, 0).sum(-1), known.sum(-1).astype(float))


def _gather(parts: Sequence[Part], n: int, matrix: Callable[[Part], Array]) -> Array:
    total = np.zeros((n, n))
    for part in parts:
        total[np.ix_(part.members, part.members)] += matrix(part)
    return total


def _gather_norms(parts: Sequence[Part], n: int) -> Array:
    """[a, b] = ‖a‖² over the keys that a shares with b."""
    return _gather(parts, n, lambda p: np.broadcast_to(p.norms[:, None], p.squares.shape))


def _shared(parts: Sequence[Part], n: int) -> NDArray[np.bool_]:
    return _gather(parts, n, lambda p: np.ones_like(p.squares)) > 0


def _ratio(above: Array, below: Array) -> Array:
    """above / below, NaN where below is zero."""
    return np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0)
