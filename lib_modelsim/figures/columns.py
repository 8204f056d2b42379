"""The columns of a heat map in the order in which every figure shows them; no matplotlib here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..families.features import FeatureTable
from ..families.linkage import Tree


def in_order_of_tree(table: FeatureTable, references: Sequence[str], tree: Tree) -> tuple[FeatureTable, Sequence[str]]:
    """Columns and references by the order of the leaves, where the references are leaves."""
    if not set(references) <= set(tree.models):
        return table, references
    rank = {tree.models[leaf]: row for row, leaf in enumerate(tree.leaves)}
    order = sorted(range(len(references)), key=lambda i: rank[references[i]])
    columns = np.arange(len(table.columns)).reshape(len(references), -1)[order].ravel()
    moved = replace(table, columns=tuple(table.columns[j] for j in columns), values=table.values[:, columns])
    return moved, [references[i] for i in order]
