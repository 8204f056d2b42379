"""A number in words: what a measure's value says of two models, and how that is known.

The bounds stand with the measures (`similarity/measures/`); what they were measured on, in `bounds.py` there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...checkpoints.identity import Relation, component_label
from ...similarity.base import MEAN, Base
from ...similarity.coverage import LEAST
from ...similarity.joining import main_component
from ...similarity.matrix import SimilarityMatrix
from ...similarity.measures.bounds import (
    APART,
    BASE,
    ONE_SIZE,
    SAME,
    SAME_CHANGE,
    SAME_SAMPLE,
    SCALED,
    UNRELATED,
)
from ...similarity.measures.l2 import RELATIVE_L2
from ...similarity.measures.of_adapters import CHANGE_COSINE
from ...similarity.measures.registry import measure_named
from ...text import percent
from .roundings import Rounding, grain
from .shares import covers

NONE = "no verdict"
SAME_IN_PART = "no difference in what both hold"
SMALL_SHARE = "A merge that holds little of the other looks the same."
"""What a number that calls two models strangers cannot rule out."""

IN_PART = {
    SAME: SAME_IN_PART,
    SAME_SAMPLE: "no difference in a sample of what both hold",
}
"""What is said instead of two models that are not compared over the whole network."""


@dataclass(frozen=True)
class Verdict:
    """What is said of two models, in a few words, and how that is known, in a sentence or two: from hashes, or from a
    number."""

    text: str
    why: str
    by_hashes: bool = False


def verdict(
    measure: str,
    value: float,
    base: Base | None = None,
    relation: Relation | None = None,
    coverage: float | None = None,
    apart: float = np.nan,
    shared: str | None = None,
    changes: tuple[float, float] = (np.nan, np.nan),
    rounding: Rounding | None = None,
    precisions: tuple[str, str] = ("", ""),
) -> Verdict:
    """What a value of the whole UNet or transformer says of two models; hashes, where they know, say it better.

    `base` is that of a measure that needs one, and NaN a pair that is not comparable. `coverage` is the share of the
    network that the value speaks of: below `coverage.LEAST` there is no verdict, and below 1 the two are never called
    the same. `apart` is relative-l2 of the two, where it is known beside the measure: a direction alone says nothing of
    strangers. `shared` is what `same_main` says, `changes` are relative-l2 of each of the two from a base that is a
    model: a direction says nothing of sizes either. `rounding` is what was proven of the two where one is quantised,
    `precisions` are what they are stored as: what lies below the rounding of a format is never told from it.
    """
    known = measure_named(measure)
    if known is CHANGE_COSINE:
        return _by_hashes(relation) or _of_changes(value, coverage)
    settled = _by_hashes(relation) or _by_coverage(measure, coverage) or _by_rounding(rounding)
    if settled is None and not np.isnan(value) and apart != 0:
        settled = _hidden(known.needs_base, apart, changes, precisions)
    if settled is not None:
        return settled
    if shared is not None and coverage in (None, 1):
        text = f"the {shared}" if shared.startswith("same") else shared
        return Verdict(text, f"According to the values of each component. {known.caveat}")
    if np.isnan(value) or not known.bounds:
        return Verdict(NONE, "The two are not comparable." if np.isnan(value) else known.caveat)
    if known.needs_base and base == MEAN:
        why = "The mean of these models is not a real base: the numbers only tell these models apart."
        return Verdict(NONE, why) if np.isnan(apart) else _by_size(apart, f"{why} By their size:")
    if known.needs_base and apart > _RELATED:
        return _by_size(apart, f"The direction means nothing when the difference is {apart:.2g} of the models' size:")
    if known.needs_base and min(changes) > _RELATED and not np.isnan(apart):
        return _by_size(apart, f"Both differ by {min(changes):.2g} of their size from the base, so it is not theirs:")
    bound = next((bound for bound in known.bounds if bound.least <= value <= bound.most), None)
    if bound is None:
        return Verdict(NONE, f"{known.between} {known.caveat}")
    text, besides = _besides(bound.text, changes)
    if coverage is None or coverage == 1:
        return Verdict(text, f"By {measure}, {bound.span()}.{besides} {known.caveat}")
    text = IN_PART.get(text, text)
    return Verdict(text, f"By {measure}, {bound.span()}.{besides} It {covers(measure, coverage)}. {known.caveat}")


def _besides(text: str, changes: tuple[float, float]) -> tuple[str, str]:
    """The verdict of a bound, and what its number does not say: the sizes of the changes, or a small share."""
    if text in (APART, UNRELATED):
        return text, f" {SMALL_SHARE}"
    if text == SAME_CHANGE and max(changes) > ONE_SIZE * min(changes) > 0:
        sizes = f" The changes from the base have {changes[0]:.2g} and {changes[1]:.2g} of the models' size."
        return SCALED.format(percent(min(changes) / max(changes))), sizes
    return text, ""


def _of_changes(value: float, coverage: float | None) -> Verdict:
    """What the cosine of two adapters' changes says: a layer that only one changes counts as unchanged in the other."""
    if np.isnan(value):
        return Verdict(NONE, "The two are not comparable.")
    bound = next((bound for bound in CHANGE_COSINE.bounds if bound.least <= value <= bound.most), None)
    part = "" if coverage in (None, 1) else f" It {covers(CHANGE_COSINE.name, coverage)}."
    if bound is None:
        return Verdict(NONE, f"{CHANGE_COSINE.between}{part} {CHANGE_COSINE.caveat}")
    return Verdict(bound.text, f"By {CHANGE_COSINE.name}, {bound.span()}.{part} {CHANGE_COSINE.caveat}")


