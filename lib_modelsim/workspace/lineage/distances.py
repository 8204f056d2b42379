"""Squared distances of a target and its candidates: from what the library remembers, or from the files."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from ...checkpoints.reader import Checkpoint
from ...job import Job
from ...library import Library
from ...lineage.products import Distances, typical_rounding
from ...similarity.parts import WEIGHTS, Part, from_arrays
from ..catalogue.index import Model, Unreadable
from ..comparing.caching import Arrays, cached_or_compute
from ..comparing.weight_scores import joint_layout, keys_by_block


def block_distances(
    target: Model, candidates: Sequence[Model], library: Library, job: Job, device: str
) -> tuple[list[Distances], list[Model], list[Unreadable]]:
    """Block by block in network order, with the candidates that could be read and those that could not. What the
    library remembers costs no reading; for a new model the others are read once more together with it."""
    group = [target, *(model for model in candidates if model.path != target.path)]
    layout = joint_layout(group)
    blocks = keys_by_block(layout)

    def run(models: Sequence[Checkpoint], missing: list[str]) -> Iterator[tuple[str, Arrays]]:
        from ..comparing.streaming import weight_pass  # torch comes with it

        wanted = {block: blocks[block] for block in missing}
        return weight_pass(models, layout, wanted, job, device, None, WEIGHTS)

    models, results, unreadable = cached_or_compute(WEIGHTS.method, group, list(blocks), run, library)
    if target not in models:
        return [], models, unreadable
    found: list[Distances] = []
    counts = Counter[tuple[str, str]]()
    for place in layout.places.values():
        counts[place.block or "", place.component] += math.prod(place.shape)
    for block in blocks:
        result = results[block]
        rows = [result.models.index(model.id) for model in models]
        for part in from_arrays(Part, result.arrays):
            kept = part.select(rows)
            if kept is not None and 0 in kept.members:
                found.append(_of(block, block, kept, models, counts[block, kept.component]))
    return found, models[1:], unreadable


def weight_distances(target: Model, candidates: Sequence[Model], job: Job, device: str) -> list[Distances]:
    """Of every single weight, which reads target and candidates once."""
    from ..comparing.streaming import key_parts  # torch comes with it

    group = [target, *candidates]
    layout = joint_layout(group)
    found: list[Distances] = []
    with ExitStack() as stack:
        opened = [stack.enter_context(model.open()) for model in group]
        for key, parts in key_parts(opened, layout, job, device):
            place = layout.places[key]
            size = math.prod(place.shape)
            found += [_of(key, place.block, part, group, size) for part in parts if 0 in part.members]
        for checkpoint in opened:
            checkpoint.check()
    return found


def _of(name: str, block: str | None, part: Part, models: Sequence[Model], count: int) -> Distances:
    names = tuple(models[i].name for i in part.members)
    stored = models[0].header.components.get(part.component)
    rounding = typical_rounding(float(part.norms[0]), count, stored.dtype if stored else "")
    return Distances(name, part.component, block or None, names, part.squares, part.norms, count, rounding)
