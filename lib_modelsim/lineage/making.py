"""Evidence → recipe: the steps in their order, each a file of its own."""

from __future__ import annotations

import numpy as np

from .evidence import TargetEvidence
from .kinds import UNKNOWN, WEIGHTED_SUM
from .recipe import ParentShare, Recipe
from .shares import solve


def make(evidence: TargetEvidence) -> Recipe:
    """What the target is made of, as far as the evidence goes."""
    whole = solve_whole(evidence)
    parents = tuple(ParentShare(name, round(share, 6)) for name, share in whole.items() if abs(share) >= 0.02)
    kind = WEIGHTED_SUM if parents else UNKNOWN
    return Recipe(
        evidence.target, evidence.network, kind, parents=parents, coverage=evidence.coverage, base=evidence.base
    )


def solve_whole(evidence: TargetEvidence) -> dict[str, float]:
    """Candidate → its share over the whole network."""
    names = evidence.candidates
    total = None
    for block in evidence.blocks:
        if set(names) <= set(block.names):
            one = block.of(names)
            total = one.squares if total is None else total + one.squares
    if total is None:
        return {}
    first = evidence.blocks[0].of(names)
    added = type(first)("", "", None, first.names, total, np.diag(total), 0)
    return dict(zip(first.names[1:], solve(added).shares.tolist(), strict=True))
