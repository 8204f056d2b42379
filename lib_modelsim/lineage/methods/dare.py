"""DARE: differences of which a random part is dropped and the rest made larger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..values import PROVEN, KeyValues
from .cases import cases_of
from .masks import MaskedWeight, left, random_masks, rank_effect, start_of, unmasked
from .method import Method, MethodFit
from .spans import ROUNDINGS

RANKS = 0.05
"""DELLA's masks keep the largest number by .15 more than the mean (mergekit's default ε)."""

FEW = 30
"""Weights that are enough to see whether masks look drawn."""


def quick(sample: Sequence[KeyValues], parents: Mapping[str, str]) -> float:
    """Every number is the origin's, or one of two or four that the moves and two factors can make."""
    cases = cases_of(sample, parents)
    origin, roles = _roles(parents)
    start = start_of(cases, origin, roles)
    if start is None:
        return 1.0
    worst = 0.0
    for case in cases:
        if case.target.size < 200:
            continue
        found = unmasked(case, origin, start)
        worst = max(worst, float(np.sqrt(found.squares / max(found.count, 1))) / ROUNDINGS)
        if worst > 1:
            break
    return worst


def fitted(
    sample: Sequence[KeyValues], parents: Mapping[str, str], name: str, effects: tuple[float, float]
) -> MethodFit | None:
    """Masks and factors of each weight; None where the masks do not look drawn, or keep the largest number more often
    than the mean by less or more than `effects` say. p is from the masks; the share of each parent is its factor times
    what its mask keeps."""
    cases = cases_of(sample, parents)
    origin, roles = _roles(parents)
    start = start_of(cases, origin, roles)
    if start is None:
        return None
    few = [unmasked(case, origin, start) for case in cases[:: max(len(cases) // FEW, 1)]]
    if left(few)[0] > 2 * PROVEN or sum(int(one.clear.sum()) for one in few) < 200 or not random_masks(few):
        return None
    by_rank = [
        max((rank_effect(few, role, whole) for whole in (False, True)), key=lambda x: abs(x[0])) for role in roles
    ]
    if not all(effects[0] <= abs(effect) < effects[1] for effect, _ in by_rank):
        return None
    weights = [unmasked(case, origin, start) for case in cases]
    counts = [int(one.clear.sum()) for one in weights]
    rates = [
        middle if effects[0] else sum(int(one.masks[role][one.clear].sum()) for one in weights) / sum(counts)
        for role, (_, middle) in zip(roles, by_rank, strict=True)
    ]
    share = {role: _share(weights, counts, role, rate) for role, rate in zip(roles, rates, strict=True)}
    p, total = 1 - float(np.mean(rates)), sum(share.values())
    if not 0.02 < p < 0.98 or abs(total) < 0.02:
        return None
    rest, each = left(weights)
    if origin == "C":
        return MethodFit(name, parents, {"p": p, "alpha": share["B"] / total}, rest, each, share)
    alpha = share["B"]
    return MethodFit(name, parents, {"p": p, "alpha": alpha}, rest, each, {"A": 1 - alpha, "B": alpha})


def _share(weights: Sequence[MaskedWeight], counts: Sequence[int], role: str, rate: float) -> float:
    """A parent's share: scaled by 1 / (1 − p), or in each weight to the same absolute sum; what is steadier over the
    weights is what was chosen."""
    ways = []
    for kept in ([one.kept[role] for one in weights], [rate] * len(weights)):
        shares = np.array([one.factors[role] for one in weights]) * kept
        mean = float(np.average(shares, weights=counts))
        ways.append((float(np.average((shares - mean) ** 2, weights=counts)), mean))
    return min(ways)[1]


def fit(sample: Sequence[KeyValues], parents: Mapping[str, str]) -> MethodFit | None:
    """Masks that know nothing of the numbers' sizes."""
    return fitted(sample, parents, "dare", (0.0, RANKS))


def _roles(parents: Mapping[str, str]) -> tuple[str, list[str]]:
    """What masks are taken from, and whose moves they hide."""
    origin = "C" if "C" in parents else "A"
    return origin, [role for role in parents if role != origin]


METHODS = (
    Method(
        "dare",
        ("A", "B", "C"),
        "C + (1 − α) mask (A − C) / (1 − p) + α mask (B − C) / (1 − p), each mask 0 with probability p; in mergekit "
        "scaled to the same absolute sum instead of by 1 / (1 − p)",
        "arXiv 2311.03099; mergekit a6e4028 sparsify.py bernoulli; sd-mecha 1.1.5 ties.py ties_sum_with_dropout",
        quick,
        fit,
        symmetric=True,
        shares=True,
    ),
    Method(
        "dare",
        ("A", "B"),
        "A + mask · α / (1 − p) · (B − A), the mask 0 with probability p = 0.5",
        "Chattiori-Model-Merger 5fc7fc2 merge.py dare_merge",
        quick,
        fit,
        shares=True,
    ),
)
