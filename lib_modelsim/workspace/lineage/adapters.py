"""The library's adapters beside what is left of a target after its parents' shares: products block by block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ...job import Job, Stage
from ...lineage.products import AdapterProducts, Array
from ...lineage.recipe import Shares, place_of
from ...lineage.values import Numbers
from ..catalogue.index import Model

if TYPE_CHECKING:
    from ...checkpoints.reader import Checkpoint, Weight
    from ...checkpoints.values import ValueReader


def adapters_of(target: Model, models: Sequence[Model]) -> list[Model]:
    """Those of these models that are adapters of the target's network whose change can be known."""
    return [
        model
        for model in models
        if (facts := model.header.adapter) is not None
        and not facts.why_not
        and facts.network == target.header.architecture
    ]


def adapter_products(
    target: Model, models: Mapping[str, Model], shares: Mapping[str, Shares], adapters: Sequence[Model], job: Job
) -> list[AdapterProducts]:
    """⟨ΔW, rest⟩, ⟨ΔW, ΔW⟩ and ‖rest‖² by block, rest = target − Σ share · model by these shares of its block (a block
    that has none is left out). A layer of all is held at a time. A DoRA is taken as the change that it makes of the
    parent with the largest share."""
    from ...adapters.against import effective  # torch comes with it
    from ...adapters.reading import matrix_shape, read_adapter
    from ...checkpoints.values import ValueReader

    if not adapters:
        return []
    used = {name: models[name] for row in shares.values() for name in row}
    found: dict[str, AdapterProducts] = {}
    names = tuple(model.name for model in adapters)
    with ExitStack() as stack:
        opened = [stack.enter_context(model.open()) for model in adapters]
        own = stack.enter_context(target.open())
        parents = {name: stack.enter_context(model.open()) for name, model in used.items()}
        read = [read_adapter(checkpoint) for checkpoint in opened]
        layers = [one.layers if one is not None else {} for one in read]
        keys = list(dict.fromkeys(key for one in layers for key in one))
        ranks = tuple(one.ranks[0] if one is not None and one.ranks else 0 for one in read)
        stage, reader = Stage(job, "looking for adapters", len(keys), "layers"), ValueReader()
        for key in keys:
            stage.advance(1)
            weight = own.weights.get(key)
            if weight is None:
                continue
            block = place_of(weight.block, weight.component)
            left = _left(reader, weight, parents, shares.get(block, {}))
            if left is None:
                continue
            rest, origin = left
            changes = {
                i: effective(one[key], origin).reshape(rest.shape)
                for i, one in enumerate(layers)
                if key in one and matrix_shape(weight.shape) == one[key].shape
            }
            if changes:
                found[block] = _together(found.get(block), _products(block, names, ranks, rest, changes))
        for checkpoint in (*opened, own, *parents.values()):
            checkpoint.check()
    return list(found.values())


def _left(
    reader: ValueReader, weight: Weight, parents: Mapping[str, Checkpoint], shares: Shares
) -> tuple[Array, Numbers] | None:
    """Target − Σ share · parent of a weight, and the parent with the largest share, both as matrices [rows, rest]; None
    where it has no shares, a parent lacks it in its shape, or some of it is not finite."""
    held = {name: parents[name].weights.get(weight.key) for name in shares}
    if not held or any(one is None or one.shape != weight.shape for one in held.values()):
        return None
    shape = (weight.shape[0], -1)
    values = {name: reader.matrix(one).numpy().reshape(shape) for name, one in held.items() if one is not None}
    rest = reader.matrix(weight).numpy().reshape(shape).astype(np.float64)
    for name, share in shares.items():
        rest -= share * values[name]
    return (rest, values[max(shares, key=lambda name: shares[name])]) if np.isfinite(rest).all() else None


def _products(
    block: str, names: tuple[str, ...], ranks: tuple[int, ...], rest: Array, changes: Mapping[int, Numbers]
) -> AdapterProducts:
    """Of one layer: `changes` are the adapters' ΔW by their position in `names`, in the shape of the rest."""
    n = len(names)
    inner, gram, counts = np.zeros(n), np.zeros((n, n)), np.zeros(n)
    for i, change in changes.items():
        inner[i], counts[i] = float((change * rest).sum()), change.size
        for j, other in changes.items():
            gram[i, j] = gram[j, i] if j < i else float((change * other).sum())
    return AdapterProducts(block, names, inner, gram, float((rest**2).sum()), counts, ranks)


def _together(one: AdapterProducts | None, other: AdapterProducts) -> AdapterProducts:
    """The sums of layers of one block."""
    if one is None:
        return other
    inner, gram, counts = one.inner + other.inner, one.gram + other.gram, one.counts + other.counts
    return replace(one, inner=inner, gram=gram, rest=one.rest + other.rest, counts=counts)
