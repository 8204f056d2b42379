"""Families → files: tables, tree, figures, spreadsheet and report, in one folder per network."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

import numpy as np

from ... import __version__
from ...checkpoints.identity import Identity
from ...errors import ModelsimError
from ...exports.newick import newick
from ...exports.report import report
from ...exports.tables import Table
from ...exports.workbook import MOST_COLUMNS, fits, workbook
from ...families.distances import MATRIX
from ...families.support import RESAMPLES
from ...library import Library
from ...similarity.base import MEAN
from ...writing import write_bytes, write_csv, write_text
from ..catalogue.index import Model
from ..catalogue.scan import known_identity
from .class_labels import ClassEdit, ClassName, class_names, name_class, require_class
from .family import STRANGER, Family, Trust, trust_of
from .figures import RenderedFigure, draw_figures
from .files import COPIES, HASHES, copies_table, hashes_table, without_folders

_SHORT = 40
"""Models up to which the report shows all distances; a larger table is in the spreadsheet alone."""


@dataclass(frozen=True)
class Result:
    """A family with all that its files tell: how far to trust it, what its classes are called, its models and their
    identities by name (none for tables that were brought along); `paths` where files are told with their paths."""

    family: Family
    trust: Trust
    names: Mapping[int, ClassName] = field(default_factory=dict)
    models: Mapping[str, Model] = field(default_factory=dict)
    identities: Mapping[str, Identity] = field(default_factory=dict)
    paths: bool = False

    @property
    def own_models(self) -> list[Model]:
        """The models of the family's architecture, those too that are in no tree."""
        return [model for model in self.models.values() if model.architecture == self.family.architecture]

    def support(self, number: int) -> float:
        """Support of class 1, 2, …; NaN where it is unknown."""
        return float(self.trust.support[number - 1])

    def name(self, number: int) -> ClassName:
        """What a person calls class 1, 2, …."""
        return self.names.get(number, ClassName())

    @property
    def title(self) -> str:
        """What the figures and the report are of."""
        return self.family.title


def results_of(
    families: Sequence[Family], models: Sequence[Model], words: Sequence[ClassEdit], library: Library
) -> list[Result]:
    """The families of checkpoints, with the names that the library keeps; first it takes down `words`.

    Raises ModelsimError where these are of a class that does not exist, or may be of several.
    """
    for said in words:
        name_class(_meant(families, said), models, library, said)
    by_name = {model.name: model for model in models}
    known = {model.name: known_identity(model, library) for model in models}
    identities = {name: identity for name, identity in known.items() if identity is not None}
    return [
        Result(family, trust_of(family), class_names(family, models, library), by_name, identities)
        for family in families
    ]


def results_of_table(family: Family, words: Sequence[ClassEdit]) -> Result:
    """The family of a table that was brought along; nothing is kept of its names, as a table has no identity."""
    names: dict[int, ClassName] = {}
    for said in words:
        require_class(family, said.number)
        had = names.get(said.number, ClassName())
        names[said.number] = ClassName(said.name or had.name, said.remark or had.remark)
    return Result(family, trust_of(family), names)


def _meant(families: Sequence[Family], words: ClassEdit) -> Family:
    meant = [f for f in families if words.architecture in (None, f.architecture)]
    if len(meant) != 1:
        kinds = ", ".join(family.architecture or "" for family in families)
        raise ModelsimError(
            "the class needs its network", words.number, f"write ARCHITECTURE/K=TEXT with one of {kinds}"
        )
    return meant[0]


def write_families(results: Sequence[Result], out: Path, dpi: float = 150, paths: bool = False) -> list[Path]:
    """Write all files of each family into `out`, or into a sub-folder each where there are several; returns them.

    Numbers have 17 digits and a missing one is an empty cell. Rows of models are in input order; order.csv, without a
    header, has one row of 1-based leaves; linkage.csv is as R's hclust writes it. A model alone in its architecture
    has classes.csv and hashes.csv only; copies.csv is there where some models are copies. Files are told by their names
    alone, as these are shared, or with their `paths`.
    """
    written = []
    for result in results:
        written += _write(replace(result, paths=paths), folder_of(result, results, out), dpi)
    return written


def folder_of(result: Result, results: Sequence[Result], out: Path) -> Path:
    """Where the files of one of these families go."""
    return out / (result.family.architecture or "") if len(results) > 1 else out


