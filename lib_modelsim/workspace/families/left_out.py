"""Sentences on the models that a tree has no place for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...families.groups import connected_groups, largest_group
from ...text import several


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
