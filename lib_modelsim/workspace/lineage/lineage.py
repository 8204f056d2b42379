"""`lineage`: who descends from whom among the checkpoints of a library, one graph a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ...job import Job
from ...library import Library
from ...lineage.graph.building import build
from ...lineage.graph.evidence import GraphEvidence
from ...lineage.graph.graph import FoldedModels, LineageGraph, LineageNode
from ...lineage.kinds import CAST, COPY
from ...lineage.products import Distances
from ...lineage.recipe import Recipe
from ..catalogue.index import Model, Unreadable
from .bases import base_among, main_of, summed
from .distances import block_distances
from .outliers import outliers
from .said import said_origins

Array = NDArray[np.float64]

@dataclass(frozen=True)
class LibraryLineage:
    """A graph for each network, in the order of the models, and the files that could not be read."""

    graphs: list[LineageGraph] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)


@dataclass(frozen=True)
class ReadNetwork:
    """The checkpoints of one network that could be read, their distances by block, none for one alone, and those that
    could not."""

    models: list[Model] = field(default_factory=list)
    blocks: list[Distances] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)


def read_network(group: Sequence[Model], library: Library, job: Job, device: str) -> ReadNetwork:
    """The distances of all from all; what the library remembers costs no reading."""
    left, bad = list(group), []
    while len(left) > 1:
        found = block_distances(left[0], left[1:], library, job, device)
        bad += found.unreadable
        gone = {one.path for one in found.unreadable}
        if found.blocks and left[0].path not in gone:
            return ReadNetwork([left[0], *found.others], found.blocks, bad)
        left = [model for model in left if model.path not in gone] if gone else left[:1]
    return ReadNetwork(left, [], bad)


def graph_of(
    read: ReadNetwork, recipes: Sequence[Recipe | Unreadable], base: Model | None, library: Library, job: Job
) -> LineageGraph:
    """The graph of one network; `base` is the model that was named, None for the one that is known or likely."""
    models = read.models
    if not read.blocks:
        why = f"{models[0].name} is the only one of its network here, so there is nothing to compare it with."
        return LineageGraph((LineageNode(models[0].name, network=models[0].header.network),), remarks=(why,))
    made = [one for one in recipes if isinstance(one, Recipe)]
    graph = build(_evidence(models, read.blocks, made, base, library, job))
    failed = [one for one in recipes if isinstance(one, Unreadable)]
    remarks = tuple(f"There is no recipe of {one.path.name}: {one.error}" for one in failed)
    return replace(graph, remarks=(*graph.remarks, *remarks))


def _evidence(
    models: Sequence[Model],
    blocks: Sequence[Distances],
    recipes: Sequence[Recipe],
    named: Model | None,
    library: Library,
    job: Job,
) -> GraphEvidence:
    names = tuple(model.name for model in models)
    main = main_of(models)
    squares, norms = summed([block for block in blocks if block.component == main], names)
    besides, _ = summed([block for block in blocks if block.component != main], names, 0.0)
    base, why = base_among(models, blocks, named, library)
    return GraphEvidence(
        names,
        squares,
        norms,
        base=None if base is None else models.index(base),
        base_why=why,
        recipes=recipes,
        same=_proven_same(recipes, {model.name: model.key.size for model in models}),
        besides=besides,
        said=said_origins(models, library),
        outliers=partial(outliers, models, job),
        network=models[0].header.network,
    )


def _proven_same(recipes: Sequence[Recipe], sizes: Mapping[str, int]) -> list[FoldedModels]:
    """Copies, and what is another in another precision, by their recipes: the largest file first, the finest."""
    groups: list[list[str]] = []
    kinds: Mapping[str, str] = {one.target: one.kind for one in recipes if one.kind in (COPY, CAST) and one.sure}
    for recipe in recipes:
        if recipe.target in kinds and recipe.parents:
            pair = [recipe.parents[0].model, recipe.target]
            joined = [group for group in groups if set(group) & set(pair)]
            groups = [group for group in groups if group not in joined]
            groups.append(list(dict.fromkeys([name for group in joined for name in group] + pair)))
    found = []
    for group in groups:
        cast = any(kinds.get(name) == CAST for name in group)
        order = sorted(group, key=lambda name: (-sizes.get(name, 0) if cast else 0, len(name), name))
        why = "The same in another precision: rounding alone parts them." if cast else "The same numbers."
        found.append(FoldedModels(tuple(order), why))
    return found
