"""Whole weights of a target and some candidates, a few of every block: what formulas are replayed on."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

import numpy as np

from ...checkpoints.layout import Layout
from ...job import Job, Stage
from ...lineage.replay.pieces import COUNT, piece_of, spread
from ...lineage.values import KeyValues, Numbers
from ..catalogue.index import Model

if TYPE_CHECKING:
    from ...checkpoints.reader import Weight
    from ...checkpoints.values import ValueReader

Group = tuple[str | None, str]
"""Block and component."""

PER_BLOCK, NUMBERS = 6, 1 << 18
"""The most weights of a block and component that are read: fewer where a few have so many numbers."""

LARGEST, TOTAL = 1 << 24, 3 << 23
"""Numbers of the largest weight that is read whole, and of all together: 96 MiB for each model."""


def sample_keys(layout: Layout) -> list[str]:
    """The same weights for every target of a layout: of each block and component some of its smaller matrices and a
    vector. Where blocks have large matrices alone, some of them, spread over the network, have one in it."""
    groups: dict[Group, list[str]] = {}
    for key, place in layout.places.items():
        groups.setdefault((place.block, place.component), []).append(key)
    size = {key: math.prod(place.shape) for key, place in layout.places.items()}
    wanted: dict[Group, list[str]] = {}
    for group, keys in groups.items():
        matrices = sorted((key for key in keys if len(layout.places[key].shape) > 1), key=size.__getitem__)
        fitting = [key for key in matrices if size[key] <= max(NUMBERS // PER_BLOCK, size[matrices[0]])]
        chosen = [fitting[i] for i in spread(PER_BLOCK, len(fitting))] + [k for k in matrices if k not in fitting]
        total, wanted[group] = 0, []
        for key in chosen[:PER_BLOCK]:
            if total < NUMBERS and size[key] <= LARGEST:
                wanted[group].append(key)
                total += size[key]
        wanted[group] += [key for key in keys if len(layout.places[key].shape) == 1][:1]
    return _within(wanted, size)


def _within(wanted: Mapping[Group, list[str]], size: Mapping[str, int]) -> list[str]:
    """All of them, or of the groups as many as TOTAL holds: those with the fewest numbers, of equal ones every n-th;
    of the others the vectors."""
    order = sorted(wanted, key=lambda group: sum(size[key] for key in wanted[group]))
    ends = np.cumsum([sum(size[key] for key in wanted[group]) for group in order])
    fitting = int(np.searchsorted(ends, TOTAL, side="right"))
    if fitting < len(order):
        heavy = sum(size[key] for key in wanted[order[fitting]])
        alike = [group for group in order if 2 * sum(size[key] for key in wanted[group]) > heavy]
        small = [group for group in order if group not in alike]
        room = TOTAL - sum(size[key] for group in small for key in wanted[group])
        kept = {*small, *(alike[i] for i in spread(max(int(room // heavy), 0 if small else 1), len(alike)))}
    else:
        kept = set(order)
    found = {key for group in wanted for key in wanted[group] if group in kept or size[key] < NUMBERS // PER_BLOCK}
    return [key for group in wanted for key in wanted[group] if key in found]


def read_sample(target: Model, models: Sequence[Model], keys: Sequence[str], job: Job) -> list[KeyValues]:
    """These whole weights of all of them. Models that hold one in another shape, or not at all, are not among its
    `models`; a weight that the target does not hold finitely is left out."""
    return _read(target, models, keys, job, _whole)


def read_pieces(target: Model, models: Sequence[Model], keys: Sequence[str], job: Job) -> list[KeyValues]:
    """As `read_sample`, of small parts from the middle of some of these weights."""
    with target.open() as opened:
        shapes = {key: opened.weights[key].shape for key in keys if key in opened.weights}
    matrices = [key for key, shape in shapes.items() if len(shape) > 1]
    vectors = [key for key, shape in shapes.items() if len(shape) == 1]
    chosen = [group[i] for group, most in ((matrices, COUNT - 2), (vectors, 2)) for i in spread(most, len(group))]
    return _read(target, models, chosen, job, _piece)


def _whole(reader: ValueReader, weight: Weight) -> Numbers:
    return reader.matrix(weight).numpy()


def _piece(reader: ValueReader, weight: Weight) -> Numbers:
    """Its rows in the middle are read, and cut to the columns in the middle."""
    rows, *columns = piece_of(weight.shape)
    row = math.prod(weight.shape[1:])
    read = reader.flat(weight, rows.start * row, rows.stop * row).float().numpy().reshape(-1, *weight.shape[1:])
    return np.array(read[(slice(None), *columns)])


def _read(
    target: Model,
    models: Sequence[Model],
    keys: Sequence[str],
    job: Job,
    numbers_of: Callable[[ValueReader, Weight], Numbers],
) -> list[KeyValues]:
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
            values = numbers_of(reader, weight)
            if not np.isfinite(values).all():
                continue
            others = {}
            for model in models:
                held = opened[model.name].weights.get(key)
                if held is not None and held.shape == weight.shape:
                    numbers = numbers_of(reader, held)
                    if np.isfinite(numbers).all():
                        others[model.name] = numbers
            found.append(KeyValues(key, weight.component, weight.block, values, others, weight.stored.dtype))
        for checkpoint in opened.values():
            checkpoint.check()
    return found
