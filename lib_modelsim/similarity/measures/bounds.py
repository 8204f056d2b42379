"""What values say of two models: verdicts that several measures share.

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

SAME, NEARLY, CLOSE, BASE, UNRELATED = (
    "no difference in the UNet or transformer",
    "nearly the same (a light merge or another precision)",
    "close relative",
    "same base",
    "unrelated",
)


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


STRANGERS = Bound(UNRELATED, -0.1, 0.1)

OF_COSINES = (
    Bound(SAME, 1, 1),
    Bound(NEARLY, 0.99995, 1),
    Bound(CLOSE, 0.9975, 0.99995),
    Bound(BASE, 0.88, 0.9975),
)
