"""Models → families: features, tree and classes per architecture, written as tables and figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..exports.files import write_csv, write_text
from ..families.classes import choose_classes
from ..families.features import FeatureTable, all_against_all, direct_distance, pearson_distance
from ..families.linkage import Tree, build_tree
from ..figures.dendrogram import draw_dendrogram, svg_text
from ..similarity.matrix import SimilarityMatrix
from .compare import Comparison, by_architecture


@dataclass(frozen=True)
class Family:
    """One tree: the models of one architecture, their features, the distances [n, n] and classes [n] told from them.

    `tree` is None where there is one model alone, `unit` says what its heights are; `architecture` is None for features
    that came from a table.
    """

    architecture: str | None
    features: FeatureTable
    distances: NDArray[np.float64]
    tree: Tree | None
    classes: NDArray[np.int64]
    unit: str = "1 − Pearson's r between rows of features"


@dataclass(frozen=True)
class TreeOptions:
    """How a tree is built: R's name of the linkage, the number of classes (None: by silhouette), the leaves' order."""

    linkage: str = "ward.D2"
    classes: int | None = None
    optimal_order: bool = False


def families_of(comparison: Comparison, options: TreeOptions) -> list[Family]:
    """A family per architecture of the compared models; the base of delta-cosine, and models equal to it, in none."""
    found, groups = [], by_architecture(comparison.models)
    for group in groups:
        rows = [comparison.models.index(model) for model in group]
        rows = [i for i in rows if len(group) == 1 or not _all_missing(comparison, i, rows)]
        wanted = options
        if len(groups) > 1 and options.classes is not None:  # one number for large and small families
            wanted = replace(options, classes=min(options.classes, max(len(rows), 1)))
        if len(rows) == 2:
            found.append(_pair(comparison.matrix.select(rows), wanted, group[0].architecture))
        elif rows:
            features = all_against_all(comparison.matrix.select(rows))
            found.append(family(features, wanted, group[0].architecture))
    return found


def _pair(matrix: SimilarityMatrix, options: TreeOptions, architecture: str) -> Family:
    """Two models share no feature, as each lacks its own columns: their distance is the measure itself."""
    distances = direct_distance(matrix)
    tree = build_tree(matrix.models, distances, options.linkage)
    unit = matrix.measure if matrix.is_distance else f"1 − {matrix.measure}"
    return Family(
        architecture,
        all_against_all(matrix),
        distances,
        tree,
        tree.cut(1 if options.classes is None else options.classes),
        unit,
    )


def _all_missing(comparison: Comparison, i: int, rows: Sequence[int]) -> bool:
    others = [j for j in rows if j != i]
    return bool(np.isnan(comparison.matrix.overall[i, others]).all())


def family(features: FeatureTable, options: TreeOptions, architecture: str | None = None) -> Family:
    """The tree and the classes of one table of features."""
    if len(features.models) == 1:
        return Family(architecture, features, np.zeros((1, 1)), None, np.ones(1, dtype=np.int64))
    distances = pearson_distance(features)
    tree = build_tree(features.models, distances, options.linkage, options.optimal_order)
    wanted = options.classes if options.classes is not None else choose_classes(tree, distances)
    return Family(architecture, features, distances, tree, tree.cut(wanted))


def write_families(families: Sequence[Family], out: Path) -> list[Path]:
    """Write the tables and figures of each family into `out`, or into a sub-folder each where there are several.

    Per family: features.csv and distances.csv with names, linkage.csv as R writes it, order.csv (one row of 1-based
    leaves), classes.csv in input order, dendrogram.svg. A model alone in its architecture has classes.csv only.
    """
    written = []
    for found in families:
        folder = out / (found.architecture or "") if len(families) > 1 else out
        models = found.features.models
        written.append(
            write_csv(folder / "classes.csv", zip(models, found.classes.tolist(), strict=True), ("model", "class"))
        )
        if found.tree is None:
            continue
        rows = ((name, *values) for name, values in zip(models, found.features.values.tolist(), strict=True))
        written.append(write_csv(folder / "features.csv", rows, ("model", *found.features.columns)))
        rows = ((name, *values) for name, values in zip(models, found.distances.tolist(), strict=True))
        written.append(write_csv(folder / "distances.csv", rows, ("model", *models)))
        merges = (
            (*pair, height)
            for pair, height in zip(found.tree.merges.tolist(), found.tree.heights.tolist(), strict=True)
        )
        written.append(write_csv(folder / "linkage.csv", merges, ("merge1", "merge2", "height")))
        written.append(write_csv(folder / "order.csv", [(found.tree.leaves + 1).tolist()]))
        title = f"{found.architecture or 'Features'}: {len(models)} models, {found.classes.max()} classes"
        figure = draw_dendrogram(found.tree, found.classes.tolist(), title, found.unit)
        written.append(write_text(folder / "dendrogram.svg", svg_text(figure, ink="#222222")))
    return written
