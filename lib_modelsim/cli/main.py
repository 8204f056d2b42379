"""The command line: arguments, exit codes, what goes to stdout and what to stderr. No logic of its own."""

from __future__ import annotations

import argparse
import logging
import os
import sqlite3
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

from .. import __version__
from ..errors import ModelsimError, no_memory
from ..installing import how_to_install
from ..library import Library
from ..saying import print_json, print_lines, tell
from ..similarity.measures.pictures import PICTURES
from ..similarity.measures.registry import DEFAULT, DEFAULT_OF_COMPARE
from ..text import printable
from . import documents, text
from .baked import add_baked_arguments, run_baked
from .classify import add_arguments as add_classify_arguments
from .classify import run as run_classify
from .curate import add_curate_arguments, run_curate
from .duplicates import add_duplicates_arguments, run_duplicates
from .find import add_find_arguments, run_find
from .gallery import add_gallery_arguments, run_gallery
from .grid import add_grid_arguments, run_grid
from .lineage import add_lineage_arguments, run_lineage
from .options import (
    FOLDERS,
    LIBRARY,
    data_folder,
    device_option,
    exclude_option,
    library_file,
    library_options,
    measure_options,
    path,
    require_there,
    workspace,
)
from .pictures import compare_pictures, gallery_options
from .probe import add_probe_arguments, require_suite, run_probe
from .progress import progress_bars
from .recipe import add_recipe_arguments, run_recipe
from .suite import add_suite_arguments, run_suite


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. 0, or 2 with one line on stderr; 130 after Ctrl-C, with what was finished kept."""
    warnings = logging.StreamHandler()
    warnings.setFormatter(_Printable("modelsim: %(message)s"))
    logging.basicConfig(handlers=[warnings], level=logging.WARNING)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")  # Windows consoles default to a code page
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except ModelsimError as error:
        tell(error)
        return 2
    except (MemoryError, RuntimeError, OSError, sqlite3.Error) as error:
        if isinstance(error, BrokenPipeError):
            sys.stderr.close()  # the reader went away (head, less): nothing left to say
            return 0
        told = no_memory(error)
        if told is None:
            raise
        tell(told)
        return 2
    except KeyboardInterrupt:
        tell("stopped; finished work is kept, run the same command again to continue")
        return 130


class _Printable(logging.Formatter):
    """Warnings name files."""

    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record), also="\n" if record.exc_info else "")


class _Parser(argparse.ArgumentParser):
    """One line for what cannot be parsed, as for every other error."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"modelsim: {printable(message)}. Fix: see {self.prog} --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="modelsim",
        description="Find the copies and relatives among checkpoints, and the blocks in which they differ.",
    )
    parser.add_argument("--version", action="version", version=f"modelsim {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(
        name: str, run: object, help: str, paths: str | None = "+", library: bool = True
    ) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help, description=help)
        if paths:
            sub.add_argument(
                "paths",
                nargs=paths,
                type=path,
                metavar="PATH",
                help="checkpoint files, diffusers folders, or folders to search",
            )
        sub.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
        if library:
            library_options(sub)
        sub.set_defaults(run=run)
        return sub

    scan = command(
        "scan", _scan, "Show what each checkpoint is: format, network, components, hashes, embedded metadata."
    )
    exclude_option(scan)
    scan.add_argument("--quick", action="store_true", help="read the headers only, compute no hashes")

    _add_compare_arguments(command("compare", _compare, "Compare all pairs of checkpoints, block by block.", "*"))
    baked = command("baked", run_baked, "Find the checkpoints that a LoRA, or another adapter, is baked into.")
    add_baked_arguments(baked)
    recipe = command(
        "recipe", run_recipe, "Show what a checkpoint is made of: parents, shares, method.", None, library=False
    )
    add_recipe_arguments(recipe)
    add_lineage_arguments(command("lineage", run_lineage, "Show which checkpoint descends from which.", "*"))
    classify = command(
        "classify", run_classify, "Build a tree with classes for each network, and write tables and figures.", "*"
    )
    add_classify_arguments(classify)

    _add_picture_commands(command)
    _add_serve_arguments(command("serve", _serve, "Open the page in the browser, on this machine.", None))
    return parser


