"""Squared distances of a target and its candidates: from what the library remembers, or from the files."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from ...checkpoints.reader import Checkpoint
from ...job import Job
from ...library import Library
from ...lineage.products import Distances, typical_rounding
from ...similarity.parts import WEIGHTS, NonFinite, Part, from_arrays
from ..catalogue.index import Model, Unreadable
from ..comparing.caching import Arrays, cached_or_compute
from ..comparing.weight_scores import joint_layout, keys_by_block


@dataclass(frozen=True)
class BlockDistances:
    """The distances of a target and `others`, block by block in network order, none where the target cannot be read;
    the files that could not be, and the target's keys that are `left_out` because their numbers are not finite."""

    blocks: list[Distances]
    others: list[Model]
    unreadable: list[Unreadable]
    left_out: list[NonFinite]


def block_distances(
    target: Model, candidates: Sequence[Model], library: Library, job: Job, device: str
) -> BlockDistances:
    """With the candidates that could be read. What the library remembers costs no reading; for a new model the others
    are read once more together with it."""
    group = [target, *(model for model in candidates if model.path != target.path)]
    layout = joint_layout(group)
    blocks = keys_by_block(layout)

    def run(models: Sequence[Checkpoint], missing: list[str]) -> Iterator[tuple[str, Arrays]]:
        from ..comparing.streaming import weight_pass  # torch comes with it

        wanted = {block: blocks[block] for block in missing}
        return weight_pass(models, layout, wanted, job, device, None, WEIGHTS)

    models, results, unreadable = cached_or_compute(WEIGHTS.method, group, list(blocks), run, library)
    if target not in models:
        return BlockDistances([], models, unreadable, [])
    found: list[Distances] = []
    left_out: list[NonFinite] = []
    for block, keys in blocks.items():
        rows = [results[block].models.index(model.id) for model in models]
        broken = [NonFinite(*one) for one in json.loads(str(results[block].arrays["non_finite"]))]
        left_out += [replace(one, model=0) for one in broken if one.model == rows[0]]
        counts = _counts(keys, models, {(rows.index(one.model), one.key) for one in broken if one.model in rows})
        for part in from_arrays(Part, results[block].arrays):
            kept = part.select(rows)
            if kept is not None and 0 in kept.members:
                count = counts.get((kept.component, tuple(sorted(kept.members))), 0)
                found.append(_of(block, block, kept, models, count))
    return BlockDistances(found, models[1:], unreadable, left_out)


def _counts(
    keys: Sequence[str], models: Sequence[Model], broken: Collection[tuple[int, str]]
) -> Counter[tuple[str, tuple[int, ...]]]:
    """Component and positions of models → the numbers of these keys that these hold in the target's shape, and no
    others do."""
    layouts: dict[str, list[int]] = {}
    for i, model in enumerate(models):
        layouts.setdefault(model.header.layout.digest, []).append(i)
    held = [(models[own[0]].header.layout.places, own) for own in layouts.values()]
    found = Counter[tuple[str, tuple[int, ...]]]()
    target = models[0].header.layout.places
    for key in keys:
        place = target.get(key)
        if place is None:
            continue
        alike = [own for places, own in held if key in places and places[key].shape == place.shape]
        members = sorted(i for own in alike for i in own if (i, key) not in broken)
        found[place.component, tuple(members)] += math.prod(place.shape)
    return found


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
