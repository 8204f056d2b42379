"""Recipes and lineage from a published matrix of distances: no file of a model is opened."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...errors import ModelsimError
from ...families.bases import likely_base
from ...families.distance_files import DistanceTable, read_distances
from ...lineage.from_matrix import CANNOT, recipes_of
from ...lineage.graph.building import build
from ...lineage.graph.evidence import GraphEvidence
from ...lineage.graph.graph import LineageGraph
from ...lineage.recipe import Recipe
from ..catalogue.index import match_model


@dataclass(frozen=True)
class MatrixRecipes:
    """The recipes of all models of a matrix, and what has to be known of them all."""

    recipes: list[Recipe]
    component: str | None
    remarks: tuple[str, ...] = ()


def recipes_of_matrix(file: Path, component: str | None) -> MatrixRecipes:
    """Overall shares of every model. Raises ModelsimError where the file is no table of distances ‖a − b‖."""
    table = _read(file, component)
    return MatrixRecipes(recipes_of(table.models, table.values), table.component, (*_remarks(table), CANNOT))


def lineage_of_matrix(file: Path, component: str | None, base: str | None = None) -> LineageGraph:
    """The graph of all models. `base` names the model that the others come from, None for the one that likely is.
    Raises ModelsimError where the file is no table of distances ‖a − b‖, or holds no such model."""
    table = _read(file, component)
    position, why = _base(table, base)
    graph = build(GraphEvidence(table.models, table.values**2, base=position, base_why=why))
    return LineageGraph(graph.nodes, graph.groups, graph.edges, (*_remarks(table), *graph.remarks))


def _read(file: Path, component: str | None) -> DistanceTable:
    table = read_distances(file, component)
    if not table.may_be_l2:
        fix = "give distances ‖a − b‖ (metric l2), which alone add up"
        raise ModelsimError("no shares follow from such distances", f"{file.name}: {table.metric}", fix)
    if len(set(table.models)) < len(table.models):
        twice = next(name for name in table.models if table.models.count(name) > 1)
        raise ModelsimError(f"{file.name} names a model twice", twice, "give each model a name of its own")
    return table


def _base(table: DistanceTable, name: str | None) -> tuple[int | None, str]:
    if name is None:
        found = likely_base(table.models, table.values) if len(table.models) else None
        return (None, "") if found is None else (found.position, found.why)
    return match_model(name, table.models), "you named it"


def _remarks(table: DistanceTable) -> tuple[str, ...]:
    if table.metric is None:
        return ("The file does not say that its numbers are distances ‖a − b‖; of others no share follows.",)
    return ()
