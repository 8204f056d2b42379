"""What one measure says of one architecture's models, and why something is missing."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...families.merges import Merge
from ...similarity.matrix import SimilarityMatrix
from ..catalogue.index import Model, Unreadable
from .roundings import Rounding


@dataclass(frozen=True)
class Reason:
    """Why a pair has missing or partial values; where `a` and `b` are one model, it concerns all its pairs."""

    a: str
    b: str
    reason: str


@dataclass(frozen=True)
class Scores:
    """What one measure says of the models of one architecture that could be read to the end."""

    models: list[Model]
    matrix: SimilarityMatrix
    reasons: list[Reason] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    merges: list[Merge] = field(default_factory=list)
    roundings: list[Rounding] = field(default_factory=list)
