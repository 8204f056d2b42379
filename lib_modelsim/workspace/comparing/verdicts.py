"""A number in words: what a measure's value says of two models, and how that is known.

The bounds stand with the measures (`similarity/measures/`); what they were measured on, in `bounds.py` there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...checkpoints.identity import Relation
from ...similarity.base import MEAN, Base
from ...similarity.coverage import LEAST
from ...similarity.joining import main_component
from ...similarity.measures.bounds import SAME
from ...similarity.measures.registry import measure_named
from .shares import covers

NONE = "no verdict"
SAME_IN_PART = "no difference in what both hold"


@dataclass(frozen=True)
class Verdict:
    """What is said of two models, in a few words, and how that is known, in a sentence or two."""

    text: str
    why: str


def verdict(
    measure: str,
    value: float,
    base: Base | None = None,
    relation: Relation | None = None,
    coverage: float | None = None,
) -> Verdict:
    """What a value of the whole UNet or transformer says of two models; hashes, where they know, say it better.

    `base` is that of a measure that needs one, and NaN a pair that is not comparable. `coverage` is the share of the
    network that the value speaks of: below `coverage.LEAST` there is no verdict, and below 1 the two are never called
    the same.
    """
    fact = _by_hashes(relation)
    if fact is not None:
        return fact
    if coverage is not None and 0 < coverage < LEAST:
        return Verdict(NONE, f"The number {covers(measure, coverage)}.")
    if np.isnan(value):
        return Verdict(NONE, "The two are not comparable.")
    known = measure_named(measure)
    if not known.bounds:
        return Verdict(NONE, known.caveat)
    if known.needs_base and base == MEAN:
        return Verdict(NONE, "The mean of these models is no true base: the numbers only tell them from each other.")
    bound = next((bound for bound in known.bounds if bound.least <= value <= bound.most), None)
    if bound is None:
        return Verdict(NONE, f"{known.between} {known.caveat}")
    if coverage is None or coverage == 1:
        return Verdict(bound.text, f"By {measure}, {bound.span()}. {known.caveat}")
    text = SAME_IN_PART if bound.text == SAME else bound.text
    return Verdict(text, f"By {measure}, {bound.span()}. It {covers(measure, coverage)}. {known.caveat}")


def explanation(measure: str) -> str:
    """All verdicts of a measure with their values, in one line."""
    known = measure_named(measure)
    return "; ".join(f"{bound.text}: {bound.span()}" for bound in known.bounds) or known.caveat


def _by_hashes(relation: Relation | None) -> Verdict | None:
    """What hashes say, where they know that the main component is shared."""
    if relation is None:
        return None
    main = main_component(relation.components)
    if relation.same_file:
        return Verdict("the same file", "The hashes of the files agree.")
    if main is None or not relation.components[main].agrees:
        return None
    if not relation.network_known:
        return None
    return Verdict(relation.text.replace("same", "the same", 1), "The hashes of their values agree.")
