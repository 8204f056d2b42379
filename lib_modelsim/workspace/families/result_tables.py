"""A family as tables, for CSV files, the spreadsheet and the report."""

from __future__ import annotations

from collections.abc import Sequence

from ...exports.tables import NamedRows, Table
from ...exports.workbook import MOST_COLUMNS, fits
from .family import STRANGER, Family
from .files import copies_table, hashes_table
from .results import Result


def tables_of(result: Result) -> list[Table]:
    """The tables of a family's files; one without a tree has classes and hashes only."""
    family = result.family
    models = family.features.models
    classes = [
        (model, c, result.name(c).name, result.name(c).remark, result.support(c), _sign(model, family))
        for model, c in zip(models, family.classes.tolist(), strict=True)
    ]
    tables = [
        Table("classes", ("model", "class", "name", "remark", "support", STRANGER), classes),
        hashes_table(models, result.models, result.identities, result.paths),
    ]
    same = copies_table(result.own_models, result.identities)
    tables += [same] if same.rows else []
    if family.tree is None:
        return tables
    if family.features.columns:
        features = NamedRows(models, family.features.values)
        tables.append(Table("features", ("model", *family.features.columns), features))
    tables.append(Table("distances", ("model", *models), NamedRows(models, family.distances)))
    if family.coverage is not None and len(family.coverage) == len(models) and (family.coverage < 1).any():
        tables.append(Table("coverage", ("model", *models), NamedRows(models, family.coverage)))
    merges = zip(family.tree.merges.tolist(), family.tree.heights.tolist(), strict=True)
    tables.append(Table("linkage", ("merge1", "merge2", "height"), [(*pair, height) for pair, height in merges]))
    return tables


def _sign(model: str, family: Family) -> str:
    return "yes" if model in family.strangers else ""


def sheets_of(result: Result, tables: Sequence[Table]) -> list[Table]:
    """The tables as sheets; one that is too wide for a spreadsheet is left to its CSV file."""
    leaves = result.family.tree.leaves
    order = Table(
        "order",
        ("place", "leaf", "model"),
        [(place, int(leaf) + 1, result.family.features.models[leaf]) for place, leaf in enumerate(leaves, 1)],
    )
    references = Table("references", ("reference",), [(name,) for name in result.family.references])
    everything = [*tables, order, *([references] if references.rows else [])]
    return [
        table if fits(table) else Table(table.name, ("note",), [(f"more than {MOST_COLUMNS:,} columns: see the CSV",)])
        for table in everything
    ]
