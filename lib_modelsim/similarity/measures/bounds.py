"""What values say of two models: verdicts that several measures share.

The bounds are between values that were measured (all of the UNet): a family that was really trained, with merges of it
(`minihub` of the project's shared data: fine-tunes of the whole UNet and a LoRA move it by 4 to 7 %), made-up families
of random numbers (fine-tunes at 15 % of the weights' size), and 6DammK9's published distances of real SD 1.x models.
`python -m benchmarks.verdicts` prints the trained and the published ones:

    trained family                relative-l2     cosine-whole    cosine          asimilarity     delta-cosine
    text encoder trained alone    0               1               1               1               –
    bfloat16 copy                 0.0017          1.0000          1.0000          1.0000          –
    merge with 5 %, 10 %          0.0028, 0.0079  1.0000          0.9999          0.9998          0.994
    8-bit copy                    0.025           0.9997          0.9996          0.997           –
    merge and its parents         0.032 to 0.051  0.9987, 0.9995  0.9978, 0.9990  0.993 to 0.997  0.53 to 0.84
    LoRA baked in                 0.034 to 0.068  0.9977, 0.9994  0.9990, 0.9997  0.970 to 0.992  0.86
    fine-tune and its parent      0.047 to 0.057  0.9984, 0.9989  0.9967, 0.9973  0.990 to 0.994  0.72 to 0.73
    add-difference and A, B       0.057 to 0.069  0.9977, 0.9984  0.9950, 0.9969  0.985 to 0.989  0.68 to 0.79
    tuned apart                   0.079 to 0.095  0.9955, 0.9969  0.9908, 0.9957  0.959 to 0.981  0.01 to 0.09
    stranger, of each layer's     1.25            0.44            0.18            0.00            −0.01
      mean and spread

    made-up family
    merge with 5 %, 10 %          0.0075, 0.015   0.9999          0.9999          0.998, 0.995
    sibling at 5 %                0.049           0.9988          0.9988          0.958
    fine-tune and its base        0.15            0.989           0.989           0.80 to 0.82
    fine-tunes among each other   0.21            0.978           0.978           0.70            0.00
    the same at 30 %              0.41            0.918           0.918           0.41
    strangers                     2.00            0.00            0.00            0.00

    published, SD 1.x (‖W‖ ≈ 900)
    epochs of one training        0.0004 to 0.013                                                 0.993 to 1.000
    a light fine-tune, parent     0.012 to 0.020
    merges of a fine-tune         0.033 to 0.045                                                  0.37 to 0.92
    fine-tune and its base        0.09 to 0.18
    related in part               0.11 to 0.17                                                    0.40 to 0.78
    stages of the base's training 0.30 to 0.38                                                    −0.24 to 0.12

So little apart means close relatives, whoever they are; but a fine-tune may lie as far from its base as two fine-tunes
from each other: above 5 % the size alone says that the two are related, not how, and the direction (delta-cosine) says
how. The attention score of real fine-tunes is hardly below that of light merges. Where nothing was measured, between
two bounds, the verdict is that there is none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SAME, NEARLY, CLOSE, BASE, UNRELATED = (
    "no difference in the UNet or transformer",
    "nearly the same (another precision, a light merge or a few steps of training)",
    "close relative",
    "related: the same base, or one from the other",
    "unrelated",
)

SAME_SAMPLE = "no difference in a sample of the UNet or transformer"
"""In the place of `SAME`, of a measure that reads a sample alone."""

APART = "same base, trained apart"
"""Of the direction from a base, where the sizes do not say that the two are strangers."""

SAME_CHANGE = "nearly the same change (other steps of one training, or a light merge)"
"""Of the direction from a base, where the two changes are of nearly one size."""

SCALED = "the same change from the base, one at {} of the other's size (merged with the base, or added more or less)"
"""Of the direction from a base, where one change is larger than the other."""

ONE_SIZE = 1.2
"""Up to so many times the size two changes in one direction may be nearly the same. Measured at a delta-cosine of 0.99
or more: steps of one training 1.00 to 1.06 (ABPModel, 21 pairs of epochs; NovelAI's releases 1.00 to 1.01), a merge
with 10 % of another fine-tune 1.09, Anything V3 and momoko-e, of which it holds a part, 3.66."""


@dataclass(frozen=True)
class Bound:
    """A verdict and the values that it holds for, from `least` to `most`."""

    text: str
    least: float
    most: float

    def span(self) -> str:
        """The values in words: "0.94 to 0.9975"."""
        if np.isinf(self.most):
            return f"{self.least:g} or more"
        return f"{self.least:.7g}" if self.least == self.most else f"{self.least:.7g} to {self.most:.7g}"


OF_COSINES = (
    Bound(SAME, 1, 1),
    Bound(NEARLY, 0.99997, 1),
    Bound(CLOSE, 0.9986, 0.99995),
    Bound(BASE, 0.9, 0.9984),
    Bound(UNRELATED, -0.5, 0.5),
)
"""Cosine of all weights: those of relative-l2 by cosine = (4 − r²) / (4 + r²), for weights of equal length."""
