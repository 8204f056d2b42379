"""Why models cannot be compared, or only in part, by what their headers say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...checkpoints.adapter_facts import NAME, OF_UNKNOWN
from ...checkpoints.identity import component_label
from ...checkpoints.layout import Layout
from ...similarity.joining import main_component
from ..catalogue.index import Model
from .adapter_facts import layers_apart
from .scores import Reason

MOST_KEYS = 3
"""Keys that one sentence names."""


def barred_models(models: Sequence[Model]) -> Iterator[Reason]:
    """Why a model, or a part of it, cannot be compared with anything, of each that has such weights."""
    for model in models:
        main = main_component(model.header.components)
        for component, why in model.header.barred.items():
            told = why if component == main else f"{component_label(component)} left out: {why}"
            yield Reason(model.name, model.name, told)
        if main is None:
            yield Reason(model.name, model.name, "it holds no weights")


def apart(models: Sequence[Model]) -> Iterator[Reason]:
    """A reason for every pair that cannot be compared, or only in part, by what its layouts say."""
    digests = [model.header.layout.digest for model in models]
    told: dict[tuple[str, str], str | None] = {}
    for j, b in enumerate(models):
        for i in range(j):
            pair = digests[i], digests[j]
            if pair[0] == pair[1]:
                continue
            if pair not in told:
                told[pair] = difference(models[i].header.layout, b.header.layout)
            yield Reason(models[i].name, b.name, told[pair])


def difference(a: Layout, b: Layout) -> str | None:
    """In words, what two layouts do not share; None where they are the same."""
    if a.digest == b.digest:
        return None
    if a.architecture != b.architecture:
        return f"different networks: {a.architecture} and {b.architecture}"
    if a.architecture.endswith(NAME) or a.architecture.startswith(OF_UNKNOWN):
        return layers_apart(a, b)
    shared = a.places.keys() & b.places.keys()
    shapes = sorted(key for key in shared if a.places[key].shape != b.places[key].shape)
    facts = [f"compared over {len(shared) - len(shapes)} shared keys"]
    if a.variant != b.variant:
        facts.insert(0, f"{a.name} and {b.name}")
    facts += [
        f"{len(keys)} only in {which}"
        for which, keys in (("the first", a.places.keys() - shared), ("the second", b.places.keys() - shared))
        if keys
    ]
    if shapes:
        named = ", ".join(
            f"{key}: {list(a.places[key].shape)} and {list(b.places[key].shape)}" for key in shapes[:MOST_KEYS]
        )
        more = ", …" if len(shapes) > MOST_KEYS else ""
        facts.append(f"{len(shapes)} in different shapes ({named}{more})")
    return "; ".join(facts)