def _add_picture_commands(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Those that generate pictures or look at them; `command` makes one by its name, what runs it and its help."""
    add_probe_arguments(
        command("probe", run_probe, "Generate the missing pictures of a suite, checkpoint by checkpoint.", None)
    )
    add_gallery_arguments(
        command("gallery", run_gallery, "Show what a gallery holds, or import pictures into it.", None)
    )
    add_grid_arguments(
        command("grid", run_grid, "Write the grid of a suite, checkpoints × probes: images and a page.", None)
    )
    add_suite_arguments(command("suite", run_suite, "List, show, import or export suites of probes.", None))
    add_curate_arguments(command("curate", run_curate, "Score the pictures of a folder, and show the best.", None))
    add_duplicates_arguments(
        command("duplicates", run_duplicates, "Find pictures, or checkpoints, that are the same.", None)
    )
    add_find_arguments(command("find", run_find, "Find the model that made a picture, with the evidence.", None))


def _add_compare_arguments(compare: argparse.ArgumentParser) -> None:
    measure_options(compare, None, f"{DEFAULT}; for 2 or 3 models without a base {DEFAULT_OF_COMPARE}")
    exclude_option(compare)
    gallery_options(compare)
    compare.add_argument("--elements", action="store_true", help="for two models: also print the value of every key")
    compare.add_argument(
        "--blocks",
        choices=("usual", "fine"),
        default="usual",
        help="for two models: fine also prints the sub-blocks that SDXL mergers number (IN410, OUT22 …)",
    )
    compare.add_argument(
        "--profile",
        type=path,
        metavar="FILE",
        help="draw a chart of the first model against the others, block by block (.svg, .png)",
    )
    compare.add_argument(
        "--histogram",
        type=path,
        metavar="FILE",
        help="for two models: draw a histogram of their differences, value by value (.svg, .png)",
    )


def _add_serve_arguments(serve: argparse.ArgumentParser) -> None:
    serve.add_argument(
        "--models",
        nargs="+",
        type=path,
        default=[],
        metavar="DIR",
        help="folders with checkpoints, beside those that were added on the page",
    )
    serve.add_argument(
        "--demo",
        type=path,
        metavar="DIR",
        help="folder of the demonstration family, which is shown without other folders and written on first use",
    )
    serve.add_argument("--port", type=int, help="port on 127.0.0.1 (default: the first free one from 7861)")
    serve.add_argument(
        "--listen", action="store_true", help="also answer other machines of the network; needs --auth or --auth-file"
    )
    login = serve.add_mutually_exclusive_group()
    login.add_argument(
        "--auth", metavar="USER:PASSWORD", help="open the page by this login, too (others here can see it: --auth-file)"
    )
    login.add_argument("--auth-file", type=Path, metavar="FILE", help="the same from the first line of a file")
    serve.add_argument("--keep-encoder", action="store_true", help="keep the encoder in memory after a search")
    serve.add_argument("--no-browser", action="store_true", help="do not open the browser")
    device_option(serve)


def _scan(options: argparse.Namespace) -> int:
    with workspace(options, options.paths, exclude=options.exclude) as use, progress_bars() as job:
        found = use.scan(job, options.quick)
    if options.json:
        print_json(documents.scan(found))
    else:
        print_lines(text.scan(found))
    require_there(options.paths)
    return 0


def _compare(options: argparse.Namespace) -> int:
    if options.measure == PICTURES.name:
        return compare_pictures(options)
    if options.gallery:
        raise ModelsimError("--gallery needs --measure pictures", options.gallery, "add --measure pictures")
    if not options.paths:
        raise ModelsimError("no checkpoints given", None, "give files or folders, or --measure pictures --gallery DIR")
    require_suite(options)
    from ..workspace.comparing.compare import require_two
    from ..workspace.workspace import Question

    with workspace(options, options.paths, exclude=options.exclude) as use, progress_bars() as job:
        few = DEFAULT_OF_COMPARE if options.measure is None else None
        found = use.compare(Question(options.measure, options.base, few), use.read_index(job), job)
        ema = use.ema_copies(found.models, job)
        per_key = use.elements(found, job) if options.elements and len(found.models) > 1 else None
        fine = use.fine_blocks(found, job).fine if options.blocks == "fine" and len(found.models) > 1 else None
        histograms = use.differences(found, job) if options.histogram and len(found.models) > 1 else []
    if options.json:
        print_json(documents.compare(found, per_key, fine, ema))
        require_two(found)
    else:
        require_two(found)
        print_lines(text.compare(found, per_key, fine, ema))
    if options.profile:
        from ..workspace.comparing.profile import write_profile  # matplotlib comes with it

        write_profile(found, options.profile)
    if options.histogram:
        from ..workspace.comparing.differences import write_histogram

        names = [model.name for model in found.models if model.name != found.base_model]
        write_histogram(histograms, names, options.histogram)
    return 0


def _serve(options: argparse.Namespace) -> int:
    require_there(options.models)
    try:
        from ..ui.access import Login
        from ..ui.page import serve
    except ModuleNotFoundError as error:
        if error.name != "gradio":
            raise
        fix = f"start it with standalone.py, or {how_to_install('gradio')}"
        raise ModelsimError("the page needs a package that is not installed", "gradio", fix) from error
    from ..hosts.folder_list import FolderList
    from ..hosts.folders import Folders
    from ..hosts.host import DEMONSTRATION_GALLERY, Settings
    from .demonstration import write_demonstration

    login = Login.of(options.auth) if options.auth is not None else None
    login = Login.of_file(options.auth_file) if options.auth_file is not None else login
    if options.listen and login is None:
        fix = "add --auth USER:PASSWORD or --auth-file FILE"
        raise ModelsimError("with --listen every machine of the network can ask, so a password is needed", None, fix)
    with TemporaryDirectory(prefix="modelsim", ignore_cleanup_errors=True) as forgotten:
        os.environ.setdefault("GRADIO_TEMP_DIR", forgotten)  # its own lies where every user of the machine may write
        os.environ.setdefault("MPLBACKEND", "agg")  # else gradio imports all of pyplot at the first event to find it
        kept = not options.no_library
        data = data_folder() if kept else Path(forgotten)
        given = [_absolute(folder) for folder in options.models]
        library = library_file(options) if kept else data / LIBRARY
        models = _absolute(options.demo or data_folder() / "demonstration")
        write = partial(write_demonstration, models, data / DEMONSTRATION_GALLERY)
        settings = Settings(device=options.device, keep_encoder=options.keep_encoder)
        host = Folders(FolderList(given, data / FOLDERS, models, write), data, settings)
        return serve(host, options.port, not options.no_browser, lambda: Library(library), login, options.listen)


def _absolute(folder: Path) -> Path:
    return Path(os.path.abspath(folder))  # noqa: PTH100 - links stay apart
