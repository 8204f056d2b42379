"""The command line: arguments, exit codes, what goes to stdout and what to stderr. No logic of its own."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

from .. import __version__
from ..errors import ModelsimError
from ..library import Library
from ..similarity.measures.pictures import PICTURES
from ..similarity.measures.registry import DEFAULT, DEFAULT_OF_COMPARE
from . import documents, text
from .classify import add_arguments as add_classify_arguments
from .classify import run as run_classify
from .find import add_find_arguments, run_find
from .grid import add_grid_arguments, run_grid
from .options import LIBRARY, data_folder, device_option, measure_options, print_json, workspace
from .pictures import compare_pictures, gallery_options
from .probe import add_gallery_arguments, add_probe_arguments, run_gallery, run_probe
from .progress import progress_bars
from .suite import add_suite_arguments, run_suite


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. 0, or 2 with one line on stderr; 130 after Ctrl-C, with what was finished kept."""
    logging.basicConfig(format="modelsim: %(message)s", level=logging.WARNING)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")  # Windows consoles default to a code page
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except ModelsimError as error:
        print(f"modelsim: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("modelsim: stopped; what was finished is kept, the same command goes on from there", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # the reader went away (head, less): nothing left to say
        return 0


class _Parser(argparse.ArgumentParser):
    """One line for what cannot be parsed, as for every other error."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"modelsim: {message}. Fix: see {self.prog} --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="modelsim",
        description="Which checkpoints are copies, which are relatives, and in which blocks they differ.",
    )
    parser.add_argument("--version", action="version", version=f"modelsim {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: object, help: str, paths: str | None = "+") -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help, description=help)
        if paths:
            sub.add_argument(
                "paths",
                nargs=paths,
                type=Path,
                metavar="PATH",
                help="checkpoint files, diffusers folders, or folders to search",
            )
        sub.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
        library = sub.add_mutually_exclusive_group()
        library.add_argument(
            "--library",
            type=Path,
            metavar="FILE",
            help="where results are remembered (default: the user's data folder)",
        )
        library.add_argument("--no-library", action="store_true", help="remember nothing")
        sub.set_defaults(run=run)
        return sub

    scan = command(
        "scan", _scan, "What each checkpoint is: format, architecture, components, hashes, embedded metadata."
    )
    scan.add_argument("--quick", action="store_true", help="headers alone, no hashes")

    compare = command("compare", _compare, "How alike all pairs of checkpoints are, block by block.", "*")
    measure_options(compare, None, f"{DEFAULT}, of 2 or 3 models without a base {DEFAULT_OF_COMPARE}")
    gallery_options(compare)
    compare.add_argument("--elements", action="store_true", help="for two models: the values of every key besides")
    compare.add_argument(
        "--profile",
        type=Path,
        metavar="FILE",
        help="draw the first model against the others, block by block (.svg, .png)",
    )
    compare.add_argument(
        "--histogram",
        type=Path,
        metavar="FILE",
        help="for two models: draw how large their differences are, value by value (.svg, .png)",
    )

    classify = command(
        "classify", run_classify, "Families: a tree and classes per architecture, written as tables and figures.", "*"
    )
    add_classify_arguments(classify)

    _add_picture_commands(command)
    _add_serve_arguments(command("serve", _serve, "The page in the browser, on this machine.", None))
    return parser


def _add_picture_commands(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Those that draw pictures or look at them; `command` makes one by its name, what runs it and its help."""
    add_probe_arguments(
        command("probe", run_probe, "Draw the same standardized pictures with every checkpoint, what is missing.", None)
    )
    add_gallery_arguments(
        command("gallery", run_gallery, "What a gallery holds of a suite; import: take pictures in.", None)
    )
    add_grid_arguments(command("grid", run_grid, "Checkpoints by probes, as pictures and as a page.", None))
    add_suite_arguments(command("suite", run_suite, "Suites of probes: list, show, import, export.", None))
    add_find_arguments(command("find", run_find, "Which model drew a picture, with evidence.", None))


def _add_serve_arguments(serve: argparse.ArgumentParser) -> None:
    serve.add_argument("--models", nargs="+", type=Path, default=[], metavar="DIR", help="folders with checkpoints")
    serve.add_argument(
        "--demo",
        type=Path,
        metavar="DIR",
        help="without --models: where the demonstration family is, or is written on first use",
    )
    serve.add_argument("--port", type=int, help="port on 127.0.0.1 (default: a free one from 7861 on)")
    serve.add_argument("--keep-encoder", action="store_true", help="keep the encoder of a search in memory after it")
    serve.add_argument("--no-browser", action="store_true", help="do not open the browser")
    device_option(serve)


def _scan(options: argparse.Namespace) -> int:
    with workspace(options, options.paths) as use, progress_bars() as job:
        found = use.scan(job, options.quick)
    if options.json:
        print_json(documents.scan(found))
    else:
        print(text.scan(found))
    return 0


def _compare(options: argparse.Namespace) -> int:
    if options.measure == PICTURES.name:
        return compare_pictures(options)
    if options.gallery:
        raise ModelsimError("a gallery goes with --measure pictures", options.gallery, "add --measure pictures")
    if not options.paths:
        raise ModelsimError("no checkpoints given", None, "give files or folders, or --measure pictures --gallery DIR")
    from ..workspace.comparing.compare import require_two
    from ..workspace.workspace import Question

    with workspace(options, options.paths) as use, progress_bars() as job:
        few = DEFAULT_OF_COMPARE if options.measure is None else None
        found = use.compare(Question(options.measure, options.base, few), use.read_index(job), job)
        per_key = use.elements(found, job) if options.elements and len(found.models) > 1 else None
        histograms = use.differences(found, job) if options.histogram and len(found.models) > 1 else []
    if options.json:
        print_json(documents.compare(found, per_key))
        require_two(found)
    else:
        require_two(found)
        print(text.compare(found, per_key))
    if options.profile:
        from ..workspace.comparing.profile import write_profile  # matplotlib comes with it

        write_profile(found, options.profile)
    if options.histogram:
        from ..workspace.comparing.differences import write_histogram

        names = [model.name for model in found.models if model.name != found.base_model]
        write_histogram(histograms, names, options.histogram)
    return 0


def _serve(options: argparse.Namespace) -> int:
    for path in options.models:
        if not path.exists():
            raise ModelsimError("no such file or folder", path, "check the path")
    try:
        from ..ui.page import serve
    except ModuleNotFoundError as error:
        if error.name != "gradio":
            raise
        fix = "start it with standalone.py, or install requirements/standalone.txt"
        raise ModelsimError("the page needs a package that is missing", "gradio", fix) from error
    from ..hosts.folders import Folders
    from ..hosts.host import Settings

    models = options.models or [_demo_family(options)]
    with TemporaryDirectory(prefix="modelsim", ignore_cleanup_errors=True) as forgotten:
        kept = not options.no_library
        data = data_folder() if kept else Path(forgotten)
        host = Folders(models, data, Settings(device=options.device, keep_encoder=options.keep_encoder))
        library = options.library if kept and options.library else data / LIBRARY
        return serve(host, options.port, not options.no_browser, lambda: Library(library))


def _demo_family(options: argparse.Namespace) -> Path:
    """The demonstration family's folder, written on first use."""
    from ..demo import write_demo_family

    folder = options.demo or data_folder() / "demonstration family"
    write_demo_family(
        folder, lambda name: print(f"modelsim: writing the demonstration family: {name}", file=sys.stderr, flush=True)
    )
    return folder
