"""The values of every key, for one pair."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import ModelsimError
from ...job import Job
from ...similarity.measures import FROM_PARTS, delta_cosine
from .compare import Comparison
from .weight_scores import joint_layout


@dataclass(frozen=True)
class Element:
    """One key's place and what the measure says of it; None where it is not comparable."""

    key: str
    component: str
    block: str | None
    value: float | None


def elements(comparison: Comparison, job: Job, device: str = "auto") -> list[Element]:
    """Per-key values of a comparison's two models (besides the base), in network order, keys of one model included.

    Raises ModelsimError where there are not two, or for the attention scores, which have no value per key.
    """
    measure, models = comparison.matrix.measure, comparison.models
    pair = [i for i, model in enumerate(models) if model.name != comparison.base_model]
    if len(pair) != 2:
        raise ModelsimError(
            "--elements is for two models, not", len(pair), "give two checkpoints (and with delta-cosine the base)"
        )
    if measure != "delta-cosine" and measure not in FROM_PARTS:
        raise ModelsimError(
            "no values per key in the measure", measure, f"use one of {', '.join([*FROM_PARTS, 'delta-cosine'])}"
        )
    if len({model.architecture for model in models}) > 1:
        return []
    from .streaming import key_parts  # torch comes with it

    layout = joint_layout(models)
    found = {}
    for key, parts in key_parts([model.open() for model in models], layout, job, device):
        if measure == "delta-cosine":
            values = delta_cosine(parts, len(models), next(i for i in range(len(models)) if i not in pair))
        else:
            values = FROM_PARTS[measure](parts, len(models))
        found[key] = float(values[pair[0], pair[1]])
    places = layout.places.items()
    return [
        Element(key, place.component, place.block, None if found[key] != found[key] else found[key])
        for key, place in places
    ]
