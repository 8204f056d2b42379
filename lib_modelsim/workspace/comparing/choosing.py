"""Which measure suits the models of one architecture, and what their base is: one rule for the page and all commands.

The measure that says most needs a base: a model that is named, one of the published bases, known by its hash, or the
mean of four models or more. Where there is none, the models are compared by a measure that needs none, and that is
told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...checkpoints.networks import known_models
from ...library import Library
from ...similarity.base import MEAN, Base
from ...similarity.measures.registry import DEFAULT, DEFAULT_OF_FEW, measure_named
from ..catalogue.index import Model
from ..catalogue.scan import known_identity
from .adapter_scores import adapter_measure, are_adapters

LEAST_FOR_MEAN = 4
"""From so many models on their mean may stand in for a base."""

LEAST_WITH_BASE = 3
"""A base leaves none to be compared with a model alone."""


@dataclass(frozen=True)
class Choice:
    """The measure for one architecture, its base, and a sentence on why it is these, where a person has to know."""

    measure: str
    base: Base | None = None
    note: str | None = None


def choose(
    group: Sequence[Model], measure: str | None, base: Model | None, library: Library, few: str = DEFAULT_OF_FEW
) -> Choice:
    """How the models of one architecture are compared.

    `measure` is the one asked for, None for the one that suits; `base` the model that was named; `few` the measure
    where there is neither a base nor a mean, the one asked for where there shall be no other.
    """
    if are_adapters(group):
        return Choice(adapter_measure(measure))
    if measure is not None and not measure_named(measure).needs_base:
        return Choice(measure)
    kind, with_base = group[0].architecture, measure or DEFAULT
    if base in group and (measure is not None or len(group) >= LEAST_WITH_BASE):
        return Choice(with_base, Base(base.name))
    known = known_base(group, library) if base is None and len(group) >= LEAST_WITH_BASE else None
    if known is not None:
        return Choice(with_base, Base(known.name), f"base: {known.name}, a known base of {kind}")
    if len(group) >= LEAST_FOR_MEAN:
        note = f"no base for {kind}: the mean of its models is used instead"
        return Choice(with_base, MEAN, note)
    if len(group) == 1 or few == measure:
        return Choice(few)
    return Choice(few, None, f"no base for {kind}, and too few models for a mean: compared by {few}")


def known_base(group: Sequence[Model], library: Library) -> Model | None:
    """The newest of the published models that others are trained from, told by the hash of a scan."""
    found = []
    for model in group:
        identity = known_identity(model, library)
        known = known_models().get(identity.sha256) if identity else None
        if known is not None and known.starts_families:
            found.append((known.name, model))
    return max(found, key=lambda pair: pair[0])[1] if len(group) > len(found) > 0 else None
