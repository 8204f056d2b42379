"""What there is to say of adapters besides numbers: untrained ones, the same change again, in another rank or size."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ...checkpoints.layout import Layout
from ...similarity.parts import ChangePart
from ...text import percent
from ..catalogue.index import Model
from .scores import Reason

Array = NDArray[np.float64]

UNTRAINED = "never trained: it changes nothing (all its changes are zero)"

_ROUNDING = {"F64": 1e-12, "F32": 1e-5, "F16": 2e-3, "BF16": 5e-3, "F8_E4M3": 0.06, "F8_E5M2": 0.12}
"""dtype of the factors → ‖a − b‖ relative to ‖a‖ that rounding the two factors of both may make in a layer; of F16,
whose small numbers have fewer digits, more. A number of BF16 is off by 0.0017 in the mean square, of FP8 by 0.026."""

_SHOWS = 1e-4
"""‖a − b‖ relative to ‖a‖ from which on it is told beside 'but for rounding': the last steps of a training that slows
down may be as near."""

_RESIZED = 0.02
"""‖b‖² and ⟨a, b⟩ of a change cut to fewer ranks agree up to so much: what is cut off is orthogonal to the rest."""

_LEAST_RESIZED = 0.3

_SCALED, _OTHER_SIZE = 1e-4, 0.995
"""1 − cosine up to which two changes differ in size alone, and the share of the larger's from which they do not."""


def facts_of(
    models: Sequence[Model], parts: Mapping[str, Sequence[ChangePart]], broken: Collection[int] = ()
) -> list[Reason]:
    """The facts, each of one model or of a pair; none of models at `broken` positions, not all of whose layers are
    known."""
    everything = [part for block in parts.values() for part in block]
    n = len(models)
    own, inner, farthest = _totals(everything, n)
    changed = np.zeros(n, bool)
    for part in everything:
        changed[list(part.members)] = True
    changed[list(broken)] = False
    found = [Reason(m.name, m.name, UNTRAINED) for i, m in enumerate(models) if changed[i] and own[i] == 0]
    for model in models:
        caveats = model.header.adapter.caveats if model.header.adapter else ()
        found += [Reason(model.name, model.name, caveat) for caveat in caveats]
    for j in range(n):
        for i in range(j if changed[j] else 0):
            if not changed[i]:
                continue
            found += _of_pair(models[i], models[j], own[[i, j]], inner[i, j], farthest[i, j])
    return found


def _totals(parts: Sequence[ChangePart], n: int) -> tuple[Array, Array, Array]:
    """‖a‖² [n], ⟨a, b⟩ [n, n] and the largest relative ‖a−b‖² of a layer [n, n], over everything."""
    own, inner, farthest = np.zeros(n), np.zeros((n, n)), np.zeros((n, n))
    for part in parts:
        pick = np.ix_(part.members, part.members)
        own[list(part.members)] += part.norms
        inner[pick] += part.products
        farthest[pick] = np.maximum(farthest[pick], part.farthest)
    return own, inner, farthest


def _of_pair(a: Model, b: Model, own: Array, inner: float, farthest: float) -> Iterator[Reason]:
    if min(own) <= 0:
        return
    if a.header.layout.digest != b.header.layout.digest:  # a layer that only one changes is no part of the number
        return
    cosine = inner / np.sqrt(own[0] * own[1])
    told = _told_of_pair(a, b, own, inner, cosine, farthest)
    if told is not None:
        lengths = any(model.header.adapter.relative for model in (a, b))
        first = "without DoRA's lengths of rows, which were not compared: " if lengths else ""
        yield Reason(a.name, b.name, "; ".join([first + told, *_left_out(a), *_left_out(b)]))


def _left_out(model: Model) -> list[str]:
    unused = model.header.adapter.unused
    return [f"{unused} of {model.name}'s tensors belong to no layer and were not compared"] if unused else []


def _told_of_pair(a: Model, b: Model, own: Array, inner: float, cosine: float, farthest: float) -> str | None:
    """What is said of two that change the same layers."""
    if farthest <= _rounding(a, b) ** 2:
        return _same_change(a, b, farthest)
    if cosine > 1 - _SCALED and min(own) < _OTHER_SIZE**2 * max(own):
        size = percent(float(np.sqrt(min(own) / max(own))))
        return f"the same change, one at {size} of the other's size"
    ranks = [_rank(model) for model in (a, b)]
    if cosine < _LEAST_RESIZED or None in ranks or ranks[0] == ranks[1]:
        return None
    small = int(np.argmin(ranks))
    if abs(inner - own[small]) > _RESIZED * own[small]:
        return None
    name = (a, b)[small].name
    return f"the same change resized to rank {ranks[small]} ({cosine:.2f}), or merged into the other: {name}"


def _rank(model: Model) -> int | None:
    facts = model.header.adapter
    return max(facts.ranks) if facts is not None and facts.ranks else None


def _rounding(a: Model, b: Model) -> float:
    dtypes = [c.dtype for model in (a, b) for c in model.header.components.values()]
    return max((_ROUNDING.get(dtype, 0.0) for dtype in dtypes), default=0.0)


def _same_change(a: Model, b: Model, farthest: float) -> str:
    exact = "the same change" if farthest == 0 else "the same change but for rounding"
    if farthest > _SHOWS**2:
        exact += f" (a layer differs by {100 * float(np.sqrt(farthest)):.2g} %)"
    differing = [
        text
        for text, one, other in (
            ("rank", _rank(a), _rank(b)),
            ("kind", a.header.adapter.kind, b.header.adapter.kind),
        )
        if one != other
    ]
    return f"{exact}, stored in another {' and '.join(differing)}" if differing else exact


def layers_apart(a: Layout, b: Layout) -> str | None:
    """In words, which layers only one of two adapters changes; None where they change the same."""
    both = a.places.keys() & b.places.keys()
    if not both:
        return f"they change different layers: {_parts(a)}, and {_parts(b)}"
    only = [(len(x.places) - len(both), which) for x, which in ((a, "the first"), (b, "the second"))]
    told = [f"{count} only in {which}" for count, which in only if count]
    shapes = sum(a.places[key].shape != b.places[key].shape for key in both)
    told += [f"{shapes} in different shapes"] if shapes else []
    return f"{len(both) - shapes} layers in both, {', '.join(told)}" if told else None


def _parts(layout: Layout) -> str:
    components = {place.component for place in layout.places.values()}
    if components == {"unet"}:
        return "the UNet or transformer alone"
    if components and all(component.startswith("te") for component in components):
        return "text encoders alone"
    return f"{len(layout.places)} layers of {layout.blocks[0]} to {layout.blocks[-1]}" if layout.blocks else "nothing"
