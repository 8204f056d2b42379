"""`gallery`: what it holds, and the pictures that a person brings into it or takes out again."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ModelsimError
from ..saying import ask, print_json, print_lines
from ..text import counted, readable, size_text
from .options import path, workspace
from .probe import require_suite, suite_option
from .progress import progress_bars

if TYPE_CHECKING:  # each command imports its own service only
    from ..probes.sheet import Sheet
    from ..workspace.probing.gallery_import import Imported
    from ..workspace.probing.holdings import Holding
    from ..workspace.probing.import_plan import ImportPlan


def add_gallery_arguments(gallery: argparse.ArgumentParser) -> None:
    """What `gallery` takes."""
    gallery.usage = "%(prog)s [options] (DIR | import DIR | undo)"
    gallery.add_argument(
        "folders",
        nargs="+",
        type=path,
        metavar="DIR | import DIR | undo",
        help="the gallery to show; import: take in a folder with one sub-folder of pictures per model; undo: take out "
        "again what the last import added, your own folders stay as they are",
    )
    gallery.add_argument(
        "--gallery",
        type=path,
        metavar="DIR",
        help="import, undo: the gallery (default: the one in the user's data folder)",
    )
    gallery.add_argument(
        "--yes", action="store_true", help="import: do not ask where the folders do not look like models"
    )
    gallery.add_argument(
        "--as",
        dest="called",
        action="append",
        default=[],
        metavar="SUB-FOLDER=MODEL",
        help="import: whose pictures a sub-folder holds, where it has another name; without a model: leave it out; can "
        "be repeated",
    )
    suite_option(gallery)


def run_gallery(options: argparse.Namespace) -> int:
    """What a gallery holds, or importing pictures, or undoing that."""
    require_suite(options)
    *action, folder = options.folders
    if action == [Path("import")]:
        return _import(options, folder)
    if not action and folder == Path("undo"):
        return _undo(options)
    if action == [Path("undo")]:
        raise ModelsimError("undo takes no folder", folder, "name the gallery with --gallery, if it is another one")
    if action:
        raise ModelsimError("one gallery at a time", folder, "use gallery DIR, gallery import DIR or gallery undo")
    return _show(options, folder)


def _show(options: argparse.Namespace, folder: Path) -> int:
    from . import probe_documents as documents

    with workspace(options, gallery=folder) as use:
        held = use.holdings()
        sheet = use.sheet(options.suite) if any(each.imported < each.pictures for each in held) else None
    if options.json:
        generated = {"suite": None, "engine": None, "checkpoints": []} if sheet is None else documents.sheet(sheet)
        print_json(generated | {"models": [asdict(each) for each in held]})
    else:
        print_lines([*_of_suite(sheet), *_held(held)])
    return 0


def _of_suite(sheet: Sheet | None) -> list[str]:
    from . import probe_documents as documents

    return [] if sheet is None else [*documents.sheet_in_words(sheet), ""]


def _held(held: Sequence[Holding]) -> list[str]:
    """Pictures and bytes of each model and in sum."""
    total = f"{counted(sum(each.pictures for each in held), 'picture')}, {size_text(sum(each.bytes for each in held))}"
    lines = []
    for each in held:
        imported = f" ({each.imported} imported)" if each.imported else ""
        lines.append(f"  {each.model}: {counted(each.pictures, 'picture')}{imported}, {size_text(each.bytes)}")
    return [f"In the gallery: {total}", *lines]


def _import(options: argparse.Namespace, folder: Path) -> int:
    """`gallery import DIR`: sub-folder = model."""
    with workspace(options, gallery=options.gallery) as use:
        with progress_bars() as job:
            plan = use.import_plan(folder, job, _chosen(options.called))
        if plan.doubts and not options.yes and not _wanted(plan, folder, options.json):
            print_lines(["Nothing was imported."])
            return 0
        with progress_bars() as job:
            gallery, found = use.gallery, use.take_in(plan, job)
    if options.json:
        errors = [{"path": readable(bad.path), "error": bad.error} for bad in found.unreadable]
        counts = {"pictures": found.pictures, "known": found.known, "loose": found.loose, "moving": found.moving}
        told = {"doubts": list(plan.doubts), "bytes": dict(plan.bytes)}
        print_json({"gallery": readable(gallery), **counts, **told, "errors": errors})
    else:
        print_lines(_imported(found, gallery))
    return 0


def _chosen(given: Sequence[str]) -> dict[str, str]:
    """Sub-folder → model, as `--as` says it. Raises ModelsimError for what is no such pair."""
    found = {}
    for text in given:
        folder, equals, model = text.partition("=")
        if not equals or not folder:
            raise ModelsimError("cannot read --as", text, "write --as SUB-FOLDER=MODEL")
        found[folder] = model
    return found


def _wanted(plan: ImportPlan, folder: Path, json: bool) -> bool:
    """Ask on a terminal. Raises ModelsimError where there is nobody to ask."""
    doubts, what = "; ".join(plan.doubts), f"This would import {plan.told} ({size_text(sum(plan.bytes.values()))})."
    if json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        fix = "give the folder whose sub-folders are named after models, or add --yes"
        raise ModelsimError(f"these folders may not be models: {doubts}. {what[:-1]}", folder, fix)
    print_lines([what, *(f"But {doubt}." for doubt in plan.doubts)], sys.stderr)
    return ask("Import them under these names? [y/N]").lower() in ("y", "yes")


def _imported(found: Imported, gallery: Path) -> list[str]:
    lines = [f"{model}: {count} imported" for model, count in found.pictures.items()]
    if found.known:
        lines.append(f"already in the gallery: {found.known}")
    if found.loose:
        fix = "move them into a folder named after their model"
        lines.append(f"skipped: {found.loose} not in a sub-folder. Fix: {fix}")
    if found.moving:
        lines.append(f"of {counted(found.moving, 'picture')} with more than one frame only the first was imported")
    lines += [f"skipped: {bad.error}" for bad in found.unreadable]
    new, models = sum(found.pictures.values()), sum(count > 0 for count in found.pictures.values())
    if new:
        total = f"{counted(new, 'picture')} of {counted(models, 'model')} imported into {readable(gallery)}"
        lines.append(f"{total}. gallery undo takes them out again.")
    return lines


def _undo(options: argparse.Namespace) -> int:
    """`gallery undo`."""
    with workspace(options, gallery=options.gallery) as use:
        gallery, removed = use.gallery, use.undo_import()
    if options.json:
        print_json({"gallery": readable(gallery), "removed": removed})
    else:
        print_lines([f"{model}: {count} removed from the gallery" for model, count in removed.items()])
    return 0
