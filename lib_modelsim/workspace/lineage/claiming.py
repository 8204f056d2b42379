"""What a checkpoint's metadata say of its making, beside its recipe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...checkpoints.embedded import origin
from ...library import Library
from ...lineage.claims.claims import NamedModel, claim_of
from ...lineage.recipe import Recipe
from ...lineage.wording.either_way import cautious
from ..catalogue.index import HEADER_VERSION, Model, other_names, plain_name


def known_models(models: Sequence[Model], library: Library) -> list[NamedModel]:
    """What a claim may name them by. No file is read: their hashes as far as they are known."""
    return [_known(model, library) for model in models]


def with_claim(made: Recipe, target: Model, known: Sequence[NamedModel]) -> Recipe:
    """The recipe with the claim in the target's file, which may name the `known`; not sure where its sum can be read
    the other way round, and no claim settles that."""
    if not target.header.metadata:
        return cautious(made)
    others = [model for model in known if model.name != target.name]
    return cautious(replace(made, claim=claim_of(origin(target.header.metadata), made, others)))


def _known(model: Model, library: Library) -> NamedModel:
    held = library.file(model.key, HEADER_VERSION)
    names = other_names(model) | {plain_name(model.path).lower(), model.name.lower()}
    return NamedModel(model.name, names, held.sha256 if held is not None else None)
