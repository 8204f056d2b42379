"""Similarities, features or distances → a family: its distances, tree and classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelsimError, Sentence, joined
from ...families.classes import automatic_classes
from ...families.distance_files import DistanceTable
from ...families.distances import (
    DISTANCES,
    MATRIX,
    delta_cosine_distances,
    direct_distances,
    known_row_distances,
    row_distances,
)
from ...families.features import FeatureTable, against
from ...families.groups import largest_group
from ...families.linkage import build_tree
from ...families.merges import Merge, named_merges
from ...families.strangers import CHANGES, DELTAS, LINEAR, Scale, strangers
from ...families.support import resample_features, resample_matrix
from ...similarity.base import Base
from ...similarity.matrix import SimilarityMatrix
from ...similarity.measures.delta import DELTA_COSINE
from ...similarity.measures.l2 import L2
from ...similarity.measures.of_adapters import CHANGE_COSINE
from ...similarity.measures.registry import find_measure, measure_named
from ..catalogue.index import match_model, without_ending
from .family import UNITS, Family, TreeOptions
from .left_out import told_left_out

_OWN_VALUES = Sentence("use --distance matrix", "set Distance between models to The measure's own values")

FEWEST_REFERENCES = 3
"""With two, each of them has only the other's columns, and there is no distance between the two."""


def family_of_matrix(
    matrix: SimilarityMatrix,
    options: TreeOptions,
    architecture: str | None = None,
    references: Sequence[int] | None = None,
) -> Family:
    """The family of one comparison; `references` are positions, None for all models.

    Two models share no feature, as each lacks its own columns: their distance is the measure itself. Models without a
    distance to the others are left out and told.
    """
    chosen = range(len(matrix.models)) if references is None else references
    features = against(matrix, chosen)
    names = tuple(matrix.models[i] for i in chosen)
    about = {"measure": matrix.measure, "references": names, "coverage": matrix.coverage}
    direct = measure_named(matrix.measure).direct and references is None  # who names references wants features
    distance = options.distance or (MATRIX if direct else "pearson")
    _require_known(distance)
    if distance != MATRIX and len(matrix.models) != 2:
        if options.component is not None:
            raise ModelsimError("features cover blocks, not one component", options.component, _OWN_VALUES)
        if len(names) < FEWEST_REFERENCES <= len(matrix.models):
            raise ModelsimError(
                "a tree of features needs three references or more, as two of them share no columns",
                len(names),
                joined("choose more references, or ", _OWN_VALUES),
            )
        distances = known_row_distances(features, distance) if len(matrix.models) > 1 else np.zeros((1, 1))
        kept = largest_group(distances)
        if 1 < len(kept) < len(distances):
            return _family_of_part(matrix, kept, distances, options, architecture, references)
        alone = _strangers_of(matrix)
        found = _family_of_rows(features, distances, replace(options, distance=distance), architecture, alone)
        missing = int(np.isnan(features.values).sum()) - len(names) * len(matrix.blocks)
        return replace(found, **about, notes=_told_missing(missing, features.values.size))
    unit = matrix.measure if matrix.is_distance else f"1 − {matrix.measure}"
    if options.component is not None:
        unit += f" of {options.component}"
    distances = direct_distances(matrix, options.component)
    kept = largest_group(distances)
    if 1 < len(kept) < len(distances):
        return _family_of_part(matrix, kept, distances, options, architecture, references)
    found = _build(architecture, features, distances, options, unit, MATRIX, matrix.measure)
    return replace(found, **about, resampling=lambda: resample_matrix(matrix))


def _family_of_part(
    matrix: SimilarityMatrix,
    kept: Sequence[int],
    distances: NDArray[np.float64],
    options: TreeOptions,
    architecture: str | None,
    references: Sequence[int] | None,
) -> Family:
    """The family of the models that have distances to each other, which tells of the others."""
    place = {model: row for row, model in enumerate(kept)}
    chosen = None if references is None else [place[i] for i in references if i in place]
    found = family_of_matrix(matrix.select(kept), options, architecture, chosen or None)
    return replace(found, notes=(*found.notes, *told_left_out(matrix.models, distances)))


def family_of_features(features: FeatureTable, options: TreeOptions, architecture: str | None = None) -> Family:
    """The tree and the classes of one table of features; rows without a distance to the others are left out and
    told."""
    distance = options.distance or "pearson"
    _require_known(distance)
    if distance == MATRIX:
        raise ModelsimError(
            "a table of features has no distances of its own",
            distance,
            Sentence("use --distance pearson", "choose another under Distance between models"),
        )
    n = len(features.models)
    distances = known_row_distances(features, distance) if n > 1 else np.zeros((n, n))
    kept = largest_group(distances)
    if 1 < len(kept) < n:
        left_out = told_left_out(features.models, distances)
        features, distances = features.select(kept), distances[np.ix_(kept, kept)]
    else:
        left_out = []
    found = _family_of_rows(features, distances, replace(options, distance=distance), architecture)
    return replace(found, notes=(*found.notes, *left_out))


