"""The reference models of a comparison: named by a person, read from a list, suggested, saved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import ModelsimError, joined
from ...families.distances import direct_distances
from ...families.references import read_references, references_text, suggest_references
from ...library import Library
from ...writing import write_text
from ..catalogue.index import Model, match_model
from ..comparing.compare import Comparison, comparable, names_of


@dataclass(frozen=True)
class References:
    """Models that were meant, each once, and a sentence for each name or hash that means none, or several."""

    models: list[Model] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def find_references(queries: Iterable[str], models: Sequence[Model], library: Library) -> References:
    """The models that these names, parts of names or hashes mean."""
    known = names_of(models, library)
    found: dict[Path, Model] = {}
    missing = []
    for query in queries:
        try:
            model = models[match_model(query, *known)]
            found[model.path] = model
        except ModelsimError as error:
            missing.append(joined("reference left out: ", str(error)))
    return References(list(found.values()), missing)


def load_references(file: Path, models: Sequence[Model], library: Library) -> References:
    """The models that a list names: one name or hash a line, # before comments.

    Raises ModelsimError where the file cannot be read, or names none of these models.
    """
    found = find_references(read_references(file), models, library)
    if not found.models and models:
        raise ModelsimError("none of the references is among the models", file, "choose some that are")
    return found


def save_references(file: Path, names: Sequence[str]) -> Path:
    """Write such a list. Raises ModelsimError where the disk refuses, or a name cannot stand in one."""
    return write_text(file, references_text(names))


def suggested(comparison: Comparison, count: int, architecture: str | None = None) -> list[Model]:
    """So many models of a comparison, or of one architecture in it, that are spread out; the most typical first.

    Raises ModelsimError where there are not so many that can be compared.
    """
    part = comparison if architecture is None else comparison.of(architecture)
    rows = comparable(part)
    chosen = suggest_references(direct_distances(part.matrix.select(rows)), count)
    return [part.models[rows[i]] for i in chosen]
