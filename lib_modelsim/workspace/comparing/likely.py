"""The base that a network's models are likely trained from, where nobody named one and no hash tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...errors import joined
from ...families.bases import likely_base
from ...families.distances import direct_distances
from ...job import Job
from ...library import Library
from ...similarity.base import ANOTHER_BASE
from ...similarity.measures.registry import WeightMeasure, find_measure
from ..catalogue.index import Index, Model
from .compare import compare_models


@dataclass(frozen=True)
class LikelyModel:
    """The model that is likely the base, and a sentence that says so."""

    model: Model
    note: str


def likely_model(
    group: Sequence[Model],
    measure: str,
    library: Library,
    job: Job,
    device: str = "auto",
    memory: int | None = None,
) -> LikelyModel | None:
    """The likely base of the models of one network, for a measure that needs one; None where none stands out.

    It is told from l2 over the same sums as the measure's, so that the files are read once for both.
    """
    kind = find_measure(measure)
    if not isinstance(kind, WeightMeasure) or kind.l2 is None:
        return None
    compared = compare_models(Index(list(group)), kind.l2, None, library, job, device, memory)
    found = likely_base(compared.matrix.models, direct_distances(compared.matrix))
    if found is None:
        return None
    model = compared.models[found.position]
    return LikelyModel(model, joined(f"base: {model.name} ({found.why}); ", ANOTHER_BASE))
