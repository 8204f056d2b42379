"""One family: models of one architecture, the distances between them, their tree and classes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

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
from ...families.groups import connected_groups, largest_group
from ...families.linkage import Tree, build_tree
from ...families.merges import Merge, named_merges
from ...families.strangers import DELTAS, LINEAR, Scale, strangers
from ...families.support import (
    RESAMPLES,
    Resampling,
    class_support,
    cophenetic_correlation,
    resample_features,
    resample_matrix,
)
from ...similarity.base import Base
from ...similarity.matrix import SimilarityMatrix
from ...similarity.measures.delta import DELTA_COSINE
from ...similarity.measures.l2 import L2
from ...similarity.measures.registry import find_measure, measure_named
from ..catalogue.index import match_model, without_ending

_UNITS = {
    "pearson": "1 − Pearson's r between rows of features",
    "spearman": "1 − Spearman's ρ between rows of features",
    "cosine": "1 − cosine between rows of features",
    "euclidean": "Euclidean distance between rows of features",
}

_OWN_VALUES = Sentence("use --distance matrix", "set Distance between models to The measure's own values")


_TOLD = 5
"""Names that a note spells out."""

STRANGER = "stranger"
"""What stands beside a class in the place of its support where it is a stranger's."""

FEWEST_REFERENCES = 3
"""With two, each of them has only the other's columns, and there is no distance between the two."""


@dataclass(frozen=True)
class TreeOptions:
    """How a tree is built: R's name of the linkage, the number of classes (None: automatic, see `families.classes`),
    the leaves' order, and what its distances are (None: the measure itself where it is direct and there are no
    references, else Pearson's between rows of features)."""

    linkage: str = "ward.D2"
    classes: int | None = None
    optimal_order: bool = False
    distance: str | None = None
    component: str | None = None


@dataclass(frozen=True)
class Family:
    """One tree: the models of one architecture, their features, the distances [n, n] and classes [n] told from them.

    `tree` is None where there is one model alone, `unit` says what its heights are; `architecture` is None for tables
    that were brought along, and the features of distances brought along have no columns. `strangers` are the models
    that automatic classes set apart, as they have no near relative. `notes` say what was left out or is missing;
    `resampling` tells what distances are made of, for the support of the classes; `coverage` [n, n] is the share of the
    network that each comparison speaks of, None where they are not of weights; `merges` are the models that are perhaps
    merges of two others.
    """

    architecture: str | None
    features: FeatureTable
    distances: NDArray[np.float64]
    tree: Tree | None
    classes: NDArray[np.int64]
    unit: str = _UNITS["pearson"]
    distance: str = "pearson"
    linkage: str = "ward.D2"
    measure: str | None = None
    base: Base | None = None
    references: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    resampling: Callable[[], Resampling] | None = None
    coverage: NDArray[np.float64] | None = None
    merges: tuple[Merge, ...] = ()

    @property
    def title(self) -> str:
        """What its figures are of."""
        models, apart = len(self.features.models), len(self.strange_classes)
        classes = int(self.classes.max()) - apart
        what = self.architecture or ("Features" if self.features.columns else "Distances")
        found = [f"{models} models"]
        found += [f"{classes} class{'' if classes == 1 else 'es'}"] if classes else []
        found += [f"{apart} stranger{'' if apart == 1 else 's'}"] if apart else []
        return f"{what}: {', '.join(found)}"

    @property
    def strange_classes(self) -> frozenset[int]:
        """The numbers of the classes that are strangers."""
        models = self.features.models
        return frozenset(
            int(number) for number, name in zip(self.classes, models, strict=True) if name in self.strangers
        )

    def cut(self, classes: int) -> Family:
        """The same family in so many classes, or as many as it can make, which is told."""
        if self.tree is None:
            return self
        cut = self.tree.cut(min(classes, len(self.tree.models)))
        return replace(self, classes=cut, strangers=()).told_fewer(classes)

    def with_merges(self, merges: Sequence[Merge]) -> Family:
        """The same with those that are of its models."""
        return replace(self, merges=tuple(merge for merge in merges if merge.model in self.features.models))

    def told_fewer(self, asked: int | None) -> Family:
        """The same with a note where more classes were asked for than it has models."""
        models = len(self.features.models)
        if asked is None or asked <= models:
            return self
        note = f"{asked} classes were asked for, {models} came out: there are no more models to share out"
        return replace(self, notes=(*self.notes, note))


@dataclass(frozen=True)
class Trust:
    """How far to trust a tree: its cophenetic correlation, and the support of each class 1 … k, [k]; NaN unknown, and
    where it says nothing: of one model, and of all of them."""

    cophenetic: float
    support: NDArray[np.float64]


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
    found = _build(architecture, features, distances, options, _UNITS[distance], distance, alone=alone)
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


def told_left_out(models: Sequence[str], distances: NDArray[np.float64]) -> list[str]:
    """Which models have no place in the tree of the largest group that has all distances, and why."""
    groups = connected_groups(~np.isnan(distances))
    partly = sorted(set(groups[0]) - set(largest_group(distances)))
    found = told_apart(models, groups)
    if partly:
        named = several([models[i] for i in partly])
        found.append(f"left out of the tree, cannot be compared with some of the others: {named}")
    return found


def told_apart(
    models: Sequence[str], groups: Sequence[Sequence[int]], alone: str = "cannot be compared with any other"
) -> list[str]:
    """A sentence for the models that nothing connects with the largest group, the first one; `alone` says why a model
    is connected with none."""
    single = [models[i] for group in groups if len(group) == 1 for i in group]
    found = [f"left out of the tree, {alone}: {several(single)}"] if single else []
    return found + [
        f"left out of the tree, can only be compared with each other: {several([models[i] for i in group])}"
        for group in groups[1:]
        if len(group) > 1
    ]


def several(names: Sequence[str]) -> str:
    """Names as a sentence lists them: "a, b and c", or the first ones and how many more."""
    more = len(names) - _TOLD
    if more > 0:
        return f"{', '.join(names[:_TOLD])} and {more} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def trust_of(family: Family, resamples: int = RESAMPLES) -> Trust:
    """How far to trust the tree and each of its classes. A family of one has nothing to trust or not."""
    k = int(family.classes.max(initial=1))
    if family.tree is None:
        return Trust(float("nan"), np.full(k, np.nan))
    support = np.full(k, np.nan)
    if family.resampling is not None:
        support = class_support(family.resampling(), family.classes, family.linkage, resamples)
    sizes = np.bincount(family.classes)[1:]
    support[(sizes == 1) | (sizes == len(family.classes))] = np.nan  # these are branches of every tree
    return Trust(cophenetic_correlation(family.tree, family.distances), support)


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
