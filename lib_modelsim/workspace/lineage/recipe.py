"""`recipe`: what a checkpoint is made of, from the library's other checkpoints."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ...errors import ModelsimError
from ...job import Job
from ...library import Library
from ...lineage.evidence import TargetEvidence
from ...lineage.kinds import CAST, COPY, FINE_TUNE, FINE_TUNE_OF_A_MERGE, UNKNOWN
from ...lineage.making import make
from ...lineage.recipe import Recipe
from ...similarity.parts import NonFinite
from ...text import counted
from ..catalogue.index import Model
from ..comparing.left_out import left_out_in_words
from ..comparing.weight_scores import joint_layout
from .adapters import adapter_products, adapters_of
from .bases import likely_among
from .casts import rounded_components
from .distances import block_distances, weight_distances
from .sampling import read_pieces, read_sample, sample_keys


def recipe(
    target: Model, candidates: Sequence[Model], base: Model | None, library: Library, job: Job, device: str = "auto"
) -> Recipe:
    """What `target` is made of, of `candidates` of its network, and of adapters of it among them; others are left out.
    `base` is the network's base among them; None: the one that is likely so by name and place, if any, and what rests
    on it is not proven then. Raises ModelsimError where the target cannot be read."""
    kin = [one for one in candidates if one.architecture == target.architecture and one.path != target.path]
    found = block_distances(target, kin, library, job, device)
    if not found.blocks:
        bad = next((bad.error for bad in found.unreadable if bad.path == target.path), None)
        why = bad or "there is no other of its network"
        raise ModelsimError("nothing is known of this checkpoint", f"{target.name} ({why})", "add what it may be of")
    likely, why = (None, "") if base is not None else likely_among([target, *found.others], found.blocks)
    base = base or likely
    by_name = {model.name: model for model in found.others}
    keys = sample_keys(joint_layout([target]))
    evidence = TargetEvidence(
        target.name,
        target.header.network,
        found.blocks,
        lambda names: read_sample(target, [by_name[name] for name in names], keys, job),
        lambda names: weight_distances(target, [by_name[name] for name in names], job, device),
        base.name if base is not None and base.name in by_name else None,
        _coverage(target, found.left_out),
        tuple(by_name),
        precisions={
            model.name: {name: part.dtype for name, part in model.header.components.items()}
            for model in (target, *found.others)
        },
        architecture=target.architecture,
        values=lambda keys, names: read_sample(target, [by_name[name] for name in names], keys, job),
        pieces=lambda names: read_pieces(target, [by_name[name] for name in names], keys, job),
        rounded=lambda name: rounded_components(target, by_name[name], library, job),
        adapters=lambda shares: adapter_products(target, by_name, shares, adapters_of(target, candidates), job),
        remarks=tuple(left_out_in_words(target.header, found.left_out)),
    )
    made = make(evidence)
    if likely is target and made.kind not in (COPY, CAST):
        return replace(_of_the_base(target, why), coverage=made.coverage)
    if likely not in (None, target) and made.parents:
        made = _by_a_likely_base(made, likely, why)
    return replace(made, remarks=(*made.remarks, *_more_in_the_original(made, target, by_name)))


def _of_the_base(target: Model, why: str) -> Recipe:
    """Of the model that the others were likely trained from: it is written as a sum of them in many ways, none of which
    made it."""
    told = f"the others were likely trained from it: {why}"
    return Recipe(target.name, target.header.network, UNKNOWN, remarks=(told,))


def _by_a_likely_base(made: Recipe, base: Model, why: str) -> Recipe:
    """What the base tells is no better known than that it is the base."""
    rests = made.kind in (FINE_TUNE, FINE_TUNE_OF_A_MERGE) or made.missing is not None
    told = f"{base.name} is taken for the base: {why}"
    return replace(made, sure=made.sure and not rests, remarks=(*made.remarks, told))


def _more_in_the_original(made: Recipe, target: Model, by_name: Mapping[str, Model]) -> list[str]:
    """What the model that a copy is one of holds besides."""
    if made.kind not in (COPY, CAST) or not made.parents:
        return []
    own, held = target.header.layout.places, by_name[made.parents[0].model].header.layout.places
    more = sum(key not in own for key in held)
    return [f"{made.parents[0].model} holds {counted(more, 'weight')} more, which it lacks"] if more else []


def _coverage(target: Model, left_out: Sequence[NonFinite]) -> float:
    """The share of the target's numbers, 0 … 1, that were compared: those that are finite and are weights that can be
    read."""
    places = target.header.layout.places
    every = sum(math.prod(place.shape) for place in places.values())
    lacking = sum(math.prod(places[one.key].shape) for one in left_out)
    return (every - lacking) / max(every + target.header.uncompared, 1)
