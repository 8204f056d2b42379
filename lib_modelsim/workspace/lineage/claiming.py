"""What a checkpoint's metadata say of its making, beside its recipe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...checkpoints.embedded import origin
from ...library import Library
from ...lineage.claims import KnownModel, claim_of
from ...lineage.recipe import Recipe
from ..catalogue.index import HEADER_VERSION, Model, other_names, plain_name


def with_claim(made: Recipe, target: Model, others: Sequence[Model], library: Library) -> Recipe:
    """The recipe with the claim in the target's file. No file is read: models are told by the hashes that are known,
    else by their names."""
    if not target.header.metadata:
        return made
    known = [_known(model, library) for model in others if model.path != target.path]
    return replace(made, claim=claim_of(origin(target.header.metadata), made, known))


def _known(model: Model, library: Library) -> KnownModel:
    held = library.file(model.key, HEADER_VERSION)
    names = other_names(model) | {plain_name(model.path).lower(), model.name.lower()}
    return KnownModel(model.name, names, held.sha256 if held is not None else None)