def _by_coverage(measure: str, coverage: float | None) -> Verdict | None:
    if coverage is None or not 0 < coverage < LEAST:
        return None
    return Verdict(NONE, f"The number {covers(measure, coverage)}.")


def _by_rounding(rounding: Rounding | None) -> Verdict | None:
    if rounding is None:
        return None
    grid = f"Every number of {rounding.fine} lies within half a step of the grid on which {rounding.coarse} stands"
    return Verdict(f"the {rounding.fact}", f"{grid}, {rounding.precision}.")


def _hidden(
    needs_base: bool, apart: float, changes: tuple[float, float], precisions: tuple[str, str]
) -> Verdict | None:
    """That there is no verdict, where what parts two models, or one from its base, is no more than rounding makes."""
    grains = [grain(precision) for precision in precisions]
    coarse = [name for name, size in zip(precisions, grains, strict=True) if size > 0]
    if not coarse:
        return None
    makes = f"rounding alone makes up to {percent(math.hypot(*grains))} of their size"
    if np.isnan(apart):
        return Verdict(NONE, f"{' and '.join(coarse)}: quantised weights are not what this measure was tried on.")
    if len(coarse) == 2 and apart <= math.hypot(*grains):
        what = "Both are quantised" if coarse[0] == coarse[1] else f"Both are quantised ({' and '.join(coarse)})"
        return Verdict(NONE, f"{what}: {makes}, so nobody can tell whether they were made from the same weights.")
    if apart <= math.hypot(*grains):
        why = f"They are not the same weights rounded to {coarse[0]}, as far as can be told; but {makes}"
        return Verdict(NONE, f"{why}, so what else parts them, {percent(apart)} with it, does not show.")
    if needs_base and any(change < _CLEAR * size for change, size in zip(changes, grains, strict=True) if size > 0):
        return Verdict(NONE, f"{coarse[0]} is quantised: {makes}, too much to know its direction from the base.")
    return None


_CLEAR = 3.0
"""Times its rounding that a quantised model must have changed for its direction to be known within some 5 %."""

_RELATED = next(bound.most for bound in RELATIVE_L2.bounds if bound.text == BASE)
"""relative-l2 of the farthest relatives."""


def _by_size(apart: float, first: str) -> Verdict:
    """The verdict that the size of the difference alone gives."""
    bound = next((bound for bound in RELATIVE_L2.bounds if bound.least <= apart <= bound.most), None)
    if bound is None:
        return Verdict(NONE, f"{first} {RELATIVE_L2.name} is {apart:.4f}, between two bounds.")
    small = f" {SMALL_SHARE}" if bound.text == UNRELATED else ""
    return Verdict(bound.text, f"{first} {RELATIVE_L2.name} is {apart:.4f} (range {bound.span()}).{small}")


def same_main(matrix: SimilarityMatrix, a: int, b: int) -> str | None:
    """ "same UNet, other text encoder" of two models, where that is so: their overall number speaks of the UNet alone;
    "no difference in a sample of the UNet, other text encoder" where no more was read. None where the UNet differs or
    was not compared to its end, where everything is the same, or where the measure does not tell."""
    main = main_component(matrix.apart)
    if main is None or matrix.apart[main][a, b] != 0 or (matrix.coverage is not None and matrix.coverage[a, b] < 1):
        return None
    others = [name for name, sizes in matrix.apart.items() if sizes[a, b] > 0]
    if not others:
        return None
    return ", ".join([equal_main(matrix.measure, main), *(f"other {component_label(name)}" for name in others)])


def equal_main(measure: str, main: str) -> str:
    """What is equal where a measure finds no difference: "same UNet", or but a sample of it."""
    label = component_label(main)
    return f"no difference in a sample of the {label}" if measure_named(measure).sampled else f"same {label}"


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
        return Verdict("the same file", "The hashes of the files agree.", by_hashes=True)
    if main is None or not relation.components[main].agrees:
        return None
    if not relation.network_known:
        return None
    return Verdict(relation.text.replace("same", "the same", 1), "The hashes of their values agree.", by_hashes=True)
