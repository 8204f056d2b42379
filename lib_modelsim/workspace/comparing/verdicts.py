"""A number in words: what a measure's value says of two models, and how that is known.

The bounds are between values that were measured, on families of known kinship and on published distances of real
models (all of the UNet). The made-up family: a base of random weights, fine-tunes at 15 % of its weights' size (their
relative-l2 0.15 from the base, 0.21 from each other), a sibling 5 % from one of them, a 30:70 merge of two, strangers,
and the base in other precisions and merged with a little of a fine-tune:

    pair                            relative-l2     cosine            asimilarity
    float16 copy                    0.0002          0.99999998        0.999999
    bfloat16 copy                   0.0017          0.9999986         0.9999
    merge with 5 % of a fine-tune   0.0075          0.99997           0.9978
    merge with 10 %                 0.015           0.9999            0.9946
    8-bit copies                    0.027, 0.053    0.9996, 0.9986    0.987, 0.967
    sibling                         0.049           0.9988            0.958
    merge and its larger parent     0.063           0.998             0.953
    fine-tunes and their base       0.15            0.989             0.80 to 0.82
    fine-tunes among each other     0.21            0.978             0.70
    the same at 30 % of the size    0.41            0.918             0.41
    strangers                       2.00            0.00              0.00

For weights of equal length the first two follow from each other: cosine = (4 − r²) / (4 + r²).
delta-cosine: the same family, and 6DammK9's distances of nine real SD 1.x models (see docs/families.md): three files
of one training 0.993 to 0.998, parents and merges 0.37 to 0.92, models trained apart −0.24 to 0.12.

Nothing was measured between the farthest relatives and strangers: there the verdict is that there is none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...checkpoints.identity import Relation
from ...similarity.base import MEAN, Base
from ...similarity.measures import main_component

SAME, NEARLY, CLOSE, BASE, UNRELATED = (
    "the same weights",
    "nearly the same (a light merge or another precision)",
    "close relative",
    "same base",
    "unrelated",
)
NONE = "no verdict"


@dataclass(frozen=True)
class Verdict:
    """What is said of two models, in a few words, and how that is known, in a sentence or two."""

    text: str
    why: str


@dataclass(frozen=True)
class Bound:
    """A verdict and the values that it holds for, from `least` to `most`."""

    text: str
    least: float
    most: float

    def span(self) -> str:
        """The values in words: "0.94 to 0.9975"."""
        if np.isinf(self.most):
            return f"from {self.least:g} on"
        return f"{self.least:.7g}" if self.least == self.most else f"{self.least:.7g} to {self.most:.7g}"


_OF_COSINES = (
    Bound(SAME, 1, 1),
    Bound(NEARLY, 0.99995, 1),
    Bound(CLOSE, 0.9975, 0.99995),
    Bound(BASE, 0.88, 0.9975),
)
_STRANGERS = Bound(UNRELATED, -0.1, 0.1)
_OF_ATTENTION = (
    Bound("the same self-attention", 1 - 2e-6, 1),  # sums of float32
    Bound("nearly the same self-attention", 0.9975, 1 - 2e-6),
    Bound(CLOSE, 0.93, 0.9975),
    Bound(BASE, 0.4, 0.93),
    _STRANGERS,
)

BOUNDS: dict[str, tuple[Bound, ...]] = {
    "asimilarity": _OF_ATTENTION,
    "asimilarity8": _OF_ATTENTION,
    "cosine": (*_OF_COSINES, _STRANGERS),
    "cosine-min": _OF_COSINES,
    "cosine-whole": (*_OF_COSINES, _STRANGERS),
    "delta-cosine": (
        Bound("the same training, or nearly", 0.99, 1),
        Bound("close relative: most of the training is shared", 0.9, 0.99),
        Bound("part of the training is shared", 0.3, 0.9),
        Bound("same base, trained apart", -0.3, 0.15),
    ),
    "relative-l2": (
        Bound(SAME, 0, 0),
        Bound(NEARLY, 0, 0.01),
        Bound(CLOSE, 0.01, 0.07),
        Bound(BASE, 0.07, 0.5),
        Bound(UNRELATED, 1.9, float("inf")),
    ),
}
"""Measure → verdicts with their values, the best first; l2 has none."""

_CAVEATS = {
    "cosine": "A factor before all weights would not show.",
    "cosine-whole": "A factor before all weights would not show.",
    "cosine-min": "It takes the worst key of each block, and one odd key hides kinship: it never rules kinship out.",
    "asimilarity": "It sees one self-attention per block, 4 % of a file: the rest may differ.",
    "asimilarity8": "It sees one self-attention in each of 8 blocks, 2 % of a file: the rest may differ.",
    "delta-cosine": "It looks at the direction away from the base alone: how far two models went does not show.",
}
"""Measure → what its verdicts do not know."""


def verdict(measure: str, value: float, base: Base | None = None, relation: Relation | None = None) -> Verdict:
    """What a value of the whole UNet or transformer says of two models; hashes, where they know, say it better.

    `base` is that of delta-cosine, and NaN a pair that is not comparable.
    """
    fact = _by_hashes(relation)
    if fact is not None:
        return fact
    if np.isnan(value):
        return Verdict(NONE, "The two are not comparable.")
    if measure == "pictures":
        return Verdict(NONE, "Pictures are compared within these models and these probes alone, so there is no scale.")
    if measure not in BOUNDS:
        why = "l2 has no scale of its own: it grows with the size of the weights. relative-l2 has one."
        return Verdict(NONE, why)
    if measure == "delta-cosine" and base == MEAN:
        return Verdict(NONE, "The mean of these models is no true base: the numbers only tell them from each other.")
    bound = next((bound for bound in BOUNDS[measure] if bound.least <= value <= bound.most), None)
    caveat = _CAVEATS.get(measure, "It speaks of the UNet or transformer alone.")
    if bound is None:
        return Verdict(NONE, f"Between the farthest relatives and the strangers that were measured. {caveat}")
    return Verdict(bound.text, f"By {measure}, {bound.span()}. {caveat}")


def explanation(measure: str) -> str:
    """All verdicts of a measure with their values, in one line."""
    if measure not in BOUNDS:
        return verdict(measure, 0).why
    return "; ".join(f"{bound.text}: {bound.span()}" for bound in BOUNDS[measure])


def _by_hashes(relation: Relation | None) -> Verdict | None:
    """What hashes say, where they know that the main component is shared."""
    if relation is None:
        return None
    main = main_component(relation.components)
    if relation.same_file:
        return Verdict("the same file", "The hashes of the files agree.")
    if main is None or not relation.components[main].agrees:
        return None
    if main != "unet" and not relation.components.get("other", relation.components[main]).agrees:
        return None  # what no rule places may be the network
    return Verdict(relation.text.replace("same", "the same", 1), "The hashes of their values agree.")
