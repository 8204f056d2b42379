"""`lineage`: who descends from whom among the checkpoints of a library, one graph a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ...families.bases import likely_base
from ...job import Job
from ...library import Library
from ...lineage.graph.building import build
from ...lineage.graph.evidence import GraphEvidence
from ...lineage.graph.graph import FoldedModels, LineageGraph, LineageNode
from ...lineage.kinds import CAST, COPY
from ...lineage.products import Distances
from ...lineage.recipe import Recipe
from ...similarity.joining import main_component
from ..catalogue.index import Model, Unreadable
from ..comparing.choosing import known_base
from .distances import block_distances
from .outliers import outliers
from .said import said_origins

Array = NDArray[np.float64]

_HELD = 0.9
"""Share of the main component that two models must hold in one shape for a distance."""


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
    main = main_component({component: None for model in models for component in model.header.components})
    squares, norms = _summed([block for block in blocks if block.component == main], names)
    besides, _ = _summed([block for block in blocks if block.component != main], names, 0.0)
    base, why = _base(models, squares, named, library)
    return GraphEvidence(
        names,
        squares,
        norms,
        base=base,
        base_why=why,
        recipes=recipes,
        same=_proven_same(recipes, {model.name: model.key.size for model in models}),
        besides=besides,
        said=said_origins(models, library),
        outliers=partial(outliers, models, job),
        network=models[0].header.network,
    )


def _summed(blocks: Sequence[Distances], names: Sequence[str], held: float = _HELD) -> tuple[Array, Array]:
    """‖a − b‖² and ‖a‖² over these blocks; NaN where two models share too little."""
    n = len(names)
    squares, norms, counts = np.zeros((n, n)), np.zeros(n), np.zeros((n, n))
    for block in blocks:
        rows = np.array([names.index(name) for name in block.names], dtype=np.intp)
        squares[np.ix_(rows, rows)] += block.squares
        counts[np.ix_(rows, rows)] += block.count
        norms[rows] += block.norms
    total = counts.diagonal().max(initial=0)
    told = (counts >= held * total) & ((norms > 0) | (held == 0))  # zeros are nobody's kin, and near to all
    return np.where(told & told.T, squares, np.nan), norms


def _base(
    models: Sequence[Model], squares: Array, named: Model | None, library: Library
) -> tuple[int | None, str]:
    """The position of the base, and how it is known."""
    if named is not None and named in models:
        return models.index(named), "you named it"
    known = known_base(models, library)
    if known is not None:
        return models.index(known), "its hash is that of a published base"
    likely = likely_base([model.name for model in models], np.sqrt(squares))
    return (None, "") if likely is None else (likely.position, likely.why)


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
