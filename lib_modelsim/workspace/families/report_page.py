"""The report of a family: what it tells, and how that was computed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from ...exports.made import PROGRAM, made_by
from ...exports.report import NamesCell, Section, report
from ...exports.tables import Bytes, Table
from ...families.distances import MATRIX
from ...families.support import RESAMPLES
from ...figures.colours import ClassMark
from ...similarity.base import MEAN
from ...similarity.measures.registry import find_measure
from ...text import counted, percent, readable, several
from .family import STRANGER, Family
from .files import COPIES, HASHES, copies_table, without_folders
from .results import Result
from .screen import heatmap_on_screen, map_on_screen, tree_on_screen


def how_computed(result: Result) -> list[tuple[str, str]]:
    """What and how, for the report: measure, base, references, distance, linkage, trust, what is missing, versions."""
    import scipy

    family = result.family
    references = len(family.references)
    everyone = family.references == family.features.models
    of_features = family.distance != MATRIX
    base = "none" if family.base is None else family.base.told(family.features.models)
    if family.base == MEAN:
        base = "the mean of the models, because no base is known"
    supported = not np.isnan(result.trust.support).all()
    support = f"share of {RESAMPLES} trees from resampled blocks in which the class is exactly one branch"
    return [
        ("measure", family.measure or "as in the table given"),
        ("base", base),
        ("references", "all other models" if everyone else f"{references} models" if references else "none"),
        ("distance", family.unit + ("" if of_features else " (the measure itself)")),
        ("linkage", f"{family.linkage}, as R's hclust defines it"),
        ("missing values", "each distance is over the columns that both models have" if of_features else "none"),
        ("classes", str(int(family.classes.max()))),
        *([("strangers", ", ".join(family.strangers) + ": no near relative here")] if family.strangers else []),
        ("cophenetic correlation", f"{result.trust.cophenetic:.4f}"),
        ("support", support if supported else "unknown, because there are no blocks to resample"),
        *(("note", _shared(note, result)) for note in family.notes),
        ("versions", f"{PROGRAM}, numpy {np.__version__}, scipy {scipy.__version__}"),
        ("date", datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %z")),
    ]


def report_page(result: Result, tables: Sequence[Table]) -> str:
    """The report of a family with a tree, as HTML."""
    family, shown = result.family, {table.name: table for table in tables}
    sections = [
        Section("Not looked at, and what else to know", not_looked_at(result) or ["all were compared in full"]),
        Section("Tree", drawing=_tree(result)),
        Section("Classes", table=_classes(result)),
        Section("Models", ["with the nearest models by the distance of the tree"], table=_models(result), models=True),
    ]
    if COPIES in shown:
        sections.append(Section("Copies", table=shown[COPIES]))
    if family.merges:
        rows = [(merge.model, *merge.parents, percent(merge.left)) for merge in family.merges]
        header = ("model", "of", "and", "of its distance unexplained")
        sections.append(Section("Perhaps merges", table=Table("merges", header, rows), models=True))
    sections += [
        Section("Heat map", drawing=heatmap_on_screen(family, {})),
        Section("Map", drawing=map_on_screen(family, result.names, {})),
        *(_square(heading, shown[name], family) for name, heading in _SQUARES.items() if name in shown),
    ]
    if result.models:
        sections.append(Section("Files", table=shown[HASHES], models=True, closed=True))
    sections.append(Section("How this was computed", table=Table("about", ("what", "how"), how_computed(result))))
    return report(result.title, _facts(result), sections, f"{made_by()}.")


def _tree(result: Result) -> str:
    return tree_on_screen(result.family, result.names, result.trust, {}, signs(result), result.identities)


def _facts(result: Result) -> list[tuple[str, str]]:
    family = result.family
    apart = len(family.strange_classes)
    facts = [
        ("models", f"{len(family.features.models):,}"),
        ("classes", f"{int(family.classes.max()) - apart:,}"),
        ("strangers", f"{apart:,}" if apart else ""),
        ("measured", family.measure or "as in the table given"),
        ("distance", family.unit),
        ("linkage", family.linkage),
    ]
    return [(what, how) for what, how in facts if how]


def not_looked_at(result: Result) -> list[str]:
    """A sentence for whatever the report cannot speak of: files not read, models in no tree, parts not compared; and
    for what else was told of the comparison."""
    family = result.family
    left_out = [f"left out by hand: {several(result.left_out)}"] if result.left_out else []
    unread = [f"not read: {readable(bad.path.name)}: {bad.error}" for bad in result.unreadable]
    unseen = [*_not_read(family), *_not_compared(family), *_not_hashed(result)]
    notes = [*left_out, *unread, *family.notes, *result.told, *unseen]
    return [_shared(note, result) for note in dict.fromkeys(notes)]


def _shared(note: str, result: Result) -> str:
    """A sentence as it may be given to others: without folders, unless they were asked for."""
    if result.paths:
        return note
    files = (model.path for model in result.own_models)
    return without_folders(note, (*files, *(bad.path for bad in result.unreadable)))


def _not_read(family: Family) -> list[str]:
    """What the measure passes over in every file."""
    measure = find_measure(family.measure)
    if measure is None:
        return ["of what the values given speak is not known"]
    return [] if measure.reads.startswith("all") else [f"{measure.name} reads {measure.reads}: the rest may differ"]


def _not_compared(family: Family) -> list[str]:
    """How many pairs of the tree's models were not compared over all of the network."""
    coverage = family.coverage
    if coverage is None or len(coverage) != len(family.features.models):
        return []
    pairs = coverage[np.triu_indices(len(coverage), 1)]
    partly = int((pairs < 1).sum())
    if not partly:
        return []
    return [f"{counted(partly, 'pair')} of {pairs.size:,} compared in part only, at least {percent(pairs.min())}"]