def write_archive(results: Sequence[Result], file: Path, paths: bool = False) -> Path:
    """Write all files of each family as one .zip, as `write_families` does. Raises ModelsimError where the disk
    refuses."""
    packed = io.BytesIO()
    try:
        with (
            TemporaryDirectory(prefix="modelsim") as folder,
            zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            for path in write_families(results, Path(folder), paths=paths):
                archive.write(path, path.relative_to(folder))
    except OSError as error:
        raise ModelsimError(
            f"cannot write ({error.strerror or error})", gettempdir(), "free some disk space there"
        ) from error
    return write_bytes(file, packed.getvalue())


def _write(result: Result, folder: Path, dpi: float) -> list[Path]:
    family, tables = result.family, _tables(result)
    if family.tree is None:
        return _write_csv(tables, folder)
    method = how_computed(result)
    with ThreadPoolExecutor(1) as pool:  # compressing pictures leaves the interpreter free for the tables
        drawing = pool.submit(draw_figures, result.title, family, result.names, result.trust, result.models, dpi)
        written = _write_csv(tables, folder)
        written.append(write_csv(folder / "order.csv", [(family.tree.leaves + 1).tolist()]))
        written.append(write_text(folder / "tree.nwk", newick(family.tree)))
        if family.references:
            written.append(write_text(folder / "references.txt", "".join(f"{name}\n" for name in family.references)))
        about = Table("about", ("what", "how"), method)
        written.append(write_bytes(folder / "families.xlsx", workbook([about, *_sheets(result, tables)])))
        figures = drawing.result()
    for name, drawn in figures.items():
        written.append(write_text(folder / f"{name}.svg", drawn.svg))
        written.append(write_bytes(folder / f"{name}.png", drawn.png))
    return [*written, write_text(folder / "report.html", _report(result, method, figures, tables))]


def _write_csv(tables: Sequence[Table], folder: Path) -> list[Path]:
    return [write_csv(folder / f"{table.name}.csv", table.rows, table.header) for table in tables]


def _tables(result: Result) -> list[Table]:
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
        rows = [(name, *row) for name, row in zip(models, family.features.values.tolist(), strict=True)]
        tables.append(Table("features", ("model", *family.features.columns), rows))
    rows = [(name, *row) for name, row in zip(models, family.distances.tolist(), strict=True)]
    tables.append(Table("distances", ("model", *models), rows))
    if family.coverage is not None and len(family.coverage) == len(models) and (family.coverage < 1).any():
        rows = [(name, *row) for name, row in zip(models, family.coverage.tolist(), strict=True)]
        tables.append(Table("coverage", ("model", *models), rows))
    merges = zip(family.tree.merges.tolist(), family.tree.heights.tolist(), strict=True)
    tables.append(Table("linkage", ("merge1", "merge2", "height"), [(*pair, height) for pair, height in merges]))
    return tables


def _sign(model: str, family: Family) -> str:
    return "yes" if model in family.strangers else ""


def _sheets(result: Result, tables: Sequence[Table]) -> list[Table]:
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
        *(("note", note if result.paths else without_folders(note, result.own_models)) for note in family.notes),
        ("versions", f"modelsim {__version__}, numpy {np.__version__}, scipy {scipy.__version__}"),
        ("date", datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %z")),
    ]


def _report(
    result: Result, method: Sequence[tuple[str, str]], figures: Mapping[str, RenderedFigure], tables: Sequence[Table]
) -> str:
    names = {"classes": "Classes", COPIES: "Copies"}
    if result.models:
        names[HASHES] = "Files"
    if len(result.family.features.models) <= _SHORT:
        names |= {"distances": "Distances", "coverage": "Coverage: the share that was compared"}
    shown = [Table(names[t.name], t.header, t.rows) for t in tables if t.name in names]
    if result.family.merges:
        rows = [(merge.model, *merge.parents, f"{100 * merge.left:.1f} %") for merge in result.family.merges]
        shown.append(Table("Perhaps merges", ("model", "of", "and", "of its distance unexplained"), rows))
    if result.family.references and result.family.references != result.family.features.models:
        shown.append(Table("References", ("model",), [(name,) for name in result.family.references]))
    return report(result.title, method, {drawn.heading: drawn.inline for drawn in figures.values()}, shown)
