"""What to expect of a search: how often it finds the models of the gallery's own pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import ModelsimError
from ...identify.calibration import SelfTest
from .index import Learned


@dataclass(frozen=True)
class Reliability:
    """What the search finds of the library's own pictures: shares 0 … 1, and the same in a sentence."""

    top1: float
    top4: float
    n_models: int
    sentence: str


@dataclass(frozen=True)
class TestedModel:
    """One model's part in the self-test: the share of its pictures that it was put first for, or among four."""

    model: str
    pictures: int
    top1: float
    top4: float
    mean_rank: float


def reliability(learned: Learned) -> Reliability | None:
    """The search's own test; None where the gallery is too small for one."""
    test = _test(learned)
    return None if test is None else Reliability(test.found(1), test.found(4), test.scores.shape[1], test.sentence)


def table(learned: Learned) -> list[TestedModel]:
    """The self-test model by model. Raises ModelsimError where the gallery is too small for one."""
    test = _test(learned)
    if test is None or learned.search is None:
        models, pictures = len(learned.names), len(learned.pictures)
        raise ModelsimError(
            "the search cannot be tested on this gallery",
            f"{models} model{'' if models == 1 else 's'}, {pictures} pictures",
            "generate a suite with three models or more, or import pictures with: gallery import DIR",
        )
    names, counts = learned.names, learned.search.examples.pictures_of
    rows = []
    for place, key in enumerate(learned.search.examples.models):
        ranks = test.ranks[test.model == place]
        if len(ranks):  # a model with one picture was never tested
            found = [float(np.mean(ranks <= first)) for first in (1, 4)]
            rows.append(TestedModel(names[key], int(counts[place]), *found, float(ranks.mean())))
    return rows


def _test(learned: Learned) -> SelfTest | None:
    return None if learned.search is None else learned.search.test
