"""Options that several commands share, and what they stand for."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ModelsimError
from ..library import Library
from ..similarity.measures.registry import Measure, all_measures

if TYPE_CHECKING:  # each command imports its own use case only
    from ..workspace.workspace import Workspace

LIBRARY = "library.sqlite"
"""The library's file in a data folder."""

FOLDERS = "folders.json"
"""Which folders a person added on the page, beside the library."""


def measure_options(parser: argparse.ArgumentParser, default: str | None, default_in_words: str) -> None:
    """`--measure`, `--base` and `--device`."""
    known = all_measures()
    parser.add_argument(
        "--measure",
        default=default,
        metavar="M",
        help=f"{listed(known)} (default: {default_in_words})",
    )
    with_base = listed([measure for measure in known if measure.needs_base])
    parser.add_argument("--base", metavar="NAME", help=f"for {with_base}: the model that the others were trained from")
    device_option(parser)


def listed(measures: Sequence[Measure]) -> str:
    """Names as a sentence lists them: "a, b or c"."""
    *first, last = (measure.name for measure in measures)
    return f"{', '.join(first)} or {last}" if first else last


def device_option(parser: argparse.ArgumentParser) -> None:
    """`--device`."""
    parser.add_argument(
        "--device",
        default="auto",
        choices=("auto", "cpu", "cuda"),
        help="where to compute (default: the GPU if it has enough free memory)",
    )


def exclude_option(parser: argparse.ArgumentParser) -> None:
    """`--exclude`."""
    parser.add_argument(
        "--exclude",
        action="append",
        default=[],
        metavar="NAME",
        help='leave out this model; * and ? stand for letters ("old*"); can be repeated',
    )


def library_options(parser: argparse.ArgumentParser) -> None:
    """`--library` and `--no-library`."""
    library = parser.add_mutually_exclusive_group()
    library.add_argument(
        "--library",
        type=path,
        metavar="FILE",
        help="file that keeps the results (default: library.sqlite in the user's data folder)",
    )
    library.add_argument("--no-library", action="store_true", help="keep no results")


def generating_options(parser: argparse.ArgumentParser) -> None:
    """`--webui` and `--generate-with`: what generates."""
    parser.add_argument(
        "--webui", metavar="URL", help="generate with this running WebUI; with a login: http://user:password@host:7860"
    )
    parser.add_argument(
        "--generate-with", metavar="ENGINE", help="what generates (default: diffusers; with --webui: webui)"
    )


def path(text: str) -> Path:
    """A path that was typed; an empty one, as of a variable that is not set, is no path, and not the current folder."""
    if not text:
        raise argparse.ArgumentTypeError("the path is empty; for the current folder write a dot")
    return Path(text)


def require_there(paths: Sequence[Path]) -> None:
    """Raises ModelsimError for the first path that leads nowhere."""
    for each in paths:
        if not os.path.lexists(each):  # a link that leads nowhere is told as what it is
            raise ModelsimError("no such file or folder", each, "check the path")


def open_library(options: argparse.Namespace) -> Library:
    """The library that `--library` or `--no-library` means."""
    return Library(None if options.no_library else library_file(options))


def library_file(options: argparse.Namespace) -> Path:
    """The library's file. Raises ModelsimError where it was named and its folder is not there: that is a typing error
    as a rule, and a new folder would only hide it."""
    if options.library is None:
        return data_folder() / LIBRARY
    folder = options.library.absolute().parent
    if not folder.is_dir():
        raise ModelsimError("the folder of the library does not exist", folder, "create it, or correct --library")
    return options.library


@contextmanager
def workspace(
    options: argparse.Namespace, paths: Sequence[Path] = (), gallery: Path | None = None, exclude: Sequence[str] = ()
) -> Iterator[Workspace]:
    """The use cases over these checkpoints but those that `exclude` means, with the library, the device and the engine
    that the options name; the gallery is the one in the user's data folder unless another is given."""
    from ..engines.registry import DIFFUSERS, WEBUI, engine_kind
    from ..hosts.folders import Folders
    from ..hosts.host import Settings
    from ..workspace.catalogue.leaving_out import by_pattern, nothing
    from ..workspace.workspace import Workspace

    settings, address = Settings(device=getattr(options, "device", "auto")), getattr(options, "webui", None)
    name = getattr(options, "generate_with", None) or (WEBUI if address else DIFFUSERS).name
    host = Folders(paths, data_folder(), settings, engine_kind(name), address)
    leaving = partial(by_pattern, patterns=exclude) if exclude else nothing
    with Workspace(host, lambda: open_library(options), gallery, leaving) as found:
        yield found


def data_folder() -> Path:
    """The user's data folder of the platform."""
    from platformdirs import user_data_path  # not a host's package: only the command line needs it

    return user_data_path("modelsim", appauthor=False)
