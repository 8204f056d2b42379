"""The measures of whole weights, from a sample of them: 4 % of a file is read (see `similarity/sampling.py`).

Each is the exact measure over the same sums, scaled up from the sample; one pass serves all of them. They have names of
their own, so that a number says how it was made, and are remembered apart from the exact ones.
"""

from __future__ import annotations

from dataclasses import replace

from ..parts import Lengths, Reading
from ..sampling import SAMPLE, VERSION
from .bounds import SAME, SAME_SAMPLE
from .cosine import COSINE_WHOLE
from .delta import DELTA_COSINE
from .l2 import L2, RELATIVE_L2
from .registry import WeightMeasure

SAMPLED = Reading(f"sample {VERSION}", Lengths, SAMPLE)
"""Fixed chunks of every key."""

_CAVEAT = "It reads a sample of 4 % of the weights."


def _sampled(measure: WeightMeasure, **changes: object) -> WeightMeasure:
    return replace(
        measure,
        name=f"sampled-{measure.name}",
        label=f"{measure.label}, sampled",
        reads="4 % of a file",
        reading=SAMPLED,
        bounds=tuple(replace(b, text=SAME_SAMPLE) if b.text == SAME else b for b in measure.bounds),
        caveat=f"{measure.caveat} {_CAVEAT}" if measure.bounds else measure.caveat,
        **changes,
    )


SAMPLED_L2 = _sampled(L2)
SAMPLED_RELATIVE_L2 = _sampled(RELATIVE_L2, direct=True)
SAMPLED_COSINE_WHOLE = _sampled(COSINE_WHOLE)
SAMPLED_DELTA_COSINE = _sampled(DELTA_COSINE, l2=SAMPLED_L2.name)

MEASURES = (SAMPLED_DELTA_COSINE, SAMPLED_RELATIVE_L2, SAMPLED_COSINE_WHOLE, SAMPLED_L2)