def _not_hashed(result: Result) -> list[str]:
    """How many files were never read whole, so that nothing is known of their copies."""
    files = [name for name in result.family.features.models if name in result.models]
    unknown = [name for name in files if name not in result.identities]
    if not unknown:
        return []
    return [f"copies were not looked for among {counted(len(unknown), 'file')} never read whole: {several(unknown)}"]


def signs(result: Result) -> dict[str, str]:
    """Model → what it is besides, in a word."""
    copies = copies_table(result.own_models, result.identities)
    return {merge.model: "merge?" for merge in result.family.merges} | {row[0]: "copy" for row in copies.rows}


def _classes(result: Result) -> Table:
    family, rows = result.family, []
    for number in range(1, int(family.classes.max()) + 1):
        members = [family.features.models[i] for i in np.flatnonzero(family.classes == number)]
        support, said = result.support(number), result.name(number)
        trust = STRANGER if number in family.strange_classes else "" if np.isnan(support) else percent(support)
        rows.append((ClassMark(number, said.name), len(members), trust, said.remark, NamesCell(members)))
    return Table("classes", ("class", "models", "support", "remark", "which"), rows)


def _models(result: Result) -> Table:
    """A row for each model in the order of the tree, with its nearest ones."""
    family, rows = result.family, []
    models = family.features.models
    most = min(_NEAREST, len(models) - 1)
    for leaf in family.tree.leaves.tolist():
        number, model = int(family.classes[leaf]), result.models.get(models[leaf])
        apart = family.distances[leaf].copy()
        apart[leaf] = np.nan
        near = [(models[i], apart[i]) for i in np.argsort(apart)[:most].tolist() if not np.isnan(apart[i])]
        cells = [cell for one in near for cell in one] + [None] * 2 * (most - len(near))
        size = Bytes(model.key.size) if model else None
        rows.append((models[leaf], ClassMark(number, result.name(number).name), *cells, size))
    return Table("models", ("model", "class", *_NEAREST_HEADS[: 2 * most], "size"), rows)


def _square(heading: str, table: Table, family: Family) -> Section:
    """A table of all pairs in the order of the tree, or where to find a larger one."""
    leaves = family.tree.leaves.tolist()
    if len(leaves) > _MOST:
        return Section(heading, [f"{len(leaves):,} models are too many for this page: see {table.name}.csv"])
    rows = []
    for number, leaf in enumerate(leaves, 1):
        name, *values = table.rows[leaf]
        rows.append((f"{number} {name}", *(values[i] for i in leaves)))
    header = ("model", *(table.header[leaf + 1] for leaf in leaves))
    told = ["a column is the model of this number; point at the number to see its name, click it to sort"]
    return Section(heading, told, table=Table(table.name, header, rows), square=True, closed=len(leaves) > _FEW)


_SQUARES = {"distances": "Distances", "coverage": "Coverage: the share that was compared"}
"""Table of all pairs → its heading."""

_FEW, _MOST = 20, 400
"""Models up to which a table of all pairs is open, and up to which there is one."""

_NEAREST = 3
_NEAREST_HEADS = ("nearest", "distance", "second", "distance", "third", "distance")
