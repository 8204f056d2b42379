"""stars: what a person said of a picture themselves, 1 to 5."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...job import Job
from ..collection import Collected
from .scorer import Scored, ScorerKind, Tools

if TYPE_CHECKING:  # SciPy comes with it, and the help of every command needs the names
    from ...pictures.features import FeatureStore

NONE = "you gave it no stars"


class Stars:
    """As they are remembered now, by content."""

    unit = "stars"
    pixels = ()
    encoder = None

    def __init__(self, tools: Tools) -> None:
        self._stars = tools.stars

    def score(self, pictures: Sequence[Collected], _store: FeatureStore, _job: Job) -> Scored:
        """Of the pictures that have some."""
        given = self._stars([picture.content for picture in pictures])
        values = np.array([given.get(picture.content, np.nan) for picture in pictures], np.float64)
        return Scored(values, dict.fromkeys(np.flatnonzero(np.isnan(values)).tolist(), NONE))


KIND = ScorerKind("stars", "your stars", "you like it more", lambda _which, tools: Stars(tools))
