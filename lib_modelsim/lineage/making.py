"""Evidence → recipe: the steps in their order, each a file of its own."""

from __future__ import annotations

from dataclasses import replace

from .candidates import PROVEN, Candidates, candidates_of
from .evidence import TargetEvidence
from .kinds import UNKNOWN
from .linear import Linear, blocks_of, components_of, fit_linear, in_sample, kind_of, shares_of
from .methods.method import MethodFit
from .recipe import FoundMethod, ParentShare, Recipe
from .replaying import replay


def make(evidence: TargetEvidence) -> Recipe:
    """What the target is made of, as far as the evidence goes."""
    candidates = candidates_of(evidence)
    if not candidates.chosen:
        remark = "There is no other model here that it could be made of."
        return Recipe(evidence.target, evidence.network, UNKNOWN, coverage=evidence.coverage, remarks=(remark,))
    linear = fit_linear(candidates)
    if linear.proven:
        linear = in_sample(linear, evidence.sample(linear.parents))
        if linear.proven:
            return linear_recipe(evidence, candidates, linear)
    among = candidates.worth_a_look
    sample = evidence.sample([*among, *([candidates.base] if candidates.base else [])])
    fits = replay(sample, among, candidates.base)
    if fits and fits[0].residual_in_roundings < PROVEN:
        return method_recipe(evidence, candidates, linear, fits[0])
    return replace(linear_recipe(evidence, candidates, linear), sure=False)


def linear_recipe(evidence: TargetEvidence, candidates: Candidates, linear: Linear) -> Recipe:
    """A target that shares by block explain."""
    kind = kind_of(linear, evidence.precisions, evidence.target)
    why = "with these shares nothing is left in any block, beyond rounding"
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


def method_recipe(evidence: TargetEvidence, candidates: Candidates, linear: Linear, fit: MethodFit) -> Recipe:
    """A target that a method's formula explains."""
    parents = tuple(
        ParentShare(name, fit.shares.get(role), role=role, same_as=candidates.alike(name, fit.components))
        for role, name in fit.parents.items()
    )
    why = f"its formula leaves {fit.residual_in_roundings:.2f} of the rounding"
    return Recipe(
        evidence.target,
        evidence.network,
        fit.method,
        FoundMethod(fit.method, dict(fit.parameters), fit.residual_in_roundings, why),
        parents,
        {},
        components_of(linear),
        coverage=evidence.coverage,
        base=evidence.base,
        sure=True,
    )

