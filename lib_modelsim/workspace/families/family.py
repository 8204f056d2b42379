"""One family: models of one architecture, the distances between them, their tree and classes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...families.features import FeatureTable
from ...families.linkage import Tree
from ...families.merges import Merge
from ...families.support import RESAMPLES, Resampling, class_support, cophenetic_correlation
from ...similarity.base import Base
from ...text import counted

UNITS = {
    "pearson": "1 − Pearson's r between rows of features",
    "spearman": "1 − Spearman's ρ between rows of features",
    "cosine": "1 − cosine between rows of features",
    "euclidean": "Euclidean distance between rows of features",
}
"""Distance between rows of features → what its numbers are."""

_AXES = {
    "ward.D2": "Ward's height (ward.D2) from {}",
    "ward.D": "Ward's height (ward.D) from {}",
    "average": "{}, the mean between two branches",
    "complete": "{}, the greatest between two branches",
    "single": "{}, the least between two branches",
}
"""Linkage → what the heights of its merges are, of distances that are {}: Ward's are none of these distances."""

STRANGER = "stranger"
"""What stands beside a class in the place of its support where it is a stranger's."""


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

    `tree` is None where there is one model alone, `unit` says what its distances are; `architecture` is None for tables
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
    unit: str = UNITS["pearson"]
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
        found = [counted(models, "model")]
        found += [f"{classes} class{'' if classes == 1 else 'es'}"] if classes else []
        found += [counted(apart, "stranger")] if apart else []
        return f"{what}: {', '.join(found)}"

    @property
    def axis(self) -> str:
        """What the heights of its tree are."""
        return _AXES[self.linkage].format(self.unit)

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

    def without_merges(self, known: Collection[str]) -> Family:
        """The same, where of these models it is known what they are made of: perhaps no merges at all."""
        return replace(self, merges=tuple(merge for merge in self.merges if merge.model not in known))

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
