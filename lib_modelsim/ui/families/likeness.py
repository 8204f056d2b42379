"""One scale of likeness for all models of a comparison: how long a bar is, from zero, and how bright a block."""

from __future__ import annotations

import numpy as np

from ...similarity.matrix import SimilarityMatrix
from ..words import number

STEPS = 24
"""Steps of the colour scale; each is a CSS class, c0 the least alike."""


class Likeness:
    """Bars from 0: of a score to 1, "the same", of a distance to the greatest of all models that were compared. Colours
    over the same values: whoever is chosen, a number has one length and one colour."""

    def __init__(self, matrix: SimilarityMatrix) -> None:
        known = np.concatenate([matrix.values.ravel(), matrix.overall.ravel()])
        known = known[np.isfinite(known)]
        self._measure, self._distance = matrix.measure, matrix.is_distance
        self._most = (float(known.max(initial=0)) or 1.0) if matrix.is_distance else 1.0

    def length(self, value: float) -> int:
        """Of a bar, in percents; a score below 0 has none."""
        return round(100 * min(max(value / self._most, 0), 1)) if np.isfinite(value) else 0

    def steps(self, values: np.ndarray) -> list[str]:
        """The colours' CSS classes."""
        shares = np.clip(np.asarray(values) / self._most, 0, 1)
        alike = 1 - shares if self._distance else shares
        return [f"c{step}" for step in np.minimum(alike * STEPS, STEPS - 1).astype(int).tolist()]

    @property
    def ticks(self) -> list[str]:
        """What the bars' axis says at its beginning, middle and end."""
        return [number(share * self._most, self._measure).replace(".000 %", " %") for share in (0, 0.5, 1)]

    @property
    def brightest_first(self) -> bool:
        """Whether the colour at the axis' beginning is that of the same."""
        return self._distance
