"""Models that are one in the graph: copies, the same in another precision, and in a matrix what nearly coincides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...families.base_names import named_as_base
from ..from_matrix import coinciding
from .evidence import GraphEvidence
from .graph import FoldedModels


def fold(evidence: GraphEvidence) -> list[FoldedModels]:
    """The groups; the first of each stands for all: the base, or of copies what is called as bases are, else the
    shortest name. Groups that are known already keep their first."""
    names, position = evidence.models, {name: i for i, name in enumerate(evidence.models)}
    groups = [[position[name] for name in group.models if name in position] for group in evidence.same]
    why = {group[0]: known.why for group, known in zip(groups, evidence.same, strict=True) if len(group) > 1}
    groups = [group for group in groups if len(group) > 1]
    for row in range(len(names)):
        own = next((group for group in groups if row in group), [row])
        for other in np.flatnonzero(_equal(evidence, row)).tolist():
            if other not in own:
                theirs = next((group for group in groups if other in group), [other])
                groups = [group for group in groups if group is not own and group is not theirs]
                own = [*own, *theirs]
                groups.append(own)
    groups = [group if group[0] in why else _best_first(group, evidence) for group in groups]
    found = [(group, why.get(group[0], "The same numbers in all that they hold.")) for group in groups]
    if evidence.from_matrix:
        found = _with_nearly_same(found, evidence)
    return [FoldedModels(tuple(names[i] for i in group), why) for group, why in sorted(found)]


def _equal(evidence: GraphEvidence, row: int) -> NDArray[np.bool_]:
    equal = evidence.squares[row] == 0
    return equal if evidence.besides is None else equal & (evidence.besides[row] == 0)


def _best_first(group: Sequence[int], evidence: GraphEvidence) -> list[int]:
    names = evidence.models
    return sorted(group, key=lambda i: (i != evidence.base, not named_as_base(names[i]), len(names[i]), i))


def _with_nearly_same(found: list[tuple[list[int], str]], evidence: GraphEvidence) -> list[tuple[list[int], str]]:
    folded = {i for group, _ in found for i in group[1:]}
    heads = [i for i in range(len(evidence.models)) if i not in folded]
    for near in coinciding(evidence.squares, heads):
        first, *rest = _best_first(near, evidence)
        distance = float(np.sqrt(evidence.squares[first, rest].max()))
        why = (
            f"Nearly the same: {distance:.3g} apart, less than a hundredth of the distance to any other. A copy in "
            "another precision or a very small change: a matrix cannot tell."
        )
        members = [i for head in (first, *rest) for i in next((g for g, _ in found if g[0] == head), [head])]
        found = [(group, told) for group, told in found if group[0] not in near] + [(members, why)]
    return found
