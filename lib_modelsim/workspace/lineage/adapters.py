"""The library's adapters beside what is left of a target after its parents' shares: products block by block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack

import numpy as np

from ...job import Job, Stage
from ...lineage.products import AdapterProducts
from ...lineage.recipe import Shares, place_of
from ..catalogue.index import Model


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
    names, n = tuple(model.name for model in adapters), len(adapters)
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
            row = {} if weight is None else shares.get(place_of(weight.block, weight.component), {})
            held = {name: parents[name].weights.get(key) for name in row}
            if weight is None or not row or any(one is None or one.shape != weight.shape for one in held.values()):
                continue
            shape = (weight.shape[0], -1)
            values = {name: reader.matrix(one).numpy().reshape(shape) for name, one in held.items() if one is not None}
            rest = reader.matrix(weight).numpy().reshape(shape).astype(np.float64)
            for name, share in row.items():
                rest -= share * values[name]
            if not np.isfinite(rest).all():
                continue
            origin = values[max(row, key=lambda name: row[name])]
            changes = {
                i: effective(one[key], origin).reshape(rest.shape)
                for i, one in enumerate(layers)
                if key in one and matrix_shape(weight.shape) == one[key].shape
            }
            if not changes:
                continue
            inner, gram, counts = np.zeros(n), np.zeros((n, n)), np.zeros(n)
            for i, change in changes.items():
                inner[i], counts[i] = float((change * rest).sum()), change.size
                for j, other in changes.items():
                    gram[i, j] = gram[j, i] if j < i else float((change * other).sum())
            block = place_of(weight.block, weight.component)
            before = found.get(block)
            if before is not None:
                inner, gram, counts = inner + before.inner, gram + before.gram, counts + before.counts
            size = float((rest**2).sum()) + (before.rest if before is not None else 0.0)
            found[block] = AdapterProducts(block, names, inner, gram, size, counts, ranks)
        for checkpoint in (*opened, own, *parents.values()):
            checkpoint.check()
    return list(found.values())
