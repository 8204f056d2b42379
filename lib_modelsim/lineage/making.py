"""Evidence → recipe: the steps in their order, each a file of its own."""

from __future__ import annotations

from .candidates import candidates_of
from .evidence import TargetEvidence
from .kinds import UNKNOWN
from .linear import blocks_of, components_of, fit_linear, kind_of, shares_of
from .recipe import FoundMethod, Recipe


def make(evidence: TargetEvidence) -> Recipe:
    """What the target is made of, as far as the evidence goes."""
    candidates = candidates_of(evidence)
    if not candidates.chosen:
        remark = "There is no other model here that it could be made of."
        return Recipe(evidence.target, evidence.network, UNKNOWN, coverage=evidence.coverage, remarks=(remark,))
    linear = fit_linear(candidates)
    kind = kind_of(linear, evidence.precisions, evidence.target)
    why = "shares by block leave no more than rounding"
    return Recipe(
        evidence.target,
        evidence.network,
        kind,
        FoundMethod(kind, {}, linear.roundings, why) if linear.proven else None,
        shares_of(linear, candidates),
        blocks_of(linear),
        components_of(linear),
        coverage=evidence.coverage,
        base=evidence.base,
        sure=linear.proven,
    )
