"""Families → files: tables, tree, figures, spreadsheet and report, in one folder per network.

One file after the other, and each row by row, so that the export of 300 models takes little memory; it can be stopped
within a row.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from ...exports.newick import newick
from ...exports.tables import Table
from ...exports.workbook import write_workbook
from ...job import Job, Stage
from ...text import printable
from ...writing import replacing, write_csv, write_text
from .figures import FIGURES, write_family_figure
from .report_page import how_computed, report_page
from .result_tables import sheets_of, tables_of
from .results import Result

_Write = Callable[[Path], Sequence[Path]]
"""Writes a file, or several, into a folder."""


def write_families(
    results: Sequence[Result], out: Path, job: Job, dpi: float = 150, paths: bool = False
) -> list[Path]:
    """Write all files of each family into `out`, or into a sub-folder each where there are several; returns them.

    Numbers have 17 digits and a missing one is an empty cell. Rows of models are in input order; order.csv, without a
    header, has one row of 1-based leaves; linkage.csv is as R's hclust writes it. A model alone in its architecture
    has classes.csv and hashes.csv only; copies.csv is there where some models are copies. Files are told by their names
    alone, as these are shared, or with their `paths`. Raises Cancelled when the job is to stop.
    """
    return list(_written(results, out, job, dpi, paths))


def folder_of(result: Result, results: Sequence[Result], out: Path) -> Path:
    """Where the files of one of these families go."""
    return out / (result.family.architecture or "") if len(results) > 1 else out


def write_archive(results: Sequence[Result], file: Path, job: Job, paths: bool = False) -> Path:
    """Write all files of each family as one .zip, as `write_families` does. Raises ModelsimError where the disk
    refuses."""
    with (
        replacing(file) as temporary,
        TemporaryDirectory(prefix="modelsim") as folder,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for path in _written(results, Path(folder), job, 150, paths):
            archive.write(path, path.relative_to(folder))
            path.unlink()
    return file


def _written(results: Sequence[Result], out: Path, job: Job, dpi: float, paths: bool) -> Iterator[Path]:
    """Each file as soon as it is whole."""
    todo = [
        (folder_of(result, results, out), write)
        for result in results
        for write in _files(replace(result, paths=paths), dpi, job)
    ]
    stage = Stage(job, "writing the files", len(todo), "steps")
    for folder, write in todo:
        yield from write(folder)
        stage.advance(1)


def _files(result: Result, dpi: float, job: Job) -> Iterator[_Write]:
    tables = tables_of(result)
    for table in tables:
        yield partial(_csv, table, job)
    if result.family.tree is None:
        return
    about = Table("about", ("what", "how"), how_computed(result))
    yield partial(_csv, about, job)
    yield partial(_tree, result)
    yield partial(_workbook, result, [about, *tables], job)
    for figure in FIGURES:
        yield partial(write_family_figure, figure, result, dpi)
    yield partial(_report, result, tables)


def _csv(table: Table, job: Job, folder: Path) -> list[Path]:
    return [write_csv(folder / f"{table.name}.csv", _stoppable(table, job), table.header)]


def _stoppable(table: Table, job: Job) -> Iterator[Sequence[object]]:
    for row in table.rows:
        job.check()
        yield row


def _tree(result: Result, folder: Path) -> list[Path]:
    tree, references = result.family.tree, result.family.references
    written = [
        write_csv(folder / "order.csv", [(tree.leaves + 1).tolist()]),
        write_text(folder / "tree.nwk", newick(tree)),
    ]
    if references:
        written.append(write_text(folder / "references.txt", "".join(f"{printable(name)}\n" for name in references)))
    return written


def _workbook(result: Result, tables: Sequence[Table], job: Job, folder: Path) -> list[Path]:
    with replacing(folder / "families.xlsx") as temporary:
        write_workbook(temporary, sheets_of(result, tables), job)
    return [folder / "families.xlsx"]


def _report(result: Result, tables: Sequence[Table], folder: Path) -> list[Path]:
    return [write_text(folder / "report.html", report_page(result, tables))]
