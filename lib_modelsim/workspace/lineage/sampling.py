"""Whole weights of a target and some candidates, a few of every block: what formulas are replayed on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import ExitStack

import numpy as np

from ...checkpoints.layout import Layout
from ...job import Job, Stage
from ...lineage.values import KeyValues
from ..catalogue.index import Model

PER_BLOCK = 6
"""Weights of a block and component that are read."""

LARGEST = 1 << 22
"""Numbers of a weight that is read whole, unless its block has no smaller one."""


def sample_keys(layout: Layout) -> list[str]:
    """The same weights for every target of a layout: of each block and component some matrices, spread over it by
    size, none larger than needed, and a vector."""
    groups: dict[tuple[str | None, str], list[str]] = {}
    for key, place in layout.places.items():
        groups.setdefault((place.block, place.component), []).append(key)
    found: list[str] = []
    for keys in groups.values():
        size = {key: math.prod(layout.places[key].shape) for key in keys}
        matrices = [key for key in keys if len(layout.places[key].shape) > 1]
        vectors = [key for key in keys if len(layout.places[key].shape) == 1]
        fitting = [key for key in matrices if size[key] <= LARGEST] or sorted(matrices, key=size.get)[:1]
        step = max(1, len(fitting) // PER_BLOCK)
        found += fitting[::step][:PER_BLOCK] + vectors[:1]
    return found


def read_sample(target: Model, models: Sequence[Model], keys: Sequence[str], job: Job) -> list[KeyValues]:
    """These whole weights of all of them. Models that hold one in another shape, or not at all, are not among its
    `models`; a weight that the target does not hold finitely is left out."""
    from ...checkpoints.values import ValueReader  # torch comes with it

    found: list[KeyValues] = []
    with ExitStack() as stack:
        opened = {model.name: stack.enter_context(model.open()) for model in (target, *models)}
        own, reader = opened[target.name], ValueReader()
        stage = Stage(job, "reading samples", len(keys), "weights")
        for key in keys:
            stage.advance(1)
            weight = own.weights.get(key)
            if weight is None:
                continue
            values = reader.matrix(weight).numpy()
            if not np.isfinite(values).all():
                continue
            others = {}
            for model in models:
                held = opened[model.name].weights.get(key)
                if held is not None and held.shape == weight.shape:
                    numbers = reader.matrix(held).numpy()
                    if np.isfinite(numbers).all():
                        others[model.name] = numbers
            found.append(KeyValues(key, weight.component, weight.block, values, others, weight.stored.dtype))
        for checkpoint in opened.values():
            checkpoint.check()
    return found
