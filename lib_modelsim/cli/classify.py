"""The command `classify`: its options, and the way from them to the services."""

from __future__ import annotations

import argparse
from dataclasses import replace

from ..errors import ModelsimError
from ..saying import print_json, print_lines
from ..similarity.measures.pictures import PICTURES
from ..similarity.measures.registry import DEFAULT, DEFAULT_OF_FEW, all_measures
from . import documents, text
from .options import exclude_option, listed, measure_options, path, workspace
from .pictures import classify_pictures, gallery_options, write_tanglegrams
from .probe import require_suite
from .progress import progress_bars


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options besides those that all commands have."""
    measure_options(parser, None, f"{DEFAULT}; for 2 or 3 models without a base {DEFAULT_OF_FEW}")
    exclude_option(parser)
    gallery_options(parser)
    table = parser.add_argument_group("tables instead of checkpoints")
    table.add_argument("--features", type=path, metavar="FILE", help="CSV table of features, one row per model")
    table.add_argument(
        "--distances",
        type=path,
        metavar="FILE",
        help="square CSV table, or JSON with one matrix per component; with --base, L2 is converted to delta-cosine",
    )
    table.add_argument("--component", metavar="C", help="component whose distances are used (default: unet)")
    features = parser.add_argument_group("features")
    features.add_argument(
        "--references",
        type=path,
        metavar="FILE",
        help="list of reference models, one name or hash per line (default: all models)",
    )
    features.add_argument(
        "--suggest-references", type=int, metavar="R", help="choose R reference models that differ most from each other"
    )
    features.add_argument(
        "--distance",
        metavar="D",
        help="distance between rows of features: pearson, spearman, cosine or euclidean; matrix: the measure itself "
        f"(default: matrix for {listed([m for m in all_measures() if m.direct])} without references, else pearson)",
    )
    tree = parser.add_argument_group("tree and classes")
    tree.add_argument(
        "--linkage", default="ward.D2", help="ward.D2 (default), ward.D, average, complete or single, as R defines them"
    )
    tree.add_argument(
        "--optimal-order", action="store_true", help="order the leaves so that neighbours are as similar as possible"
    )
    tree.add_argument(
        "--classes",
        type=int,
        metavar="K",
        help="cut the tree into K classes (default: chosen automatically, strangers set apart first)",
    )
    for what in ("name", "remark"):
        tree.add_argument(
            f"--{what}",
            action="append",
            default=[],
            metavar="K=TEXT",
            help=f"{what} of class K, kept for later runs (with several networks: NETWORK/K=TEXT)",
        )
    parser.add_argument(
        "--paths",
        dest="with_paths",
        action="store_true",
        help="name the checkpoints with their paths in the files (default: by their file names, to be shared)",
    )
    parser.add_argument("--dpi", type=float, default=150, help="pixels per inch of the PNG figures (default: 150)")
    parser.add_argument("--out", type=path, required=True, metavar="DIR", help="folder for the files")


def run(options: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    require_suite(options)
    if options.measure != PICTURES.name:
        _one_source(options)
    if not 10 <= options.dpi <= 1200:
        raise ModelsimError("--dpi is out of range", options.dpi, "use 10 to 1200")
    if options.measure == PICTURES.name:
        return classify_pictures(options, _tree_options(options), _words(options))
    return _classify_checkpoints(options) if options.paths else _classify_table(options)


def _one_source(options: argparse.Namespace) -> None:
    if [bool(options.paths), options.features is not None, options.distances is not None].count(True) != 1:
        raise ModelsimError(
            "classify needs exactly one of checkpoints, --features and --distances",
            None,
            "give PATH …, --features FILE or --distances FILE",
        )
    if options.paths:
        return
    unfit = {"--references": options.references, "--suggest-references": options.suggest_references}
    unfit["--measure"] = options.measure
    unfit["--gallery"] = options.gallery
    if options.features is not None:
        unfit |= {"--base": options.base, "--component": options.component}
    unfit["--exclude"] = ", ".join(options.exclude) or None
    for option, value in unfit.items():
        if value is not None:
            raise ModelsimError(f"a table cannot be combined with {option}", value, f"remove {option}")


def _classify_checkpoints(options: argparse.Namespace) -> int:
    from ..workspace.comparing.compare import require_two
    from ..workspace.families.classify import FamilyRequest
    from ..workspace.families.result_files import write_families

    wanted = FamilyRequest(
        options.measure, options.base, options.references, options.suggest_references, _tree_options(options)
    )
    with workspace(options, options.paths, exclude=options.exclude) as use, progress_bars() as job:
        found = use.classify(wanted, job)
        if len(found.models) < 2 and options.json:
            print_json(documents.classify([], [], found))
        require_two(found)
        results = use.results(found, _words(options))
        written = write_families(results, options.out, job, options.dpi, options.with_paths)
    more, notes = write_tanglegrams(options, results)
    written, found = written + more, replace(found, notes=found.notes + notes)
    if options.json:
        print_json(documents.classify(results, written, found))
    else:
        print_lines(text.classify(results, written, found))
    return 0


def _classify_table(options: argparse.Namespace) -> int:
    from ..families.distance_files import read_distances
    from ..families.tables import read_features
    from ..workspace.families.building import family_of_distances, family_of_features
    from ..workspace.families.result_files import write_families
    from ..workspace.families.results import results_of_table

    if options.features is not None:
        family = family_of_features(read_features(options.features), _tree_options(options))
    else:
        table = read_distances(options.distances, options.component)
        family = family_of_distances(table, _tree_options(options), options.base)
    results = [results_of_table(family.told_fewer(options.classes), _words(options))]
    with progress_bars() as job:
        written = write_families(results, options.out, job, options.dpi)
    if options.json:
        print_json(documents.classify(results, written))
    else:
        print_lines(text.classify(results, written))
    return 0


def _tree_options(options: argparse.Namespace) -> object:
    from ..workspace.families.family import TreeOptions

    component = None if options.distances else options.component
    return TreeOptions(options.linkage, options.classes, options.optimal_order, options.distance, component)


def _words(options: argparse.Namespace) -> list:
    """What `--name` and `--remark` say."""
    from ..workspace.families.class_labels import ClassEdit

    found = []
    for what in ("name", "remark"):
        for given in getattr(options, what):
            place, equals, words = given.partition("=")
            architecture, slash, number = place.rpartition("/")
            if not equals or not number.strip().isdecimal():
                raise ModelsimError(
                    f"cannot read --{what}", given, f"write --{what} K=TEXT, where K is the number of a class"
                )
            found.append(ClassEdit(architecture if slash else None, int(number), **{what: words.strip()}))
    return found
