"""sd-mecha's DARE: where several models keep a number, their mean is added in the place of their sum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..values import PROVEN, KeyValues
from .cases import cases_of
from .dare import FEW, RANKS
from .masks import left, random_masks, rank_effect, start_of, unmasked
from .method import Method, MethodFit
from .spans import ROUNDINGS


def quick(sample: Sequence[KeyValues], parents: Mapping[str, str]) -> float:
    """Every number is the origin's, or with one model's move, or with the mean of both."""
    cases = cases_of(sample, parents)
    start = start_of(cases, "C", ("A", "B"))
    if start is None:
        return 1.0
    worst = 0.0
    for case in cases:
        if case.target.size >= 200 and worst <= 1:
            found = unmasked(case, "C", start, mean=True)
            worst = max(worst, float(np.sqrt(found.squares / max(found.count, 1))) / ROUNDINGS)
    return worst


def fit(sample: Sequence[KeyValues], parents: Mapping[str, str]) -> MethodFit | None:
    """As DARE's: masks that look drawn and know nothing of sizes, and one factor for both."""
    cases = cases_of(sample, parents)
    start = start_of(cases, "C", ("A", "B"))
    if start is None:
        return None
    few = [unmasked(case, "C", start, mean=True) for case in cases[:: max(len(cases) // FEW, 1)]]
    if left(few)[0] > 2 * PROVEN or sum(int(one.clear.sum()) for one in few) < 200 or not random_masks(few):
        return None
    if any(abs(rank_effect(few, role, whole)[0]) >= RANKS for role in "AB" for whole in (False, True)):
        return None
    weights = [unmasked(case, "C", start, mean=True) for case in cases]
    counts = [int(one.clear.sum()) for one in weights]
    kept = [float(np.mean([one.masks[role][one.clear].mean() for role in "AB"])) if one.clear.any() else 0.0
            for one in weights]  # fmt: skip
    factors = [float(np.mean(list(one.factors.values()))) for one in weights]
    p, factor = 1 - float(np.average(kept, weights=counts)), float(np.average(factors, weights=counts))
    if not 0.02 < p < 0.98:
        return None
    rest, each = left(weights)
    return MethodFit("dare", parents, {"p": p, "alpha": factor * (1 - p)}, rest, each)


METHOD = Method(
    "dare",
    ("A", "B", "C"),
    "C + α / (1 − p) · the mean of A − C and B − C, of those that are not dropped, each with probability p",
    "sd-mecha 1.1.8, extensions/builtin/merge_methods/ties.py dropout, with its overlap of 1",
    quick,
    fit,
    symmetric=True,
)
