"""The measure `pictures`: `compare` and `classify` over a gallery instead of checkpoints."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ModelsimError
from ..saying import print_json, print_lines
from ..similarity.measures.pictures import PICTURES
from . import documents, text
from .options import workspace
from .probe import suite_option
from .progress import progress_bars

if TYPE_CHECKING:  # each command imports its own service only
    from collections.abc import Sequence

    from ..workspace.families.class_labels import ClassEdit
    from ..workspace.families.family import TreeOptions
    from ..workspace.families.results import Result
    from ..workspace.probing.kinship import Kinship


def gallery_options(parser: argparse.ArgumentParser) -> None:
    """Where the pictures are."""
    gallery = parser.add_argument_group("pictures instead of weights (--measure pictures)")
    gallery.add_argument("--gallery", type=Path, metavar="DIR", help="folder of pictures that probe generated")
    suite_option(gallery)
    engine_option(gallery)


def engine_option(parser: argparse.ArgumentParser) -> None:
    """`--engine`."""
    parser.add_argument(
        "--engine", metavar="E", help="use the pictures of this engine (default: the engine with the most pictures)"
    )


def compare_pictures(options: argparse.Namespace) -> int:
    """`compare --measure pictures`."""
    unfit = {"--base": options.base, "--elements": options.elements}
    unfit |= {"--profile": options.profile, "--histogram": options.histogram}
    found = _kinship(options, unfit)
    print_json(documents.compare(found)) if options.json else print_lines(text.compare(found))
    return 0


def classify_pictures(options: argparse.Namespace, tree: TreeOptions, words: Sequence[ClassEdit]) -> int:
    """`classify --measure pictures`."""
    from ..workspace.families.result_files import write_families
    from ..workspace.families.results import results_of_table
    from ..workspace.probing.kinship import families_of_pictures

    unfit = {"--base": options.base, "--component": options.component, "--features": options.features}
    unfit |= {"--distances": options.distances, "--references": options.references}
    found = _kinship(options, unfit | {"--suggest-references": options.suggest_references})
    families, notes = families_of_pictures(found, tree)
    results = [results_of_table(family, words) for family in families]
    with progress_bars() as job:
        written = write_families(results, options.out, job, options.dpi)
    if options.json:
        print_json(
            documents.classify(results, written) | {"notes": notes, "errors": documents.errors(found.unreadable)}
        )
    else:
        print_lines([*text.classify(results, written), *(f"note: {note}" for note in notes)])
    return 0


def write_tanglegrams(options: argparse.Namespace, results: Sequence[Result]) -> tuple[list[Path], list[str]]:
    """With `--gallery`, the tree of each family beside that of its pictures: the files, and how well the two agree."""
    if options.gallery is None:
        return [], []
    from ..workspace.families.result_files import folder_of
    from ..workspace.probing.two_trees import two_trees, write_two_trees

    written, notes = [], []
    with workspace(options, gallery=options.gallery) as use, progress_bars() as job:
        found = use.kinship(use.sheet(options.suite, options.engine), job)
    for result in results:
        two, which = two_trees(result, found, options.suite), result.family.architecture or "these models"
        if two is None:
            notes.append(f"{which}: fewer than three models have comparable pictures, so there is no tanglegram")
        else:
            written += write_two_trees(two, folder_of(result, results, options.out), options.dpi)
            notes.append(f"{which}: {two.agreement[0].lower()}{two.agreement[1:]}")
    return written, notes


def _kinship(options: argparse.Namespace, unfit: dict[str, object]) -> Kinship:
    for option, value in {"PATH": options.paths, "--exclude": ", ".join(options.exclude), **unfit}.items():
        if value:
            raise ModelsimError(
                f"--measure {PICTURES.name} cannot be combined with {option}", value, f"remove {option}"
            )
    if options.gallery is None:
        raise ModelsimError(f"--measure {PICTURES.name} needs a gallery", None, "add --gallery DIR")
    with workspace(options, gallery=options.gallery) as use, progress_bars() as job:
        return use.kinship(use.sheet(options.suite, options.engine), job)