def _strangers_of(matrix: SimilarityMatrix) -> NDArray[np.bool_] | None:
    """The strangers, where the measure says of two models that they are unrelated: rows of features do not, as they
    are centred and scaled. None where it does not say."""
    scale = _scale(matrix.measure, MATRIX)
    return strangers(direct_distances(matrix), scale) if scale.unrelated is not None else None


def _family_of_rows(
    features: FeatureTable,
    distances: NDArray[np.float64],
    options: TreeOptions,
    architecture: str | None,
    alone: NDArray[np.bool_] | None = None,
) -> Family:
    """The family of rows of features whose distances are known; raises ModelsimError where one is missing."""
    distance = options.distance or "pearson"
    if np.isnan(distances).any():
        distances = row_distances(features, distance)  # says which, and why
    found = _build(architecture, features, distances, options, UNITS[distance], distance, alone=alone)
    notes = _told_missing(int(np.isnan(features.values).sum()), features.values.size)
    return replace(found, notes=notes, resampling=lambda: resample_features(features, distance))


def family_of_distances(table: DistanceTable, options: TreeOptions, base: str | None = None) -> Family:
    """The tree and the classes of distances brought along; with a base, L2 distances become delta-cosine first, and
    the base and models equal to it leave the table. Names stay as they are."""
    if options.distance not in (None, MATRIX):
        raise ModelsimError(
            "the file already holds distances, so none can be chosen",
            options.distance,
            Sentence("leave --distance out", "choose none"),
        )
    models, distances = table.models, table.values
    unit, notes = table.metric or "distance", []
    merges = _merges_of(table, None) if base is None and table.metric == L2.name else []
    if table.component:
        unit += f" of {table.component}"
    if base is not None:
        if not table.may_be_l2:
            raise ModelsimError(
                "a base can only be used with l2 distances, not with",
                table.metric,
                Sentence("leave --base out", "choose none"),
            )
        chosen = match_model(base, models)
        base, merges = models[chosen], _merges_of(table, chosen)
        distances = delta_cosine_distances(distances, chosen)
        rows = np.flatnonzero(~np.isnan(distances.diagonal()))
        equal = [name for i, name in enumerate(models) if i != chosen and i not in rows]
        notes = [f"left out, equal to the base or without a distance to it: {', '.join(equal)}"] if equal else []
        models, distances = tuple(models[i] for i in rows), distances[np.ix_(rows, rows)]
        unit = f"1 − {DELTA_COSINE.name} of {table.component or 'the weights'}, base {without_ending(base)}"
    kept = largest_group(distances)
    if 1 < len(kept) < len(models):
        notes += told_left_out(models, distances)
        models, distances = tuple(models[i] for i in kept), distances[np.ix_(kept, kept)]
    features = FeatureTable(models, (), np.empty((len(models), 0)))
    measure = DELTA_COSINE.name if base else table.metric
    found = _build(None, features, distances, options, unit, MATRIX, measure)
    found = replace(found, base=Base(base) if base else None, notes=tuple(notes), measure=measure)
    return found.with_merges(merges)


def _merges_of(table: DistanceTable, base: int | None) -> list[Merge]:
    """The models that are perhaps merges, from l2 distances that are of all blocks at once."""
    known = ~np.isnan(table.values)
    return named_merges(table.models, table.values[:, :, None] ** 2, known, base)


def _build(
    architecture: str | None,
    features: FeatureTable,
    distances: NDArray[np.float64],
    options: TreeOptions,
    unit: str,
    distance: str,
    measure: str | None = None,
    alone: NDArray[np.bool_] | None = None,
) -> Family:
    n = len(features.models)
    if n == 0:
        raise ModelsimError("no models are left", None, "choose models besides the base")
    about = {"unit": unit, "distance": distance, "linkage": options.linkage}
    if n == 1:
        return Family(architecture, features, np.zeros((1, 1)), None, np.ones(1, dtype=np.int64), **about)
    tree = build_tree(features.models, distances, options.linkage, options.optimal_order)
    if options.classes is not None:
        return Family(architecture, features, distances, tree, tree.cut(min(options.classes, n)), **about)
    found = automatic_classes(distances, options.linkage, _scale(measure, distance), alone)
    apart = tuple(name for name, strange in zip(features.models, found.strangers, strict=True) if strange)
    return Family(architecture, features, distances, tree, found.numbers, strangers=apart, **about)


def _scale(measure: str | None, distance: str) -> Scale:
    """What distances of this kind mean, for automatic classes."""
    known = find_measure(measure) if distance == MATRIX else None
    if distance == "euclidean" or (known is not None and known.distance):
        return LINEAR
    if known is CHANGE_COSINE:
        return CHANGES
    return DELTAS if known is not None and known.needs_base else Scale()


def _require_known(distance: str) -> None:
    if distance not in DISTANCES:
        raise ModelsimError("unknown distance", distance, f"use one of {', '.join(DISTANCES)}")


def _told_missing(missing: int, size: int) -> tuple[str, ...]:
    if missing <= 0:
        return ()
    return (
        f"{missing:,} of {size:,} feature values are missing; each distance is over the columns that both rows have",
    )
